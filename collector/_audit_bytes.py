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
_LINE_BYTES = 4096
_ROUNDS = 3
_HEX = rb"[0-9a-fA-F]"
_SLASHED = re.compile(
    (rb"(\\{1,8})(?:u[dD][89abAB]X{2}\\{1,8}u[dD][c-fC-F]X{2}|uX{4}|xX{2}|[0-3][0-7]{2})").replace(b"X", _HEX)
)
_OTHER = re.compile(
    rb"%(?:uX{4}|X{2})|&(?:#[xX]X{1,6}|#[0-9]{1,7}|quot|apos|amp|lt|gt);|\x1b\[[0-9;]{0,16}[A-Za-z]".replace(b"X", _HEX)
)
_ESCAPE = re.compile(_SLASHED.pattern + b"|" + _OTHER.pattern)
SUSPECT_ESCAPE = re.compile(
    rb"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|000)|%u?[0-9a-f]{2}|&(?:#|quot;|apos;|amp;|lt;|gt;)|\x1b\["
)
"""Where a text in `SHAPE` may hold an escape."""
CONTROLS = b"nrtbfv"
"""The letters of escaped control characters: in ``\\nalice`` the first is no part of the name, or it is."""


def words(shape: bytes) -> list[bytes]:
    """Return the runs of ASCII letters and digits of a text in `SHAPE`."""
    return shape.translate(_WORDS).split()


def unescaped(text: bytes) -> bytes:
    """Return the surroundings of every escape in *text* with the escapes undone, also those within others.

    JSON and JavaScript (``\\u00eb``, behind any number of backslashes), URLs (``%C3%AB``, ``%EB``), git's octal,
    HTML, terminal colours. A backslash before an escape may be part of it or of a path: both readings are given.
    Surroundings are parted by NULs, times before lines left out, like ones given once.
    """
    pieces = list(dict.fromkeys(_surroundings(text)))
    return NUL.join([_undone(piece, b"") for piece in pieces] + [_undone(p, b"\\") for p in pieces if b"\\\\" in p])


def _undone(piece: bytes, kept: bytes) -> bytes:
    for _ in range(_ROUNDS):
        piece, slashed = _SLASHED.subn(lambda match: (kept if len(match[1]) > 1 else b"") + _slashed(match), piece)
        piece, others = _OTHER.subn(_other, piece)
        if not slashed + others:
            break
    return piece


def _surroundings(text: bytes) -> Iterator[bytes]:
    for line in dict.fromkeys(text.splitlines()):
        if len(line) > _LINE_BYTES:
            yield from _windows(line)
        elif _ESCAPE.search(line):
            yield line[19:] if line[:4].isdigit() and line[4:5] in b"-/" else line


def _windows(line: bytes) -> Iterator[bytes]:
    start = end = -1
    for match in _ESCAPE.finditer(line):
        if match.start() > end:
            if end >= 0:
                yield line[start:end]
            start = max(0, match.start() - _WINDOW)
        end = match.end() + _WINDOW
    if end >= 0:
        yield line[start:end]


_NAMED = {b"&quot;": b'"', b"&apos;": b"'", b"&amp;": b"&", b"&lt;": b"<", b"&gt;": b">"}


def _slashed(match: re.Match[bytes]) -> bytes:
    """Return what an escape behind backslashes stands for: UTF-8 for a code point, the byte itself for ``\\xeb``."""
    text = match[0].lstrip(b"\\")
    if text.startswith(b"u"):
        return _code_units(re.findall(b"u(" + _HEX + b"{4})", text))
    return bytes([int(text[1:], 16) if text.startswith(b"x") else int(text, 8)])


def _other(match: re.Match[bytes]) -> bytes:
    text = match[0]
    if text.startswith(b"\x1b"):
        return b""
    if text.startswith(b"&#"):
        number = text[2:-1].lower()
        return _utf8(int(number[1:], 16) if number.startswith(b"x") else int(number))
    if text.startswith(b"&"):
        return _NAMED[text]
    return _code_units([text[2:]]) if text.startswith(b"%u") else bytes([int(text[1:], 16)])


def _code_units(units: list[bytes]) -> bytes:
    text = b"".join(int(unit, 16).to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")
    return text.encode()


def _utf8(code: int) -> bytes:
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b"?"
