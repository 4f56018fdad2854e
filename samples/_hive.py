"""Registry hives (REGF 1.5): keys and values as Windows keeps them in a file, for any reader of the format.

The layout is the one that *Windows registry file format specification* (M. Suhanov) describes. The same keys give the
same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from claude_evidence.evtx_values import filetime, sid

Value: TypeAlias = str | int | bytes | Sequence[str]
"""REG_SZ (REG_EXPAND_SZ where it names a variable), REG_DWORD or REG_QWORD, REG_BINARY, REG_MULTI_SZ."""
Keys: TypeAlias = Mapping[str, Mapping[str, Value]]
"""Values by name, ``""`` the default one, by the key's path below the root (``Microsoft\\Windows NT``)."""
_Node: TypeAlias = tuple[dict[str, "_Node"], dict[str, Value]]

_NONE = 0xFFFFFFFF
_BIN_BYTES = 4096
_BIN_HEADER = struct.Struct("<4sII8xQ4x")
_FILE_HEADER = struct.Struct("<4sIIQ6I64s")
_CHECKED_BYTES = 508
_MOST_DATA_BYTES = 16_344
_KEY = struct.Struct("<2sHQ15I2H")
_VALUE = struct.Struct("<2sH3IH2x")
_SECURITY = struct.Struct("<2s2x4I")
_SECURITY_COUNT_AT = 12
_SZ, _EXPAND_SZ, _BINARY, _DWORD, _MULTI_SZ, _QWORD = 1, 2, 3, 4, 7, 11
_COMPRESSED, _ROOT_FLAGS = 0x20, 0x0C
_RESIDENT = 0x80000000
_ALL_ACCESS, _READ = 0xF003F, 0x20019
_SYSTEM, _ADMINISTRATORS, _USERS = "S-1-5-18", "S-1-5-32-544", "S-1-5-32-545"


def write_hive(name: str, keys: Keys, written_at: datetime) -> bytes:
    """Return a clean hive that calls itself *name* and holds *keys*, those above them and nothing else.

    Raises ValueError for a value over 16,344 bytes, a negative number or one over 64 bits.
    """
    root: _Node = {}, {}
    for path, values in keys.items():
        node = root
        for part in filter(None, path.split("\\")):
            node = node[0].setdefault(part, ({}, {}))
        node[1].update(values)
    return _Hive(filetime(written_at)).file(name, root)


class _Hive:
    """A hive in the making: one bin of cells, named by their offset in it."""

    def __init__(self, time: int) -> None:
        self._time, self._count = time, 0
        self._data = bytearray(_BIN_HEADER.size)
        self._security = _NONE

    def file(self, name: str, root: _Node) -> bytes:
        """Return the whole file; its first cell is the root key."""
        place = self._reserve(_KEY.size + len("ROOT"))
        descriptor = _descriptor()
        self._security = self._cell(bytes(_SECURITY.size) + descriptor)
        self._key(place, "ROOT", root, _NONE, _ROOT_FLAGS)
        head = _SECURITY.pack(b"sk", self._security, self._security, self._count, len(descriptor))
        self._fill(self._security, head + descriptor)
        free = -len(self._data) % _BIN_BYTES
        if free:
            self._data += struct.pack("<i", free) + bytes(free - 4)
        _BIN_HEADER.pack_into(self._data, 0, b"hbin", 0, len(self._data), self._time)
        return self._header(name) + self._data

    def _header(self, name: str) -> bytes:
        told = name.encode("utf-16-le")[-62:]
        numbers = 1, 5, 0, 1, _BIN_HEADER.size, len(self._data)
        head = _FILE_HEADER.pack(b"regf", 1, 1, self._time, *numbers, struct.pack("<I", 1) + told)
        checked = head.ljust(_CHECKED_BYTES, b"\0")
        sum_ = 0
        for (word,) in struct.iter_unpack("<I", checked):
            sum_ ^= word
        return (checked + struct.pack("<I", min(max(sum_, 1), _NONE - 1))).ljust(_BIN_BYTES, b"\0")

    def _key(self, place: int, name: str, node: _Node, parent: int, flags: int = 0) -> None:
        """Write the key at cell *place*, and all that hangs on it behind what is there."""
        below, values = node
        self._count += 1
        listed = [self._value(key, value) for key, value in values.items()]
        value_list = self._cell(struct.pack(f"<{len(listed)}I", *(cell for cell, _ in listed))) if listed else _NONE
        names = sorted(below, key=str.upper)
        places = [self._reserve(_KEY.size + len(_text(key)[0])) for key in names]
        leaf = b"".join(struct.pack("<2I", at, _hash(key)) for key, at in zip(names, places, strict=True))
        key_list = self._cell(b"lh" + struct.pack("<H", len(names)) + leaf) if names else _NONE
        text, compressed = _text(name)
        counts = len(names), 0, key_list, _NONE, len(listed), value_list
        longest = _longest(names), 0, _longest(values), max((size for _, size in listed), default=0)
        numbers = 0, parent, *counts, self._security, _NONE, *longest, 0
        self._fill(place, _KEY.pack(b"nk", flags | compressed, self._time, *numbers, len(text), 0) + text)
        for key, at in zip(names, places, strict=True):
            self._key(at, key, below[key], place)

    def _value(self, name: str, value: Value) -> tuple[int, int]:
        """Return the value's cell, and the size of its data; four bytes are kept in the place of their offset."""
        code, data = _encoded(value)
        if len(data) > _MOST_DATA_BYTES:
            raise ValueError(f"the value {name!r} holds {len(data)} bytes: that takes a newer form of hive")
        resident = len(data) <= 4
        at = int.from_bytes(data, "little") if resident else self._cell(data)
        text, compressed = _text(name)
        size = len(data) | (_RESIDENT if resident else 0)
        return self._cell(_VALUE.pack(b"vk", len(text), size, at, code, bool(compressed)) + text), len(data)

    def _cell(self, content: bytes) -> int:
        place = self._reserve(len(content))
        self._fill(place, content)
        return place

    def _reserve(self, length: int) -> int:
        place, size = len(self._data), length + 4 + -(length + 4) % 8
        self._data += struct.pack("<i", -size) + bytes(size - 4)
        return place

    def _fill(self, place: int, content: bytes) -> None:
        self._data[place + 4 : place + 4 + len(content)] = content


def _encoded(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return _BINARY, value
    if isinstance(value, int):
        code, length = (_DWORD, 4) if value < 1 << 32 else (_QWORD, 8)
        try:
            return code, value.to_bytes(length, "little")
        except OverflowError as error:
            raise ValueError(f"no registry value holds the number {value}") from error
    if isinstance(value, str):
        code = _EXPAND_SZ if value.count("%") > 1 else _SZ
        return code, f"{value}\0".encode("utf-16-le")
    return _MULTI_SZ, "".join(f"{text}\0" for text in [*value, ""]).encode("utf-16-le")


def _text(name: str) -> tuple[bytes, int]:
    """Return *name* as stored, and the flag that says whether a byte is a character."""
    try:
        return name.encode("latin-1"), _COMPRESSED
    except UnicodeEncodeError:
        return name.encode("utf-16-le"), 0


def _hash(name: str) -> int:
    value = 0
    for character in name.upper():
        value = (value * 37 + ord(character)) & _NONE
    return value


def _longest(names: Sequence[str] | Mapping[str, Value]) -> int:
    return max((2 * len(name) for name in names), default=0)


def _descriptor() -> bytes:
    """Return a security descriptor: the system and administrators may do everything, users may read."""
    rights = (_SYSTEM, _ALL_ACCESS), (_ADMINISTRATORS, _ALL_ACCESS), (_USERS, _READ)
    entries = b"".join(struct.pack("<BBHI", 0, 2, 8 + len(sid(who)), right) + sid(who) for who, right in rights)
    owner, group = sid(_ADMINISTRATORS), sid(_SYSTEM)
    acl = struct.pack("<BxHH2x", 2, 8 + len(entries), len(rights)) + entries
    places = 20, 20 + len(owner), 0, 20 + len(owner) + len(group)
    return struct.pack("<BxH4I", 1, 0x8004, *places) + owner + group + acl
