"""Which lines of a log need a closer look: most hold nothing, and most repeat but for numbers and ids.

Lines are folded (hex digits as one, small letters): each distinct folded line is searched once for the needles, all new
ones of a block at a time, and remembered as clean or not. So a log costs what splitting it costs.
"""

from __future__ import annotations

from collections.abc import Iterable

from claude_evidence.collector._index import Index
from claude_evidence.collector._spellings import fold

LONG_LINE_BYTES = 16 << 10
REMEMBERED_BYTES = 16 << 20


class Sieve:
    """Tells lines that hold none of *needles* (bytes, in small letters) from those that may hold one.

    ``searched_bytes`` counts the work: what was searched for needles, not what was split.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        distinct = sorted({needle for needle in needles if needle}, key=len)
        # folded, an id or a name such as «dead» is in every line that holds an id: those are looked for as they are
        self._plain = [needle for needle in distinct if not fold(needle).strip(b"0-")]
        self._folded = Index(fold(needle) for needle in distinct if fold(needle).strip(b"0-"))
        self._clean: set[bytes] = set()
        self._dirty: set[bytes] = set()
        self._held = 0
        self.searched_bytes = 0

    def is_clean(self, data: bytes) -> bool:
        """Return whether *data* holds none of the needles."""
        self.searched_bytes += len(data)
        folded, low = _harmless_gone(fold(data)), data.lower()
        return not self._folded.any(folded) and not any(n in low for n in self._plain)

    def lines(self, block: bytes) -> tuple[list[bytes], list[bool]] | None:
        """Return the lines of *block* and, for each, whether it may hold a needle; None where none does."""
        if self._held > REMEMBERED_BYTES:
            self._clean.clear()
            self._dirty.clear()
            self._held = 0
        folded = fold(block).split(b"\n")
        new = set(folded) - self._clean
        new -= self._dirty
        if new:
            self._learn(new)
        plain = self._lines_with_plain(block)
        if not plain and self._dirty.isdisjoint(folded):
            return None
        dirty = self._dirty
        flags = [line in dirty for line in folded]
        for number in plain:
            flags[number] = True
        return block.split(b"\n"), flags

    def _lines_with_plain(self, block: bytes) -> set[int]:
        """Return the numbers of the lines that hold one of the needles that are looked for as they are."""
        low = block.lower() if self._plain else b""
        numbers: set[int] = set()
        for needle in self._plain:
            number, counted, position = 0, 0, low.find(needle)
            while position >= 0:
                number += low.count(b"\n", counted, position)
                numbers.add(number)
                counted = position
                end = low.find(b"\n", position)
                position = low.find(needle, end) if end >= 0 else -1
        return numbers

    def _learn(self, lines: set[bytes]) -> None:
        text = _harmless_gone(b"\n".join(lines))
        self._held += len(text)
        self.searched_bytes += len(text)
        present = Index(self._folded.found(text))
        dirty = {line for line in lines if present.any(_harmless_gone(line))}
        self._dirty |= dirty
        self._clean |= lines - dirty


def _harmless_gone(folded: bytes) -> bytes:
    """Return *folded* without the beginnings of addresses, which look like drives and are in every other line."""
    return folded.replace(b"https://", b"~ ") if b"https://" in folded else folded
