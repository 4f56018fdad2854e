"""A text under the scrub: what may still be replaced, and what was replaced already and must not be touched again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Spans = Iterable[tuple[int, int, str | None]]
"""Start, end and what stands there from now on (None: the same, but never to be touched), in order, without overlap."""


class Pieces:
    """A text in pieces: those at even places are open, those at odd places are done. ``raws`` is what stood there."""

    __slots__ = ("parts", "raws")

    def __init__(self, text: str) -> None:
        self.parts: list[str] = [text]
        self.raws: list[str] = [text]

    def apply(self, find: Callable[[str], Spans]) -> None:
        """Replace what *find* yields in each open piece."""
        parts: list[str] = []
        raws: list[str] = []
        for place, part in enumerate(self.parts):
            if place % 2 or not part:
                parts.append(part)
                raws.append(self.raws[place])
            else:
                _split(part, find, parts, raws)
        self.parts, self.raws = parts, raws

    def text(self) -> str:
        """Return the whole text."""
        return "".join(self.parts)

    def open_text(self) -> str:
        """Return what may still be replaced, piece by piece."""
        return self.parts[0] if len(self.parts) == 1 else "\n".join(self.parts[::2])

    def until(self, limit: int) -> tuple[str, int]:
        """Return the new text of the first *limit* characters, a done piece never cut, and how many old ones it is."""
        position, out = 0, []
        for place, (part, raw) in enumerate(zip(self.parts, self.raws, strict=True)):
            if position + len(raw) > limit:
                if not place % 2:
                    out.append(part[: limit - position])
                    position = limit
                break
            out.append(part)
            position += len(raw)
        return "".join(out), position


def _split(text: str, find: Callable[[str], Spans], parts: list[str], raws: list[str]) -> None:
    position = 0
    for start, end, new in find(text):
        if start < position:
            continue
        parts += (text[position:start], text[start:end] if new is None else new)
        raws += (text[position:start], text[start:end])
        position = end
    parts.append(text[position:])
    raws.append(text[position:])
