"""The values inside a binary event log: types, and how each is stored; standard library only.

Layout after the public description of the Windows XML Event Log format (libyal, libevtx), checked on real files.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
TICKS_PER_SECOND = 10_000_000
ARRAY = 0x80
MAX_VALUE_BYTES = 0xFFFF


class ValueType(IntEnum):
    """Type codes of values and substitutions; an array of one has ``ARRAY`` added."""

    NULL = 0x00
    STRING = 0x01
    ANSI_STRING = 0x02
    INT8 = 0x03
    UINT8 = 0x04
    INT16 = 0x05
    UINT16 = 0x06
    INT32 = 0x07
    UINT32 = 0x08
    INT64 = 0x09
    UINT64 = 0x0A
    FLOAT = 0x0B
    DOUBLE = 0x0C
    BOOLEAN = 0x0D
    BINARY = 0x0E
    GUID = 0x0F
    SIZE_T = 0x10
    FILETIME = 0x11
    SYSTEMTIME = 0x12
    SID = 0x13
    HEX_INT32 = 0x14
    HEX_INT64 = 0x15
    BINXML = 0x21


def filetime(time: datetime, ticks: int = 0) -> int:
    """Return *time* (aware) plus *ticks* of 100 ns (0–9) as a FILETIME: ticks since 1601-01-01 UTC."""
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone: {time.isoformat()}")
    if not 0 <= ticks <= 9:
        raise ValueError(f"ticks beyond the microsecond are 0-9, not {ticks}")
    since = time - FILETIME_EPOCH
    value = (since.days * 86_400 + since.seconds) * TICKS_PER_SECOND + since.microseconds * 10 + ticks
    if value < 0:
        raise ValueError(f"a FILETIME begins in 1601: {time.isoformat()}")
    return value


def systemtime(time: datetime) -> bytes:
    """Return *time* (aware) as a SYSTEMTIME: eight 16-bit numbers in UTC, milliseconds last."""
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone: {time.isoformat()}")
    utc = time.astimezone(UTC)
    weekday = utc.isoweekday() % 7
    return struct.pack(
        "<8H", utc.year, utc.month, weekday, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 1000
    )


def guid(text: str) -> bytes:
    """Return a GUID, with or without braces, as its 16 stored bytes."""
    return uuid.UUID(text).bytes_le


def sid(text: str) -> bytes:
    """Return a security identifier (``S-1-5-21-…``) as its stored bytes; ValueError where *text* is none."""
    parts = text.split("-")
    if len(parts) < 3 or parts[0] not in {"S", "s"}:
        raise ValueError(f"not a SID: {text!r}")
    revision, authority, *subs = (int(part, 0) for part in parts[1:])
    try:
        return struct.pack(f"<BB6s{len(subs)}I", revision, len(subs), authority.to_bytes(6, "big"), *subs)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"not a SID: {text!r}") from error


def sid_text(stored: bytes) -> str:
    """Return a stored security identifier as text (``S-1-5-21-…``); ValueError where *stored* is none."""
    if len(stored) < 8 or len(stored) != 8 + 4 * stored[1]:
        raise ValueError(f"not a SID: {stored.hex()}")
    subs = struct.unpack_from(f"<{stored[1]}I", stored, 8)
    return "-".join(map(str, ("S", stored[0], int.from_bytes(stored[2:8], "big"), *subs)))


def utf16(text: str) -> bytes:
    """Return *text* as UTF-16LE; ValueError for NUL, which would end it early, lone surrogates, and over 64 KiB."""
    if "\0" in text:
        raise ValueError(f"a NUL character inside a string: {text!r}")
    data = text.encode("utf-16-le")
    if len(data) > MAX_VALUE_BYTES:
        raise ValueError(f"a string of {len(data)} bytes; the format holds {MAX_VALUE_BYTES}")
    return data


def terminated(text: str) -> bytes:
    """Return *text* as providers store a string field: UTF-16LE with a NUL at its end."""
    return utf16(text) + b"\0\0"


def _ansi(value: str) -> bytes:
    if "\0" in value:
        raise ValueError(f"a NUL character inside a string: {value!r}")
    return value.encode("cp1252") + b"\0"


def _integer(size: int, signed: bool = False) -> Callable[[int | str], bytes]:
    def pack(value: int | str) -> bytes:
        number = int(value, 0) if isinstance(value, str) else int(value)
        try:
            return number.to_bytes(size, "little", signed=signed)
        except OverflowError as error:
            raise ValueError(f"{number} does not fit {size} bytes") from error

    return pack


def _boolean(value: bool) -> bytes:
    if not isinstance(value, bool):
        raise ValueError(f"not a boolean: {value!r}")
    return struct.pack("<I", value)


def _filetime(value: datetime | int) -> bytes:
    return struct.pack("<Q", filetime(value) if isinstance(value, datetime) else value)


def _binary(value: bytes | str) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)


def _real(layout: str) -> Callable[[float], bytes]:
    return struct.Struct(layout).pack


# Declared type (in the template), stored type (in the record), packer, empty value. They differ for a pointer only:
# Windows declares SizeT and stores the hexadecimal integer of the process's width.
_TYPES: dict[str, tuple[ValueType, ValueType, Callable[[Any], bytes], Any]] = {
    "UnicodeString": (ValueType.STRING, ValueType.STRING, terminated, ""),
    "AnsiString": (ValueType.ANSI_STRING, ValueType.ANSI_STRING, _ansi, ""),
    "Int8": (ValueType.INT8, ValueType.INT8, _integer(1, signed=True), 0),
    "UInt8": (ValueType.UINT8, ValueType.UINT8, _integer(1), 0),
    "Int16": (ValueType.INT16, ValueType.INT16, _integer(2, signed=True), 0),
    "UInt16": (ValueType.UINT16, ValueType.UINT16, _integer(2), 0),
    "Int32": (ValueType.INT32, ValueType.INT32, _integer(4, signed=True), 0),
    "UInt32": (ValueType.UINT32, ValueType.UINT32, _integer(4), 0),
    "Int64": (ValueType.INT64, ValueType.INT64, _integer(8, signed=True), 0),
    "UInt64": (ValueType.UINT64, ValueType.UINT64, _integer(8), 0),
    "HexInt32": (ValueType.HEX_INT32, ValueType.HEX_INT32, _integer(4), 0),
    "HexInt64": (ValueType.HEX_INT64, ValueType.HEX_INT64, _integer(8), 0),
    "Pointer": (ValueType.SIZE_T, ValueType.HEX_INT64, _integer(8), 0),
    "Float": (ValueType.FLOAT, ValueType.FLOAT, _real("<f"), 0.0),
    "Double": (ValueType.DOUBLE, ValueType.DOUBLE, _real("<d"), 0.0),
    "Boolean": (ValueType.BOOLEAN, ValueType.BOOLEAN, _boolean, False),
    "Binary": (ValueType.BINARY, ValueType.BINARY, _binary, b""),
    "GUID": (ValueType.GUID, ValueType.GUID, guid, str(uuid.UUID(int=0))),
    "SID": (ValueType.SID, ValueType.SID, sid, "S-1-0-0"),
    "FILETIME": (ValueType.FILETIME, ValueType.FILETIME, _filetime, 0),
    "SYSTEMTIME": (ValueType.SYSTEMTIME, ValueType.SYSTEMTIME, systemtime, FILETIME_EPOCH),
}
TYPE_NAMES = frozenset(_TYPES)


def declared_type(name: str, array: bool = False) -> int:
    """Return the code that a template declares for the type *name*; ValueError for an unknown name."""
    if name not in _TYPES:
        raise ValueError(f"unknown value type {name!r}; known: {', '.join(sorted(_TYPES))}")
    return _TYPES[name][0] | (ARRAY if array else 0)


def empty_value(name: str) -> Any:
    """Return the value of type *name* that says nothing: "", 0, False, b"", the null GUID or SID, 1601."""
    declared_type(name)
    return _TYPES[name][3]


def encode(name: str, value: Any) -> tuple[int, bytes]:
    """Return the stored type code and bytes of *value*; None is stored as null, a list of strings as an array.

    Raises ValueError where the value does not fit the type, or is longer than 65,535 bytes.
    """
    declared_type(name)
    _, stored, pack, _ = _TYPES[name]
    if value is None:
        return ValueType.NULL, b""
    if isinstance(value, list | tuple):
        if name != "UnicodeString":
            raise ValueError(f"only strings can be an array, not {name}")
        code, data = stored | ARRAY, b"".join(map(terminated, value))
    else:
        code, data = int(stored), pack(value)
    if len(data) > MAX_VALUE_BYTES:
        raise ValueError(f"a value of {len(data)} bytes; the format holds {MAX_VALUE_BYTES}")
    return code, data
