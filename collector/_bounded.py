"""A file that others may be writing, read up to where it ended when it was opened, and watched for change."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells that a file is still the one it was: all None-like zeros where the source is no file."""

    size_bytes: int = 0
    modified_ns: int = 0
    identity: tuple[int, int] = (0, 0)

    def grew_from(self, earlier: Signature) -> bool:
        """Return whether the file is *earlier* with more behind it, as far as one can tell."""
        return self.identity == earlier.identity and self.size_bytes >= earlier.size_bytes


def signature(source: BinaryIO) -> Signature | None:
    """Return the signature of an open file, None where *source* is none."""
    try:
        status = os.fstat(source.fileno())
    except (OSError, AttributeError):  # what is held in memory has no number
        return None
    return Signature(status.st_size, status.st_mtime_ns, (status.st_dev, status.st_ino))


class _Bounded(io.RawIOBase):
    """The first *limit* bytes of *source*; *read* hears how many came."""

    def __init__(self, source: BinaryIO, limit: int, read: Callable[[int], None]) -> None:
        self._source, self._limit, self._read, self._at = source, limit, read, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._source.seekable()

    def readinto(self, buffer: Any) -> int:
        piece = self._source.read(min(len(buffer), max(self._limit - self._at, 0)))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self._read(len(piece))
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._limit}[whence]
        self._at = self._source.seek(base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def bounded(source: BinaryIO, limit: int, read: Callable[[int], None] = lambda count: None) -> BinaryIO:
    """Return at most *limit* bytes of *source*, a stream that can be sought in where *source* can."""
    buffer = min(BUFFER_BYTES, max(limit, io.DEFAULT_BUFFER_SIZE))
    return io.BufferedReader(_Bounded(source, limit, read), buffer)  # type: ignore[return-value]
