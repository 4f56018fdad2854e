"""Delta reduction: the least of a list that still shows what the whole shows, in a bounded number of tries.

After Zeller and Hildebrandt's ddmin, without its tests of subsets alone: evidence that shows several things at once is
nearly never in one small part, and each try costs an analysis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Tries:
    """How many tries are left, and until when (``seconds`` from now)."""

    most: int
    seconds: float
    done: int = 0
    _start: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> bool:
        """Whether there may be one more."""
        return self.done < self.most and time.monotonic() - self._start < self.seconds


def reduced(items: Sequence[T], holds: Callable[[list[T]], bool], tries: Tries) -> list[T]:
    """Return a part of *items*, in their order, for which *holds* is true; it is true of *items* themselves.

    Ever smaller runs are left out, down to single ones, until none can go or *tries* end. Every call of *holds* counts
    as one try.
    """
    kept = list(items)
    size = len(kept)
    while size and tries.left:
        at, shrunk = 0, False
        while at < len(kept) and tries.left:
            rest = kept[:at] + kept[at + size :]
            tries.done += 1
            if holds(rest):
                kept, shrunk = rest, True
            else:
                at += size
        if not (size == 1 and shrunk):
            size //= 2
    return kept
