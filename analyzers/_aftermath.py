"""What followed a file's last write: an app start without a quit before it, or a machine that went down hard."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import QUITS, STARTS, AppHistory, beginning

RESTART_WITHIN = timedelta(days=1)
QUIET_BEFORE = timedelta(minutes=10)
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
            return "unknown: the file's time was not kept"
        parts = []
        if (start := _next(self.starts, time)) is not None:
            quit_at = bisect_left(self.quits, time - QUIET_BEFORE)
            quiet = quit_at == len(self.quits) or self.quits[quit_at] > start
            how = "with no quit line before it, as after a crash" if quiet else "after a normal quit"
            parts.append(f"the app started again at {start:%Y-%m-%d %H:%M:%S} UTC, {how}")
        elif self.without_zone:
            parts.append("log times cannot be compared without a time zone")
        if (down := _next(self.hard_stops, time)) is not None:
            parts.append(f"the machine came up at {down:%Y-%m-%d %H:%M:%S} UTC without a clean shutdown")
        return "; ".join(parts) or "no restart seen within a day"


def _next(times: list[Any], time: Any) -> Any:
    """Return the first of *times* from *time* on and within a day, or None."""
    place = bisect_left(times, time)
    return times[place] if place < len(times) and times[place] <= time + RESTART_WITHIN else None


def _sorted(rows: pd.DataFrame) -> list[Any]:
    return rows["TimeCreated"].dropna().sort_values().tolist()
