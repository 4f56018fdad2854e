"""Where values begin and end in a chunk of a binary event log: they lie side by side, with nothing between them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES, FILE_MAGIC, RECORD_MAGIC, RECORDS_OFFSET, Token

_HEADER_BYTES = 24
_BINXML = 0x21
_MOST_VALUES = 4096
_MOST_DEPTH = 8
_LITERAL_REACH = 2 * 4096


class Edges:
    """The edges of the values in *block*, made when first asked for; chunks begin at multiples of 64 KiB."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._edges: dict[int, frozenset[int]] = {}

    def __call__(self, start: int, end: int) -> tuple[bool, bool]:
        """Return whether a value or a literal text begins at *start*, and whether one ends at *end*."""
        base = start - start % CHUNK_BYTES
        if base not in self._edges:
            self._edges[base] = frozenset(_edges(self._block[base : base + CHUNK_BYTES]))
        edges = self._edges[base]
        literal = _literal(self._block, start, end)
        return start - base in edges or literal[0], end - base in edges or literal[1]


def _edges(chunk: bytes) -> Iterator[int]:
    position = chunk.find(RECORD_MAGIC, min(RECORDS_OFFSET, len(chunk)))
    while position >= 0:
        size = int.from_bytes(chunk[position + 4 : position + 8], "little")
        if _HEADER_BYTES < size <= len(chunk) - position:
            yield from _fragment(chunk, position + _HEADER_BYTES, position + size - 4, 0)
        position = chunk.find(RECORD_MAGIC, position + 4)


def _fragment(chunk: bytes, position: int, end: int, depth: int) -> Iterator[int]:
    """Yield the edges of the values of the template instance at *position*, those of nested ones included."""
    position += 4 if chunk[position : position + 2] == b"\x0f\x01" else 0
    if chunk[position : position + 1] != bytes([Token.TEMPLATE_INSTANCE]) or depth > _MOST_DEPTH or position + 14 > end:
        return
    definition = int.from_bytes(chunk[position + 6 : position + 10], "little")
    position += 10
    if definition == position:
        position += 24 + int.from_bytes(chunk[position + 20 : position + 24], "little")
    yield from _values(chunk, position, end, depth)


def _values(chunk: bytes, position: int, end: int, depth: int) -> Iterator[int]:
    count = int.from_bytes(chunk[position : position + 4], "little")
    descriptors = position + 4
    if count > _MOST_VALUES or (at := descriptors + 4 * count) > end:
        return
    for size, kind, _ in struct.iter_unpack("<HBB", chunk[descriptors:at]):
        yield at
        if kind == _BINXML:
            yield from _fragment(chunk, at, min(at + size, end), depth + 1)
        at += size
        yield at


def _literal(block: bytes, start: int, end: int) -> tuple[bool, bool]:
    """Return whether a text that a template itself holds (value token, string, characters) begins and ends there."""
    sign = block.rfind(b"\x05\x01", max(0, start - _LITERAL_REACH), start)
    more = block.rfind(b"\x45\x01", max(0, start - _LITERAL_REACH), start)
    text = max(sign, more) + 4
    if text < 4 or text > start:
        return False, False
    characters = int.from_bytes(block[text - 2 : text], "little")
    return text == start, text + 2 * characters == end


def is_event_log(start: bytes) -> bool:
    """Return whether a member that begins with *start* is a binary event log."""
    return start.startswith(FILE_MAGIC)


HEADER_BYTES = FILE_BLOCK_BYTES
