"""What the page's timeline draws when it is zoomed, as JSON: numbers and our own words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise

from claude_evidence.evidence_rows import Density
from claude_evidence.messages import translated
from claude_evidence.model import Report
from claude_evidence.templates._clock import EPOCH, Clock, as_utc
from claude_evidence.templates._words import LANE_WORDS, LANES

_MOST_STEPS = 4000
"""How often a zone is asked for its offset over the whole period, daily at most."""
_DAY_S = 86_400


def timeline_data(report: Report, clock: Clock) -> str:
    """Return ``{"zone", "offsets", "first", "last", "lanes": [[lane, word, step_s, first, delta, count, …]]}``.

    Times are Unix seconds; ``offsets`` are pairs of a time and the offset in seconds that local time has from then on.
    Empty where nothing could be drawn.
    """
    times = {*_marked(report), *(time for one in report.densities for time in (*one.times, _end(one)))}
    if len(times) < 2:
        return ""
    first, last = min(times), max(times)
    by_lane = {density.lane: density for density in report.densities}
    lanes = [[lane, translated(LANE_WORDS[lane]), *_packed(by_lane.get(lane))] for lane in LANES]
    data = {"zone": clock.name, "offsets": list(_offsets(clock, times)), "first": first, "last": last}
    return json.dumps({**data, "lanes": lanes}, ensure_ascii=False, separators=(",", ":"))


def _marked(report: Report) -> Iterator[int]:
    for entry in report.timeline:
        if entry.time is not None:
            yield _unix(entry.time)
            yield _unix(entry.until or entry.time)


def _unix(time: datetime) -> int:
    return (as_utc(time) - EPOCH) // timedelta(seconds=1)


def _end(density: Density) -> int:
    return density.times[-1] + density.step_s


def _packed(density: Density | None) -> list[int]:
    if density is None:
        return [1, 0]
    deltas = [0, *(after - before for before, after in pairwise(density.times))]
    pairs = zip(deltas, density.counts, strict=True)
    return [density.step_s, density.times[0], *chain.from_iterable(pairs)]


def _offsets(clock: Clock, times: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield each time at which the offset of local time changes, to the minute."""
    if clock.zone is None:
        return
    asked = _asked(times)
    before = _offset(clock, asked[0])
    yield asked[0], before
    for low, high in pairwise(asked):
        if (after := _offset(clock, high)) != before:
            while high - low > 60:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(clock, middle) == before else (low, middle)
            yield high, after
            before = after


def _asked(times: Collection[int]) -> list[int]:
    """Return when to ask for the offset: where one stray row makes millennia of a period, daily near the rows only."""
    first, last = min(times), max(times)
    step = max(_DAY_S, (last - first) // _MOST_STEPS)
    near = {time // _DAY_S * _DAY_S + _DAY_S * n for time in times for n in (-1, 0, 1, 2)} if step > _DAY_S else set()
    return sorted({*range(first, last + 2 * step, step), *near})


def _offset(clock: Clock, time: int) -> int:
    try:
        moment = EPOCH + timedelta(seconds=time)
        offset = moment.astimezone(clock.zone).utcoffset()
    except OverflowError:  # outside of what a datetime can hold
        return 0
    return int(offset.total_seconds()) if offset else 0


__all__ = ["timeline_data"]
