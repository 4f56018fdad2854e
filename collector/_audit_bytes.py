"""How the audit reads bytes: in lower case, by shape, with escapes undone. Own tables, shared with no other module."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LETTERS, _DIGITS = b"abcdefghijklmnopqrstuvwxyz", b"0123456789"
LOWER = bytes.maketrans(_LETTERS.upper(), _LETTERS)
"""ASCII letters in lower case, every other byte as it is."""
SHAPE = bytes.maketrans(_LETTERS.upper() + _DIGITS, _LETTERS + b"0" * 10)
"""Lower case with 0 for every digit: lines that differ in times and counters only become one."""
_WORDS = bytes(code if code in _LETTERS + b"0" else 0x20 for code in range(256))
ASCII = bytes(range(128))
NUL = b"\0"

_WINDOW = 1024
_ROUNDS = 3
_ESCAPE = re.compile(
    rb"\\{1,8}(?:ud[89ab][0-9a-f]{2}\\{1,8}ud[c-f][0-9a-f]{2}|u[0-9a-f]{4}|x[0-9a-f]{2}|[0-3][0-7]{2})"
    rb"|%(?:u[0-9a-f]{4}|[0-9a-f]{2})|&(?:#x[0-9a-f]{1,6}|#[0-9]{1,7}|quot|apos|amp|lt|gt);|\x1b\[[0-9;]{0,16}[a-z]"
)
SUSPECT_ESCAPE = re.compile(
    rb"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|000)|%u?[0-9a-f]{2}|&(?:#|quot;|apos;|amp;|lt;|gt;)|\x1b\["
)
"""Where a text in `SHAPE` may hold an escape."""
CONTROLS = b"nrtbfv"
"""The letters of escaped control characters: in ``\\nalice`` the first is no part of the name, or it is."""


def words(shape: bytes) -> list[bytes]:
    """Return the runs of ASCII letters and digits of a text in `SHAPE`."""
    return shape.translate(_WORDS).split()


def unescaped(lower: bytes) -> bytes:
    """Return the surroundings of every escape in *lower* with the escapes undone, also those within others.

    JSON and JavaScript (``\\u00eb``, behind any number of backslashes), URLs (``%C3%AB``, ``%EB``), git's octal,
    HTML, terminal colours. The surroundings are parted by NULs.
    """
    pieces = (_undone(piece) for piece in _surroundings(lower))
    return NUL.join(pieces)


def _undone(piece: bytes) -> bytes:
    for _ in range(_ROUNDS):
        piece, count = _ESCAPE.subn(_meant, piece)
        if not count:
            break
    return piece.translate(LOWER)


def _surroundings(lower: bytes) -> Iterator[bytes]:
    start = end = -1
    for match in _ESCAPE.finditer(lower):
        if match.start() > end:
            if end >= 0:
                yield lower[start:end]
            start = max(0, match.start() - _WINDOW)
        end = match.end() + _WINDOW
    if end >= 0:
        yield lower[start:end]


_NAMED = {b"&quot;": b'"', b"&apos;": b"'", b"&amp;": b"&", b"&lt;": b"<", b"&gt;": b">"}


def _meant(match: re.Match[bytes]) -> bytes:
    """Return what an escape stands for: UTF-8 for a code point, the byte itself for ``%EB`` and ``\\xeb``."""
    text = match[0]
    if text.startswith(b"&"):
        if text in _NAMED:
            return _NAMED[text]
        number = text[2:-1]
        return _utf8(int(number[1:], 16) if number.startswith(b"x") else int(number))
    if text.startswith(b"\x1b"):
        return b""
    bare = text.lstrip(b"\\%")
    if bare.startswith(b"u"):
        return _code_units(re.findall(rb"u([0-9a-f]{4})", bare))
    if bare.startswith(b"x") or text.startswith(b"%"):
        return bytes([int(bare.lstrip(b"x"), 16)])
    return bytes([int(bare, 8)])


def _code_units(units: list[bytes]) -> bytes:
    text = b"".join(int(unit, 16).to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")
    return text.encode()


def _utf8(code: int) -> bytes:
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b"?"
