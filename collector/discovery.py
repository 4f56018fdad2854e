"""The first pass of the redaction: every value that identifies is learnt before a byte is scrubbed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from claude_evidence.collector._types import Identity, Item, Kind, User
from claude_evidence.collector.redactor import Redacting

BLOCK_BYTES = 1 << 20


class Discovering:
    """Notes what identifies; see `Discovery`. ``key`` is the machine's, from `tokens.load_key`."""

    def __init__(self, users: Iterable[User] = (), key: bytes = b"") -> None:
        self._key = key
        self._found: dict[tuple[Kind, str], Identity] = {}
        for user in users:
            self.fact(Kind.USER, user.name)
            self.fact(Kind.SID, user.sid)
            self.fact(Kind.FULL_NAME, user.full_name)
            self.path(user.profile)

    def fact(self, kind: Kind, value: str) -> None:
        """Note that *value* identifies."""
        if value := value.strip():
            self._found.setdefault((kind, value.casefold()), Identity(kind, value))

    def path(self, path: str) -> None:
        """Note the profile that *path* lies in."""

    def stream(self, item: Item, source: BinaryIO) -> None:
        """Read *source* to its end and note what identifies."""
        while source.read(BLOCK_BYTES):
            pass

    def redactor(self, redact_ips: bool = False) -> Redacting:
        """Return what replaces everything noted so far, and IP addresses with *redact_ips*."""
        return Redacting(tuple(self._found.values()), self._key, redact_ips=redact_ips)
