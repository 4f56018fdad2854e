"""Stretches of text in bytes that nothing explains: UTF-16 of both orders at any alignment, UTF-8, ANSI."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from claude_evidence.evtx_format import NAME_HEADER, name_hash

WIDE = ("utf-16-le", "utf-16-be")
NARROW = (
    "utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "cp850", "cp437", "cp932", "cp936", "cp949", "cp950",
)  # fmt: skip
"""What 8-bit text may be: UTF-8 first, then the code pages of Windows, then of its console."""
_U16 = struct.Struct("<H")
_BLOCK, _BETWEEN = 64, 3
_FIRST_PRINTABLE = 0x20


def _alphabet(first: int, last: int) -> str:
    """Return a character class without U+xx00: that is what Latin text looks like one byte beside its place."""
    blocks = range(first >> 8, (last >> 8) + 1)
    ends = ((max(first, block << 8 | 1), min(last, block << 8 | 0xFF)) for block in blocks)
    return "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in ends)


_LATIN = r"\t\n\r\x20-\x7e\xa0-\u024f\u1e00-\u1eff\u2010-\u201e\u2026\u20ac\u2122"
_SCRIPTS = (
    _LATIN, _LATIN + _alphabet(0x370, 0x3FF), _LATIN + _alphabet(0x400, 0x52F), _LATIN + _alphabet(0x590, 0x6FF),
    _LATIN + _alphabet(0xE01, 0xE7F), _LATIN + _alphabet(0x3041, 0x30FF) + _alphabet(0x4E01, 0x9FFF),
    _LATIN + _alphabet(0xAC01, 0xD7A3),
)  # fmt: skip
SURE = re.compile("|".join(f"[{script}]{{4,}}" for script in reversed(_SCRIPTS[:-2])))
"""Four characters or more of one alphabet: what a person would take for text."""
TEXT = re.compile("|".join(f"[{script}]{{4,}}" for script in reversed(_SCRIPTS)))
"""The same with Chinese, Japanese and Korean, which are so many that any bytes look like them."""
LETTERS = re.compile(r"(?:[ -~]|[^\W\d_])+")
MANY_LETTERS = re.compile(r"(?:[ -~]|[^\W\d_]){8,}")
"""Text, but for controls and signs that stand where bytes are no text at all."""
_BESIDE = "".join(f"\\u{high:02x}00" for high in range(0x20, 0x7F))
_CHARACTER = rf"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufffe\uffff{_BESIDE}]"
_RUN = re.compile(rf"(?:{_CHARACTER}|[{_BESIDE}](?={_CHARACTER})|(?<={_CHARACTER})[{_BESIDE}]){{3,}}")
"""Three characters of any script; those that Latin text gives one byte beside its place only next to another."""
_NARROW_RUN = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{3,}")
_ISLAND = re.compile(rb"(?:[^\0]|\0(?!\0{63}))+")
_SID = re.compile(rb"\x01([\x01-\x0f])\0\0\0\0\0[\x05\x0b\x0c\x0f\x10\x12]", re.DOTALL)


def islands(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the stretches of *data* between runs of 64 NULs or more, with the NUL that may belong to each end."""
    for match in _ISLAND.finditer(data):
        yield max(match.start() - 1, 0), min(match.end() + 2, len(data))


def wide_runs(data: bytes, start: int, end: int, codec: str, shift: int) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of each run of three characters or more of *codec* in data[start:end]."""
    first = start + shift
    text = data[first : end - (end - first) % 2].decode(codec, "surrogatepass")
    astral = len(text) != (end - first) // 2
    at, behind = first, 0
    for match in _RUN.finditer(text):
        gap = match.start() - behind
        at += 2 * (_units(text[behind : match.start()]) if astral else gap)
        end_at = at + 2 * (_units(match[0]) if astral else len(match[0]))
        yield at, end_at, match[0]
        at, behind = end_at, match.end()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def narrow_runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of three bytes or more that may be 8-bit text."""
    for match in _NARROW_RUN.finditer(data):
        yield match.span()


def changed(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield the stretches in which two texts of one length differ; equal bytes between two that differ count, too.

    Up to three, that is: the zeros between the characters of UTF-16, and what two tokens have in common by chance.
    """
    start = end = -1
    for block in range(0, len(after), _BLOCK):
        if before[block : block + _BLOCK] == after[block : block + _BLOCK]:
            continue
        for at in range(block, min(block + _BLOCK, len(after))):
            if before[at] == after[at]:
                continue
            if at - end > _BETWEEN and start >= 0:
                yield start, end
                start = -1
            start, end = at if start < 0 else start, at + 1
    if start >= 0:
        yield start, end


def is_narrow(data: bytes) -> bool:
    """Return whether *data*, a run of UTF-16, is 8-bit text rather: two printable characters in each unit."""
    return data.isascii() and b"\0" not in data


def binary_sids(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each stored SID in *data*, by its shape."""
    at = 0
    while match := _SID.search(data, at):
        end = match.start() + 8 + 4 * match[1][0]
        if end <= len(data):
            yield match.start(), end
        at = match.start() + 1


def is_name(data: bytes, start: int, end: int) -> bool:
    """Return whether the UTF-16 run data[start:end] is a name of an element: its length and hash stand before it.

    Hash and length may themselves look like characters, and so be the run's first.
    """
    units = (end - start) // 2
    for hidden in range(3 if units > _FIRST_PRINTABLE else 1):
        begin = start + 2 * hidden
        if data[begin - 2 : begin] == _U16.pack(units - hidden) and data[end : end + 2] == b"\0\0":
            text = data[begin:end].decode("utf-16-le", "replace")
            if begin >= NAME_HEADER.size and name_hash(text) & 0xFFFF == _U16.unpack_from(data, begin - 4)[0]:
                return True
    return False
