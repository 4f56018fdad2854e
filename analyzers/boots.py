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
from claude_evidence.model import Boot, BootMonth, Boots

KINDS = {
    ("eventlog", 6005): "boot",
    ("eventlog", 6006): "clean shutdown",
    ("eventlog", 6008): "unexpected shutdown",
    ("microsoft-windows-kernel-power", 41): "power loss",
    ("user32", 1074): "restart asked",
}
DAY_S = 86_400
RECENT, MOST_RECENT = 3, 4
MOST_ENTRIES = 500


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
        few = f"{len(gaps) + 1} boots: too few to tell whether they come closer together"
        return None, few if gaps else ""
    before, recent = gaps[:-newest], gaps[-newest:]
    tightening = bool(np.median(recent) <= np.median(before) / 2)
    verb = "come closer together" if tightening else "do not come closer together"
    return tightening, (
        f"Boots {verb}: {min(before):.0f} to {max(before):.0f} days apart before, "
        f"{min(recent):.0f} to {max(recent):.0f} days between the last {newest + 1}"
    )
