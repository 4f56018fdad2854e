"""The chunks of an event log, sound or not: what can be checked before any engine reads them.

A chunk of 65,536 bytes can be read on its own, so a damaged one costs no other anything.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from claude_evidence.evtx_format import (
    CHUNK_BYTES,
    CHUNK_HEADER_BYTES,
    CHUNK_MAGIC,
    CHUNK_NO_CRC,
    FILE_BLOCK_BYTES,
    FILE_MAGIC,
    RECORD_HEADER,
    RECORD_MAGIC,
    RECORDS_OFFSET,
    read_exactly,
)  # fmt: skip

_COUNT = struct.Struct("<QQ")
_SUMS = struct.Struct("<II")
_FREE_OFFSET, _FLAGS_OFFSET, _FILE_CHUNKS_OFFSET, _CHECKED_HEADER_BYTES = 48, 120, 42, 120
_SIZE = struct.Struct("<I")
_MIN_RECORD_BYTES = RECORD_HEADER.size + _SIZE.size
_RECORDS_PER_CHUNK = CHUNK_BYTES // _MIN_RECORD_BYTES


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What the file header says, and what is wrong with it."""

    chunks: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk as it lies in the file: its 0-based position, its bytes, and what its header says and is worth."""

    index: int
    data: bytes
    length: int
    """Bytes of it that the file holds; the rest of ``data`` is zeros."""
    named: bool
    """Whether it begins as chunks do."""
    expected: int
    """Records by its header, 0 where that cannot be true."""
    unchecked: bool
    """Whether it says that it carries no checksums."""
    faults: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether no byte of it was ever written."""
        return not self.named and not self.data.strip(b"\0")

    @property
    def sound(self) -> bool:
        """Whether an engine may read it as it is."""
        return self.named and not self.faults and bool(self.expected)

    @property
    def limit(self) -> int:
        """Return the offset where its records end; all that is there where its header does not say."""
        free: int = _SIZE.unpack_from(self.data, _FREE_OFFSET)[0] if self.named else 0
        return min(free if RECORDS_OFFSET <= free <= CHUNK_BYTES else CHUNK_BYTES, self.length)


def file_header(block: bytes) -> FileHeader:
    """Return what *block*, the first 4,096 bytes of a file, says."""
    if len(block) < FILE_BLOCK_BYTES:
        return FileHeader(faults=("the file is empty" if not block else f"the file ends after {len(block):,} bytes",))
    if not block.startswith(FILE_MAGIC):
        return FileHeader(faults=("the file header is no event log's: its chunks are looked for all the same",))
    flags, stored = _SUMS.unpack_from(block, _FLAGS_OFFSET)
    bad = zlib.crc32(block[:_FLAGS_OFFSET]) != stored and not flags & CHUNK_NO_CRC
    chunks = struct.unpack_from("<H", block, _FILE_CHUNKS_OFFSET)[0]
    return FileHeader(chunks, ("the file header's checksum does not match",) if bad else ())


def chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks after the file header, the last perhaps cut short; the header's count does not matter."""
    index = 0
    while data := read_exactly(stream, CHUNK_BYTES):
        yield examine(index, data)
        index += 1


def examine(index: int, data: bytes) -> Chunk:
    """Return *data*, at most 65,536 bytes, as a chunk with its faults named."""
    named = data.startswith(CHUNK_MAGIC) and len(data) >= RECORDS_OFFSET
    if not named:
        whole = data.ljust(CHUNK_BYTES, b"\0")
        return Chunk(index, whole, len(data), False, 0, False, (f"its header is destroyed ({data[:8].hex(' ')})",))
    first, last = _COUNT.unpack_from(data, len(CHUNK_MAGIC))
    free, checksum = _SUMS.unpack_from(data, _FREE_OFFSET)
    flags, header_checksum = _SUMS.unpack_from(data, _FLAGS_OFFSET)
    faults = []
    if len(data) < CHUNK_BYTES:
        faults.append(f"the file ends after {len(data):,} of its {CHUNK_BYTES:,} bytes")
    if not flags & CHUNK_NO_CRC:
        head = zlib.crc32(data[CHUNK_HEADER_BYTES:RECORDS_OFFSET], zlib.crc32(data[:_CHECKED_HEADER_BYTES]))
        if head != header_checksum:
            faults.append("its header's checksum does not match")
        if zlib.crc32(data[RECORDS_OFFSET:free]) != checksum:
            faults.append("its records' checksum does not match")
    expected = last - first + 1 if free > RECORDS_OFFSET else 0
    plausible = expected if 0 < expected <= _RECORDS_PER_CHUNK else 0
    whole = data.ljust(CHUNK_BYTES, b"\0")
    return Chunk(index, whole, len(data), True, plausible, bool(flags & CHUNK_NO_CRC), tuple(faults))


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of a chunk's record chain: ``carved`` where it was reached by a mend, ``gap`` for a mend itself."""

    offset: int
    size: int
    number: int
    carved: bool = False
    gap: bool = False


def mend(chunk: Chunk) -> tuple[bytes, tuple[Entry, ...]]:
    """Return the bytes of *chunk* with its record chain made whole, and that chain.

    What lies between two records and is none becomes one record that no engine can read: so both neighbours can be.
    Only bytes before `Chunk.limit` are looked at: what lies behind is an older generation of the log.
    """
    data = bytearray(chunk.data)
    entries = tuple(_chain(chunk.data, chunk.limit))
    for entry in entries:
        if entry.gap:
            RECORD_HEADER.pack_into(data, entry.offset, RECORD_MAGIC, entry.size, 0, 0)
        else:
            _SIZE.pack_into(data, entry.offset + len(RECORD_MAGIC), entry.size)
    end = entries[-1].offset + entries[-1].size if entries else RECORDS_OFFSET
    data[: len(CHUNK_MAGIC)] = CHUNK_MAGIC
    _SIZE.pack_into(data, _FREE_OFFSET, end)
    return bytes(data), entries


def _chain(data: bytes, limit: int) -> Iterator[Entry]:
    offset, carved = RECORDS_OFFSET, False
    while offset + _MIN_RECORD_BYTES <= limit:
        size = _size(data, offset, limit)
        if size and (_closed(data, offset, size) or offset + size == limit or _size(data, offset + size, limit)):
            yield Entry(offset, size, _number(data, offset), carved)
            offset += size
            continue
        following = _next(data, offset + _MIN_RECORD_BYTES, limit)
        if size:  # its end is damaged, its beginning may still be read
            yield Entry(offset, (following or offset + size) - offset, _number(data, offset), carved)
        elif following:
            yield Entry(offset, following - offset, 0, carved, gap=True)
        if not following:
            return
        offset, carved = following, True


def _size(data: bytes, offset: int, limit: int) -> int:
    """Return the size of the record that begins at *offset*, 0 where none does."""
    if data[offset : offset + len(RECORD_MAGIC)] != RECORD_MAGIC or offset + _MIN_RECORD_BYTES > limit:
        return 0
    size: int = _SIZE.unpack_from(data, offset + len(RECORD_MAGIC))[0]
    return size if _MIN_RECORD_BYTES <= size <= limit - offset else 0


def _closed(data: bytes, offset: int, size: int) -> bool:
    end = offset + size
    return data[end - _SIZE.size : end] == data[offset + len(RECORD_MAGIC) : offset + len(RECORD_MAGIC) + _SIZE.size]


def _next(data: bytes, offset: int, limit: int) -> int:
    """Return where the next whole record begins at or after *offset*, 0 where none does."""
    while (offset := data.find(RECORD_MAGIC, offset, limit)) >= 0:
        if (size := _size(data, offset, limit)) and _closed(data, offset, size):
            return offset
        offset += 1
    return 0


def _number(data: bytes, offset: int) -> int:
    number: int = RECORD_HEADER.unpack_from(data, offset)[2]
    return number if number < 2**63 else 0
