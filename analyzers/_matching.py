"""Conditions over the rows of a table: a tree of questions, asked of the rows that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from claude_evidence.analyzers._bytescan import Mask, Places
from claude_evidence.analyzers._columns import Column
from claude_evidence.analyzers._forms import Condition, Detection, Joined, Present, Refused, Related
from claude_evidence.analyzers._fullrecord import payload, text_columns
from claude_evidence.analyzers._nodes import All, Choice, Known, Leaf, Node, Not, Some
from claude_evidence.analyzers._questions import OPERATORS, Fits, HasPart, Matches, Test
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.analyzers._sources import Source, Sources

if TYPE_CHECKING:
    import pandas as pd

_RELATIONS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


def compiled(condition: Condition, source: Source, sources: Sources) -> Node:
    """Return *condition* as a question about the rows of *source*."""
    if isinstance(condition, Joined):
        parts = [compiled(part, source, sources) for part in condition.parts]
        if condition.word == "not":
            return Not(parts[0])
        return All.of(parts) if condition.word == "and" else Some.of(parts)
    if isinstance(condition, Refused):
        raise UnsupportedError(condition.reason)
    if condition.field is None:
        return _keyword(condition.what, source, sources)
    return _field(condition.field, condition.what, source, sources)


def _field(name: str, what: Test | Present | Related | Refused, source: Source, sources: Sources) -> Node:
    column = sources.column(source, name)
    if isinstance(what, Refused):
        raise UnsupportedError(what.reason)
    if isinstance(what, Present):
        return Leaf(0, lambda rows: _present(column, rows) == what.yes)
    if isinstance(what, Related):
        return _related(column, sources.column(source, what.other), _RELATIONS[what.how])
    if column is None:
        return Leaf(0, _none)
    if isinstance(what, HasPart) and column.times is not None:
        times = column.times
        return Leaf(5, lambda rows: _of_times(what, times.iloc[rows]))
    return asked(column, what)


def _of_times(test: HasPart, times: pd.Series[Any]) -> Mask:
    """Return which of *times* pass."""
    parts = times.dt.isocalendar() if test.part == "week" else times.dt
    part = getattr(parts, test.part).to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(OPERATORS[test.op](part, test.number), np.bool_) & times.notna().to_numpy()


def asked(column: Column, test: Test) -> Node:
    """Return the question *test* of *column*."""
    if column.wide and isinstance(test, Fits) and column.texts.expect(test.glob):
        # found in all rows by the one pass that such questions share
        return Known(0, lambda: column.texts.rows_containing(test.glob))
    return Choice(_cost(column, test), lambda rows: column.passing(test, rows))


def _cost(column: Column, test: Test) -> int:
    """Return 1 where distinct values are asked, more where text is read: a long literal leaves few rows."""
    if not column.wide:
        return 1
    if not isinstance(test, Fits):
        return 400
    if test.glob.simple and test.glob.simple[0] != "contains":
        return 10
    return 300 - min(250, len(test.glob.needle))


def _keyword(what: Test | Present | Related | Refused, source: Source, sources: Sources) -> Node:
    """Return the question whether *what*, a pattern or a regular expression, stands anywhere in a record."""
    if isinstance(what, Refused):
        raise UnsupportedError(what.reason)
    assert isinstance(what, Fits | Matches)
    return Some.of([*(asked(c, what) for c in text_columns(source, sources)), *payload(what, source, sources)])


def _related(left: Column | None, right: Column | None, related: Callable[[str, str], bool]) -> Node:
    if left is None or right is None:
        return Leaf(0, _none)

    def ask(rows: Places) -> Mask:
        pairs = zip(left.folded(rows), right.folded(rows), strict=True)
        return np.array([a is not None and b is not None and related(a, b) for a, b in pairs], np.bool_)

    return Leaf(200, ask)


def _present(column: Column | None, rows: Places) -> Mask:
    return _none(rows) if column is None else column.present(rows)


def _none(rows: Places) -> Mask:
    return np.zeros(len(rows), np.bool_)


@dataclass(frozen=True)
class Matched:
    """Rows of one source that a plain document matched, in order of position."""

    source: Source
    rows: Places


class Plain:
    """A plain document, understood: making it says what will be searched for, so that searches can share a pass."""

    def __init__(self, rule: Detection, sources: Sources) -> None:
        if rule.refused:
            raise UnsupportedError(rule.refused)
        self._asked = [
            (source, Some.of([compiled(condition, source, sources) for condition in rule.conditions]))
            for source in sources.of(rule.logsource)
        ]

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its matches can come from."""
        return tuple(source for source, _ in self._asked)

    @property
    def cost(self) -> int:
        """Which of two documents is better judged first: that whose cost is less."""
        return max((node.cost for _, node in self._asked), default=0)

    @cached_property
    def matched(self) -> tuple[Matched, ...]:
        """Its matches, by source."""
        return tuple(Matched(source, node.pick(source.rows)) for source, node in self._asked)
