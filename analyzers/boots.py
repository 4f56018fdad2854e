"""The machine's boot cadence from the System log: context for the findings, never a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from claude_evidence.analyzers._excerpts import reference
from claude_evidence.analyzers._rows import records
from claude_evidence.messages import gettext_noop, lazy_gettext, lazy_ngettext
from claude_evidence.model import Boot, BootMonth, Boots

KINDS = {
    ("eventlog", 6005): gettext_noop("boot"),
    ("eventlog", 6006): gettext_noop("clean shutdown"),
    ("eventlog", 6008): gettext_noop("unexpected shutdown"),
    ("microsoft-windows-kernel-power", 41): gettext_noop("power loss"),
    ("user32", 1074): gettext_noop("restart asked"),
}
DAY_S = 86_400
RECENT, MOST_RECENT = 3, 4
MOST_ENTRIES = 500
_CLOSER = gettext_noop(
    "Boots come closer together: %(least)s to %(most)s days apart before, "
    "%(least_now)s to %(most_now)s days between the last %(last)s"
)
_NOT_CLOSER = gettext_noop(
    "Boots do not come closer together: %(least)s to %(most)s days apart before, "
    "%(least_now)s to %(most_now)s days between the last %(last)s"
)


def boots(events: pd.DataFrame, hashes: Mapping[str, str]) -> Boots:
    """Return boots and shutdowns, the median days between boots per month, and whether they come closer together.

    Sources: System 6005/6006/6008 of EventLog, 41 of Kernel-Power, 1074 of User32. A month's median is over the gaps
    that end in it. They tighten where the median of the last three gaps is at most half of the median of all gaps
    before, at least three.
    """
    chosen = events[events["EventID"].isin([number for _, number in KINDS])]
    entries = []
    for row in records(chosen.sort_values("TimeCreated", kind="stable")):
        kind = KINDS.get((str(row["Provider_Name"]).lower(), int(row["EventID"])))
        if kind and row["TimeCreated"] is not None:
            entries.append(Boot(row["TimeCreated"].to_pydatetime(), kind, "", reference("events", row, hashes)))
    starts = [entry.time for entry in entries if entry.kind == "boot"]
    gaps = [(later, (later - earlier).total_seconds() / DAY_S) for earlier, later in pairwise(starts)]
    tightening, summary = _cadence([days for _, days in gaps])
    return Boots(tuple(entries[-MOST_ENTRIES:]), _months(starts, gaps), tightening, summary)


def _months(starts: list[datetime], gaps: list[tuple[datetime, float]]) -> tuple[BootMonth, ...]:
    counts = Counter(f"{start:%Y-%m}" for start in starts)
    days: dict[str, list[float]] = {}
    for end, gap in gaps:
        days.setdefault(f"{end:%Y-%m}", []).append(gap)
    return tuple(
        BootMonth(month, counts[month], round(float(np.median(days[month])), 1) if month in days else None)
        for month in sorted(counts)
    )


def _cadence(gaps: list[float]) -> tuple[bool | None, str]:
    newest = MOST_RECENT if len(gaps) >= 2 * MOST_RECENT else RECENT
    if len(gaps) < 2 * newest:
        few = lazy_ngettext(
            "%(num)s boot: too few to tell whether they come closer together",
            "%(num)s boots: too few to tell whether they come closer together",
            len(gaps) + 1,
        )
        return None, few if gaps else ""
    before, recent = gaps[:-newest], gaps[-newest:]
    tightening = bool(np.median(recent) <= np.median(before) / 2)
    days = {"least": min(before), "most": max(before), "least_now": min(recent), "most_now": max(recent)}
    spans = {name: f"{span:.0f}" for name, span in days.items()}
    return tightening, lazy_gettext(_CLOSER if tightening else _NOT_CLOSER, last=newest + 1, **spans)
