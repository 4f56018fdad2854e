"""What the records of a log say beside their line and time: level, tag, message and what is lifted out of it.

Records that say the same may share one form; a record's form is the position in these columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import Block
from claude_evidence.parsers._log_columns import Column
from claude_evidence.parsers._log_lift import Marks, columns
from claude_evidence.parsers._log_scan import Heads, Lines
from claude_evidence.parsers._log_tags import Tags
from claude_evidence.parsers._log_text import Texts

Ints = NDArray[np.int64]


class Forms:
    """The columns. Codes in ``levels`` are of `LEVELS`, those in ``components`` of ``tags``."""

    def __init__(self, expected: int, size: int) -> None:
        """Make empty columns with room for *expected* forms and *size* bytes of text."""
        self.levels = Column("int8", expected)
        self.tags, self.components = Tags(), Column("int32", expected)
        self.messages = Texts(expected, size)
        self.lifted = columns(expected)

    def __len__(self) -> int:
        return len(self.messages)

    def add(self, block: Block, lines: Lines, heads: Heads, nexts: Ints) -> Ints:
        """Add what the first records of *block* say, each up to the line in *nexts* where the one after it begins.

        The form of each is returned.
        """
        count, before = len(nexts), len(self)
        self.levels.add(heads.level[:count])
        self.components.add(heads.tag[:count])
        if count:
            first, last = heads.line[0], nexts[-1]
            firsts = heads.line[:count] - first
            # a continuation line begins with the line break before it, and so joins what lies before that
            starts = lines.starts[first:last] - 1
            starts[firsts] = heads.text[:count]
            messages = self.messages.add(block.data, (starts, lines.ends[first:last]), firsts)
            marks = Marks.of(messages)
            for column in self.lifted.values():
                column.add(messages, marks)
        return np.arange(before, before + count)

    def add_one(self, level: int, tag: int, message: bytes, was_long: bool) -> int:
        """Add and return one form."""
        self.levels.grow(1)[0] = level
        self.components.grow(1)[0] = tag
        message = self.messages.add_one(message, was_long)
        for column in self.lifted.values():
            column.add_one(message)
        return len(self) - 1
