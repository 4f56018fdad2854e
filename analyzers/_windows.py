"""Windows of time over events in groups: sorting and binary search, so that a storm costs no more than its size."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claude_evidence.analyzers._bytescan import Mask, Places

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ranges:
    """For each of some windows the events in it: those from ``low`` up to, without, ``high``."""

    low: Places
    high: Places

    @property
    def sizes(self) -> Places:
        """How many events are in each window."""
        return self.high - self.low

    def chosen(self, which: Mask | Places) -> Ranges:
        """Return the ranges of some of the windows."""
        return Ranges(self.low[which], self.high[which])

    def marked(self, count: int) -> Mask:
        """Return which of *count* events are in any of the windows."""
        steps = np.zeros(count + 1, np.int64)
        filled = self.sizes > 0
        np.add.at(steps, self.low[filled], 1)
        np.add.at(steps, self.high[filled], -1)
        return np.cumsum(steps[:-1]) > 0

    def members(self) -> Places:
        """Return the events that are in any of the windows, in order and each once; costs no more than there are."""
        if not len(self.low):
            return np.empty(0, np.intp)
        order = np.lexsort((self.high, self.low))
        low, high = self.low[order], self.high[order]
        low = np.maximum(low, np.concatenate([[0], np.maximum.accumulate(high)[:-1]]))
        sizes = np.maximum(high - low, 0)
        ends = np.cumsum(sizes)
        return np.repeat(low - (ends - sizes), sizes) + np.arange(int(ends[-1]))


@dataclass(frozen=True)
class Line:
    """Events in order of group, then of time (microseconds)."""

    group: Places
    time: Ints

    def __len__(self) -> int:
        return len(self.group)

    def within(self, group: Places, first: Ints, last: Ints) -> Ranges:
        """Return the events of each *group* from time *first* to *last*, both included."""
        return Ranges(self._earlier(group, first, including=False), self._earlier(group, last, including=True))

    def any_within(self, group: Places, first: Ints, last: Ints) -> Mask:
        """Return in which windows there is an event."""
        return self.within(group, first, last).sizes > 0

    def last_until(self, group: Places, time: Ints) -> tuple[Places, Mask]:
        """Return the last event of each *group* at *time* or before, and whether there is one."""
        index = self._earlier(group, time, including=True) - 1
        return self._own(index, group)

    def first_from(self, group: Places, time: Ints) -> tuple[Places, Mask]:
        """Return the first event of each *group* at *time* or after, and whether there is one."""
        return self._own(self._earlier(group, time, including=False), group)

    def _own(self, index: Places, group: Places) -> tuple[Places, Mask]:
        inside = (index >= 0) & (index < len(self))
        safe = np.where(inside, index, 0)
        return safe, (inside & (self.group[safe] == group) if len(self) else inside)

    def _earlier(self, group: Places, time: Ints, *, including: bool) -> Places:
        """Return how many events come before each (group, time), those at that time included or not.

        Events and questions are sorted together: a composite key of group and time could overflow.
        """
        mine = np.concatenate([np.full(len(self), 0 if including else 1), np.full(len(group), 1 if including else 0)])
        order = np.lexsort((mine, np.concatenate([self.time, time]), np.concatenate([self.group, group])))
        is_event = order < len(self)
        counts = np.cumsum(is_event)[~is_event]
        result = np.empty(len(group), np.intp)
        result[order[~is_event] - len(self)] = counts
        return result


def distinct(values: Sequence[Hashable], ranges: Ranges) -> Places:
    """Return how many different *values*, None not counted, are in each of *ranges*, whose borders never go back."""
    held: dict[Hashable, int] = {}
    result = np.zeros(len(ranges.low), np.intp)
    low = high = 0
    for number, (first, end) in enumerate(zip(ranges.low.tolist(), ranges.high.tolist(), strict=True)):
        for value in values[high:end]:
            if value is not None:
                held[value] = held.get(value, 0) + 1
        high = max(high, end)
        for value in values[low:first]:
            if value is not None:
                held[value] -= 1
                if not held[value]:
                    del held[value]
        low = max(low, first)
        result[number] = len(held)
    return result
