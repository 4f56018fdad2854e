"""Text as Sigma compares it: without regard to case, with ``*`` and ``?``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Wild(Enum):
    """A wildcard inside a pattern."""

    ANY = "*"
    ONE = "?"


class _Folding(dict[int, str]):
    def __missing__(self, code: int) -> str:
        char = chr(code)
        lower = char.lower()
        kept = len(lower) == 1 and lower.isascii() == char.isascii()
        self[code] = lower if kept else char
        return self[code]


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Return *text* in the form in which two texts that differ in case only are equal.

    Unicode's lower case, code point by code point, where that is one code point too. ASCII letters answer to ASCII
    letters alone (the Kelvin sign is no k, as on Windows), so that ASCII text may be searched for byte by byte in
    UTF-8.

    >>> fold("CLAUDE Ünïcode ΣΑΣ"), fold("\u212a") == "k"
    ('claude ünïcode σασ', False)
    """
    return text.lower() if text.isascii() else text.translate(_FOLDING)


@dataclass(frozen=True)
class _Segment:
    """What stands between two ``*``: text of a fixed length, in which ``?`` stands for any one character."""

    parts: tuple[str | Wild, ...]

    @cached_property
    def length(self) -> int:
        return sum(1 if isinstance(part, Wild) else len(part) for part in self.parts)

    @cached_property
    def literal(self) -> str | None:
        """The text, where no wildcard is in it."""
        return None if Wild.ONE in self.parts else "".join(str(part) for part in self.parts)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        # no quantifier is in it: a search costs no more than length × text
        return re.compile("".join("." if isinstance(p, Wild) else re.escape(p) for p in self.parts), re.DOTALL)

    def at(self, text: str, position: int) -> bool:
        if self.literal is not None:
            return text.startswith(self.literal, position)
        return bool(self._regex.match(text, position))

    def find(self, text: str, position: int) -> int:
        if self.literal is not None:
            return text.find(self.literal, position)
        match = self._regex.search(text, position)
        return match.start() if match else -1


@dataclass(frozen=True)
class Glob:
    """A pattern that a whole text must fit.

    ``parts`` are literals and wildcards; unless ``cased``, letters match in any case.
    """

    parts: tuple[str | Wild, ...]
    cased: bool = False

    @classmethod
    def literal(cls, text: str) -> Glob:
        """Return the pattern that only *text* fits (in any case)."""
        return cls((text,) if text else ())

    def inside(self) -> Glob:
        """Return the pattern that is fitted by every text with a fitting part in it."""
        return Glob((Wild.ANY, *self.parts, Wild.ANY), self.cased)

    @cached_property
    def segments(self) -> tuple[_Segment, ...]:
        """What stands before, between and after the ``*``: one segment where there is none."""
        segments: list[list[str | Wild]] = [[]]
        for part in self.parts:
            if part is Wild.ANY:
                segments.append([])
            else:
                segments[-1].append(part if self.cased or isinstance(part, Wild) else fold(part))
        # `a**b` is `a*b`
        inner = [segment for segment in segments[1:-1] if segment]
        kept = [segments[0], *inner, segments[-1]] if len(segments) > 1 else segments
        return tuple(_Segment(tuple(segment)) for segment in kept)

    def fits(self, text: str) -> bool:
        """Return whether *text* fits."""
        return self.fits_folded(text if self.cased else fold(text))

    def fits_folded(self, text: str) -> bool:
        """Return whether *text*, already folded unless the pattern is cased, fits."""
        first, *middle = self.segments
        if not middle:
            return len(text) == first.length and first.at(text, 0)
        last = middle.pop()
        position, end = first.length, len(text) - last.length
        if end < position or not first.at(text, 0) or not last.at(text, end):
            return False
        for segment in middle:
            found = segment.find(text, position)
            if found < 0:
                return False
            position = found + segment.length
        return position <= end

    @cached_property
    def simple(self) -> tuple[str, str] | None:
        """The pattern as one of (equals | startswith | endswith | contains | any, literal), None where it is more than
        that."""
        literals = [segment.literal for segment in self.segments]
        if any(literal is None for literal in literals) or len(literals) > 3:
            return None
        if len(literals) == 1:
            return "equals", literals[0] or ""
        filled = [index for index, literal in enumerate(literals) if literal]
        if len(filled) > 1:
            return None
        if not filled:
            return "any", ""
        index = filled[0]
        kind = "startswith" if index == 0 else "endswith" if index == len(literals) - 1 else "contains"
        return kind, literals[index] or ""

    @cached_property
    def needle(self) -> str:
        """The longest text that every fitting text has in it as the same bytes, but for the case of ASCII letters."""
        literals = [str(part) for segment in self.segments for part in segment.parts if not isinstance(part, Wild)]
        runs = literals if self.cased else [run for literal in literals for run in re.findall(r"[\x00-\x7f]+", literal)]
        return max(runs, key=_bytes, default="")

    @property
    def bytewise(self) -> bool:
        """Whether comparing bytes, ASCII letters in any case unless ``cased``, is exact for every literal in the
        pattern."""
        return self.cased or all(isinstance(part, Wild) or part.isascii() for part in self.parts)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
