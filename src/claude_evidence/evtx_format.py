"""The binary event log (EVTX): file, chunk and record headers, BinXml tokens, checksums; standard library only.

A file is one 4,096-byte block with the file header, then chunks of 65,536 bytes. A chunk is a 512-byte header with
two hash tables (names, templates), then records; it can be read on its own. A record holds an event as BinXml: a
template, defined where the chunk first uses it and referred to by its offset afterwards, plus the values to put in.
Offsets are relative to the chunk. Layout after libyal's public description of the format, checked on real files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import BinaryIO

FILE_MAGIC = b"ElfFile\0"
FILE_HEADER_BYTES = 128
FILE_BLOCK_BYTES = 4096
FORMAT_MAJOR = 3
FILE_DIRTY = 0x1
FILE_FULL = 0x2

CHUNK_MAGIC = b"ElfChnk\0"
CHUNK_HEADER_BYTES = 128
CHUNK_BYTES = 65_536
CHUNK_DIRTY = 0x1
CHUNK_NO_CRC = 0x4
STRING_BUCKETS = 64
TEMPLATE_BUCKETS = 32
STRING_TABLE_OFFSET = CHUNK_HEADER_BYTES
TEMPLATE_TABLE_OFFSET = STRING_TABLE_OFFSET + 4 * STRING_BUCKETS
RECORDS_OFFSET = TEMPLATE_TABLE_OFFSET + 4 * TEMPLATE_BUCKETS

CHECKED_HEADER_BYTES = 120
"""What of a file or chunk header its checksum covers, a chunk's covers its tables too; flags and checksum follow."""
HEADER_CRC_OFFSET = 124
CHUNK_FREE_OFFSET = 48
"""Where a chunk header says where its records end; the checksum of the records follows."""

RECORD_MAGIC = b"\x2a\x2a\0\0"
RECORD_ALIGNMENT = 8
EVENT_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"

_FILE_HEADER = struct.Struct("<8sQQQIHHHH76s")
_CHUNK_HEADER = struct.Struct("<8sQQQQIIII64s")
_FLAGS_AND_CRC = struct.Struct("<II")
RECORD_HEADER = struct.Struct("<4sIQQ")
"""Magic, size in bytes, record id, FILETIME; the size is repeated in the record's last four bytes."""
NAME_HEADER = struct.Struct("<IHH")
"""Offset of the next name in the bucket, hash, characters; then UTF-16LE and a NUL."""
TEMPLATE_HEADER = struct.Struct("<I16sI")
"""Offset of the next template in the bucket, identifier (a GUID), size in bytes of the fragment that follows."""
TEMPLATE_INSTANCE = struct.Struct("<BBII")
"""Token, 1, first 32 bits of the template's identifier, offset of its definition."""
VALUE_DESCRIPTOR = struct.Struct("<HBB")
"""Size in bytes, value type, 0: one for each substitution of a template instance, before all the values."""
OPEN_ELEMENT = struct.Struct("<BHI")
"""Token, substitution the element depends on, size in bytes of all that follows up to its end token."""
SUBSTITUTION = struct.Struct("<BHB")
"""Token, index of the value, declared value type."""
TEXT_VALUE = struct.Struct("<BBH")
"""Token, value type (string), characters; then UTF-16LE without a NUL."""

FRAGMENT_HEADER = b"\x0f\x01\x01\x00"
NO_DEPENDENCY = 0xFFFF


def read_exactly(stream: BinaryIO, wanted: int) -> bytes:
    """Return the next *wanted* bytes of *stream*, fewer only at its end."""
    parts: list[bytes] = []
    while wanted and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


class Token(IntEnum):
    """BinXml tokens; ``MORE`` is added to an element with attributes, and to each attribute but the last."""

    END_OF_FRAGMENT = 0x00
    OPEN_ELEMENT = 0x01
    CLOSE_START = 0x02
    CLOSE_EMPTY = 0x03
    END_ELEMENT = 0x04
    VALUE = 0x05
    ATTRIBUTE = 0x06
    CDATA = 0x07
    CHARACTER = 0x08
    ENTITY = 0x09
    INSTRUCTION_NAME = 0x0A
    INSTRUCTION_TEXT = 0x0B
    TEMPLATE_INSTANCE = 0x0C
    SUBSTITUTION = 0x0D
    OPTIONAL_SUBSTITUTION = 0x0E
    FRAGMENT = 0x0F
    MORE = 0x40


def _hash(units: Sequence[int]) -> int:
    value = 0
    for unit in units:
        value = (value * 65_599 + unit) & 0xFFFFFFFF
    return value


@lru_cache(maxsize=4096)
def name_hash(name: str) -> int:
    """Return the 32-bit hash of an element or attribute name: it picks the bucket, its low half is stored."""
    data = name.encode("utf-16-le")
    return _hash(struct.unpack(f"<{len(data) // 2}H", data))


def template_bucket(identifier: bytes) -> int:
    """Return the bucket of a template's 16-byte identifier, as in files of format 3.1.

    Windows of format 3.2 spreads them by another, unpublished hash; readers walk all buckets and do not compute it.
    """
    return _hash(struct.unpack("<8H", identifier)) % TEMPLATE_BUCKETS


def file_header(chunks: int, next_record_id: int, *, minor: int = 2, flags: int = 0) -> bytes:
    """Return the 4,096-byte block that begins a file of so many *chunks*, checksum included."""
    block = _FILE_HEADER.pack(
        FILE_MAGIC, 0, max(chunks - 1, 0), next_record_id, FILE_HEADER_BYTES, minor, FORMAT_MAJOR, FILE_BLOCK_BYTES,
        chunks, bytes(76),
    )  # fmt: skip
    return (block + _FLAGS_AND_CRC.pack(flags, zlib.crc32(block))).ljust(FILE_BLOCK_BYTES, b"\0")


@dataclass(frozen=True, slots=True)
class RecordRange:
    """What a chunk header says of the chunk's records: numbers count within the file, ids are EventRecordID."""

    first_number: int
    last_number: int
    first_id: int
    last_id: int
    last_offset: int


NO_RECORDS = RecordRange(1, 2**64 - 1, 2**64 - 1, 2**64 - 1, 0)
"""The range of a chunk without records: an empty log is one such chunk."""


def chunk_header(records: RecordRange, content: bytes, names: Sequence[int], templates: Sequence[int]) -> bytes:
    """Return the 512 bytes before *content* (the records): header, checksums and the two hash tables.

    *names* and *templates* hold each bucket's newest offset in the chunk, or 0.
    """
    head = _CHUNK_HEADER.pack(
        CHUNK_MAGIC, records.first_number, records.last_number, records.first_id, records.last_id, CHUNK_HEADER_BYTES,
        records.last_offset, RECORDS_OFFSET + len(content), zlib.crc32(content), bytes(64),
    )  # fmt: skip
    tables = struct.pack(f"<{STRING_BUCKETS}I{TEMPLATE_BUCKETS}I", *names, *templates)
    return head + _FLAGS_AND_CRC.pack(0, zlib.crc32(tables, zlib.crc32(head))) + tables
