"""What local headers still tell of a zip whose directory is gone: cut off, or overwritten."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice

from claude_evidence.bundle_bytes import Bytes, find
from claude_evidence.bundle_entry import ZipEntry
from claude_evidence.bundle_zip import LOCAL_SIGNATURE, decoded_name, extra_fields, modified

_LOCAL = struct.Struct("<4s5H3I2H")
_HEADER = re.compile(re.escape(LOCAL_SIGNATURE))
_ANY_HEADER = re.compile(rb"PK(?:\x03\x04|\x01\x02)")
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_SIZES_FOLLOW = 0x0008
_UNKNOWN = 0xFFFFFFFF


def salvage(data: Bytes, zone: tzinfo | None, room: int) -> list[ZipEntry]:
    """Return the entries that local headers tell of, in order, at most *room*."""
    return list(islice(_entries(data, zone), room))


def _entries(data: Bytes, zone: tzinfo | None) -> Iterator[ZipEntry]:
    position = find(data, _HEADER, 0)
    while position >= 0:
        head = data.read_at(position, _LOCAL.size)
        if len(head) < _LOCAL.size:
            return
        _, _, flags, method, time, date, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack(head)
        names = data.read_at(position + _LOCAL.size, name_bytes + extra_bytes)
        if len(names) < name_bytes + extra_bytes:
            return
        raw, fields = names[:name_bytes], extra_fields(names[name_bytes:])
        start = position + _LOCAL.size + len(names)
        if packed == _UNKNOWN and len(wide := fields.get(1, b"")) >= 16:
            size, packed = struct.unpack_from("<QQ", wide)
        following = start + packed
        known = not flags & _SIZES_FOLLOW
        if not known or (following < data.size and data.read_at(following, 2) != b"PK"):
            found = find(data, _ANY_HEADER, start)
            following = found if found >= 0 else data.size
            packed = _packed_until(data, start, following)
            size = size if known else packed
        yield ZipEntry(
            raw_name=raw, text=decoded_name(raw, flags), size_bytes=size,
            modified_at=modified(fields, date, time, zone), data=data, offset=position,
            packed_bytes=packed, flags=flags, method=method, crc=crc if known else None,
        )  # fmt: skip
        position = find(data, _HEADER, following)


def _packed_until(data: Bytes, start: int, following: int) -> int:
    """Return how many bytes lie between *start* and *following*, less a data descriptor at their end."""
    tail = data.read_at(max(start, following - 24), following - max(start, following - 24))
    descriptor = tail.rfind(_DESCRIPTOR_SIGNATURE)
    return following - start - (len(tail) - descriptor if descriptor >= 0 else 0)
