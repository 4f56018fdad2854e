"""A file header or a chunk, scrubbed: its records first, then what no record explains; its checksums at the end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from claude_evidence.collector._evtx_chunk import Chunk
from claude_evidence.collector._evtx_edit import Editor
from claude_evidence.evtx_format import (
    CHECKED_HEADER_BYTES,
    CHUNK_FREE_OFFSET,
    CHUNK_HEADER_BYTES,
    CHUNK_MAGIC,
    FILE_HEADER_BYTES,
    FILE_MAGIC,
    HEADER_CRC_OFFSET,
    RECORDS_OFFSET,
)  # fmt: skip

_U32 = struct.Struct("<I")
_DATA_CRC_OFFSET = CHUNK_FREE_OFFSET + 4
_CHUNK_RESERVED = 56
_FILE_RESERVED = 44
SEAM_BYTES = 1024


class Piece:
    """Bytes of a file on their way out; ``finish`` makes those checksums right that were right before."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self._original = data
        self._sums = [offset for offset, checksum in self._checksums() if self._stored(offset) == checksum]

    @property
    def begins_as_it_should(self) -> bool:
        """Whether a header stands at its beginning, so that no text can run into it from before."""
        return self._original.startswith((FILE_MAGIC, CHUNK_MAGIC))

    def finish(self) -> bytes:
        """Return the bytes, checksums set."""
        if self.data != self._original:
            for offset, _ in self._checksums():  # the records' first: the header's own covers it
                if offset in self._sums:
                    _U32.pack_into(self.data, offset, dict(self._checksums())[offset])
        return bytes(self.data)

    def join(self, following: Piece, editor: Editor) -> None:
        """Scrub what runs from this piece into *following*, which has no header that would part them."""
        head, tail = min(SEAM_BYTES, len(following.data)), min(SEAM_BYTES, len(self.data))
        before = self._original[-tail:] + following._original[:head]
        new = editor.again(before, bytes(self.data[-tail:] + following.data[:head]))
        self.data[-tail:], following.data[:head] = new[:tail], new[tail:]

    @property
    def vouched(self) -> bool:
        """Whether its header is what was once written."""
        return HEADER_CRC_OFFSET in self._sums

    @property
    def free(self) -> int:
        """Where the records of a sound chunk end."""
        return self._stored(CHUNK_FREE_OFFSET)

    @property
    def sound(self) -> bool:
        """Whether it is a chunk whose records are what was once written."""
        return _DATA_CRC_OFFSET in self._sums

    def _stored(self, offset: int) -> int:
        stored: int = _U32.unpack_from(self.data, offset)[0]
        return stored

    def _checksums(self) -> Iterator[tuple[int, int]]:
        """Yield where a checksum is stored and what it should be, the records' before the header's."""
        data = self.data
        if data.startswith(FILE_MAGIC) and len(data) >= FILE_HEADER_BYTES:
            yield HEADER_CRC_OFFSET, zlib.crc32(data[:CHECKED_HEADER_BYTES])
        elif len(data) >= RECORDS_OFFSET:
            free = self._stored(CHUNK_FREE_OFFSET)
            if RECORDS_OFFSET <= free <= len(data):
                yield _DATA_CRC_OFFSET, zlib.crc32(memoryview(data)[RECORDS_OFFSET:free])
            head = zlib.crc32(memoryview(data)[:CHECKED_HEADER_BYTES])
            yield HEADER_CRC_OFFSET, zlib.crc32(memoryview(data)[CHUNK_HEADER_BYTES:RECORDS_OFFSET], head)


def scrub_header(block: bytes, editor: Editor) -> Piece:
    """Return the block that a file begins with, scrubbed: all but its magic, counts and checksum."""
    piece = Piece(block)
    known = [(0, _FILE_RESERVED), (CHECKED_HEADER_BYTES, FILE_HEADER_BYTES)] if block.startswith(FILE_MAGIC) else []
    _scrub_rest(piece, known, editor)
    if known and not piece.vouched:
        piece.data[:] = editor.again(block, bytes(piece.data))
    return piece


def scrub_chunk(data: bytes, editor: Editor) -> Piece:
    """Return a chunk scrubbed, whatever state it is in; *data* may be cut short or be no chunk at all."""
    piece = Piece(data)
    known = Chunk(data, editor).scrub(piece.data)
    if data.startswith(CHUNK_MAGIC):
        known[:0] = [(0, _CHUNK_RESERVED), (CHECKED_HEADER_BYTES, RECORDS_OFFSET)]
    _scrub_rest(piece, known, editor)
    start = (
        piece.free if piece.sound and piece.vouched else 0
    )  # no checksum says that what was read there is what was written
    if data.count(0, start) != len(data) - start:
        piece.data[start:] = editor.again(data[start:], bytes(piece.data[start:]))
    return piece


def _scrub_rest(piece: Piece, known: Iterable[tuple[int, int]], editor: Editor) -> None:
    """Scrub what lies between the stretches *known*, which are in order and may overlap."""
    at, length = 0, len(piece.data)
    for start, end in [*known, (length, length)]:
        if at < start and piece.data.count(0, at, start) != start - at:
            piece.data[at:start] = editor.unexplained(bytes(piece.data[at:start]), True)
        at = max(at, end)
