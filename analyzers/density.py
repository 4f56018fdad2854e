"""How much happened when, per lane of the timeline: all dated rows that belong there, however many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._rows import Positions, rows_of
from claude_evidence.analyzers.timeline import STEPS
from claude_evidence.evidence_rows import Density
from claude_evidence.model import Boots

MOST_BINS = 20_000
"""Of one lane: where more seconds than these saw something, the step doubles until they are fewer."""
SESSION_TIMES = {
    "session_registry": ("CreatedAt", "LastActivityAt", "DeletedAt"),
    "transcript": ("FirstTime", "LastTime"),
}
TROUBLE = ("error", "warn")
Seconds = np.ndarray[Any, np.dtype[np.int64]]


def densities(tables: Mapping[str, pd.DataFrame], steps: pd.DataFrame, boots: Boots) -> tuple[Density, ...]:
    """Return one density per lane in which something has a time; *steps* are the timeline's `package_steps`."""
    lanes: dict[str, list[Seconds]] = {}
    for lane, seconds in _seconds(tables, steps, boots):
        lanes.setdefault(lane, []).append(seconds)
    joined = {lane: np.concatenate(parts) for lane, parts in lanes.items()}
    return tuple(_density(lane, seconds) for lane, seconds in joined.items() if len(seconds))


def _seconds(tables: Mapping[str, pd.DataFrame], steps: pd.DataFrame, boots: Boots) -> Iterator[tuple[str, Seconds]]:
    lanes = steps["EventID"].map({number: lane for number, (lane, *_) in STEPS.items()})
    for lane in ("package", "launch"):
        yield lane, _unix(steps["TimeCreated"], np.flatnonzero((lanes == lane).to_numpy(dtype=bool)))
    log = tables["app_log"]
    yield "app", _unix(log["TimeCreated"], rows_of(log["Level"], TROUBLE))
    for table, names in SESSION_TIMES.items():
        for name in names:
            yield "sessions", _unix(tables[table][name])
    yield "machine", np.array([int(boot.time.timestamp()) for boot in boots.entries], dtype=np.int64)


def _unix(times: pd.Series[Any], rows: Positions | None = None) -> Seconds:
    chosen = times.array if rows is None else times.array.take(rows)
    return np.asarray(chosen[~chosen.isna()].asi8 // 1_000_000, dtype=np.int64)


def _density(lane: str, seconds: Seconds) -> Density:
    times = np.sort(seconds)
    doublings = 0
    while np.count_nonzero(np.diff(times >> doublings)) >= MOST_BINS:
        doublings += 1
    times = times >> doublings << doublings
    begins = np.flatnonzero(np.diff(times, prepend=times[0] - 1))
    counts = np.diff(begins, append=len(times))
    return Density(lane, 1 << doublings, tuple(times[begins].tolist()), tuple(counts.tolist()))


__all__ = ["MOST_BINS", "densities"]
