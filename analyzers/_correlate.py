"""Correlations of events in time.

Every step is a sort or a binary search: a storm costs n log n and gives one match per group.

``temporal``: all documents within the timespan, in any order. ``temporal_ordered``: one after the other, equal times
count as in order, others may lie between. «a and not b»: an a counts only where no b came within the timespan: after it
(in an ordered correlation before it, where b is listed before a; in an unordered one on either side). Counts and sums
are taken over the timespan that ends with each event.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from claude_evidence.analyzers._bytescan import Mask, Places
from claude_evidence.analyzers._clauses import Clause, clauses, references
from claude_evidence.analyzers._forms import Correlation, Threshold
from claude_evidence.analyzers._questions import OPERATORS, number
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.analyzers._sources import Span
from claude_evidence.analyzers._streams import Stream
from claude_evidence.analyzers._text import fold
from claude_evidence.analyzers._windows import Ints, Line, Ranges, distinct
from claude_evidence.messages import lazy_gettext

_LONGEST = 10**17
"""Three thousand years in microseconds: more than any evidence spans, and no sum of it with a time overflows."""


@dataclass
class Correlated:
    """What took part, by reference and in the order of each stream, and each match as a window of a group."""

    taking_part: dict[str, Mask]
    group: list[Places] = field(default_factory=list)
    first: list[Ints] = field(default_factory=list)
    last: list[Ints] = field(default_factory=list)
    inconclusive: bool = False

    @classmethod
    def nothing(cls, streams: Mapping[str, Stream]) -> Correlated:
        """Return that no event took part."""
        return cls({name: np.zeros(len(stream.line), np.bool_) for name, stream in streams.items()})

    @property
    def found(self) -> bool:
        """Whether there is any match."""
        return any(mask.any() for mask in self.taking_part.values())

    def add_windows(self, group: Places, first: Ints, last: Ints) -> None:
        """Add matches; those of one group at one time are one."""
        keep = np.ones(len(group), np.bool_)
        keep[1:] = (group[1:] != group[:-1]) | (last[1:] != last[:-1])
        self.group.append(group[keep])
        self.first.append(first[keep])
        self.last.append(last[keep])


def correlate(
    rule: Correlation,
    streams: Mapping[str, Stream],
    spans: Mapping[str, Span | None],
    fields: Mapping[str, Sequence[str]],
) -> Correlated:
    """Return what *rule* finds in *streams*, by reference; `UnsupportedError` names what it cannot be asked.

    *spans* says which time the evidence covers of each document's sources: beyond it absence proves nothing. *fields*
    are the counted fields by reference (the rule's, after its aliases).
    """
    span = min(rule.span_s * 1_000_000, _LONGEST)
    if not rule.temporal:
        return _counted(rule, streams, span, fields)
    if rule.kind == "temporal_ordered" or not isinstance(rule.condition, Threshold):
        return _by_clauses(rule, streams, spans, span)
    return _different_documents(rule, streams, span)


def _by_clauses(
    rule: Correlation, streams: Mapping[str, Stream], spans: Mapping[str, Span | None], span: int
) -> Correlated:
    """Judge by what is certain; where only what lies beyond the evidence could make it match, it is inconclusive."""
    alternatives, order = clauses(rule), references(rule)
    ordered = rule.kind == "temporal_ordered"
    for certain in (True, False):
        result = Correlated.nothing(streams)
        for clause in alternatives:
            events = _undisturbed(clause, order, streams, spans, span, ordered=ordered, certain=certain)
            (_in_order if ordered else _together)(clause, events, streams, span, result)
        if result.found:
            result.inconclusive = not certain
            return result
        if not any(clause.unwanted for clause in alternatives):
            break
    return result


def _undisturbed(
    clause: Clause,
    order: Sequence[str],
    streams: Mapping[str, Stream],
    spans: Mapping[str, Span | None],
    span: int,
    *,
    ordered: bool,
    certain: bool,
) -> dict[str, Places]:
    """Return the places of the wanted events that no unwanted one disturbs; in order, only the first are looked at."""
    result = {}
    for name in clause.wanted:
        line = streams[name].line
        good = np.ones(len(line), np.bool_)
        for other in clause.unwanted if not ordered or name == clause.wanted[0] else ():
            before = not ordered or order.index(other) < order.index(name)
            after = not ordered or not before
            first, last = line.time - span * before, line.time + span * after
            good &= ~streams[other].line.any_within(line.group, first, last)
            if certain:
                covered = spans[other]
                good &= (first >= covered[0]) & (last <= covered[1]) if covered else False
        result[name] = np.flatnonzero(good)
    return result


def _together(
    clause: Clause, events: Mapping[str, Places], streams: Mapping[str, Stream], span: int, result: Correlated
) -> None:
    lines = {name: streams[name].only(events[name]).line for name in clause.wanted}
    anchors = _merged(lines.values())
    ranges = {name: line.within(anchors.group, anchors.time - span, anchors.time) for name, line in lines.items()}
    good = np.logical_and.reduce([each.sizes > 0 for each in ranges.values()])
    for name, each in ranges.items():
        result.taking_part[name][events[name][each.chosen(good).marked(len(lines[name]))]] = True
    result.add_windows(anchors.group[good], anchors.time[good] - span, anchors.time[good])


def _in_order(
    clause: Clause, events: Mapping[str, Places], streams: Mapping[str, Stream], span: int, result: Correlated
) -> None:
    """Mark every event that is part of a chain of all the documents, in order, no longer than *span*."""
    lines = [streams[name].only(events[name]).line for name in clause.wanted]
    if not all(map(len, lines)):
        return
    starts, ends = [lines[0].time], [lines[-1].time]
    begun, ended = [np.ones(len(lines[0]), np.bool_)], [np.ones(len(lines[-1]), np.bool_)]
    for before, line in pairwise(lines):  # the latest start of a chain up to here
        index, there = before.last_until(line.group, line.time)
        starts.append(starts[-1][index])
        begun.append(there & begun[-1][index])
    for after, line in zip(lines[:0:-1], lines[-2::-1], strict=True):  # the earliest end of a chain from here
        index, there = after.first_from(line.group, line.time)
        ends.insert(0, ends[0][index])
        ended.insert(0, there & ended[0][index])
    for name, start, end, a, b in zip(clause.wanted, starts, ends, begun, ended, strict=True):
        good = a & b & (end - start <= span)
        result.taking_part[name][events[name][good]] = True
    result.add_windows(lines[-1].group[good], starts[-1][good], lines[-1].time[good])


def _different_documents(rule: Correlation, streams: Mapping[str, Stream], span: int) -> Correlated:
    """Count the documents that are met within the timespan that ends with each event."""
    assert isinstance(rule.condition, Threshold)
    names = references(rule)
    anchors = _merged([streams[name].line for name in names])
    ranges = {name: streams[name].line.within(anchors.group, anchors.time - span, anchors.time) for name in names}
    met = np.sum([each.sizes > 0 for each in ranges.values()], axis=0)
    good = np.asarray(OPERATORS[rule.condition.op](met, rule.condition.bound), np.bool_)
    result = Correlated.nothing(streams)
    for name, each in ranges.items():
        result.taking_part[name] = each.chosen(good).marked(len(streams[name].line))
    result.add_windows(anchors.group[good], anchors.time[good] - span, anchors.time[good])
    return result


def _counted(
    rule: Correlation, streams: Mapping[str, Stream], span: int, fields: Mapping[str, Sequence[str]]
) -> Correlated:
    """Count or sum over the timespan that ends with each event."""
    assert isinstance(rule.condition, Threshold)
    names = references(rule)
    values = {name: _values(rule.kind, streams[name], fields[name]) for name in names}
    # an event without the counted field takes no part
    events = {
        name: np.array([n for n, value in enumerate(values[name]) if value is not None], np.intp) for name in names
    }
    lines = [streams[name].only(events[name]).line for name in names]
    order, line = _order(lines)
    ranges = line.within(line.group, line.time - span, line.time)
    flat = [values[name][n] for name in names for n in events[name].tolist()]
    fresh = _fresh([(streams[name], events[name]) for name in names], order)
    measured = _measured(rule.kind, [flat[n] for n in order.tolist()], fresh, ranges)
    compare = OPERATORS[rule.condition.op]
    good = np.array([m is not None and compare(m, rule.condition.bound) for m in measured], np.bool_)
    result = Correlated.nothing(streams)
    marked = np.zeros(len(order), np.bool_)
    marked[order] = ranges.chosen(good).marked(len(order))
    for name, part in zip(names, np.split(marked, np.cumsum([len(each) for each in lines])[:-1]), strict=True):
        result.taking_part[name][events[name][part]] = True
    result.add_windows(line.group[good], line.time[good] - span, line.time[good])
    return result


def _values(kind: str, stream: Stream, fields: Sequence[str]) -> list[Any]:
    """Return what each event of *stream* adds: itself, a text, or a number; None where it has nothing to add."""
    if kind == "event_count":
        return [True] * len(stream.line)
    every = stream.events.texts(fields)
    texts = [every[n] for n in stream.index.tolist()]
    if kind == "value_count":
        return [None if key is None else tuple(map(fold, key)) for key in texts]
    if kind not in ("value_sum", "value_avg") or len(fields) != 1:
        raise UnsupportedError(
            lazy_gettext(
                "the correlation type %(kind)s over %(fields)s is not supported", kind=kind, fields=", ".join(fields)
            )
        )
    numbers = [None if key is None else number(key[0]) for key in texts]
    return [None if value is None else Fraction(value) for value in numbers]


def _measured(kind: str, values: Sequence[Any], fresh: Sequence[bool], ranges: Ranges) -> Sequence[Any]:
    if kind == "value_count":
        keys: Sequence[Hashable] = values
        return list(distinct(keys, ranges).tolist())
    counts = np.concatenate([[0], np.cumsum(fresh, dtype=np.intp)])
    sizes = (counts[ranges.high] - counts[ranges.low]).tolist()
    if kind == "event_count":
        return list(sizes)
    # fractions: a running sum of floats would drift
    sums = list(
        accumulate((v if new else Fraction(0) for v, new in zip(values, fresh, strict=True)), initial=Fraction(0))
    )
    totals = [sums[high] - sums[low] for low, high in zip(ranges.low.tolist(), ranges.high.tolist(), strict=True)]
    return totals if kind == "value_sum" else [total / size for total, size in zip(totals, sizes, strict=True)]


def _fresh(parts: Sequence[tuple[Stream, Places]], order: Places) -> list[bool]:
    """Return for each event in *order* whether it is the first that speaks of its row in its group."""
    if len(parts) == 1:
        return [True] * len(order)
    known = [
        (int(stream.line.group[n]), identities[stream.index[n]])
        for stream, events in parts
        for identities in [stream.events.identities()]
        for n in events.tolist()
    ]
    seen: set[Hashable] = set()
    result = []
    for n in order.tolist():
        result.append(known[n] not in seen)
        seen.add(known[n])
    return result


def _order(lines: Sequence[Line]) -> tuple[Places, Line]:
    group = np.concatenate([line.group for line in lines])
    time = np.concatenate([line.time for line in lines])
    order = np.lexsort((time, group))
    return order, Line(group[order], time[order])


def _merged(lines: Any) -> Line:
    return _order(list(lines))[1]
