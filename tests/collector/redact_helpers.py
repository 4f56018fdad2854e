"""What the tests of the redaction share: both passes over bytes in memory."""

from __future__ import annotations

import io
from collections.abc import Callable

from claude_evidence.collector._types import Artifact, Item, Kind, Scrub, User
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.redactor import Redacting

KEY = bytes(range(32))
SESSION = "local_9d42b622-a090-41ec-aafa-ec63d7728336"
ACCOUNT, ORG = "0d42b622-a090-41ec-aafa-ec63d7728336", "1d42b622-a090-41ec-aafa-ec63d7728336"


def item(scrub: Scrub, size: int = 1000, keys: frozenset[str] = frozenset()) -> Item:
    """Return something to store of that sort."""
    return Item(Artifact("Test", "", frozenset(), (), keys=keys), "C:/x", io.BytesIO, size, scrub=scrub)


def discovering(*users: str, host: str = "DESKTOP-SAMPLE") -> Discovering:
    """Return a first pass that knows *users* with their profiles on C: and the *host*."""
    discovery = Discovering([User(name, f"C:/Users/{name}") for name in users], KEY)
    discovery.fact(Kind.HOST, host)
    return discovery


def scrubbed(redactor: Redacting, data: bytes, scrub: Scrub = Scrub.TEXT, keys: frozenset[str] = frozenset()) -> bytes:
    """Return *data* after the second pass."""
    return b"".join(redactor.stream(item(scrub, len(data), keys), io.BytesIO(data)))


def both(
    data: bytes, scrub: Scrub = Scrub.TEXT, *users: str, then: Callable[[Discovering], None] = lambda discovery: None
) -> tuple[bytes, Redacting]:
    """Return *data* after both passes, and the redactor."""
    discovery = discovering(*users)
    then(discovery)
    discovery.stream(item(scrub, len(data)), io.BytesIO(data))
    redactor = discovery.redactor()
    return scrubbed(redactor, data, scrub), redactor
