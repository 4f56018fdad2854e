"""Blocks of a log in which most records say what others have said before: each distinct text is looked at once.

A main.log is mostly repetition. Arrow tells its records apart by all bytes after the time, at the speed of hashing, and
only those never seen go through the whole reading, as a small block of their own. A block where that does not pay, or
where a record begins in any other way than ``YYYY-MM-DD HH:MM:SS [level] ``, is left to the whole reading.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import Block
from claude_evidence.parsers._log_formats import MAIN
from claude_evidence.parsers._log_forms import Forms
from claude_evidence.parsers._log_scan import candidates, heads_of, lines_of, stamps_of, starts_of

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
_TIME_BYTES = 19
_FEW = 64
_REMEMBERED = 1 << 15
_REMEMBERED_BYTES = 1 << 22
_LONGEST_PAUSE = 32


@dataclass(frozen=True, slots=True)
class Repeated:
    """The records that begin in a block: ``line`` is the index of its first line, ``start`` where that begins.

    ``time`` is as in `Heads`; ``form`` is that of each but the last, whose end is not known.
    """

    line: Ints
    start: Ints
    time: Ints
    form: Ints


class Repeats:
    """What was said before, and its form."""

    def __init__(self, forms: Forms) -> None:
        """Know nothing yet; what is new is added to *forms*."""
        self._forms = forms
        self._texts, self._codes_of = _nothing()
        self._pause = self._left = 0

    def of(self, block: Block) -> Repeated | None:
        """Return the records of *block*, None where it is better read as a whole.

        After a block that did not pay some are not even tried: twice as many each time, up to a limit.
        """
        if self._left:
            self._left -= 1
            return None
        found = self._of(block)
        self._pause = 0 if found else min(2 * self._pause + 1, _LONGEST_PAUSE)
        self._left = self._pause
        return found

    def _of(self, block: Block) -> Repeated | None:
        starts = starts_of(block)
        line, time = stamps_of(block, starts)
        if len(line) < _FEW or len(block.soft) or _begins(block, starts, candidates(block, starts, line)):
            return None
        start = starts[line]
        if not _begins(block, starts, line[-1:]):
            return None
        texts, which = _distinct(block.data, start)
        if 2 * len(texts) > len(which):
            return None
        codes = self._codes(block, start, texts, which)
        return None if codes is None else Repeated(line, start, time, codes[which])

    def _codes(self, block: Block, start: Ints, texts: pa.LargeBinaryArray, which: Codes) -> Ints | None:
        """Return the form of each of *texts*; *which* says in what record of those at *start* it stands."""
        place = pc.index_in(texts, value_set=self._texts).fill_null(-1).to_numpy()
        codes: Ints = self._codes_of[place]
        new = np.flatnonzero(place < 0)
        if len(new):
            # Arrow counts texts as it meets them: each stands for the first time where the count grows
            rows = np.flatnonzero(np.diff(np.maximum.accumulate(which), prepend=-1))[new]
            learnt = self._learnt([block.data[start[row] : start[row + 1]] for row in rows.tolist()])
            if learnt is None:
                return None
            codes[new] = learnt
            self._remember(texts.take(pa.array(new)), learnt)
        return codes

    def _learnt(self, records: list[bytes]) -> Ints | None:
        """Return the forms of *records*, which are new; None where one of them is no record, or more than one."""
        block = Block.of(b"".join(records))
        lines = lines_of(block)
        heads = heads_of(block, lines, MAIN, self._forms.tags)
        begin = np.cumsum([0, *map(len, records)])[:-1]
        if not np.array_equal(lines.starts[heads.line], begin):
            return None
        return self._forms.add(block, lines, heads, np.append(heads.line[1:], len(lines.starts)))

    def _remember(self, texts: pa.LargeBinaryArray, codes: Ints) -> None:
        """Know *texts* from now on. Arrow hashes all that is known for each block: what is too much is forgotten."""
        if len(self._texts) > _REMEMBERED or self._texts.nbytes > _REMEMBERED_BYTES:
            self._texts, self._codes_of = _nothing()
        self._texts = pa.concat_arrays([self._texts, texts])
        self._codes_of = np.concatenate([self._codes_of[:-1], codes, [-1]])


def _nothing() -> tuple[pa.LargeBinaryArray, Ints]:
    """Return no text, and the codes of none: the last of those, -1, is that of a text that is not known."""
    return pa.array([], pa.large_binary()), np.full(1, -1)


def _begins(block: Block, starts: Ints, lines: Ints) -> bool:
    """Return whether one of *lines* begins as a record."""
    ends = np.append(starts[1:], block.size)[lines].tolist()
    return any(MAIN.start.match(block.data, a, b) for a, b in zip(starts[lines].tolist(), ends, strict=True))


def _distinct(data: bytes, start: Ints) -> tuple[pa.LargeBinaryArray, Codes]:
    """Return the distinct texts of the records from *start* on, without their times, and which of them each has.

    Arrow skips the times as missing values: nothing is copied but the distinct texts.
    """
    rows = 2 * (len(start) - 1)
    offsets = np.empty(rows + 1, dtype=np.int64)
    offsets[0::2] = start
    offsets[1::2] = start[:-1] + _TIME_BYTES
    every_other = np.full(rows // 8 + 1, 0b10101010, dtype=np.uint8)
    buffers = [pa.py_buffer(buffer) for buffer in (every_other, offsets, data)]
    encoded = pa.LargeBinaryArray.from_buffers(pa.large_binary(), rows, buffers).dictionary_encode()
    which: Codes = np.frombuffer(encoded.indices.buffers()[1], np.int32)[1:rows:2]
    return encoded.dictionary, which
