"""The text columns of a log: cut out of blocks as Arrow strings, or counted into a small set of words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, PAD
from claude_evidence.parsers._log_columns import Column

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of some rows: that of row i lies in ``text`` from ``starts[i]`` to ``ends[i]``.

    Before and after all of them lies padding.
    """

    text: Bytes
    starts: Ints
    ends: Ints


class Texts:
    """The messages of a log as one Arrow array; which of them were too long or no UTF-8."""

    def __init__(self, rows: int, size: int) -> None:
        """Make an empty column with room for *rows* messages of *size* bytes in all."""
        self._bytes = Column("uint8", size)
        self._offsets = Column("int64", rows + 1)
        self._offsets.add(np.zeros(1, dtype=np.int64))
        self.invalid: list[int] = []
        self.long: list[int] = []

    def __len__(self) -> int:
        return len(self._offsets.values) - 1

    def add(self, data: bytes, pieces: tuple[Ints, Ints], firsts: Ints) -> Messages:
        """Add messages; what was added is returned as well.

        Piece i lies in *data*, which is padded, from ``pieces[0][i]`` to ``pieces[1][i]``; message j is made of those
        from ``firsts[j]`` on, up to the next message's first.
        """
        offsets, text = _cut(data, *pieces, firsts)
        sizes = np.diff(offsets)
        if sizes.max(initial=0) > MESSAGE_LIMIT or not _valid(text, offsets):
            offsets, text = self._mended(offsets, text)
        self._append(offsets, text)
        return Messages(text, offsets[:-1], offsets[1:])

    def add_one(self, message: bytes, was_long: bool) -> bytes:
        """Add one message, and return it as it was added."""
        self.long += [len(self)] * was_long
        if not _is_utf8(message):
            self.invalid.append(len(self))
            message = message.decode(errors="replace").encode()
        self._append(np.array([0, len(message)]), np.frombuffer(message, np.uint8))
        return message

    def array(self) -> pa.LargeStringArray:
        """Return all messages, without a copy."""
        offsets, text = self._offsets.values, self._bytes.values
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
        return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)

    def _append(self, offsets: Ints, text: Bytes) -> None:
        shift = len(self._bytes.values) - offsets[0]
        np.add(offsets[1:], shift, out=self._offsets.grow(len(offsets) - 1))
        self._bytes.add(text[offsets[0] : offsets[-1]])

    def _mended(self, offsets: Ints, text: Bytes) -> tuple[Ints, Bytes]:
        """Return messages with U+FFFD for what is no UTF-8, and none too long; tell which were not so."""
        raw = [text[start:end].tobytes() for start, end in pairwise(offsets.tolist())]
        texts = [shortened(message) for message in raw]
        self.long += [len(self) + row for row, (_, was_long) in enumerate(texts) if was_long]
        self.invalid += [len(self) + row for row, (message, _) in enumerate(texts) if not _is_utf8(message)]
        whole = [message.decode(errors="replace").encode() for message, _ in texts]
        offsets = np.cumsum([len(PAD), *map(len, whole)])
        return offsets, np.frombuffer(b"".join((PAD, *whole, PAD)), np.uint8)


def _cut(data: bytes, starts: Ints, ends: Ints, firsts: Ints) -> tuple[Ints, Bytes]:
    """Return where the pieces *firsts* and the end of the last one are, and all pieces of *data*, between padding.

    Every byte is copied once, in C: from an Arrow array over all of *data*, in which pieces and gaps take turns.
    """
    rows = 2 * len(starts)
    offsets = np.empty(rows + 2, dtype=np.int64)
    offsets[0:rows:2] = starts
    offsets[1:rows:2] = ends
    offsets[rows:] = len(data) - len(PAD), len(data)
    every = pa.LargeBinaryArray.from_buffers(pa.large_binary(), rows + 1, [None, *map(pa.py_buffer, (offsets, data))])
    order = np.arange(-2, rows + 1, 2)
    order[0] = rows
    # the C library's memory is used again for the next block, that of Arrow's own pool may be given back to the system
    taken = pc.take(every, pa.array(order), boundscheck=False, memory_pool=pa.system_memory_pool())
    _, places, text = taken.buffers()
    return np.frombuffer(places, np.int64)[np.append(firsts, len(starts)) + 1], np.frombuffer(text, np.uint8)


def _valid(text: Bytes, offsets: Ints) -> bool:
    """Return whether every message is UTF-8: the whole is, and none begins inside a character."""
    every = pa.Array.from_buffers(pa.large_string(), 1, [None, *map(pa.py_buffer, (offsets[[0, -1]], text))])
    try:
        every.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return not (text[offsets[:-1]] & 0xC0 == 0x80).any()


def mended(text: bytes) -> tuple[bytes, bool]:
    """Return *text* with LF for CR LF and at most `MESSAGE_LIMIT` bytes of whole characters; and whether it was cut."""
    return shortened(text.replace(b"\r\n", b"\n"))


def shortened(text: bytes) -> tuple[bytes, bool]:
    """Return at most `MESSAGE_LIMIT` bytes of *text*, whole characters; and whether it was cut."""
    if len(text) <= MESSAGE_LIMIT:
        return text, False
    end = MESSAGE_LIMIT
    while end > MESSAGE_LIMIT - 3 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end], True


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
