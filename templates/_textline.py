"""The timeline as plain text, for inside a fence: whatever the evidence says, it stays lines of text there.

A diagram language would take words, colons and line breaks of the evidence for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from claude_evidence.model import Report, TimelineEntry
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._view import bounded_timeline, main_finding
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates._words import LANES, SHAPES, number

WIDTH = 90
"""Characters of a row's own text: longer lines would have to be scrolled to be read."""
MARK = "►"


def text_timeline(report: Report, clock: Clock, limit: int) -> str:
    """Return at most *limit* rows in their order, a line each under its day; those of the main finding are marked."""
    main = main_finding(report)
    return "\n".join(_lines(bounded_timeline(report.timeline, limit).shown, clock, main.id if main else ""))


def _lines(entries: Sequence[TimelineEntry], clock: Clock, main: str) -> Iterator[str]:
    day = ""
    for entry in entries:
        date, time = _moment(entry, clock)
        if date != day:
            yield f"\n{date}" if day else date
            day = date
        lane = entry.lane if entry.lane in LANES else "other"
        mark = MARK if main and entry.finding == main else " "
        text = visible(clip(entry.text, WIDTH))
        yield f"{mark} {time}  {lane:<8}  {SHAPES[entry.level]} {text}{_storm(entry, date, clock)}"


def _moment(entry: TimelineEntry, clock: Clock) -> tuple[str, str]:
    """Return the day, which says whose time it is, and the time of the day."""
    time = entry.time or entry.local_time
    if time is None:
        return "at an unknown time", "--:--:--"
    date, of_day = _parts(time, clock)
    return f"{date} {'UTC' if entry.time else 'local time, zone unknown'}", of_day


def _parts(time: datetime, clock: Clock) -> tuple[str, str]:
    date, _, of_day = clock.utc(time).partition(" ")
    return date, of_day


def _storm(entry: TimelineEntry, day: str, clock: Clock) -> str:
    if entry.count <= 1:
        return ""
    if entry.until is None:
        return f"  ×{number(entry.count)}"
    date, of_day = _parts(entry.until, clock)
    return f"  ×{number(entry.count)} until {of_day if day.startswith(date) else f'{date} {of_day}'}"
