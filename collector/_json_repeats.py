"""JSON values that come again and again: each of an app's thousands of session entries embeds the same catalogue.

What becomes of a value depends on its text and on what it stands under, so it is worked out once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
SHORTEST = 200
# How deep repeats are looked for: every level reads its text once more.
DEEPEST = 3
_MOST_CHARACTERS = 16 << 20
_LONGEST, _MOST_KEYS = 1 << 20, 8
_OPENING = re.compile(r"[ \t\r\n\ufeff]*[{\[]")
_KEY = re.compile(r'[ \t\r\n]*"(?:[^"\\]++|\\.)*+"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT = re.compile(r"[ \t\r\n]*,")
_DECODER = json.JSONDecoder(strict=False, parse_int=len, parse_float=len, parse_constant=len)


class Repeats(Generic[T]):
    """Remembers what came of texts that are long enough; forgets all when it holds too much."""

    def __init__(self) -> None:
        self._known: dict[Hashable, T] = {}
        self._held = 0
        self.latest: dict[str, str] = {}
        """The last long value under each key, as the key is written with what stands around it."""

    def of(self, text: str, under: Hashable, make: Callable[[], T]) -> T:
        """Return what came of *text* under the same circumstances, or what *make* returns."""
        key = (text, under)
        if key in self._known:
            return self._known[key]
        made = make()
        if self._held > _MOST_CHARACTERS:
            self._known.clear()
            self._held = 0
        self._known[key] = made
        self._held += len(text)
        return made


def inner(text: str, depth: int, latest: dict[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """Yield where the long objects and arrays directly within the one that *text* begins with start and end.

    Nothing more is yielded from the first place on that is no JSON; what was yielded is whole and sound. *depth* is how
    deep *text* itself lies: nothing is yielded from `DEEPEST` on. *latest* saves reading a value that came last time.
    """
    if depth >= DEEPEST:
        return
    latest = {} if latest is None else latest
    opening = _OPENING.match(text)
    if not opening:
        return
    at, is_object = opening.end(), text[opening.end() - 1] == "{"
    while True:
        before = (_KEY if is_object else _SPACE).match(text, at)
        if not before:
            return
        start = before.end()
        end = _end_of(text, start, before[0] if is_object else "", latest)
        if end < 0:
            return
        if text[start] in "{[" and end - start >= SHORTEST:
            yield start, end
        following = _NEXT.match(text, end)
        if not following:
            return
        at = following.end()


def _end_of(text: str, start: int, key: str, latest: dict[str, str]) -> int:
    """Return where the value at *start* ends, -1 where none is; objects and arrays end where the same ones ended."""
    known = latest.get(key)
    if known and text.startswith(known, start):
        return start + len(known)
    try:
        _, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError, IndexError):
        return -1
    if key and text[start] in "{[" and SHORTEST <= end - start <= _LONGEST and len(key) < SHORTEST:
        if len(latest) >= _MOST_KEYS:
            latest.clear()
        latest[key] = text[start:end]
    return end
