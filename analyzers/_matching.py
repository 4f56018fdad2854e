"""Sigma conditions over the rows of a table: a tree of questions, asked of the rows that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import SigmaExists, SigmaExpansion, SigmaFieldReference, SigmaNull, SigmaType

from claude_evidence.analyzers._bytescan import Mask, Places
from claude_evidence.analyzers._columns import Column, Test
from claude_evidence.analyzers._conditions import UnsupportedError, conditions
from claude_evidence.analyzers._fullrecord import payload, text_columns
from claude_evidence.analyzers._modifiers import Fits, HasPart, Matches, question
from claude_evidence.analyzers._nodes import All, Known, Leaf, Node, Not, Some
from claude_evidence.analyzers._sources import Source, Sources


def compiled(tree: Any, source: Source, sources: Sources) -> Node:
    """Return the condition *tree* as a question about the rows of *source*."""
    if isinstance(tree, ConditionNOT):
        return Not(compiled(tree.args[0], source, sources))
    if isinstance(tree, ConditionAND | ConditionOR):
        parts = [compiled(arg, source, sources) for arg in tree.args]
        return All.of(parts) if isinstance(tree, ConditionAND) else Some.of(parts)
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        return _field(tree.field, tree.value, source, sources)
    if isinstance(tree, ConditionValueExpression):
        return _keyword(tree.value, source, sources)
    raise UnsupportedError(f"conditions of the kind {type(tree).__name__} are not supported")


def _field(name: str, value: SigmaType, source: Source, sources: Sources) -> Node:
    if isinstance(value, SigmaExpansion):
        return Some([_field(name, each, source, sources) for each in value.values])
    column = sources.column(source, name)
    if isinstance(value, SigmaNull):
        return Leaf(0, lambda rows: ~_present(column, rows))
    if isinstance(value, SigmaExists):
        return Leaf(0, lambda rows: _present(column, rows) == value.exists)
    if isinstance(value, SigmaFieldReference):
        return _reference(column, sources.column(source, value.field), value)
    test = question(value, name)
    if column is None:
        return Leaf(0, _none)
    if isinstance(test, HasPart) and column.times is not None:
        times = column.times
        return Leaf(5, lambda rows: test.of_times(times.iloc[rows]))
    return asked(column, test)


def asked(column: Column, test: Test) -> Node:
    """Return the question *test* of *column*."""
    if column.wide and isinstance(test, Fits) and column.texts.expect(test.glob):
        # found in all rows by the one pass that such questions share
        return Known(0, lambda: column.texts.rows_containing(test.glob))
    return Leaf(_cost(column, test), lambda rows: column.passing(test, rows))


def _cost(column: Column, test: Test) -> int:
    """Return 1 where distinct values are asked, more where text is read: a long literal leaves few rows."""
    if not column.wide:
        return 1
    if not isinstance(test, Fits):
        return 400
    if test.glob.simple and test.glob.simple[0] != "contains":
        return 10
    return 300 - min(250, len(test.glob.needle))


def _keyword(value: SigmaType, source: Source, sources: Sources) -> Node:
    """Return the question whether *value* stands anywhere in a record."""
    if isinstance(value, SigmaExpansion):
        return Some([_keyword(each, source, sources) for each in value.values])
    test = question(value)
    if isinstance(test, Fits):
        test = Fits(test.glob.inside())
    elif not isinstance(test, Matches):
        raise UnsupportedError(f"values of the kind {type(value).__name__} need a field")
    return Some.of([*(asked(c, test) for c in text_columns(source, sources)), *payload(test, source, sources)])


def _reference(left: Column | None, right: Column | None, value: SigmaFieldReference) -> Node:
    if left is None or right is None:
        return Leaf(0, _none)

    def ask(rows: Places) -> Mask:
        pairs = zip(left.folded(rows), right.folded(rows), strict=True)
        return np.array([a is not None and b is not None and related(a, b) for a, b in pairs], np.bool_)

    related = _relation(value)
    return Leaf(200, ask)


def _relation(value: SigmaFieldReference) -> Callable[[str, str], bool]:
    if value.starts_with and value.ends_with:
        return str.__contains__
    if value.starts_with:
        return str.startswith
    return str.endswith if value.ends_with else str.__eq__


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

    def __init__(self, rule: SigmaRule, sources: Sources, trees: Sequence[Any] | None = None) -> None:
        trees = conditions(rule) if trees is None else trees
        self._asked = [
            (source, Some.of([compiled(tree, source, sources) for tree in trees]))
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
