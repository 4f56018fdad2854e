"""Record texts cut out of a block as Arrow strings: copied once, in C; only odd ones are looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, Block

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Damage:
    """How many records had something wrong, and the first line of the first of them."""

    count: int = 0
    first: int = 0

    def add(self, lines: Ints | list[int]) -> None:
        """Count the records that begin on *lines*."""
        if len(lines):
            self.first = min(int(lines[0]), self.first or int(lines[0]))
            self.count += len(lines)


def pieces(block: Block, starts: Ints, ends: Ints) -> pa.LargeBinaryArray:
    """Return the bytes of *block* between ``starts[i]`` and ``ends[i]`` as item 2i, with the gaps as the odd items."""
    offsets = np.empty(2 * len(starts) + 1, dtype=np.int64)
    offsets[0:-1:2] = starts
    offsets[1::2] = ends
    offsets[-1] = offsets[-2] if len(starts) else 0
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block.data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), 2 * len(starts), buffers)


def cut(block: Block, starts: Ints, ends: Ints) -> pa.LargeBinaryArray:
    """Return the bytes of *block* between *starts* and *ends*, one item each."""
    return pieces(block, starts, ends).take(pa.array(np.arange(0, 2 * len(starts), 2)))


@dataclass(slots=True)
class Messages:
    """The messages of a log, chunk by chunk, and what was wrong with them."""

    chunks: list[pa.LargeStringArray] = field(default_factory=list)
    invalid: Damage = field(default_factory=Damage)
    long: Damage = field(default_factory=Damage)

    def add(self, first: tuple[bytes, bool] | None, items: pa.LargeBinaryArray, odd: Ints,
            lines: Ints) -> pa.LargeStringArray:  # fmt: skip
        """Add *first*, a message that is ready, and every other one of *items*; return them as text.

        Those in *odd* may hold carriage returns or be too long; ``first`` says whether it was; *lines* are the lines
        that all of them begin on.
        """
        rows, parts = np.arange(0, len(items), 2), [items]
        if len(odd):
            mended, long = _mended(items.take(pa.array(rows[odd])))
            rows[odd] = len(items) + np.arange(len(odd))
            parts.append(mended)
            self.long.add(lines[odd[long] + (first is not None)])
        if first:
            rows = np.append(sum(map(len, parts)), rows)
            parts.append(pa.array([first[0]], pa.large_binary()))
            self.long.add(lines[:1] if first[1] else [])
        text, damaged = _text(pa.concat_arrays(parts).take(pa.array(rows)))
        self.invalid.add(lines[damaged])
        self.chunks.append(text)
        return text


def _text(raw: pa.LargeBinaryArray) -> tuple[pa.LargeStringArray, Ints]:
    """Return *raw* as text with U+FFFD for what is no UTF-8, and which items had such bytes."""
    try:
        return raw.cast(pa.large_string()), np.zeros(0, dtype=np.int64)
    except pa.ArrowInvalid:
        values = raw.to_pylist()
    damaged = [row for row, value in enumerate(values) if not _is_utf8(value)]
    text = pa.array([value.decode(errors="replace") for value in values], pa.large_string())
    return text, np.array(damaged, dtype=np.int64)


def _mended(raw: pa.LargeBinaryArray) -> tuple[pa.LargeBinaryArray, Ints]:
    """Return *raw* with LF for CR LF and at most `MESSAGE_LIMIT` bytes each, and which of them were longer."""
    raw = pc.replace_substring(raw, pattern=b"\r\n", replacement=b"\n")
    long = np.flatnonzero(pc.binary_length(raw).to_numpy(zero_copy_only=False) > MESSAGE_LIMIT)
    if len(long):
        values = raw.to_pylist()
        for row in long.tolist():
            values[row] = shortened(values[row])
        raw = pa.array(values, pa.large_binary())
    return raw, long


def shortened(text: bytes) -> bytes:
    """Return *text* cut to `MESSAGE_LIMIT` bytes, or up to three less: not inside a character."""
    end = MESSAGE_LIMIT
    while end > MESSAGE_LIMIT - 3 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class Words:
    """The distinct texts of a column and, chunk by chunk, which of them each row has; -1 is none."""

    index: dict[str, int] = field(default_factory=dict)
    codes: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, column: pa.LargeBinaryArray) -> None:
        """Add the rows of *column*."""
        encoded = column.dictionary_encode()
        known = [self.code(value.decode(errors="replace")) for value in encoded.dictionary.to_pylist()]
        self.codes.append(np.array(known, dtype=np.int32)[encoded.indices.to_numpy()])

    def code(self, word: str) -> int:
        """Return the code of *word*, a new one where it was not seen before."""
        return self.index.setdefault(word, len(self.index))
