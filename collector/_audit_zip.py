"""A finished zip read to its last byte: members in blocks, names, comments, extra fields, and what lies between."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

BLOCK_BYTES = 1 << 20
_OVERLAP_BYTES = 8 << 10
_SEPARATORS = (b" ", b",", b'"', b"\0", b"/", b"\\")
_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_BYTES = (0, 12, 16, 20, 24)
_ZIP64_EXTRA = 1


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a member: ``data`` begins at byte ``offset``; whole lines where the lines are not too long."""

    offset: int
    data: bytes


def blocks(source: IO[bytes]) -> Iterator[Block]:
    """Yield *source* cut behind line ends; a longer line is cut between words, and its pieces overlap by 8 KiB."""
    offset, rest = 0, b""
    while fresh := source.read(BLOCK_BYTES):
        data = rest + fresh
        end = kept = data.rfind(b"\n") + 1
        if end == 0:
            if len(data) < 2 * BLOCK_BYTES:
                rest = data
                continue
            end = _between_words(data, len(data))
            kept = _between_words(data, end - _OVERLAP_BYTES)
        yield Block(offset, data[:end])
        offset, rest = offset + kept, data[kept:]
    if rest:
        yield Block(offset, rest)


def _between_words(data: bytes, end: int) -> int:
    """Return the last place up to *end* behind a separator, or *end* where there is none near."""
    place = max(data.rfind(sign, end - _OVERLAP_BYTES, end) for sign in _SEPARATORS)
    return place + 1 if place >= 0 else end


def aligned(source: IO[bytes], first: int) -> Iterator[Block]:
    """Yield *source* in blocks of 1 MiB, the first of *first* bytes."""
    offset, size = 0, first
    while data := _read(source, size):
        yield Block(offset, data)
        offset, size = offset + len(data), BLOCK_BYTES


def _read(source: IO[bytes], size: int) -> bytes:
    pieces, left = [], size
    while left and (piece := source.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def trivia(file: BinaryIO, entry: zipfile.ZipInfo) -> bytes:
    """Return all that the zip says of *entry* besides its bytes: name, comment and extra fields, in both headers."""
    raw = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace")
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    name = extra = b""
    if len(head) == _LOCAL.size and head.startswith(_LOCAL_SIGNATURE):
        name_bytes, extra_bytes = _LOCAL.unpack(head)[9:]
        name, extra = file.read(name_bytes), file.read(extra_bytes)
    parts = [raw, name if name != raw else b"", entry.comment, *_fields(entry.extra), *_fields(extra)]
    return b"\n".join(part for part in parts if part)


def _fields(extra: bytes) -> Iterator[bytes]:
    """Yield the extra fields but zip64's, whose numbers may look like anything; a broken rest is a field too."""
    position = 0
    while position + 4 <= len(extra):
        number, size = struct.unpack_from("<HH", extra, position)
        if number != _ZIP64_EXTRA:
            yield extra[position + 4 : position + 4 + size]
        position += 4 + size
    yield extra[position:]


def gaps(file: BinaryIO, entries: list[zipfile.ZipInfo], directory: int) -> Iterator[Block]:
    """Yield the bytes up to *directory* that belong to no entry: nothing ought to lie there."""
    position = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset > position and not _is_descriptor(entry.header_offset - position, position):
            yield from _stretch(file, position, entry.header_offset)
        file.seek(entry.header_offset)
        head = file.read(_LOCAL.size)
        lengths = sum(_LOCAL.unpack(head)[9:]) if len(head) == _LOCAL.size else 0
        position = max(position, entry.header_offset + _LOCAL.size + lengths + entry.compress_size)
    if directory > position and not _is_descriptor(directory - position, position):
        yield from _stretch(file, position, directory)


def _is_descriptor(size: int, position: int) -> bool:
    """Return whether a gap of *size* is the data descriptor of the entry before it, which holds numbers only."""
    return position > 0 and size in _DESCRIPTOR_BYTES


def _stretch(file: BinaryIO, start: int, end: int) -> Iterator[Block]:
    for position in range(start, end, BLOCK_BYTES):
        file.seek(max(start, position - _OVERLAP_BYTES))
        yield Block(file.tell(), file.read(min(end, position + BLOCK_BYTES) - file.tell()))
