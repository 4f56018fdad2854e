"""Questions about rows, joined by and, or, not: cheap ones come first, and each is asked only of the rows left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from claude_evidence.analyzers._bytescan import Mask, Places


class Node(Protocol):
    """A question about rows; ``cost`` says which of two is asked first."""

    @property
    def cost(self) -> int: ...

    def mask(self, rows: Places) -> Mask:
        """Return which of *rows* (positions in order, each once) pass."""


@dataclass(frozen=True)
class Leaf:
    """A question that needs no other."""

    cost: int
    ask: Callable[[Places], Mask]

    def mask(self, rows: Places) -> Mask:
        return self.ask(rows)


@dataclass(frozen=True)
class All:
    """Every part passes."""

    parts: Sequence[Node]

    @classmethod
    def of(cls, parts: Iterable[Node]) -> Node:
        """Return the conjunction of *parts*, cheap ones first."""
        ordered = sorted(parts, key=lambda part: part.cost)
        return ordered[0] if len(ordered) == 1 else cls(ordered)

    @property
    def cost(self) -> int:
        return max((part.cost for part in self.parts), default=0)

    def mask(self, rows: Places) -> Mask:
        result = np.ones(len(rows), np.bool_)
        for part in self.parts:
            if not len(rows):
                break
            passed = part.mask(rows)
            if not passed.all():
                result[result] = passed
                rows = rows[passed]
        return result


@dataclass(frozen=True)
class Some:
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

    def mask(self, rows: Places) -> Mask:
        result = np.zeros(len(rows), np.bool_)
        left = rows
        for number, part in enumerate(self.parts, 1):
            passed = part.mask(left)
            if passed.any():
                result[~result] = passed
                if number < len(self.parts):
                    left = left[~passed]
        return result


@dataclass(frozen=True)
class Not:
    """The part does not pass: a missing value fits nothing, so its negation holds."""

    part: Node

    @property
    def cost(self) -> int:
        return self.part.cost

    def mask(self, rows: Places) -> Mask:
        return ~self.part.mask(rows)
