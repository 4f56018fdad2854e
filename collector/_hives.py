"""The registry of a mounted disk, out of its hive files; `regipy` reads the format.

A hive is read where it is asked, never whole: SOFTWARE may hold 100 MB. Of the library's ways two are not
taken: to hold the file in memory, and to copy the rest of it for each small value.
"""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from claude_evidence.collector.reading import open_shared
from claude_evidence.collector.registry import MOST, problem
from claude_evidence.model import Acquisition, Outcome

_CONFIG = "Windows/System32/config"
_PROFILES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
_BASE_BLOCK_BYTES = 4096
_LARGEST_READ_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 16
_LARGEST_BYTES = 2 << 30  # the format cannot hold more


class _File(io.RawIOBase):
    """The bytes of a file that is open only while it is read: a registry may live as long as its run."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0
        self._size = path.stat().st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        with open_shared(self._path) as file:
            file.seek(self._at)
            data = file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Stream(io.BufferedReader):
    """What the library reads from: it asks for 2 GB where a value's four bytes lie in the value itself."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(_LARGEST_READ_BYTES if size is None or size < 0 else min(size, _LARGEST_READ_BYTES))


class Offline:
    """The registry below a folder; ``local`` says where a host path lies here, ``drive`` is the one with Windows."""

    def __init__(self, local: Callable[[str], Path], drive: str = "C:/") -> None:
        self.problems: list[Acquisition] = []
        self._local, self._drive = local, drive
        self._roots: dict[str, Any] = {}
        self._profiles: dict[str, str] | None = None

    def values(self, key: str) -> dict[str, object]:
        """Return the values of *key* by name."""
        found: dict[str, object] = {}

        def read(node: Any) -> None:
            for one in islice(node.iter_values(trim_values=False), MOST):
                found["" if one.name == "(default)" else one.name] = _plain(one.value)

        self._asked(key, read)
        return found

    def subkeys(self, key: str) -> tuple[str, ...]:
        """Return the names of the keys below *key*."""
        found: list[str] = []
        self._asked(key, lambda node: found.extend(map(_name, _children(node))))
        return tuple(found)

    def has(self, key: str) -> bool:
        """Return whether *key* is there."""
        found: list[Any] = []
        self._asked(key, found.append)
        return bool(found)

    def _asked(self, key: str, read: Callable[[Any], None]) -> None:
        """Give the node of *key* to *read* where it is there; say of damage where it was met."""
        path, parts = self._place(key)
        node = self._root(path) if path else None
        if node is None:
            return
        try:
            found = _descend(node, parts)
            if found is not None:
                read(found)
        except _damage() as error:
            self.problems.append(problem(path, Outcome.FAILED, f"damaged at {key}: {_short(error)}"))

    def _place(self, key: str) -> tuple[str, list[str]]:
        """Return the hive of *key*, as a host path, and the way to it from there; nothing where no file holds it."""
        parts = [part for part in key.split("\\") if part]
        top, second = (part.casefold() for part in [*parts, "", ""][:2])
        if top == "hklm" and second in ("software", "system"):
            path = f"{self._drive}{_CONFIG}/{second.upper()}"
            return path, self._control_set(path, parts[2:]) if second == "system" else parts[2:]
        profile = self._profile(parts[1]) if top == "hku" and second else ""
        if not profile:
            return "", []
        if [part.casefold() for part in parts[2:4]] == ["software", "classes"]:
            return f"{profile}/AppData/Local/Microsoft/Windows/UsrClass.dat", parts[4:]
        return f"{profile}/NTUSER.DAT", parts[2:]

    def _control_set(self, path: str, parts: list[str]) -> list[str]:
        """Return *parts* with the link that Windows makes at start put to the set that was current last."""
        if not parts or parts[0].casefold() != "currentcontrolset":
            return parts
        current = self.values(r"HKLM\SYSTEM\Select").get("Current")
        return [f"ControlSet{current if isinstance(current, int) else 1:03d}", *parts[1:]]

    def _profile(self, name: str) -> str:
        if "/" in name:
            return name.rstrip("/")
        if self._profiles is None:
            self._profiles = {}
            for sid in self.subkeys(_PROFILES):
                path = self.values(f"{_PROFILES}\\{sid}").get("ProfileImagePath")
                if isinstance(path, str):
                    self._profiles[sid.casefold()] = _on_drive(path, self._drive)
        return self._profiles.get(name.casefold(), "")

    def _root(self, path: str) -> Any:
        if path not in self._roots:
            self._roots[path] = None
            self._roots[path] = self._opened(path)
        return self._roots[path]

    def _opened(self, path: str) -> Any:
        here = self._local(path)
        try:
            if not here.is_file():
                missing = Outcome.FAILED if here.exists() else Outcome.MISSING
                self.problems.append(problem(path, missing, "no file" if here.exists() else "not there"))
                return None
            return self._node(path, here)
        except PermissionError as error:
            self.problems.append(problem(path, Outcome.DENIED, error.strerror or "denied"))
        except _damage() as error:
            self.problems.append(problem(path, Outcome.FAILED, f"no hive that can be read: {_short(error)}"))
        return None

    def _node(self, path: str, here: Path) -> Any:
        from regipy import registry as library
        from regipy.structs import REGF_HEADER

        make: Any = library  # its classes carry no types
        stream = _Stream(_File(here), _BUFFER_BYTES)
        header = REGF_HEADER.parse_stream(stream)
        if header.primary_sequence_num != header.secondary_sequence_num:
            self.problems.append(problem(path, Outcome.COLLECTED, "not closed cleanly: its newest changes may lack"))
        # a cell is its size and its content; the library's cell begins behind the two letters of its type
        return make.NKRecord(make.Cell(_BASE_BLOCK_BYTES + header.root_key_offset + 6, "nk", 0), stream)


def _descend(node: Any, parts: list[str]) -> Any:
    for part in parts:
        wanted = part.casefold()
        node = next((child for child in _children(node) if _name(child).casefold() == wanted), None)
        if node is None:
            return None
    return node


def _on_drive(path: str, drive: str) -> str:
    """Return the host path of a profile; ``%SystemDrive%`` is where Windows lies."""
    path = path.split("\0", 1)[0].replace("\\", "/").rstrip("/")
    return f"{drive.rstrip('/')}{path[13:]}" if path[:13].casefold() == "%systemdrive%" else path


def _name(node: Any) -> str:
    """Return the name of a key: one byte a character is Latin-1, which the library takes for ASCII."""
    if node.header.flags.KEY_COMP_NAME:
        return str(node.header.key_name_string.decode("latin-1"))
    return str(node.name)


def _children(node: Any) -> Iterator[Any]:
    return islice(node.iter_subkeys(), MOST)


def _plain(data: object) -> object:
    if isinstance(data, (str, int, bytes)):
        return data
    return [str(one) for one in data] if isinstance(data, list) else b""


def _damage() -> tuple[type[Exception], ...]:
    """Return what reading a damaged hive raises."""
    from construct import ConstructError
    from regipy.exceptions import RegipyException

    quiet = logging.getLogger("regipy")
    if not quiet.handlers:  # else it tells on the console what it met
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
    return (RegipyException, ConstructError, OSError, struct.error, ValueError, LookupError, TypeError, ArithmeticError)


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
