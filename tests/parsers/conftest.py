from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO

import pytest

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Parsed

MODIFIED = datetime(2026, 5, 17, 8, 0, tzinfo=UTC)
Read = Callable[..., Parsed]


@pytest.fixture
def read() -> Read:
    """Return a function that gives bytes under a host path to the parser of a kind."""

    def give(
        kind: str,
        data: bytes,
        path: str,
        *,
        modified: datetime | None = MODIFIED,
        manifest: Manifest | None = None,
        name: str = "",
    ) -> Parsed:
        manifest = manifest or Manifest()
        source = Member(name or path, path, len(data), modified)
        parsed = kinds()[kind].parse(BytesIO(data), source, Context(Clock.of(manifest), manifest))
        return Parsed(dict(parsed.frames()), parsed.problems, parsed.coverage, parsed.blank)

    return give
