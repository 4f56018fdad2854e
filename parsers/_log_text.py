"""The text columns of a log: cut out of blocks as Arrow strings, or counted into a small set of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, Block
from claude_evidence.parsers._log_columns import Column, distinct

Ints = NDArray[np.int64]
_SHORT_BYTES = 32
# row n keeps the first n bytes
_MASKS = (np.tri(_SHORT_BYTES + 1, _SHORT_BYTES, -1, dtype=np.uint8) * np.uint8(0xFF)).view("<u8")


@dataclass(slots=True)
class Damage:
    """How many records had something wrong, and the first line of the first of them."""

    count: int = 0
    first: int = 0

    def add(self, lines: Ints) -> None:
        """Count the records that begin on *lines*."""
        if len(lines):
            self.first = min(int(lines[0]), self.first or int(lines[0]))
            self.count += len(lines)


@dataclass(slots=True)
class Texts:
    """The messages of a log, chunk by chunk, and what was wrong with them."""

    chunks: list[pa.LargeStringArray] = field(default_factory=list)
    invalid: Damage = field(default_factory=Damage)
    long: Damage = field(default_factory=Damage)

    def add(self, raw: pa.LargeBinaryArray, lines: Ints, long: Ints) -> None:
        """Add the messages *raw* of records on *lines*; those in *long* were cut short."""
        text, damaged = _text(raw)
        self.invalid.add(lines[damaged])
        self.long.add(lines[long])
        self.chunks.append(text)


def cut(data: bytes, starts: Ints, ends: Ints, odd: Mapping[int, bytes]) -> pa.LargeBinaryArray:
    """Return the bytes of *data* from ``starts[i]`` to ``ends[i]`` as item i, ``odd[i]`` instead where there is one.

    Every byte is copied once, in C: from an Arrow array over all of *data*, in which texts and gaps take turns and the
    odd ones follow.
    """
    rows = 2 * len(starts)
    offsets = np.empty(rows + 1 + len(odd), dtype=np.int64)
    offsets[0:rows:2] = starts
    offsets[1:rows:2] = ends
    offsets[rows:] = len(data)
    offsets[rows + 1 :] += np.cumsum([len(text) for text in odd.values()], dtype=np.int64)
    order = np.arange(0, rows, 2)
    order[list(odd)] = rows + np.arange(len(odd))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join((data, *odd.values())) if odd else data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers).take(pa.array(order))


def mended(text: bytes) -> tuple[bytes, bool]:
    """Return *text* with LF for CR LF and at most `MESSAGE_LIMIT` bytes of whole characters; and whether it was cut."""
    text = text.replace(b"\r\n", b"\n")
    if len(text) <= MESSAGE_LIMIT:
        return text, False
    end = MESSAGE_LIMIT
    while end > MESSAGE_LIMIT - 3 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end], True


def _text(raw: pa.LargeBinaryArray) -> tuple[pa.LargeStringArray, Ints]:
    """Return *raw* as text with U+FFFD for what is no UTF-8, and which items had such bytes."""
    try:
        return raw.cast(pa.large_string()), np.zeros(0, dtype=np.int64)
    except pa.ArrowInvalid:
        values = raw.to_pylist()
    damaged = [row for row, value in enumerate(values) if not _is_utf8(value)]
    text = pa.array([value.decode(errors="replace") for value in values], pa.large_string())
    return text, np.array(damaged, dtype=np.int64)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class Words:
    """The distinct words of a column by their code, and which of them each row has."""

    codes: Column
    index: dict[str, int] = field(default_factory=dict)

    def add(self, block: Block, starts: Ints, ends: Ints) -> None:
        """Add what lies in *block* between *starts* and *ends*: short words all at once, longer ones one by one."""
        lengths = ends - starts
        codes = np.full(len(starts), self._code(b""), dtype=np.int32)
        rows = np.flatnonzero(lengths)
        texts = block.windows(starts[rows], _SHORT_BYTES).view("<u8")
        texts &= _MASKS[np.minimum(lengths[rows], _SHORT_BYTES)]
        words, which = distinct(texts.view(np.uint8))
        codes[rows] = np.array([self._code(word.rstrip(b"\0")) for word in words], dtype=np.int32)[which]
        for row in np.flatnonzero(lengths > _SHORT_BYTES).tolist():
            codes[row] = self._code(block.data[starts[row] : ends[row]])
        self.codes.add(codes)

    def add_empty(self) -> None:
        """Add one row with the empty word."""
        self.codes.add(np.array([self._code(b"")], dtype=np.int32))

    def _code(self, word: bytes) -> int:
        return self.index.setdefault(word.decode(errors="replace"), len(self.index))
