"""Facts that only a join can give, as columns, so that rules stay simple selections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory, app_columns
from claude_evidence.analyzers._launches import launch_columns
from claude_evidence.analyzers._log_links import LOG_COLUMNS, LOG_MARKS, log_columns
from claude_evidence.analyzers._session_links import lease_columns, registry_columns, transcript_columns
from claude_evidence.analyzers._state_links import (
    AUTOSTART_COLUMNS,
    CONFIG_COLUMNS,
    INDEX_COLUMNS,
    REGISTRY_COLUMNS,
    SERVICE_COLUMNS,
    TRANSCRIPT_COLUMNS,
    autostart_links,
    config_links,
    index_links,
    registry_links,
    service_links,
    transcript_links,
)
from claude_evidence.model import Evidence, Manifest
from claude_evidence.untrusted import FIRST_TIME, LAST_TIME

Tables = Mapping[str, pd.DataFrame]
# The tables whose times are the host's own; those of state are when it was asked for.
WRITTEN_BY_HOST = frozenset({"events", "app_log", "session_registry", "transcript"})

JOINED: Mapping[str, tuple[str, ...]] = {
    "events": ("StartedAgain", "RecoveredSeconds", "Activation"),
    "app_log": (
        "KilledSessions",
        "NextVersion",
        "NextStartVersionChanged",
        "SessionsOnDisk",
        "StorageLayout",
        *LOG_COLUMNS,
    ),
    "session_registry": (
        "TmpOnly",
        "HasTranscript",
        "AgeSeconds",
        "CleanedUp",
        "AccountActive",
        "TranscriptState",
        "TranscriptId",
        "LeaseState",
        "AfterState",
        *REGISTRY_COLUMNS,
    ),
    "transcript": ("OwnedByDesktop", "HasRegistryEntry", "DeletedByUser", *TRANSCRIPT_COLUMNS),
    "worktree": ("LeaseReadable",),
    "config": CONFIG_COLUMNS,
    "sessions_index": INDEX_COLUMNS,
    "registry_value": AUTOSTART_COLUMNS,
    "service": SERVICE_COLUMNS,
}


def known_fields(columns: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return what a rule may name per table: the *columns* of the parsers and those that joins add."""
    return {table: own | frozenset(JOINED.get(table, ())) for table, own in columns.items()}


def join(evidence: Evidence) -> tuple[dict[str, pd.DataFrame], AppHistory]:
    """Return the tables of *evidence* with the joined columns added, and the app's history; the frames given stay as
    they are.

    `JOINED` names the columns; ``transcript.Released`` is filled in.
    """
    tables = dict(evidence.tables)
    history = AppHistory.of(tables["app_log"], LOG_MARKS)
    now = reference_time(evidence)
    released = {
        m.name.rsplit("/", 1)[-1].removesuffix(".desktop-released.json").lower()
        for m in evidence.members
        if m.name.endswith(".desktop-released.json")
    }
    tables["events"] = _with(tables["events"], launch_columns(tables, history))
    tables["app_log"] = _with(tables["app_log"], {**app_columns(tables, history), **log_columns(tables, history, now)})
    tables["session_registry"] = _with(tables["session_registry"], registry_columns(tables, history, now))
    tables["transcript"] = _with(tables["transcript"], transcript_columns(tables, history, released))
    tables["worktree"] = _with(tables["worktree"], lease_columns(tables))
    tables["session_registry"] = _with(tables["session_registry"], registry_links(tables, history))
    tables["transcript"] = _with(tables["transcript"], transcript_links(tables["transcript"]))
    tables["config"] = _with(tables["config"], config_links(tables, [member.path for member in evidence.members]))
    pasted = {member.name for member in evidence.members if member.kind == "pasted"}
    tables["registry_value"] = _with(tables["registry_value"], autostart_links(tables))
    tables["service"] = _with(tables["service"], service_links(tables, pasted))
    tables["sessions_index"] = _with(tables["sessions_index"], index_links(tables))
    return tables, history


def _with(table: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return *table* with *columns*, each as long: as ``assign`` does, which first copies every column of it."""
    own = {str(name): table[name] for name in table}
    return pd.DataFrame(own | {**columns}, index=table.index, copy=False)


def at_rest(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return joined *tables* without the age of files: on a disk that stands still no save is under way."""
    registry = tables["session_registry"]
    ages = pd.Series([pd.NA] * len(registry), dtype="Int64", index=registry.index)
    return {**tables, "session_registry": registry.assign(AgeSeconds=ages)}


def reference_time(evidence: Evidence) -> datetime | None:
    """Return when the evidence was taken: the manifest's word, else the newest plausible time that any table shows.

    A disk stood still long before it was collected from: then the newest record or file of the host itself counts.
    """
    of_disk = evidence.manifest.host.get("collected_from") == "disk"
    if evidence.manifest.finished_at and not of_disk:
        return evidence.manifest.finished_at
    times = (table["TimeCreated"] for name, table in evidence.tables.items() if not of_disk or name in WRITTEN_BY_HOST)
    newest = [_newest(time) for time in times]
    known = [time.to_pydatetime() for time in newest if time == time]
    return max([*known, *_file_times(evidence.manifest)] if of_disk else known, default=None)


def _newest(times: pd.Series[Any]) -> Any:
    """Return the newest plausible of *times*; NaT where there is none."""
    newest = times.max()
    return times[times.between(FIRST_TIME, LAST_TIME)].max() if newest > LAST_TIME or newest < FIRST_TIME else newest


def _file_times(manifest: Manifest) -> list[datetime]:
    latest = manifest.finished_at
    times = (entry.modified_at for entry in manifest.acquisitions)
    return [time for time in times if time and latest and time <= latest]


def zone_known(tables: Tables) -> bool:
    """Return whether local log times could be turned into UTC; True where no log needs it.

    In the first and the last year there are times that no zone can turn into one that can be held: they tell nothing.
    """
    log = tables["app_log"]
    unknown = log["TimeCreated"].isna().to_numpy()
    if not unknown.any():
        return True
    years = log.loc[unknown, "LocalTime"].dropna().dt.year
    return not bool(((years > MINYEAR) & (years < MAXYEAR)).any())
