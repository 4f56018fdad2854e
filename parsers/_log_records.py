"""Records out of blocks: each from its first line to the one before the next, however many blocks it spans."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, Block
from claude_evidence.parsers._log_columns import Column
from claude_evidence.parsers._log_formats import NAT, Format
from claude_evidence.parsers._log_lift import Marks, columns
from claude_evidence.parsers._log_scan import Heads, Lines, heads_of, lines_of
from claude_evidence.parsers._log_tags import Tags
from claude_evidence.parsers._log_text import Damage, Texts, mended

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
        return mended(b"".join(self.parts).removesuffix(b"\n").removesuffix(b"\r"))


class Records:
    """The columns of a log; `finish` must follow the last block.

    ``undated`` counts records whose date does not exist; ``headless`` says that the first record is made of the lines
    before the first that begins as one.
    """

    def __init__(self, kind: Format, expected: int = 0, size: int = 0) -> None:
        """Make an empty table for lines of format *kind*, with room for *expected* rows and *size* bytes of text."""
        self.kind = kind
        self.lines, self.times = Column("int64", expected), Column("int64", expected)
        self.counts = Column("int32", expected)
        self.levels = Column("int8", expected)
        self.tags, self.components = Tags(), Column("int32", expected)
        self.messages = Texts(expected, size)
        self.lifted = columns(expected)
        self.undated = Damage()
        self.headless = False
        self._open: _Open | None = None

    def add(self, block: Block) -> None:
        """Add the lines of *block*."""
        lines = lines_of(block)
        heads = heads_of(block, lines, self.kind, self.tags)
        numbers = np.arange(block.first_line, block.first_line + len(lines.starts))
        if len(block.soft):
            numbers -= np.searchsorted(block.soft, lines.starts)
        first = int(heads.line[0]) if len(heads.line) else len(lines.starts)
        if first:
            end = int(lines.starts[first]) if len(heads.line) else block.size
            self._continue(block.data[:end], int(numbers[0]), int(numbers[first - 1]))
        if len(heads.line):
            self._begin(block, heads, numbers[heads.line])
            self._close(block, lines, heads, numbers)

    def finish(self) -> None:
        """Close the last record."""
        self._close_open()

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
            self.components.grow(1)[0] = self.tags.code(b"")
            self.headless = True

    def _head(self, lines: Ints, times: Ints, levels: Ints) -> None:
        self.lines.add(lines)
        self.times.add(times)
        self.levels.add(levels)

    def _begin(self, block: Block, heads: Heads, lines: Ints) -> None:
        self._head(lines, heads.time, heads.level)
        self.components.add(heads.tag)
        self.undated.add(lines[heads.time == NAT].tolist())

    def _close(self, block: Block, lines: Lines, heads: Heads, numbers: Ints) -> None:
        """Emit the records that end in *block*; the last of it stays open."""
        self._close_open()
        first, last = heads.line[0], heads.line[-1]
        firsts = heads.line[:-1] - first
        # a continuation line begins with the line break before it, and so joins what lies before that
        starts = lines.starts[first:last] - 1
        starts[firsts] = heads.text[:-1]
        begin = numbers[heads.line[:-1]]
        messages = self.messages.add(block.data, (starts, lines.ends[first:last]), firsts, begin)
        self.counts.add(numbers[heads.line[1:] - 1] - begin + 1 if len(block.soft) else np.diff(heads.line))
        marks = Marks.of(messages)
        for column in self.lifted.values():
            column.add(messages, marks)
        self._open = _Open(int(numbers[last]), int(numbers[-1]))
        self._open.extend(block.data[int(heads.text[-1]) : block.size], int(numbers[-1]))

    def _close_open(self) -> None:
        if self._open:
            message = self.messages.add_one(*self._open.message(), self._open.line)
            self.counts.add(np.array([self._open.last_line - self._open.line + 1]))
            for column in self.lifted.values():
                column.add_one(message)
            self._open = None
