"""Values of a binary event log as text, as the Rust ``evtx`` crate renders them."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from claude_evidence.evtx_values import ARRAY, FILETIME_EPOCH, ValueType

_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
STRING_ARRAYS = frozenset((ValueType.STRING | ARRAY, ValueType.ANSI_STRING | ARRAY))
"""Types of which each value becomes an element of its own."""
_SID = struct.Struct(">BBHI")


def entity(reference: str) -> str:
    """Return the character of an entity reference, or the reference where XML itself does not define it."""
    return _ENTITIES.get(reference, reference)


def render(kind: int, data: bytes) -> str:
    """Return *data*, a value of type *kind*, as text; an array's values are joined by commas.

    Raises LookupError for an unknown type, ValueError, OverflowError or struct.error for bytes that are no such value.
    """
    if kind & ARRAY:
        return ",".join(items(kind, data))
    return _RENDER[kind](data)


def items(kind: int, data: bytes) -> list[str]:
    """Return the values of an array of type *kind* (`ARRAY` included); raises like `render`."""
    kind &= ~ARRAY
    if kind in {ValueType.STRING, ValueType.ANSI_STRING}:
        text = _wide(data) if kind == ValueType.STRING else data.decode("cp1252", "replace")
        return text.removesuffix("\0").split("\0") if text else []
    size = _ITEM_BYTES[kind]
    return [_RENDER[kind](data[place : place + size]) for place in range(0, len(data), size)]


def _wide(data: bytes) -> str:
    return data.decode("utf-16-le", "ignore")


def _integer(signed: bool) -> Callable[[bytes], str]:
    return lambda data: str(int.from_bytes(data, "little", signed=signed))


def _hexadecimal(data: bytes) -> str:
    return hex(int.from_bytes(data, "little"))


def _boolean(data: bytes) -> str:
    value = int.from_bytes(data, "little", signed=True)
    return {0: "false", 1: "true"}.get(value, str(value))


def _filetime(data: bytes) -> str:
    ticks: int = struct.unpack("<Q", data)[0]
    return _iso(FILETIME_EPOCH + timedelta(microseconds=ticks // 10))


def _systemtime(data: bytes) -> str:
    year, month, _, day, hour, minute, second, milliseconds = struct.unpack("<8H", data)
    return _iso(datetime(year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=UTC))


def _iso(time: datetime) -> str:
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _sid(data: bytes) -> str:
    revision, count, high, low = _SID.unpack_from(data)
    parts = struct.unpack_from(f"<{count}I", data, _SID.size)
    return "-".join(map(str, ("S", revision, high << 32 | low, *parts)))


def _guid(data: bytes) -> str:
    return str(uuid.UUID(bytes_le=data)).upper()


def _single(data: bytes) -> str:
    value: float = struct.unpack("<f", data)[0]
    texts = [f"{value:.{digits}g}" for digits in range(1, 10)]
    return str(float(next((text for text in texts if struct.pack("<f", float(text)) == data), texts[-1])))


_RENDER: dict[int, Callable[[bytes], str]] = {
    ValueType.STRING: lambda data: _wide(data).partition("\0")[0],
    ValueType.ANSI_STRING: lambda data: data.decode("cp1252", "replace").rstrip("\0"),
    ValueType.FLOAT: _single,
    ValueType.DOUBLE: lambda data: str(struct.unpack("<d", data)[0]),
    ValueType.BOOLEAN: _boolean,
    ValueType.BINARY: lambda data: data.hex().upper(),
    ValueType.GUID: _guid,
    ValueType.SIZE_T: _hexadecimal,
    ValueType.FILETIME: _filetime,
    ValueType.SYSTEMTIME: _systemtime,
    ValueType.SID: _sid,
    ValueType.HEX_INT32: _hexadecimal,
    ValueType.HEX_INT64: _hexadecimal,
    **dict.fromkeys((ValueType.INT8, ValueType.INT16, ValueType.INT32, ValueType.INT64), _integer(signed=True)),
    **dict.fromkeys((ValueType.UINT8, ValueType.UINT16, ValueType.UINT32, ValueType.UINT64), _integer(signed=False)),
}
_ITEM_BYTES: dict[int, int] = {
    ValueType.INT8: 1, ValueType.UINT8: 1, ValueType.INT16: 2, ValueType.UINT16: 2, ValueType.INT32: 4,
    ValueType.UINT32: 4, ValueType.INT64: 8, ValueType.UINT64: 8, ValueType.FLOAT: 4, ValueType.DOUBLE: 8,
    ValueType.BOOLEAN: 4, ValueType.GUID: 16, ValueType.SIZE_T: 8, ValueType.FILETIME: 8, ValueType.SYSTEMTIME: 16,
    ValueType.HEX_INT32: 4, ValueType.HEX_INT64: 8,
}  # fmt: skip
