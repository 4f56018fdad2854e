"""Questions about rows, joined by and, or, not: cheap ones come first, and each is asked only of the rows left.

An answer is the rows that pass, not a mask of all: most rules match next to nothing in a log of millions of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from claude_evidence.analyzers._bytescan import Mask, Places

CHEAP = 1
"""Up to this cost a question is better asked of all rows than only of those that others left."""


class Node(Protocol):
    """A question about rows; ``cost`` says which of two is asked first."""

    @property
    def cost(self) -> int: ...

    def pick(self, rows: Places) -> Places:
        """Return those of *rows* (positions in order, each once) that pass."""


class Leaf(NamedTuple):
    """A question that needs no other, answered row by row."""

    cost: int
    ask: Callable[[Places], Mask]

    def pick(self, rows: Places) -> Places:
        return rows[self.ask(rows)]


class Choice(NamedTuple):
    """A question that needs no other, answered by the rows that pass."""

    cost: int
    pick: Callable[[Places], Places]


class Known(NamedTuple):
    """A question whose answer is known for the whole table: the positions that pass, in order."""

    cost: int
    positions: Callable[[], Places]

    def pick(self, rows: Places) -> Places:
        return common(rows, self.positions()) if len(rows) else rows


class All(NamedTuple):
    """Every part passes."""

    parts: Sequence[Node]

    @classmethod
    def of(cls, parts: Iterable[Node]) -> Node:
        """Return the conjunction of *parts*, those of a conjunction among them by themselves, cheap ones first."""
        single = [each for part in parts for each in (part.parts if isinstance(part, All) else (part,))]
        ordered = sorted(single, key=lambda part: part.cost)
        return ordered[0] if len(ordered) == 1 else cls(ordered)

    @property
    def cost(self) -> int:
        return max((part.cost for part in self.parts), default=0)

    def pick(self, rows: Places) -> Places:
        for part in self.parts:
            if not len(rows):
                break
            rows = part.pick(rows)
        return rows


class Some(NamedTuple):
    """At least one part passes."""

    parts: Sequence[Node]

    @classmethod
    def of(cls, parts: Iterable[Node]) -> Node:
        """Return the disjunction of *parts*, cheap ones first."""
        ordered = sorted(parts, key=lambda part: part.cost)
        return ordered[0] if len(ordered) == 1 else cls(ordered)

    @property
    def cost(self) -> int:
        return max((part.cost for part in self.parts), default=0)

    def pick(self, rows: Places) -> Places:
        found: list[Places] = []
        left = rows
        for part in self.parts:
            passed = part.pick(left)
            if len(passed):
                found.append(passed)
                left = left if part.cost <= CHEAP else without(left, passed)
        if len(found) == 1:
            return found[0]
        return _each_once(np.sort(np.concatenate(found), kind="stable")) if found else rows[:0]


class Not(NamedTuple):
    """The part does not pass: a missing value fits nothing, so its negation holds."""

    part: Node

    @property
    def cost(self) -> int:
        return self.part.cost

    def pick(self, rows: Places) -> Places:
        return without(rows, self.part.pick(rows))


def _each_once(rows: Places) -> Places:
    """Return *rows*, which are in order, without repetitions; `np.unique` would hash them, which is slower."""
    once: Places = rows[np.append(True, rows[1:] != rows[:-1])]
    return once


def common(rows: Places, others: Places) -> Places:
    """Return what *rows* and *others* (both in order, each once) share; the shorter one is looked up in the longer."""
    short, long = (rows, others) if len(rows) < len(others) else (others, rows)
    if not len(short):
        return short
    if len(long) == long[-1] - long[0] + 1:
        return short[np.searchsorted(short, long[0]) : np.searchsorted(short, long[-1], side="right")]
    at = np.minimum(np.searchsorted(long, short), len(long) - 1)
    shared: Places = short[long[at] == short]
    return shared


def without(rows: Places, passed: Places) -> Places:
    """Return *rows* less *passed*, which are some of them."""
    if not len(passed):
        return rows
    left = np.ones(len(rows), np.bool_)
    left[np.searchsorted(rows, passed)] = False
    return rows[left]
