"""What followed a file's last write: an app start without a quit before it, or a machine that went down hard."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import QUITS, STARTS, AppHistory, beginning
from claude_evidence.analyzers._rows import stamp
from claude_evidence.messages import gettext_noop, joined, lazy_gettext

RESTART_WITHIN = timedelta(days=1)
QUIET_BEFORE = timedelta(minutes=10)
_AS_AFTER_A_CRASH = gettext_noop("the app started again at %(time)s UTC, with no quit line before it, as after a crash")
_AFTER_A_QUIT = gettext_noop("the app started again at %(time)s UTC, after a normal quit")
_HARD_STOPS, _HARD_SOURCES = [41, 6008], ["EventLog", "Microsoft-Windows-Kernel-Power"]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The times, sorted, at which the app started and quit and the machine came up after a hard stop.

    ``without_zone`` is whether the log has marks and none of them a time that compares with others.
    """

    starts: list[Any]
    quits: list[Any]
    hard_stops: list[Any]
    without_zone: bool

    @classmethod
    def of(cls, events: pd.DataFrame, history: AppHistory) -> Aftermath:
        """Return what *events* and the app's *history* know."""
        marks = history.marks[history.marks["TimeCreated"].notna().to_numpy()]
        hard = events[events["EventID"].isin(_HARD_STOPS) & (events["Channel"] == "System")]
        hard = hard[hard["Provider_Name"].isin(_HARD_SOURCES)]
        return cls(
            _sorted(beginning(marks, STARTS)),
            _sorted(beginning(marks, QUITS)),
            _sorted(hard),
            bool(len(history.marks)) and not len(marks),
        )

    def of_write(self, time: Any) -> str:
        """Say what followed a last write at *time* (None: not known)."""
        if time is None:
            return lazy_gettext("unknown: the file's time was not kept")
        parts = []
        if (start := _next(self.starts, time)) is not None:
            quit_at = bisect_left(self.quits, time - QUIET_BEFORE)
            quiet = quit_at == len(self.quits) or self.quits[quit_at] > start
            parts.append(lazy_gettext(_AS_AFTER_A_CRASH if quiet else _AFTER_A_QUIT, time=stamp(start)))
        elif self.without_zone:
            parts.append(lazy_gettext("log times cannot be compared without a time zone"))
        if (down := _next(self.hard_stops, time)) is not None:
            parts.append(lazy_gettext("the machine came up at %(time)s UTC without a clean shutdown", time=stamp(down)))
        return joined(parts, "; ") if parts else lazy_gettext("no restart seen within a day")


def _next(times: list[Any], time: Any) -> Any:
    """Return the first of *times* from *time* on and within a day, or None."""
    place = bisect_left(times, time)
    return times[place] if place < len(times) and times[place] <= time + RESTART_WITHIN else None


def _sorted(rows: pd.DataFrame) -> list[Any]:
    return rows["TimeCreated"].dropna().sort_values().tolist()
