"""Which lines of a log need a closer look: most hold nothing, and most repeat but for numbers and ids.

Lines are folded (hex digits as one, small letters): each distinct folded line is searched once for the needles, all new
ones of a block at a time, and remembered as clean or not. So a log costs what splitting it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
        self._plain = [needle for needle in distinct if _is_number(fold(needle))]
        self._folded = Index(folded for needle in distinct if not _is_number(folded := fold(needle)))
        self._clean: set[bytes] = set()
        self._dirty: set[bytes] = set()
        self._held = 0
        self.searched_bytes = 0

    def is_clean(self, data: bytes) -> bool:
        """Return whether *data* holds none of the needles."""
        self.searched_bytes += len(data)
        folded, low = _harmless_gone(fold(data)), data.lower()
        return not self._folded.any(folded) and not any(n in low for n in self._plain)

    def lines(self, block: bytes) -> tuple[list[bytes], list[int]] | None:
        """Return the lines of *block* and the numbers of those that may hold a needle; None where none does."""
        if self._held > REMEMBERED_BYTES:
            self._clean.clear()
            self._dirty.clear()
            self._held = 0
        folded = fold(block).split(b"\n")
        distinct = set(folded)
        if new := distinct - self._clean - self._dirty:
            self._learn(new)
        numbers = self._lines_with_plain(block)
        if dirty := self._dirty & distinct:
            numbers.update([number for number, line in enumerate(folded) if line in dirty])
        return (block.split(b"\n"), sorted(numbers)) if numbers else None

    def _lines_with_plain(self, block: bytes) -> set[int]:
        """Return the numbers of the lines that hold one of the needles that are looked for as they are."""
        low = block.lower() if self._plain else b""
        numbers: set[int] = set()
        number = counted = 0
        for place in sorted(place for needle in self._plain for place in _once_a_line(low, needle)):
            number += low.count(b"\n", counted, place)
            numbers.add(number)
            counted = place
        return numbers

    def _learn(self, lines: set[bytes]) -> None:
        text = _harmless_gone(b"\n".join(lines))
        self._held += len(text)
        self.searched_bytes += len(text)
        present = Index(self._folded.found(text))
        dirty = {line for line in lines if present.any(_harmless_gone(line))}
        self._dirty |= dirty
        self._clean |= lines - dirty


def _once_a_line(text: bytes, needle: bytes) -> Iterator[int]:
    """Yield where *needle* is in *text*, once for each line."""
    place = text.find(needle)
    while place >= 0:
        yield place
        end = text.find(b"\n", place)
        place = text.find(needle, end) if end >= 0 else -1


def _is_number(folded: bytes) -> bool:
    return b"0" in folded and not folded.strip(b"0-")


def _harmless_gone(folded: bytes) -> bytes:
    """Return *folded* without the beginnings of addresses, which look like drives and are in every other line."""
    return folded.replace(b"https://", b"~ ") if b"https://" in folded else folded
