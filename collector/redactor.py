"""The second pass of the redaction: everything that was discovered is replaced by its token, everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from claude_evidence.collector._types import Identity, Item
from claude_evidence.collector.tokens import Tokens

BLOCK_BYTES = 1 << 20
FORMAT = "claude-evidence/redaction/1"


class Redacting:
    """Replaces *identities* by tokens made under *key*; see `Redactor`."""

    def __init__(self, identities: tuple[Identity, ...], key: bytes, *, redact_ips: bool = False) -> None:
        self.identities = identities
        self._tokens = Tokens(key)
        self._by_value = {identity.value.casefold(): identity for identity in identities}
        self._pattern = re.compile(
            "|".join(map(re.escape, sorted(self._by_value, key=len, reverse=True))) or "(?!)", re.I
        )

    @property
    def mapping(self) -> Mapping[str, str]:
        """Token to value, of every value replaced so far."""
        return self._tokens.mapping

    @property
    def counts(self) -> Mapping[str, int]:
        """How many values were replaced, by kind."""
        return self._tokens.counts

    def text(self, text: str) -> str:
        """Return *text* with every identifying value replaced."""
        return self._pattern.sub(self._token, text)

    def path(self, path: str) -> str:
        """Return a host *path* scrubbed part by part."""
        return self.text(path)

    def stream(self, item: Item, source: BinaryIO) -> Iterator[bytes]:
        """Yield the scrubbed bytes of *item*."""
        while block := source.read(BLOCK_BYTES):
            yield self.text(block.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def report(self) -> dict[str, Any]:
        """Return what ``redaction.json`` says: how many values of each kind were replaced; never a value."""
        return {"format": FORMAT, "redacted": True, "counts": dict(sorted(self.counts.items()))}

    def _token(self, match: re.Match[str]) -> str:
        identity = self._by_value.get(match[0].casefold())
        return self._tokens.token(identity.kind, identity.value) if identity else match[0]


class Plain:
    """Changes nothing: what ``--no-redact`` asks for."""

    identities: tuple[Identity, ...] = ()
    mapping: Mapping[str, str] = {}
    counts: Mapping[str, int] = {}

    def text(self, text: str) -> str:
        """Return *text*."""
        return text

    def path(self, path: str) -> str:
        """Return *path*."""
        return path

    def stream(self, item: Item, source: BinaryIO) -> Iterator[bytes]:
        """Yield the bytes of *item* as they are."""
        while block := source.read(BLOCK_BYTES):
            yield block

    def report(self) -> dict[str, Any]:
        """Return what ``redaction.json`` says."""
        return {"format": FORMAT, "redacted": False, "counts": {}}
