"""Names in base64 and in hex: looked for only where the audit found some, since so many forms cost every line.

What stands before a name in base64 shifts its characters by none, two or four bits: each of the three ways has a middle
that nothing around it changes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator

from claude_evidence.collector._index import Index
from claude_evidence.collector._pieces import Spans
from claude_evidence.collector._types import Identity, Kind

_KINDS = frozenset({Kind.USER, Kind.FULL_NAME, Kind.HOST, Kind.DOMAIN, Kind.EMAIL, Kind.ORGANISATION})
_LEAST_BYTES, _LEAST_CHARACTERS = 5, 8
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
Put = Callable[[str], str]
"""Gives what stands for a whole run."""


class Packed:
    """Finds runs of base64 and hex in which one of *identities* is packed; ``needles`` are in small letters."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        names = [i for i in identities if i.anywhere and i.kind in _KINDS]
        self.needles = frozenset(needle.lower() for name in names for needle in _forms(name.value))
        self._index = Index(self.needles)

    def spans(self, text: str, put: Put) -> Spans:
        """Yield each such run of *text* and what stands for it."""
        if not self.needles or not self._index.any(text.lower()):
            return
        for match in _RUN.finditer(text):
            if self._index.any(match[0].lower()):
                yield match.start(), match.end(), put(match[0])


def _forms(value: str) -> Iterator[str]:
    for text in dict.fromkeys((value, value.lower(), value.upper())):
        for codec in ("utf-8", "utf-16-le"):
            raw = text.encode(codec, "surrogatepass")
            if len(raw) >= _LEAST_BYTES:
                yield raw.hex()
                yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    for shift, first in enumerate((0, 2, 3)):
        text = base64.b64encode(bytes(shift) + raw).decode("ascii")
        fixed = text[first : (shift + len(raw)) * 8 // 6]
        if len(fixed) >= _LEAST_CHARACTERS:
            yield fixed
            yield fixed.replace("+", "-").replace("/", "_")
