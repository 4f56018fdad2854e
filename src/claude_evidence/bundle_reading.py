"""Reading entries: each is unfolded once to be hashed, and the latest small one is kept for whoever parses it next."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO, cast

from claude_evidence.bundle_entry import Entry, FileEntry
from claude_evidence.bundle_limits import MIB, MemberError
from claude_evidence.bundle_sources import Loader

HELD_BYTES = 64 * MIB


class _Hashing(io.RawIOBase):
    """A stream that is hashed as it is read; read to its end without a jump, it tells its entry the hash."""

    def __init__(self, stream: BinaryIO, entry: Entry) -> None:
        self._source: Any = stream
        self._entry = entry
        self._digest, self._size, self._straight = hashlib.sha256(), 0, True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return whether the stream below can be sought in."""
        return bool(self._source.seekable())

    def readinto(self, buffer: Any) -> int:
        """Read into *buffer*."""
        count = int(self._source.readinto(buffer))
        self._digest.update(memoryview(buffer)[:count])
        self._size += count
        if not count and self._straight and not self._entry.sha256:
            self._entry.sha256, self._entry.read_bytes = self._digest.hexdigest(), self._size
        return count

    def seek(self, offset: int, whence: int = 0) -> int:
        """Jump; the hash is then nobody's."""
        self._straight = False
        return int(self._source.seek(offset, whence))

    def tell(self) -> int:
        """Return the place."""
        return int(self._source.tell())

    def close(self) -> None:
        """Close the stream below too."""
        self._source.close()
        super().close()


class Reading:
    """Streams and hashes of entries; holds at most one unfolded entry of at most `HELD_BYTES` in memory."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._held: tuple[Entry | None, bytes] = (None, b"")

    def open(self, entry: Entry, where: str) -> BinaryIO:
        """Return the bytes of *entry*, seekable unless large and in a zip; MemberError where there are none."""
        if self._held[0] is entry:
            return io.BytesIO(self._held[1])
        if isinstance(entry, FileEntry) or max(entry.size_bytes, entry.read_bytes) > HELD_BYTES:
            return self._hashing(entry, where)
        with self._stream(entry, where) as stream:
            data = stream.read(HELD_BYTES + 1)
        if len(data) > HELD_BYTES:
            return self._hashing(entry, where)
        self._held = (entry, data)
        entry.sha256, entry.read_bytes = hashlib.sha256(data).hexdigest(), len(data)
        return io.BytesIO(data)

    def hash(self, entry: Entry, where: str) -> str:
        """Return the SHA-256 of *entry*, read at most once for it; MemberError where its bytes cannot be had."""
        if not entry.sha256:
            try:
                with self._stream(entry, where) as stream:
                    entry.sha256, entry.read_bytes = self._digest(entry, stream)
            except OSError as error:
                raise MemberError(f"cannot be read: {error.strerror or type(error).__name__}") from error
        return entry.sha256

    def close(self) -> None:
        """Let go of what is held in memory and of the open files."""
        self._held = (None, b"")
        self._loader.close()

    def _hashing(self, entry: Entry, where: str) -> BinaryIO:
        stream = self._stream(entry, where)
        return stream if entry.sha256 else io.BufferedReader(_Hashing(stream, entry), MIB)

    def _stream(self, entry: Entry, where: str) -> BinaryIO:
        return entry.stream(self._loader.budget, lambda message: self._loader.log.add(where, message))

    def _digest(self, entry: Entry, stream: BinaryIO) -> tuple[str, int]:
        if isinstance(entry, FileEntry):
            return hashlib.file_digest(cast("Any", stream), "sha256").hexdigest(), stream.tell()
        digest = hashlib.sha256()
        size = 0
        kept: list[bytes] = []
        keep = True
        while piece := stream.read(MIB):
            digest.update(piece)
            size += len(piece)
            keep = keep and size <= HELD_BYTES
            if keep:
                kept.append(piece)
            else:
                kept.clear()
        if keep:
            self._held = (entry, b"".join(kept))
        return digest.hexdigest(), size
