"""The timeline: the package's steps, launches, the app's starts and quits, the machine's boots, and every finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory, beginning
from claude_evidence.analyzers._excerpts import LOG_FACTS, reference
from claude_evidence.analyzers._payload import claude_events, decode
from claude_evidence.analyzers._rows import moment, pick, records
from claude_evidence.messages import gettext_noop, lazy_gettext
from claude_evidence.model import Boots, EvidenceRef, Finding, Level, TimelineEntry

MOST_ENTRIES = 2000
STEPS = {
    208: ("launch", gettext_noop("Process could not be created"), Level.LOW),
    215: ("launch", gettext_noop("Container could not be created"), Level.LOW),
    210: ("launch", gettext_noop("Container created"), Level.INFORMATIONAL),
    217: ("launch", gettext_noop("Container destroyed"), Level.INFORMATIONAL),
    400: ("package", gettext_noop("Deployment finished"), Level.INFORMATIONAL),
    401: ("package", gettext_noop("Deployment failed"), Level.LOW),
    404: ("package", gettext_noop("Deployment failed"), Level.LOW),
    419: ("package", gettext_noop("Apps must be closed first"), Level.LOW),
    472: ("package", gettext_noop("Package folder moved"), Level.INFORMATIONAL),
    603: ("package", gettext_noop("Deployment started"), Level.INFORMATIONAL),
    658: ("package", gettext_noop("Registration deferred: the old version is running"), Level.LOW),
    9648: ("package", gettext_noop("Packaged service terminated"), Level.INFORMATIONAL),
    10000: ("package", gettext_noop("Package disabled for servicing"), Level.INFORMATIONAL),
    10001: ("package", gettext_noop("Package enabled again"), Level.INFORMATIONAL),
}
BOOTS = {
    "boot": (gettext_noop("Boot"), Level.INFORMATIONAL),
    "clean shutdown": (gettext_noop("Clean shutdown"), Level.INFORMATIONAL),
    "unexpected shutdown": (gettext_noop("Unexpected shutdown"), Level.LOW),
    "power loss": (gettext_noop("Power loss"), Level.LOW),
    "restart asked": (gettext_noop("Restart asked"), Level.INFORMATIONAL),
}
SHOWN_FIELDS = (
    "PackageFullName",
    "PackageName",
    "Path",
    "PackageMoniker",
    "PackageMoniker2",
    "SourceFolderPath",
    "String1",
    "String2",
    "filename",
)
TIMES = ("TimeCreated", "LocalTime", "Record")
LANES = {"launch": "launch", "sessions": "sessions"}
APP_MARKS = (
    "beforeQuit",
    "Running onQuitCleanup: local-session-stop-all",
    "Windows session ending",
    "Killing ",
    "Stopping ",
    "Filesystem virtualization active",
    "Filesystem not virtualized",
)


def timeline(
    tables: Mapping[str, pd.DataFrame],
    steps: pd.DataFrame,
    history: AppHistory,
    findings: Iterable[Finding],
    areas: Mapping[str, str],
    boots: Boots,
    hashes: Mapping[str, str],
) -> tuple[TimelineEntry, ...]:
    """Return at most `MOST_ENTRIES` entries in order of time; *steps* are `package_steps`.

    Runs of one text in one lane become one entry with a count.
    """
    drafts = [
        *_events(steps),
        *_app(tables["app_log"], history),
        *(_Draft(entry) for entry in (*_findings(findings, areas), *_boots(boots))),
    ]
    drafts.sort(key=_Draft.order)
    merged = list(_merged(drafts))
    if len(merged) > MOST_ENTRIES:
        weight = sorted(range(len(merged)), key=lambda i: (-merged[i].entry.level.rank, -i))[:MOST_ENTRIES]
        merged = [merged[i] for i in sorted(weight)]
    return tuple(_with_evidence(merged, tables, hashes))


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry whose evidence is not looked up yet: of a storm, few are shown. ``row`` is its position in ``table``."""

    entry: TimelineEntry
    table: str = ""
    row: int = -1
    record: int = 0

    def order(self) -> tuple[bool, str, int, int]:
        entry = self.entry
        record = entry.evidence.record if entry.evidence else self.record
        return entry.time is None, str(entry.time or entry.local_time), -entry.level.rank, record


def _with_evidence(
    drafts: list[_Draft], tables: Mapping[str, pd.DataFrame], hashes: Mapping[str, str]
) -> Iterator[TimelineEntry]:
    """Yield the entries of *drafts* with the references to the rows that they stand for."""
    found: dict[tuple[str, int], EvidenceRef] = {}
    for table, columns in (("events", None), ("app_log", LOG_FACTS)):
        rows = np.array(sorted(draft.row for draft in drafts if draft.table == table), dtype=np.intp)
        for row, record in zip(rows.tolist(), records(pick(tables[table], rows, columns)), strict=True):
            found[table, row] = reference(table, record, hashes)
    for draft in drafts:
        yield replace(draft.entry, evidence=found[draft.table, draft.row]) if draft.table else draft.entry


def package_steps(events: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of *events* that are `STEPS` of Claude's package, with their position as ``row``."""
    return claude_events(events.assign(row=np.arange(len(events))), STEPS)


def _events(steps: pd.DataFrame) -> Iterator[_Draft]:
    for row in records(steps):
        lane, text, level = STEPS[int(row["EventID"])]
        payload = decode(row["EventData"])
        named = [
            str(payload[name]).strip() for name in SHOWN_FIELDS if payload.get(name) and str(payload[name]).strip()
        ][:1]
        details = [
            str(d) for d in (row["Operation"], row["Options"], *named, row["HResult"]) if d and d != "0x00000000"
        ]
        said = lazy_gettext(text)
        if details:
            said = lazy_gettext("%(step)s: %(details)s", step=said, details=" · ".join(details))
        entry = TimelineEntry(moment(row["TimeCreated"]), lane, said, level)
        yield _Draft(entry, "events", row["row"], int(row["Record"]))


def _app(log: pd.DataFrame, history: AppHistory) -> Iterator[_Draft]:
    starts = dict(history.starts)
    told = {row: lazy_gettext("App started, version %(version)s", version=version) for row, version in starts.items()}
    marks = beginning(history.marks, APP_MARKS)
    told |= {
        row: text.splitlines()[0] for row, text in zip(marks["row"].tolist(), marks["Message"].tolist(), strict=True)
    }
    rows = np.array(sorted(told), dtype=np.intp)
    for row, record in zip(rows.tolist(), records(pick(log, rows, TIMES)), strict=True):
        entry = TimelineEntry(moment(record["TimeCreated"]), "app", told[row], local_time=_local(record))
        yield _Draft(entry, "app_log", row, int(record["Record"]))


def _findings(findings: Iterable[Finding], areas: Mapping[str, str]) -> Iterator[TimelineEntry]:
    for finding in findings:
        if finding.first_seen or finding.first_local:
            yield TimelineEntry(
                finding.first_seen,
                LANES.get(areas.get(finding.rule, ""), "app"),
                finding.title,
                finding.level,
                finding.count,
                finding.last_seen,
                finding.first_local,
                finding.id,
                finding.evidence[0] if finding.evidence else None,
            )


def _boots(boots: Boots) -> Iterator[TimelineEntry]:
    for boot in boots.entries:
        text, level = BOOTS[boot.kind]
        yield TimelineEntry(boot.time, "machine", lazy_gettext(text), level, evidence=boot.evidence)


def _merged(drafts: Iterable[_Draft]) -> Iterator[_Draft]:
    """Fold neighbours that say the same in one lane into one entry with a count and an end."""
    first: _Draft | None = None
    count, until = 1, None
    for draft in drafts:
        entry = draft.entry
        if first and not (entry.finding or first.entry.finding) and _told(first.entry) == _told(entry):
            count, until = count + 1, entry.time
            continue
        if first:
            yield _folded(first, count, until)
        first, count, until = draft, 1, None
    if first:
        yield _folded(first, count, until)


def _told(entry: TimelineEntry) -> tuple[str, str]:
    return entry.lane, entry.text


def _folded(first: _Draft, count: int, until: Any) -> _Draft:
    return replace(first, entry=replace(first.entry, count=count, until=until)) if count > 1 else first


def _local(row: Mapping[str, Any]) -> Any:
    return None if row["TimeCreated"] is not None else moment(row["LocalTime"])
