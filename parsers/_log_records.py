"""Records out of blocks: each from its first line to the one before the next, however many blocks it spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import MESSAGE_LIMIT, Block
from claude_evidence.parsers._log_columns import Column
from claude_evidence.parsers._log_formats import NAT, Format, level_of
from claude_evidence.parsers._log_forms import Forms
from claude_evidence.parsers._log_repeats import Repeated, Repeats
from claude_evidence.parsers._log_scan import Heads, Lines, heads_of, lines_of
from claude_evidence.parsers._log_text import mended

Ints = NDArray[np.int64]
# twice, because every other byte may be a carriage return that goes
_KEPT_BYTES = 2 * MESSAGE_LIMIT + 8
_BLANK = b" \t\r\n"


@dataclass(slots=True)
class Damage:
    """How many records had something wrong, and the first line of the first of them."""

    count: int = 0
    first: int = 0

    def add(self, lines: Sequence[int]) -> None:
        """Count the records that begin on *lines*."""
        if lines:
            self.first = min(lines[0], self.first or lines[0])
            self.count += len(lines)


@dataclass(slots=True)
class _Open:
    """The last record of a block, which the next block may continue: its lines so far and their bytes."""

    line: int
    last_line: int
    level: int
    tag: int
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
    """The columns of a log; `finish` must follow the last block. ``codes`` says which of ``forms`` a record has.

    ``undated`` counts records whose date does not exist; ``headless`` says that the first record is made of the lines
    before the first that begins as one.
    """

    def __init__(self, kind: Format, expected: int = 0, size: int = 0) -> None:
        """Make an empty table for lines of format *kind*, with room for *expected* rows and *size* bytes of text."""
        self.kind = kind
        self.lines, self.times = Column("int64", expected), Column("int64", expected)
        self.counts, self.codes = Column("int32", expected), Column("int64", expected)
        self.forms = Forms(expected, size)
        self.undated = Damage()
        self.headless = False
        self._repeats = Repeats(self.forms)
        self._open: _Open | None = None

    def add(self, block: Block) -> None:
        """Add the lines of *block*."""
        repeated = self._repeats.of(block) if self.kind.fixed else None
        if repeated:
            self._add_repeated(block, repeated)
        else:
            self._add_all(block)

    def finish(self) -> None:
        """Close the last record."""
        self._close_open()

    def with_form(self, forms: Sequence[int]) -> Damage:
        """Return how many records have one of *forms*, in which something is wrong, and where the first of them is."""
        damage = Damage()
        if forms:
            damage.add(self.lines.values[np.isin(self.codes.values, forms)].tolist())
        return damage

    def _add_repeated(self, block: Block, found: Repeated) -> None:
        numbers = block.first_line + found.line
        start, last = int(found.start[0]), int(found.start[-1])
        if start:
            self._continue(block.data[:start], block.first_line, int(numbers[0]) - 1)
        self._close_open()
        self._begin(numbers, found.time)
        self.counts.add(np.diff(found.line))
        self.codes.add(found.form)
        match = self.kind.start.match(block.data, last, block.size)
        assert match
        level, tag = level_of(match, self.kind), self.forms.tags.code(match["tag"] or b"")
        last_line = block.first_line + len(block.breaks) - (block.data[block.size - 1 : block.size] == b"\n")
        self._open = _Open(int(numbers[-1]), last_line, level, tag)
        self._open.extend(block.data[match.end() : block.size], last_line)

    def _add_all(self, block: Block) -> None:
        lines = lines_of(block)
        heads = heads_of(block, lines, self.kind, self.forms.tags)
        numbers = np.arange(block.first_line, block.first_line + len(lines.starts))
        if len(block.soft):
            numbers -= np.searchsorted(block.soft, lines.starts)
        first = int(heads.line[0]) if len(heads.line) else len(lines.starts)
        if first:
            end = int(lines.starts[first]) if len(heads.line) else block.size
            self._continue(block.data[:end], int(numbers[0]), int(numbers[first - 1]))
        if len(heads.line):
            self._close_open()
            self._begin(numbers[heads.line], heads.time)
            self._close(block, lines, heads, numbers)

    def _continue(self, data: bytes, line: int, last_line: int) -> None:
        """Add lines to the open record; before the first record they make one without a time, unless they are blank."""
        if self._open:
            self._open.extend(data, last_line)
            return
        blank = len(data) - len(data.lstrip(_BLANK))
        if blank < len(data):
            start = data.rfind(b"\n", 0, blank) + 1
            line += data.count(b"\n", 0, start)
            self._open = _Open(line, last_line, 0, self.forms.tags.code(b""))
            self._open.extend(data[start:], last_line)
            self.lines.add(np.array([line]))
            self.times.add(np.array([NAT]))
            self.headless = True

    def _begin(self, lines: Ints, times: Ints) -> None:
        self.lines.add(lines)
        self.times.add(times)
        undated = np.flatnonzero(times == NAT)
        if len(undated):
            self.undated.add(lines[undated].tolist())

    def _close(self, block: Block, lines: Lines, heads: Heads, numbers: Ints) -> None:
        """Emit the records that end in *block*; the last of it stays open."""
        begin = numbers[heads.line]
        self.codes.add(self.forms.add(block, lines, heads, heads.line[1:]))
        self.counts.add(numbers[heads.line[1:] - 1] - begin[:-1] + 1 if len(block.soft) else np.diff(heads.line))
        self._open = _Open(int(begin[-1]), int(numbers[-1]), int(heads.level[-1]), int(heads.tag[-1]))
        self._open.extend(block.data[int(heads.text[-1]) : block.size], int(numbers[-1]))

    def _close_open(self) -> None:
        if self._open:
            self.codes.grow(1)[0] = self.forms.add_one(self._open.level, self._open.tag, *self._open.message())
            self.counts.grow(1)[0] = self._open.last_line - self._open.line + 1
            self._open = None
