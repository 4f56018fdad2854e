"""The timeline as one strip of bars per lane: geometry only, drawn by the template as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from claude_evidence.model import Level, Report, TimelineEntry
from claude_evidence.templates._view import main_finding
from claude_evidence.templates._words import LANES

BINS = 120
HEIGHT = 20.0
_AROUND = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Bar:
    """What happened in one lane within one bin; ``x`` is the bin, ``height`` grows with the logarithm of ``count``."""

    x: int
    height: float
    count: int
    level: Level
    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Bars per lane between two times; ``marks`` are the bins in which the verdict's findings begin."""

    first: datetime
    last: datetime
    lanes: tuple[tuple[str, tuple[Bar, ...]], ...]
    marks: tuple[int, ...]


def strips(report: Report) -> list[Strip]:
    """Return the whole period as a strip and, where that hides it, the minutes around the verdict's main finding."""
    timed = [entry for entry in report.timeline if entry.time is not None]
    if len(timed) < 2:
        return []
    first = min(_time(entry) for entry in timed)
    last = max(entry.until or _time(entry) for entry in timed)
    marks = _starts(report)
    result = [_strip(timed, first, last, marks)]
    main = main_finding(report)
    middle = main.first_seen if main else None
    near = [entry for entry in timed if middle is not None and abs(_time(entry) - middle) <= _AROUND]
    if len(near) > 2 and last - first > 10 * _AROUND:
        result.append(_strip(near, min(map(_time, near)), max(map(_time, near)), marks))
    return result


def _time(entry: TimelineEntry) -> datetime:
    assert entry.time is not None
    return entry.time


def _starts(report: Report) -> list[datetime]:
    wanted = set(report.verdict.findings)
    return [f.first_seen for f in report.findings if f.id in wanted and f.first_seen is not None]


def _strip(entries: Sequence[TimelineEntry], first: datetime, last: datetime, marks: Sequence[datetime]) -> Strip:
    bins: dict[str, dict[int, list[TimelineEntry]]] = {lane: {} for lane in (*LANES, "other")}
    for entry in entries:
        lane = entry.lane if entry.lane in LANES else "other"
        bins[lane].setdefault(_bin(_time(entry), first, last), []).append(entry)
    lanes = tuple(
        (lane, tuple(_bar(x, found) for x, found in sorted(lane_bins.items())))
        for lane, lane_bins in bins.items()
        if lane_bins or lane != "other"
    )
    shown = sorted({_bin(time, first, last) for time in marks if first <= time <= last})
    return Strip(first, last, lanes, tuple(shown))


def _bin(time: datetime, first: datetime, last: datetime) -> int:
    span = (last - first).total_seconds()
    return min(int((time - first).total_seconds() / span * BINS), BINS - 1) if span else 0


def _bar(x: int, entries: Sequence[TimelineEntry]) -> Bar:
    count = sum(max(entry.count, 1) for entry in entries)
    worst = max(entries, key=lambda entry: entry.level.rank)
    height = round(min(8 + 1.2 * log2(count), HEIGHT), 1)
    return Bar(x, height, count, worst.level, _time(worst), worst.text)
