"""Every dated row of the evidence in order of time, for tools that draw timelines of their own.

A row with several times (a session entry was created, last used, deleted) is as many moments. Rows that only a wall
clock dates, because nobody knows its zone, come last, in its order; rows without any time are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._excerpts import excerpt
from claude_evidence.analyzers._rows import moment, pick, records
from claude_evidence.analyzers._types import Hit
from claude_evidence.model import Evidence, Finding
from claude_evidence.moment import Moment

MEANINGS: Mapping[tuple[str, str], str] = {
    ("events", "TimeCreated"): "Event Logged",
    ("app_log", "TimeCreated"): "Log Entry Written",
    ("session_registry", "TimeCreated"): "File Modified",
    ("session_registry", "CreatedAt"): "Session Created",
    ("session_registry", "LastActivityAt"): "Session Last Used",
    ("session_registry", "LastFocusedAt"): "Session Last Focused",
    ("session_registry", "DeletedAt"): "Session Deleted",
    ("sessions_index", "TimeCreated"): "File Modified",
    ("sessions_index", "NewestEntry"): "Sessions Index Newest Entry",
    ("indexed_session", "TimeCreated"): "Session Last Used",
    ("cli_session", "TimeCreated"): "File Modified",
    ("config", "TimeCreated"): "File Modified",
    ("worktree", "TimeCreated"): "Worktree Created",
    ("transcript", "FirstTime"): "Transcript First Record",
    ("transcript", "LastTime"): "Transcript Last Record",
    ("file_inventory", "CreatedAt"): "File Created",
    ("file_inventory", "ModifiedAt"): "File Modified",
    ("process", "StartedAt"): "Process Started",
}
"""What each time says. The first column of other tables is when the machine was asked for that state."""
FIRST, LAST = "Finding First Seen", "Finding Last Seen"
_AT_ONCE = 1 << 14
_UNKNOWN = np.iinfo(np.int64).max
Rows = np.ndarray[Any, np.dtype[np.int64]]


def moments(evidence: Evidence, hits: Iterable[Hit], findings: Iterable[Finding]) -> Iterator[Moment]:
    """Yield the moments of *evidence*; rows that *hits* rest on name the rules, and *findings* are moments too."""
    found = sorted(_of_findings(findings), key=_key)
    rules = _rules(hits)
    hashes = {member.name: member.sha256 for member in evidence.members}
    place = 0
    for one in _of_rows(evidence.tables, rules, hashes):
        while place < len(found) and _key(found[place]) <= _key(one):
            yield found[place]
            place += 1
        yield one
    yield from found[place:]


def _key(one: Moment) -> tuple[bool, Any]:
    return one.time is None, one.time or one.local_time


def _of_findings(findings: Iterable[Finding]) -> Iterator[Moment]:
    for finding in findings:
        spans = ((FIRST, finding.first_seen, finding.first_local), (LAST, finding.last_seen, finding.last_local))
        for meaning, time, local in spans if finding.count > 1 else spans[:1]:
            if time or local:
                ref = finding.evidence[0 if meaning == FIRST else -1] if finding.evidence else None
                yield Moment(
                    time, meaning, f"{finding.title} ({finding.level}; {finding.count:,})", "finding",
                    ref.member if ref else "", ref.record if ref else 0, ref.sha256 if ref else "",
                    None if time else local, (finding.rule,),
                )  # fmt: skip


def _rules(hits: Iterable[Hit]) -> dict[tuple[str, int], tuple[str, ...]]:
    """Return, per table and row, the rules that rest on it."""
    rules: dict[tuple[str, int], tuple[str, ...]] = {}
    for hit in hits:
        for table, rows in hit.rows.items():
            for row in rows.tolist():
                known = rules.get((table, row), ())
                rules[table, row] = known if hit.document.stem in known else (*known, hit.document.stem)
    return rules


def _of_rows(
    tables: Mapping[str, pd.DataFrame], rules: Mapping[tuple[str, int], tuple[str, ...]], hashes: Mapping[str, str]
) -> Iterator[Moment]:
    sources = [(table, name) for table, name in _columns(tables) if len(tables[table])]
    if not sources:
        return
    times = [_times(number, tables[table], name) for number, (table, name) in enumerate(sources)]
    utc, local, which, row = (np.concatenate(part) for part in zip(*times, strict=True))
    order = np.lexsort((row, which, local, utc))
    order = order[(utc[order] != _UNKNOWN) | (local[order] != _UNKNOWN)]
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        chosen = {}
        for number in np.unique(which[part]).tolist():
            rows = np.unique(row[part][which[part] == number])
            taken = records(pick(tables[sources[number][0]], rows))
            chosen[number] = dict(zip(rows.tolist(), taken, strict=True))
        for number, position in zip(which[part].tolist(), row[part].tolist(), strict=True):
            table, name = sources[number]
            yield _moment(table, name, chosen[number][position], rules.get((table, position), ()), hashes)


def _columns(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    for table in tables:
        own = [name for of, name in MEANINGS if of == table]
        yield from ((table, name) for name in own or ["TimeCreated"])


def _times(number: int, table: pd.DataFrame, name: str) -> tuple[Rows, Rows, Rows, Rows]:
    """Return UTC and wall-clock microseconds (`_UNKNOWN` where there are none), *number* and position of each row."""
    utc = _microseconds(table[name])
    local = np.full(len(table), _UNKNOWN)
    if "LocalTime" in table:
        local = np.where(utc == _UNKNOWN, _microseconds(table["LocalTime"]), _UNKNOWN)
    return utc, local, np.full(len(table), number), np.arange(len(table))


def _microseconds(times: pd.Series[Any]) -> Rows:
    values = times.array.asi8.astype(np.int64)
    return np.where(times.isna().to_numpy(), _UNKNOWN, values)


def _moment(table: str, name: str, row: Mapping[str, Any], rules: tuple[str, ...], hashes: Mapping[str, str]) -> Moment:
    time, member = moment(row[name]), str(row["Member"])
    return Moment(
        time, MEANINGS.get((table, name), "State Collected"), excerpt(table, row), table, member, int(row["Record"]),
        hashes.get(member, ""), None if time else moment(row.get("LocalTime")), rules,
    )  # fmt: skip


__all__ = ["FIRST", "LAST", "MEANINGS", "moments"]
