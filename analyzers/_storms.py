"""How a storm is spread: over days, and over sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from claude_evidence.analyzers._types import Hit
from claude_evidence.evidence_rows import MOST_SESSIONS

STORM = 20
"""Fewer records are all told one by one, or nearly."""
MOST_DAYS = 400
Tables = Mapping[str, pd.DataFrame]
Counts = tuple[tuple[str, int], ...]


def per_day(hit: Hit, tables: Tables) -> Counts:
    """Return records by day (``2026-05-17``), by the wall clock of a log and by UTC else; () for what is no storm.

    Of more than `MOST_DAYS` days the latest are told.
    """
    if hit.count < STORM:
        return ()
    days: Counter[str] = Counter()
    for name, rows in hit.rows.items():
        days.update(_days(tables[name], rows))
    return tuple(sorted(days.items())[-MOST_DAYS:])


def _days(table: pd.DataFrame, rows: Any) -> Mapping[str, int]:
    times = table["TimeCreated"].iloc[rows].dt.tz_localize(None)
    if "LocalTime" in table:
        local = table["LocalTime"].iloc[rows]
        times = local.where(local.notna(), times)
    counts = times.dropna().dt.floor("D").value_counts()
    return {f"{day:%Y-%m-%d}": int(count) for day, count in counts.items()}


def per_session(hit: Hit, tables: Tables) -> Counts:
    """Return records by session, the most frequent first, `MOST_SESSIONS` at most; () for what is no storm."""
    if hit.count < STORM:
        return ()
    sessions: Counter[Any] = Counter()
    for name, rows in hit.rows.items():
        if "SessionId" in tables[name]:
            counts = tables[name]["SessionId"].iloc[rows].dropna().value_counts()
            sessions.update({str(session): int(count) for session, count in counts.items() if count})
    ordered = sorted(sessions.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ordered[:MOST_SESSIONS])
