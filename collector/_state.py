"""What a probe hands over: a machine's state as a small JSON file of ours, or a command's output as text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from claude_evidence.collector._types import Artifact, Item, Scrub
from claude_evidence.collector.commands import Ran
from claude_evidence.collector.registry import Registry
from claude_evidence.model import Acquisition, Outcome

FORMATS = "claude-evidence/"


def document(
    artifact: Artifact, kind: str, source: str, entries: Iterable[Mapping[str, object]], note: str = ""
) -> Item:
    """Return ``state/<kind>.json``: its format, when it was made, and *entries*, whose keys with None are left out."""
    now = datetime.now(UTC)
    told = {
        "format": f"{FORMATS}{kind}/1",
        "collected_at": now.isoformat(timespec="seconds"),
        "source": source,
        "entries": [{key: value for key, value in entry.items() if value is not None} for entry in entries],
    }
    text = json.dumps(told, indent=1, ensure_ascii=False, default=str) + "\n"
    return item(artifact, f"{kind}.json", source, text, note, now, Scrub.JSON)


def item(
    artifact: Artifact,
    name: str,
    source: str,
    text: str,
    note: str = "",
    acquired_at: datetime | None = None,
    scrub: Scrub = Scrub.OWN,
) -> Item:
    """Return *text* as the state file *name*; half a character, which only broken names hold, becomes ``?``."""
    data = text.encode("utf-8", "replace")
    return Item(
        artifact, source, partial(io.BytesIO, data), len(data), acquired_at=acquired_at or datetime.now(UTC),
        state_name=name, scrub=scrub, note=note,
    )  # fmt: skip


def failure(artifact: Artifact, ran: Ran) -> Acquisition:
    """Return what became of a command that gave nothing to keep."""
    return entry(artifact, ran.command, ran.outcome, ran.detail)


def entry(artifact: Artifact, source: str, outcome: Outcome, detail: str) -> Acquisition:
    """Return what came of *source*."""
    return Acquisition(artifact.name, source, outcome, datetime.now(UTC), detail=detail)


def unread(artifact: Artifact, registry: Registry) -> list[Acquisition]:
    """Return what *registry* could not read so far, said under the name of *artifact*, and forget it."""
    told = [entry(artifact, one.source, one.outcome, one.detail) for one in registry.problems]
    registry.problems.clear()
    return told
