"""Records out of blocks: each from its first line to the one before the next, however many blocks it spans."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, Block
from claude_evidence.parsers._log_formats import NAT, Format
from claude_evidence.parsers._log_lift import Chunk, Lifted, columns
from claude_evidence.parsers._log_scan import Heads, Lines, heads_of, lines_of
from claude_evidence.parsers._log_text import Damage, Messages, Words, cut, pieces, shortened

Ints = NDArray[np.int64]
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
        text = b"".join(self.parts).removesuffix(b"\n").removesuffix(b"\r").replace(b"\r\n", b"\n")
        long = len(text) > MESSAGE_LIMIT
        return (shortened(text) if long else text), long


@dataclass(slots=True)
class Records:
    """The columns of a log, chunk by chunk; `finish` must follow the last block."""

    kind: Format
    lines: list[Ints] = field(default_factory=list)
    counts: list[Ints] = field(default_factory=list)
    times: list[Ints] = field(default_factory=list)
    levels: list[NDArray[np.int8]] = field(default_factory=list)
    components: Words = field(default_factory=Words)
    messages: Messages = field(default_factory=Messages)
    lifted: dict[str, Lifted] = field(default_factory=columns)
    undated: Damage = field(default_factory=Damage)
    headless: bool = False
    _open: _Open | None = None

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
            self._emit(pa.array([], pa.large_binary()), nothing, nothing, nothing)
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
            self.components.codes.append(np.array([self.components.code("")], dtype=np.int32))
            self.headless = True

    def _head(self, lines: Ints, times: Ints, levels: Ints) -> None:
        self.lines.append(lines)
        self.times.append(times)
        self.levels.append(levels.astype(np.int8))

    def _begin(self, block: Block, heads: Heads, lines: Ints) -> None:
        self._head(lines, heads.time, heads.level)
        self.components.add(cut(block, heads.tag, heads.tag_end))
        self.undated.add(lines[heads.time == NAT])

    def _close(self, block: Block, lines: Lines, heads: Heads, numbers: Ints) -> None:
        """Emit the records that end in *block*; the last of it stays open."""
        line, last, starts = heads.line[:-1], heads.line[1:] - 1, heads.text[:-1]
        ends = lines.ends[last]
        odd = np.flatnonzero((ends - starts > MESSAGE_LIMIT) | (lines.returns & (last > line)))
        self._emit(pieces(block, starts, ends), odd, numbers[line], numbers[last] - numbers[line] + 1)
        self._open = _Open(int(numbers[heads.line[-1]]), int(numbers[-1]))
        self._open.extend(block.data[int(heads.text[-1]) : block.size], int(numbers[-1]))

    def _emit(self, items: pa.LargeBinaryArray, odd: Ints, lines: Ints, counts: Ints) -> None:
        """Emit the open record and those in *items*."""
        if self._open:
            lines = np.append(self._open.line, lines)
            counts = np.append(self._open.last_line - self._open.line + 1, counts)
        if len(lines):
            self.counts.append(counts)
            text = self.messages.add(self._open.message() if self._open else None, items, odd, lines)
            chunk = Chunk.of(text)
            for column in self.lifted.values():
                column.add(chunk)
