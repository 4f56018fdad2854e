"""Files read without disturbing anybody: shared in every way, no time stamp touched, nothing waited for, errors named.

What the flags of ``CreateFileW`` do: learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from claude_evidence.collector._bounded import Signature, bounded, signature
from claude_evidence.model import Outcome

BLOCK_BYTES = 1 << 20
CHANGED = "changed while it was read"
# Winerror.h: what says that somebody else has the file, that it is forbidden, or that it is not there (any more).
_HELD = {32: "held by another process", 33: "part of it is locked by another process"}
_DENIED = frozenset({5, 19, 65, 1314})
_GONE = frozenset({2, 3, 53, 67, 206})
_CLOUD = frozenset({362, 390, 391, 395, 404})
_WORDS = {
    errno.ELOOP: "a loop of links",
    errno.ENAMETOOLONG: "its name is too long for this system",
    errno.EIO: "the disk cannot read it",
    errno.ESTALE: "the disk it lies on is gone",
    errno.EISDIR: "is a folder",
}


def open_shared(path: Path) -> BinaryIO:
    """Return the file at *path*, open for reading, whoever else reads, writes, renames or removes it meanwhile.

    OSError where it cannot be opened or is no regular file: a pipe or device is never waited for.
    """
    handle = _windows_handle(path) if sys.platform == "win32" else _posix_handle(path)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "is no regular file", str(path))
        return io.open(handle, "rb", buffering=0)  # noqa: UP020
    except BaseException:
        os.close(handle)
        raise


def outcome_of(error: OSError) -> tuple[Outcome, str]:
    """Return what *error*, met while a file was opened, listed or read, is for the chain of custody, and why."""
    code = getattr(error, "winerror", None)
    if code in _HELD:
        return Outcome.FAILED, _HELD[code]
    if code in _CLOUD:
        return Outcome.FAILED, "its content is in the cloud and was not fetched"
    if code in _DENIED or (code is None and isinstance(error, PermissionError)):
        return Outcome.DENIED, "access denied"
    if code in _GONE or (code is None and isinstance(error, (FileNotFoundError, NotADirectoryError))):
        return Outcome.MISSING, "vanished while it was collected"
    if error.errno == errno.EINVAL and error.strerror == "is no regular file":
        return Outcome.SKIPPED, "is no regular file"
    return Outcome.FAILED, _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__


@dataclass(slots=True)
class Watched:
    """A file open for one reading: ``stream`` ends where the file ended when it was opened, however it grows."""

    path: Path
    stream: BinaryIO = field(init=False)
    size_bytes: int = field(init=False)
    _raw: BinaryIO = field(init=False)
    before: Signature | None = field(init=False)

    def __post_init__(self) -> None:
        self._raw = open_shared(self.path)
        self.before = signature(self._raw)
        self.size_bytes = self.before.size_bytes if self.before else 0
        self.stream = bounded(self._raw, self.size_bytes)

    def changed(self) -> bool:
        """Return whether size or time of last write are others than when the file was opened."""
        return signature(self._raw) != self.before

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        self._raw.close()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Digest:
    """What one pass over a whole file tells. ``first_non_null`` is None where every byte is null or there is none."""

    sha256: str
    size_bytes: int
    first_non_null: int | None = None
    changed: bool = False


class Digests:
    """Digests of files already read, so that each is read once for its hash; known by what makes a file that file."""

    def __init__(self) -> None:
        self._known: dict[Signature | None, Digest] = {}

    def of(self, path: Path) -> Digest:
        """Return the digest of the file at *path*, read only where it is not known; OSError as `open_shared`."""
        with Watched(path) as file:
            if file.before in self._known:
                return self._known[file.before]
            hashing, buffer = Hashing(file.stream), bytearray(min(BLOCK_BYTES, file.size_bytes + 1))
            while hashing.readinto(buffer):
                pass
            return self.note(file, hashing)

    def note(self, file: Watched, hashing: Hashing) -> Digest:
        """Keep what *hashing* learnt of *file*, which was read to its end, and return it."""
        digest = hashing.digest(changed=file.changed())
        if file.before and not digest.changed:
            self._known[file.before] = digest
        return digest


class Hashing(io.RawIOBase):
    """A stream that hashes what is read through it, from beginning to end."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._sha256 = source, hashlib.sha256()
        self._size, self._first = 0, -1

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most *size*."""
        piece = self._source.read(size)
        self._note(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        """Fill *buffer* and return how many bytes came."""
        count: int = self._source.readinto(buffer)  # type: ignore[attr-defined]  # `bounded` gives no other
        self._note(memoryview(buffer)[:count])
        return count

    def _note(self, piece: bytes | memoryview) -> None:
        self._sha256.update(piece)
        if self._first < 0 and (kept := len(bytes(piece).lstrip(b"\0"))):
            self._first = self._size + len(piece) - kept
        self._size += len(piece)

    def digest(self, *, changed: bool) -> Digest:
        """Return what was read so far."""
        return Digest(self._sha256.hexdigest(), self._size, self._first if self._first >= 0 else None, changed)


def ends_sha256(path: Path, size_bytes: int = 64 << 10) -> tuple[str, str]:
    """Return the SHA-256 of the first and of the last *size_bytes* of the file at *path*; OSError as `open_shared`."""
    with Watched(path) as file:
        head = hashlib.sha256(file.stream.read(size_bytes)).hexdigest()
        file.stream.seek(max(file.size_bytes - size_bytes, 0))
        return head, hashlib.sha256(file.stream.read(size_bytes)).hexdigest()


def blocks(source: BinaryIO) -> Iterator[bytes]:
    """Yield *source* to its end."""
    while block := source.read(BLOCK_BYTES):
        yield block


def _posix_handle(path: Path) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    # A pipe's open counts as somebody reading it: what is no file is not even opened.
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "is no regular file", str(path))
    try:
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # only the owner may leave the time of access alone
        return os.open(path, flags)


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _GENERIC_READ, _SHARE_ALL, _OPEN_EXISTING = 0x80000000, 0x1 | 0x2 | 0x4, 3
    # FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_NO_RECALL and FILE_FLAG_SEQUENTIAL_SCAN
    _FLAGS = 0x02000000 | 0x00100000 | 0x08000000
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _create = _kernel.CreateFileW
    _create.restype = wintypes.HANDLE
    _create.argtypes = [
        wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, wintypes.DWORD,
        wintypes.HANDLE,
    ]  # fmt: skip
    _kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    _kernel.GetFileType.argtypes = [wintypes.HANDLE]

    def _windows_handle(path: Path) -> int:
        handle = _create(long_path(path), _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, _FLAGS, None)
        if handle is None or handle == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        if _kernel.GetFileType(handle) != 1:  # FILE_TYPE_DISK: a pipe would be waited for
            _kernel.CloseHandle(handle)
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)

else:

    def _windows_handle(path: Path) -> int:
        raise NotImplementedError(path)


def long_path(path: Path) -> str:
    r"""Return an absolute Windows *path* in the form that may be longer than 260 characters and is taken as it is.

    >>> long_path(Path("/home/alice")) if os.sep == "/" else "/home/alice"
    '/home/alice'
    """
    text = str(path)
    if os.sep == "/" or text.startswith(("\\\\?\\", "\\\\.\\")):
        return text
    return f"\\\\?\\UNC\\{text[2:]}" if text.startswith("\\\\") else f"\\\\?\\{text}"
