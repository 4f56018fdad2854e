"""Records out of blocks: each from its first line to the one before the next, however many blocks it spans."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, PAD, Block
from claude_evidence.parsers._log_columns import Column
from claude_evidence.parsers._log_formats import NAT, Format
from claude_evidence.parsers._log_lift import Messages, columns
from claude_evidence.parsers._log_scan import Heads, Lines, heads_of, lines_of
from claude_evidence.parsers._log_text import Damage, Texts, Words, cut, mended

Ints = NDArray[np.int64]
Odd = dict[int, tuple[bytes, bool]]
# twice, because every other byte may be a carriage return that goes
_KEPT_BYTES = 2 * MESSAGE_LIMIT + 8
_BLANK = b" \t\r\n"


@dataclass(slots=True)
class _Open:
    """The last record of a block, which the next block may continue: its lines so far and their bytes."""

    line: int
    last_line: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def extend(self, data: bytes, last_line: int) -> None:
        """Add lines; beyond what a message may hold they are only counted."""
        self.last_line = last_line
        self.parts.append(data[: max(_KEPT_BYTES - self.size, 0)])
        self.size += len(data)

    def message(self) -> tuple[bytes, bool]:
        """Return the text, and whether it had to be cut."""
        return mended(b"".join(self.parts).removesuffix(b"\n").removesuffix(b"\r"))


class Records:
    """The columns of a log; `finish` must follow the last block.

    ``undated`` counts records whose date does not exist; ``headless`` says that the first record is made of the lines
    before the first that begins as one.
    """

    def __init__(self, kind: Format, expected: int = 0) -> None:
        """Make an empty table for lines of format *kind*, with room for the rows *expected*."""
        self.kind = kind
        self.lines, self.counts, self.times = (Column("int64", expected) for _ in range(3))
        self.levels = Column("int8", expected)
        self.components = Words(Column("int32", expected))
        self.messages = Texts()
        self.lifted = columns(expected)
        self.undated = Damage()
        self.headless = False
        self._open: _Open | None = None

    def add(self, block: Block) -> None:
        """Add the lines of *block*."""
        lines = lines_of(block)
        heads = heads_of(block, lines, self.kind)
        numbers = block.first_line + np.arange(len(lines.starts)) - np.searchsorted(block.soft, lines.starts)
        first = int(heads.line[0]) if len(heads.line) else len(lines.starts)
        if first:
            end = int(lines.starts[first]) if len(heads.line) else block.size
            self._continue(block.data[:end], int(numbers[0]), int(numbers[first - 1]))
        if len(heads.line):
            self._begin(block, heads, numbers[heads.line])
            self._close(block, lines, heads, numbers)

    def finish(self) -> None:
        """Close the last record."""
        if self._open:
            nothing = np.zeros(0, dtype=np.int64)
            self._emit(PAD, nothing, nothing, {}, nothing, nothing)
            self._open = None

    def _continue(self, data: bytes, line: int, last_line: int) -> None:
        """Add lines to the open record; before the first record they make one without a time, unless they are blank."""
        if self._open:
            self._open.extend(data, last_line)
            return
        blank = len(data) - len(data.lstrip(_BLANK))
        if blank < len(data):
            start = data.rfind(b"\n", 0, blank) + 1
            line += data.count(b"\n", 0, start)
            self._open = _Open(line, last_line)
            self._open.extend(data[start:], last_line)
            self._head(np.array([line]), np.array([NAT]), np.array([0]))
            self.components.add_empty()
            self.headless = True

    def _head(self, lines: Ints, times: Ints, levels: Ints) -> None:
        self.lines.add(lines)
        self.times.add(times)
        self.levels.add(levels)

    def _begin(self, block: Block, heads: Heads, lines: Ints) -> None:
        self._head(lines, heads.time, heads.level)
        self.components.add(block, heads.tag, heads.tag_end)
        self.undated.add(lines[heads.time == NAT])

    def _close(self, block: Block, lines: Lines, heads: Heads, numbers: Ints) -> None:
        """Emit the records that end in *block*; the last of it stays open."""
        line, last, starts = heads.line[:-1], heads.line[1:] - 1, heads.text[:-1]
        ends = lines.ends[last]
        odd = np.flatnonzero((ends - starts > MESSAGE_LIMIT) | (lines.returns & (last > line))).tolist()
        texts = {row: mended(block.data[starts[row] : ends[row]]) for row in odd}
        self._emit(block.data, starts, ends, texts, numbers[line], numbers[last] - numbers[line] + 1)
        self._open = _Open(int(numbers[heads.line[-1]]), int(numbers[-1]))
        self._open.extend(block.data[int(heads.text[-1]) : block.size], int(numbers[-1]))

    def _emit(self, data: bytes, starts: Ints, ends: Ints, odd: Odd, lines: Ints, counts: Ints) -> None:
        """Emit the open record, and those that lie in *data* from *starts* to *ends* or are given in *odd*."""
        if self._open:
            starts, ends = np.append(0, starts), np.append(0, ends)
            lines = np.append(self._open.line, lines)
            counts = np.append(self._open.last_line - self._open.line + 1, counts)
            odd = {0: self._open.message(), **{row + 1: text for row, text in odd.items()}}
        if len(lines):
            self.counts.add(counts)
            raw = cut(data, starts, ends, {row: text for row, (text, _) in odd.items()})
            long = [row for row, (_, was_long) in odd.items() if was_long]
            self.messages.add(raw, lines, np.array(long, dtype=np.int64))
            apart = {row: odd[row][0] for row in ((0, *long) if self._open else long)}
            found = Messages.of(data, starts, ends, apart)
            for column in self.lifted.values():
                column.add(found)
