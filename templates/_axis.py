"""A time axis: where a moment stands between two others, and the few round times between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from claude_evidence.messages import gettext, ngettext
from claude_evidence.templates._clock import EPOCH, as_utc

MOST_TICKS = 5
_DAY = 86_400.0
_STEPS = (60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, *(n * _DAY for n in (1, 2, 7, 14, 30, 91, 365)))


@dataclass(frozen=True, slots=True)
class Tick:
    """A round time: ``x`` per cent of the way, with a short label in UTC."""

    x: float
    label: str


def place(time: datetime, first: datetime, last: datetime) -> float:
    """Return where *time* stands between *first* and *last*, in per cent, never outside of them."""
    span = (last - first).total_seconds()
    return round(min(max((time - first).total_seconds() / span, 0), 1) * 100, 2) if span > 0 else 0.0


def ticks(first: datetime, last: datetime) -> list[Tick]:
    """Return at most `MOST_TICKS` round times between *first* and *last*, both excluded."""
    return list(_ticks(as_utc(first), as_utc(last)))


def _ticks(first: datetime, last: datetime) -> Iterator[Tick]:
    span = (last - first).total_seconds()
    if span <= 0:
        return
    step = next((step for step in _STEPS if span <= MOST_TICKS * step), span / (MOST_TICKS - 1) // _DAY * _DAY)
    form = "%H:%M" if step < _DAY else "%m-%d" if span < 300 * _DAY else "%Y-%m"
    number = (first - EPOCH).total_seconds() // step + 1
    while number * step < (last - EPOCH).total_seconds():
        time = EPOCH + timedelta(seconds=number * step)
        yield Tick(place(time, first, last), time.strftime(form))
        number += 1


def lasting(span: timedelta) -> str:
    """Return a span in its two largest units: ``4 days 3 hours``, ``41 minutes 20 seconds``."""
    minutes, seconds = divmod(max(int(span.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = (
        (days, ngettext("%(num)s day", "%(num)s days", days)),
        (hours, ngettext("%(num)s hour", "%(num)s hours", hours)),
        (minutes, ngettext("%(num)s minute", "%(num)s minutes", minutes)),
        (seconds, ngettext("%(num)s second", "%(num)s seconds", seconds)),
    )
    for number, (count, large) in enumerate(units):
        if count:
            below, small = units[number + 1] if number + 1 < len(units) else (0, "")
            return gettext("%(large)s %(small)s", large=large, small=small) if below else large
    return gettext("less than a second")
