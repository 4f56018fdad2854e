"""Where the bytes of a zip lie: in a file, inside another zip's bytes, or in memory. Read only, by position."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

WINDOW_BYTES = 1024 * 1024


class Bytes(Protocol):
    """Bytes that can be read at any position."""

    size: int

    def read_at(self, position: int, count: int) -> bytes:
        """Return up to *count* bytes from *position*; fewer only at the end."""


class Handles:
    """Files held open for reading, the ones used last: a folder may hold more zips than a process may open files."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._files: dict[Path, io.BufferedReader] = {}

    def get(self, path: Path) -> io.BufferedReader:
        """Return *path*, open."""
        file = self._files.pop(path, None) or path.open("rb")
        self._files[path] = file
        if len(self._files) > self._most:
            self._files.pop(next(iter(self._files))).close()
        return file

    def close(self) -> None:
        """Close them all."""
        while self._files:
            self._files.popitem()[1].close()


class FileBytes:
    """A file on disk."""

    def __init__(self, handles: Handles, path: Path) -> None:
        self._handles, self._path = handles, path
        self.size = os.fstat(handles.get(path).fileno()).st_size

    def read_at(self, position: int, count: int) -> bytes:
        """Return up to *count* bytes from *position*."""
        file = self._handles.get(self._path)
        file.seek(position)
        return file.read(max(0, count))


class SliceBytes:
    """A stretch of other bytes: a stored zip inside a zip is read where it lies."""

    def __init__(self, whole: Bytes, start: int, size: int) -> None:
        self._whole, self._start, self.size = whole, start, size

    def read_at(self, position: int, count: int) -> bytes:
        """Return up to *count* bytes from *position*."""
        return self._whole.read_at(self._start + position, max(0, min(count, self.size - position)))


class Slot:
    """Memory for one unfolded zip at a time: the next one takes the place of the last."""

    def __init__(self) -> None:
        self._owner: object = None
        self._data = b""

    def get(self, owner: object, load: Callable[[], bytes]) -> bytes:
        """Return the bytes of *owner*, from *load* where another had the slot."""
        if self._owner is not owner:
            self._owner, self._data = None, b""
            self._data = load()
            self._owner = owner
        return self._data


class LoadedBytes:
    """A compressed zip inside a zip, unfolded into a shared `Slot` whenever it is read."""

    def __init__(self, slot: Slot, load: Callable[[], bytes]) -> None:
        self._slot, self._load = slot, load
        self.size = len(slot.get(self, load))

    def read_at(self, position: int, count: int) -> bytes:
        """Return up to *count* bytes from *position*."""
        return self._slot.get(self, self._load)[position : position + max(0, count)]


class _Raw(io.RawIOBase):
    def __init__(self, data: Bytes, position: int) -> None:
        self._data, self._position = data, position

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._data.read_at(self._position, len(buffer))
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def reader(data: Bytes, position: int = 0) -> io.BufferedReader:
    """Return a buffered stream over *data* from *position* on."""
    return io.BufferedReader(_Raw(data, position), WINDOW_BYTES)


def find(data: Bytes, wanted: re.Pattern[bytes], position: int) -> int:
    """Return where *wanted*, four bytes long, next stands at or after *position*, or -1."""
    window_bytes = 256
    while position < data.size:
        window = data.read_at(position, window_bytes)
        if found := wanted.search(window):
            return position + found.start()
        position += max(1, len(window) - 3)
        window_bytes = min(WINDOW_BYTES, 4 * window_bytes)
    return -1
