"""A file that others may be writing, read up to where it ended when it was opened, and watched for change."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

BUFFER_BYTES = 1 << 20
HEAD_BYTES = 256


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells that a file is still the one it was; ``head`` are its first bytes, for numbers of files are reused."""

    size_bytes: int
    modified_ns: int
    identity: tuple[int, int]
    head: bytes

    def grew_from(self, earlier: Signature) -> bool:
        """Return whether the file is *earlier* with more behind it, as far as one can tell."""
        return (
            self.identity == earlier.identity
            and self.size_bytes >= earlier.size_bytes
            and self.head.startswith(earlier.head)
        )


def signature(source: BinaryIO) -> Signature | None:
    """Return the signature of an open file, None where *source* is none; afterwards it stands at its beginning."""
    try:
        status = os.fstat(source.fileno())
    except (OSError, AttributeError):  # what is held in memory has no number
        return None
    source.seek(0)
    head = source.read(HEAD_BYTES)
    source.seek(0)
    return Signature(status.st_size, status.st_mtime_ns, (status.st_dev, status.st_ino), head)


class _Bounded(io.RawIOBase):
    """The first *limit* bytes of *source*; *read* hears how many came."""

    def __init__(self, source: BinaryIO, limit: int, read: Callable[[int], None]) -> None:
        self._source, self._limit, self._read, self._at = source, limit, read, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._source.seekable()

    def readinto(self, buffer: Any) -> int:
        room = memoryview(buffer)[: max(self._limit - self._at, 0)]
        count = self._source.readinto(room) or 0  # type: ignore[attr-defined]  # every stream that is opened here has it
        self._at += count
        self._read(count)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._limit}[whence]
        self._at = self._source.seek(base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def bounded(source: BinaryIO, limit: int, read: Callable[[int], None] = lambda count: None) -> BinaryIO:
    """Return at most *limit* bytes of *source*, a stream that can be sought in where *source* can."""
    buffer = min(BUFFER_BYTES, max(limit, io.DEFAULT_BUFFER_SIZE))
    return io.BufferedReader(_Bounded(source, limit, read), buffer)
