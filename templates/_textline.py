"""The timeline as plain text, for inside a fence: whatever the evidence says, it stays lines of text there.

A diagram language would take words, colons and line breaks of the evidence for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from claude_evidence.messages import gettext, gettext_noop, translated
from claude_evidence.model import Report, TimelineEntry
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._view import bounded_timeline, main_finding
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates._words import SHAPES
from claude_evidence.templates.terminal import columns, padded

WIDTH = 90
"""Characters of a row's own text: longer lines would have to be scrolled to be read."""
MARK = "►"
LANES = {
    "package": gettext_noop("package"),
    "launch": gettext_noop("launch"),
    "app": gettext_noop("app"),
    "sessions": gettext_noop("sessions"),
    "machine": gettext_noop("machine"),
    "other": gettext_noop("other"),
}
"""Short names of the lanes."""


def text_timeline(report: Report, clock: Clock, limit: int) -> str:
    """Return at most *limit* rows in their order, a line each under its day; those of the main finding are marked."""
    main = main_finding(report)
    return "\n".join(_lines(bounded_timeline(report.timeline, limit).shown, clock, main.id if main else ""))


def _lines(entries: Sequence[TimelineEntry], clock: Clock, main: str) -> Iterator[str]:
    lanes = {lane: translated(word) for lane, word in LANES.items()}
    wide = max(map(columns, lanes.values()))
    day = ""
    for entry in entries:
        date, time = _moment(entry, clock)
        if date != day:
            yield f"\n{date}" if day else date
            day = date
        lane = lanes.get(entry.lane, lanes["other"])
        mark = MARK if main and entry.finding == main else " "
        text = visible(clip(entry.text, WIDTH))
        yield f"{mark} {time}  {padded(lane, wide)}  {SHAPES[entry.level]} {text}{_storm(entry, clock)}"


def _moment(entry: TimelineEntry, clock: Clock) -> tuple[str, str]:
    """Return the day, which says whose time it is, and the time of the day."""
    time = entry.time or entry.local_time
    if time is None:
        return gettext("at an unknown time"), "--:--:--"
    date, of_day = _parts(time, clock)
    return f"{date} UTC" if entry.time else gettext("%(date)s local time, zone unknown", date=date), of_day


def _parts(time: datetime, clock: Clock) -> tuple[str, str]:
    date, _, of_day = clock.utc(time).partition(" ")
    return date, of_day


def _storm(entry: TimelineEntry, clock: Clock) -> str:
    if entry.count <= 1:
        return ""
    if entry.until is None:
        return f"  ×{entry.count:,}"
    start = entry.time or entry.local_time
    date, of_day = _parts(entry.until, clock)
    end = of_day if start and _parts(start, clock)[0] == date else f"{date} {of_day}"
    return "  " + gettext("×%(num)s until %(time)s", num=entry.count, time=end)
