"""What a program printed, as text: UTF-8, UTF-16 or one of the host's two code pages, which no program names.

Windows' tools write in the console's (OEM) code page or in the system's (ANSI) one. Both are known on the host; which
of them a tool took is told by its text: the wrong one makes letters of another script, or signs within words.
"""

from __future__ import annotations

import codecs
import ctypes
import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

ELSEWHERE = ("cp850", "cp1252")
"""The two code pages that are tried where this is no Windows: what most of Europe and America have."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SAMPLE = 1 << 16
_WORD = re.compile(r"[^\s!-/:-@\[-`{-~]+")
_COMMON = frozenset("äöüÄÖÜßéèêëàâçîïôûùœñíóúáãõìòÉÈÀÇÑ«»’–…\xa0§°")


def decode(data: bytes, pages: Sequence[str] = ()) -> str:
    """Return *data* as text with its line ends as they are; *pages* are tried instead of the host's own.

    Bytes that mean nothing become U+FFFD: what a program prints never raises.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if encoding := _utf16(data):
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not data[: error.start].isascii():
            return data.decode("utf-8", "replace")
    texts = [_page(data, page) for page in dict.fromkeys(pages or _own_pages())]
    return max(texts, key=_plausible)  # of equals the first


def _utf16(data: bytes) -> str:
    """Return the byte order of UTF-16 without a mark, which line ends tell: no other encoding writes nulls.

    The upper byte is the one that takes fewer values.
    """
    head = data[:4096]
    if 0 not in head:
        return ""
    return "utf-16-be" if len(set(head[::2])) < len(set(head[1::2])) else "utf-16-le"


def _page(data: bytes, page: str) -> str:
    try:
        return data.decode(page, "replace")
    except LookupError:
        return data.decode("latin-1")


@cache
def _own_pages() -> tuple[str, ...]:
    if sys.platform != "win32":
        return ELSEWHERE
    kernel: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 - only Windows has it
    return tuple(f"cp{number}" for number in (kernel.GetOEMCP(), kernel.GetACP()))


def _plausible(text: str) -> float:
    """Return how much *text* looks like words: below 0 where it cannot be meant."""
    words = [word for word in _WORD.findall(text[:_SAMPLE]) if not word.isascii()]
    return sum(map(_word, words)) / (len(words) or 1)


def _word(word: str) -> float:
    points = sum(_sign(character) for character in word if not character.isascii())
    scripts = {_script(character) for character in word if character.isalpha()}
    if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
        points -= 3
    if any(a.islower() and b.isupper() for a, b in pairwise(word)):
        points -= 1
    return points / len(word)


def _sign(character: str) -> float:
    if character in _COMMON:
        return 2
    category = unicodedata.category(character)
    if category[0] == "L":
        return 1
    return -3 if category in ("Cc", "Cn", "Co", "So", "Sm") else -1


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "NONE").split(" ", 1)[0]
