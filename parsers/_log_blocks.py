"""A log as blocks of whole lines, in bounded memory: byte order mark off, UTF-16 decoded, runs of NUL cut out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_columns import positions
from claude_evidence.parsers._log_nuls import Nuls

# large enough for the work on it to outweigh the calls, small enough for the cache
BLOCK_BYTES = 6 << 20
HEAD_BYTES = 1 << 16
MESSAGE_LIMIT = 1 << 16
_SLICE = 1 << 18
# longer than a message may be, so that what is dropped of a line is always seen, and told, as a message that was cut
LINE_LIMIT = MESSAGE_LIMIT + 4096
# the scan reads whole words beyond a line's end
PAD = bytes(128)
NEWLINE, RETURN = 10, 13
Ints = NDArray[np.int64]
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: ``data[:size]``, then zeros. ``breaks`` are the positions of line breaks.

    ``soft`` are those of them that the file does not have: line numbers do not count them.
    """

    data: bytes
    size: int
    first_line: int
    breaks: Ints
    soft: Ints

    @classmethod
    def of(cls, text: bytes) -> Block:
        """Return *text*, whole lines, as a block."""
        return cls(text + PAD, len(text), 1, _breaks(np.frombuffer(text, np.uint8)), np.zeros(0, dtype=np.int64))

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """All bytes, the padding included."""
        return np.frombuffer(self.data, np.uint8)

    def windows(self, starts: Ints, width: int) -> NDArray[np.uint8]:
        """Return *width* bytes from each of *starts* on, one row each; at most the padding's length."""
        return windows(self.data, starts, width)


def windows(data: bytes | NDArray[np.uint8], starts: Ints, width: int) -> NDArray[np.uint8]:
    """Return a copy of the *width* bytes of *data* from each of *starts* on, one row each."""
    every = np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))
    return every[starts].view(np.uint8).reshape(-1, width)


@dataclass(frozen=True, slots=True)
class Text:
    """A log's bytes as UTF-8: the first of them in ``head``, all of them in ``chunks``."""

    head: bytes
    chunks: Iterator[bytes]

    @staticmethod
    def head_of(head: bytes) -> bytes:
        """Return the first bytes of a file as UTF-8 without byte order mark."""
        head, encoding = _encoding(head)
        return head if encoding == "utf-8" else b"".join(_decoded([head], encoding))

    @classmethod
    def of(cls, stream: BinaryIO, size: int = BLOCK_BYTES) -> Text:
        """Return the text of *stream*, which is read once, *size* bytes at a time."""
        head, encoding = _encoding(_first(stream))
        chunks = chain(_filled(head, stream, size), iter(lambda: stream.read(size), b""))
        if encoding == "utf-8":
            return cls(head, chunks)
        return cls(b"".join(_decoded([head], encoding)), _decoded(chunks, encoding))


def _first(stream: BinaryIO) -> bytes:
    """Return the first `HEAD_BYTES` of *stream*, which may give fewer than asked for at a time."""
    parts: list[bytes] = []
    missing = HEAD_BYTES
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _filled(head: bytes, stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield *head*, *size* bytes at a time, the last of it filled up from *stream*: little text shows no repetition."""
    for at in range(0, len(head), size):
        part = head[at : at + size]
        yield part + stream.read(size - len(part))


def _encoding(head: bytes) -> tuple[bytes, str]:
    """Return *head* without its mark, and its encoding: without a mark UTF-16 where every other byte is mostly zero."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :], name
    even, odd = head[0:1000:2], head[1:1000:2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) * 3 > len(even) + len(odd) and others.count(0) * 10 < len(others):
            return head, name
    return head, "utf-8"


def _decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield *chunks* as UTF-8; a lone surrogate or half a character at the end becomes bytes that are no UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\xff"


def blocks(chunks: Iterable[bytes], start: re.Pattern[bytes], nuls: Nuls) -> Iterator[Block]:
    """Yield the lines of *chunks*; *start* tells which text after a run of NULs begins a record.

    Memory holds one chunk and the line that it ends in, of that at most its first `LINE_LIMIT` bytes.
    """
    rest, number = b"", 1
    for chunk in map(nuls.shrink, chunks):
        end = chunk.rfind(b"\n") + 1
        if end:
            block = _block(b"".join((rest, memoryview(chunk)[:end], PAD)), number, start, nuls)
            yield block
            number += len(block.breaks) - len(block.soft)
            rest = chunk[end:]
        else:
            rest = nuls.trim(rest + chunk, LINE_LIMIT, number)
    if rest and (block := _block(rest + PAD, number, start, nuls)).size:
        yield block


def _block(data: bytes, number: int, start: re.Pattern[bytes], nuls: Nuls) -> Block:
    """Return the block that *data*, which is padded, holds from line *number* on."""
    size = len(data) - len(PAD)
    soft = np.zeros(0, dtype=np.int64)
    if nuls.pending:
        text, soft = nuls.cut(data[:size], number, start)
        data, size = text + PAD, len(text)
    return Block(data, size, number, _breaks(np.frombuffer(data, np.uint8, count=size)), soft)


def _breaks(text: NDArray[np.uint8]) -> Ints:
    """Return where line breaks are in *text*, slice by slice, because the processor's cache holds no more."""
    mask = np.empty(min(_SLICE, len(text)), dtype=bool)
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(text), _SLICE):
        part = text[start : start + _SLICE]
        found.append(positions(np.equal(part, NEWLINE, out=mask[: len(part)])) + np.int64(start))
    return np.concatenate(found)
