"""Text from evidence made safe to look at: every character that hides, moves or breaks text is shown as a mark."""

from __future__ import annotations

import re
import unicodedata

# Printable by category, yet blank or hidden on the page: fillers, joiners, variation selectors (Default_Ignorable).
# U+FE0E and U+FE0F only choose between the text and the picture form of a sign, and are left alone.
_HIDDEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef"
_HIDDEN_PATTERN = re.compile(f"[{_HIDDEN}]")
_BREAK = re.compile(r"\r\n|[\n\t]")


class _Marks(dict[int, str]):
    """A table for ``str.translate`` that learns each character when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char.isprintable() or unicodedata.category(char) == "Zs"
        self[code] = char if plain and not _HIDDEN_PATTERN.match(char) else mark(code)
        return self[code]


def mark(code: int) -> str:
    """Return the visible stand-in of a code point: ``␛`` for an ASCII control, else ``⟨U+202E⟩``."""
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


_MARKS = _Marks()
_BLOCK_MARKS = _Marks({0x09: "\t", 0x0A: "\n"})


def visible(text: str, *, block: bool = False) -> str:
    """Return *text* with control, bidi, zero-width, private, unassigned and surrogate characters shown as marks.

    Line breaks and tabs become a space; with *block*, for text inside ``<pre>`` or a fence, they stay (CR LF as LF).
    The result always encodes as UTF-8, and showing it twice changes nothing.
    """
    if text.isprintable() and not _HIDDEN_PATTERN.search(text):
        return text
    if block:
        return text.replace("\r\n", "\n").translate(_BLOCK_MARKS)
    return _BREAK.sub(" ", text).translate(_MARKS)


def clip(text: str, limit: int) -> str:
    """Return *text* when it has at most *limit* characters, else its beginning and ``…``."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"
