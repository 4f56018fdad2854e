"""Which of many texts are in another one, however many they are: thousands of conversations have as many titles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import AnyStr, Generic

FEW = 200
WIDTH = 8
_CHUNK = 64 << 10


class Index(Generic[AnyStr]):
    """Finds those of *needles* that a text holds. Few are looked for one by one; many by their first `WIDTH` units,
    so that a text costs by its length and not by their number.
    """

    def __init__(self, needles: Iterable[AnyStr]) -> None:
        distinct = dict.fromkeys(needle for needle in needles if needle)
        many = len(distinct) > FEW
        self._short: tuple[AnyStr, ...] = tuple(needle for needle in distinct if not many or len(needle) < WIDTH)
        self._by_start: dict[AnyStr, list[AnyStr]] = {}
        for needle in distinct if many else ():
            if len(needle) >= WIDTH:
                self._by_start.setdefault(needle[:WIDTH], []).append(needle)

    def found(self, text: AnyStr) -> Iterator[AnyStr]:
        """Yield each needle that is in *text*, in no particular order."""
        for needle in self._short:
            if needle in text:
                yield needle
        if self._by_start:
            for start in self._starts(text):
                for needle in self._by_start[start]:
                    if needle in text:
                        yield needle

    def any(self, text: AnyStr) -> bool:
        """Return whether *text* holds one of the needles."""
        return next(self.found(text), None) is not None

    def _starts(self, text: AnyStr) -> set[AnyStr]:
        """Return the beginnings of needles that are in *text*."""
        known, present = self._by_start.keys(), set()
        for chunk in range(0, len(text), _CHUNK):
            end = min(chunk + _CHUNK, len(text) - WIDTH + 1)
            present |= known & {text[place : place + WIDTH] for place in range(chunk, end)}
        return present
