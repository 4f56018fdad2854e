"""The directory of a zip, read entry by entry and never trusted (APPNOTE.TXT 6.3.10).

``zipfile`` gives up on a whole archive over one bad name or version and cuts names at a NUL; here the entries that
can be had are had, and the rest is said.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from claude_evidence.bundle_bytes import Bytes, reader
from claude_evidence.bundle_entry import ZipEntry
from claude_evidence.untrusted import plausible

LOCAL_SIGNATURE = b"PK\x03\x04"
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_END = struct.Struct("<4s4H2IH")
_END_SIGNATURE = b"PK\x05\x06"
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR_BYTES = 20
_UNKNOWN = 0xFFFFFFFF
_UNIX = 3
_MODE_LINK = 0o120000
_WINDOWS_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies; ``shift`` is what was put in front of the archive after it was made."""

    start: int
    size: int
    count: int
    shift: int


def find_directory(data: Bytes, note: Note) -> Directory | None:
    """Return the central directory of *data*, or None where it has none (no zip, or a truncated one)."""
    tail_start = max(0, data.size - 65_535 - _END.size)
    tail = data.read_at(tail_start, data.size - tail_start)
    exact: list[Directory] = []
    loose: list[Directory] = []
    position = tail.rfind(_END_SIGNATURE)
    while position >= 0:
        if found := _directory_at(data, tail_start + position, tail[position:]):
            comment_bytes = int.from_bytes(tail[position + 20 : position + 22], "little")
            (exact if position + _END.size + comment_bytes == len(tail) else loose).append(found)
        position = tail.rfind(_END_SIGNATURE, 0, position)
    if len(exact) > 1:
        note("ends in two directories (one hides in the archive's comment): the last is read")
    if not exact and loose:
        note("holds bytes behind its end")
    return next(iter(exact + loose), None)


def _directory_at(data: Bytes, position: int, end: bytes) -> Directory | None:
    if len(end) < _END.size:
        return None
    _, _, _, _, count, size, offset, _ = _END.unpack_from(end)
    end64_at = position - _LOCATOR_BYTES - _END64.size
    end64 = data.read_at(end64_at, _END64.size) if end64_at >= 0 else b""
    if len(end64) == _END64.size and end64.startswith(_END64_SIGNATURE):
        count, size, offset = _END64.unpack(end64)[7:]
        position = end64_at
    for start in (position - size, offset):
        if 0 <= start <= position and (size == 0 or data.read_at(start, 4) == _CENTRAL_SIGNATURE):
            return Directory(start, size, count, start - offset)
    return None


def read_directory(data: Bytes, directory: Directory, zone: tzinfo | None, room: int, note: Note) -> list[ZipEntry]:
    """Return the entries of *directory*, folders included, at most *room* of them.

    *zone* is where the clock stood that wrote the local times of a zip; without it only times that carry UTC are given.
    """
    entries = list(_entries(data, directory, zone, room))
    if len(entries) == room < directory.count:
        note(f"lists {directory.count:,} members: past the limit for members only {room:,} are read")
    elif len(entries) & 0xFFFF != directory.count & 0xFFFF:
        note(f"promises {directory.count:,} entries and lists {len(entries):,}")
    if directory.shift:
        note(f"begins {directory.shift:,} bytes late: something was put in front of the archive")
    _note_overlaps(entries, directory.start, note)
    return entries


def _entries(data: Bytes, directory: Directory, zone: tzinfo | None, room: int) -> Iterator[ZipEntry]:
    stream = reader(data, directory.start)
    left = directory.size
    while room > 0 and left >= _CENTRAL.size:
        head = stream.read(_CENTRAL.size)
        if len(head) < _CENTRAL.size or not head.startswith(_CENTRAL_SIGNATURE):
            return
        (_, made_by, _, flags, method, time, date, crc, packed, size, name_bytes, extra_bytes, comment_bytes,
         _, _, attributes, offset) = _CENTRAL.unpack(head)  # fmt: skip
        raw, extra = stream.read(name_bytes), stream.read(extra_bytes)
        stream.read(comment_bytes)
        left -= _CENTRAL.size + name_bytes + extra_bytes + comment_bytes
        if len(extra) < extra_bytes:
            return
        room -= 1
        fields = extra_fields(extra)
        size, packed, offset = _wide(fields.get(1, b""), size, packed, offset)
        yield ZipEntry(
            raw_name=raw, text=decoded_name(raw, flags), size_bytes=size,
            modified_at=modified(fields, date, time, zone), data=data, offset=offset + directory.shift,
            packed_bytes=packed, flags=flags, method=method, crc=crc,
            is_link=made_by >> 8 == _UNIX and attributes >> 16 & 0o170000 == _MODE_LINK,
        )  # fmt: skip


def _wide(field: bytes, *values: int) -> tuple[int, ...]:
    """Return *values* with those that did not fit taken from the zip64 field, in order, as far as it reaches."""
    wide = []
    for value in values:
        if value == _UNKNOWN and len(field) >= 8:
            value, field = int.from_bytes(field[:8], "little"), field[8:]
        wide.append(value)
    return tuple(wide)


def _note_overlaps(entries: list[ZipEntry], end: int, note: Note) -> None:
    ordered = sorted(entries, key=lambda entry: entry.offset)
    ends = (entry.offset + 30 + len(entry.raw_name) + entry.packed_bytes for entry in ordered)
    starts = [entry.offset for entry in ordered[1:]] + [end]
    if overlaps := sum(own_end > start for own_end, start in zip(ends, starts, strict=False)):
        note(f"{overlaps:,} of its entries overlap: the same bytes are told more than once")


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Return the extra fields of an entry by their number; a field that ends early is left out."""
    fields = {}
    position = 0
    while position + 4 <= len(extra):
        number, size = struct.unpack_from("<HH", extra, position)
        fields[number] = extra[position + 4 : position + 4 + size]
        position += 4 + size
    return fields


def decoded_name(raw: bytes, flags: int) -> str:
    """Return the name of an entry: UTF-8 where the entry says so or where it reads as such, else code page 437."""
    if flags & 0x800:
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def modified(fields: dict[int, bytes], date: int, time: int, zone: tzinfo | None) -> datetime | None:
    """Return an entry's time: NTFS and Unix fields hold UTC; the DOS time is local and needs *zone*."""
    return plausible(_modified(fields, date, time, zone))


def _modified(fields: dict[int, bytes], date: int, time: int, zone: tzinfo | None) -> datetime | None:
    try:
        if len(ntfs := fields.get(0x000A, b"")) >= 16 and ntfs[4:6] == b"\x01\x00":
            return _WINDOWS_EPOCH + timedelta(microseconds=int.from_bytes(ntfs[8:16], "little") // 10)
        if len(unix := fields.get(0x5455, b"")) >= 5 and unix[0] & 1:
            return datetime.fromtimestamp(int.from_bytes(unix[1:5], "little", signed=True), UTC)
        if zone is None:
            return None
        local = datetime(1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2,
                         tzinfo=zone)  # fmt: skip
        return local.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
