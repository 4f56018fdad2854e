"""The bytes of one zip entry, unfolded as they are read and held to the limits on what really comes out.

Damage does not cost what came before it: the stream gives every byte that can be had, ends, and says so once.
"""

from __future__ import annotations

import bz2
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from claude_evidence.bundle_bytes import Bytes, SliceBytes
from claude_evidence.bundle_entry import ZipEntry
from claude_evidence.bundle_limits import Budget, MemberError

PACKED_CHUNK = 64 * 1024
CHUNK = 1024 * 1024
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
_METHODS = {1: "shrink", 6: "implode", 9: "Deflate64", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_ENCRYPTED = 0x0001 | 0x0040


def open_entry(entry: ZipEntry, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
    """Return *entry* as a buffered sequential stream; MemberError where it cannot be read at all."""
    if entry.refused:
        raise MemberError(entry.refused)
    packed = packed_bytes(entry, note)
    budget.check_member(entry.size_bytes, packed.size)
    pieces = _checked_pieces(entry, packed, budget, note)
    return io.BufferedReader(_PieceStream(pieces), min(CHUNK, max(PACKED_CHUNK, entry.size_bytes)))


def packed_bytes(entry: ZipEntry, note: Callable[[str], None]) -> Bytes:
    """Return the compressed bytes of *entry*, found through its local header; MemberError where there are none."""
    if entry.flags & _ENCRYPTED:
        raise MemberError("is encrypted")
    if entry.method not in (_STORED, _DEFLATED, _BZIP2):
        raise MemberError(f"is compressed by method {entry.method} ({_METHODS.get(entry.method, 'unknown')}), "
                          "which is not supported")  # fmt: skip
    head = entry.data.read_at(entry.offset, _LOCAL.size) if entry.offset >= 0 else b""
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise MemberError("its local header is not where the zip's directory says")
    name_bytes, extra_bytes = _LOCAL.unpack(head)[9:]
    if entry.data.read_at(entry.offset + _LOCAL.size, name_bytes) != entry.raw_name:
        note("has another name in its local header than in the zip's directory")
    start = entry.offset + _LOCAL.size + name_bytes + extra_bytes
    return SliceBytes(entry.data, start, max(0, min(entry.packed_bytes, entry.data.size - start)))


class _PieceStream(io.RawIOBase):
    """A raw stream out of pieces of any length."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._piece:
            self._piece = memoryview(next(self._pieces, b""))
        taken = self._piece[: len(buffer)]
        buffer[: len(taken)] = taken
        self._piece = self._piece[len(taken) :]
        return len(taken)


def _checked_pieces(entry: ZipEntry, packed: Bytes, budget: Budget, note: Callable[[str], None]) -> Iterator[bytes]:
    """Yield what *entry* unfolds to, none of it empty; at damage note it and stop, at a limit raise MemberError."""
    crc = given = 0
    try:
        for piece in _unfold(entry.method, packed):
            crc = zlib.crc32(piece, crc)
            given += len(piece)
            _account(entry, given, packed.size, budget)
            if piece:
                yield piece
    except (zlib.error, OSError, ValueError, EOFError) as error:
        note(f"is damaged: {given:,} of {entry.size_bytes:,} bytes could be had ({error})")
        return
    if entry.crc is None:
        return
    if given < entry.size_bytes:
        note(f"is cut short: {given:,} of {entry.size_bytes:,} bytes could be had")
    elif given > entry.size_bytes:
        note(f"holds {given:,} bytes where the zip's directory says {entry.size_bytes:,}")
    elif crc != entry.crc:
        note("is damaged or was changed: its CRC-32 is not the one in the zip's directory")


def _account(entry: ZipEntry, given: int, packed_bytes: int, budget: Budget) -> None:
    """Charge what *entry* gave for the first time; where a limit is passed, refuse it for good."""
    fresh = given - entry.charged
    if fresh <= 0:
        return
    entry.charged = given
    try:
        budget.check_member(given, packed_bytes)
        budget.charge(fresh)
    except MemberError as error:
        entry.refused = str(error)
        budget.forget(given)
        raise


def _unfold(method: int, packed: Bytes) -> Iterator[bytes]:
    """Yield pieces of about `CHUNK` bytes at most; zlib.error, OSError or EOFError at damage."""
    if method == _STORED:
        yield from (packed.read_at(position, CHUNK) for position in range(0, packed.size, CHUNK))
        return
    taken = 0
    decoder = _Inflate() if method == _DEFLATED else _Bunzip()
    while not decoder.eof:
        chunk = b""
        if decoder.needs_input:
            chunk = packed.read_at(taken, PACKED_CHUNK)
            taken += len(chunk)
            if not chunk:
                yield decoder.flush()
                break
        yield decoder.decompress(chunk, CHUNK)
    if not decoder.eof:
        raise EOFError("its compressed bytes end too early")


class _Inflate:
    """Deflate with the interface of bz2: zlib wants what it did not consume to be given again.

    zlib keeps back what it unfolded in the very call that meets damage; so that call is repeated in smaller steps.
    """

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        self._step = CHUNK

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    def decompress(self, packed: bytes, limit: int) -> bytes:
        before = self._zlib.copy()
        try:
            return self._zlib.decompress(self._zlib.unconsumed_tail + packed, min(limit, self._step))
        except zlib.error:
            if self._step == 1:
                raise
            self._zlib, self._step = before, max(1, self._step // 64)
            return self.decompress(packed, limit)

    def flush(self) -> bytes:
        return self._zlib.flush()


class _Bunzip:
    def __init__(self) -> None:
        self._bz2 = bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        return self._bz2.eof

    @property
    def needs_input(self) -> bool:
        return self._bz2.needs_input

    def decompress(self, packed: bytes, limit: int) -> bytes:
        return self._bz2.decompress(packed, limit)

    def flush(self) -> bytes:
        return b""
