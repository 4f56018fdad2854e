"""What one line of the app's log means beside others: the part of the joins that serves the failure catalogue.

All of it is made from the few marked rows of `AppHistory`; a log without such rows costs nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory, beginning, category
from claude_evidence.analyzers._payload import claude_events
from claude_evidence.analyzers._rows import lower, moment, records

STEALTH = "Triggering stealth update"
FOUND, READY = "Found an update, downloading", "Update downloaded and ready to install"
UPDATER_OFF = "Disabled: MSIX install"
REFUSED, INITIALIZED = "Cannot initialize sessions", "Initialization succeeded"
REMOVING, REUSED = 'Removing worktree "', "Reused worktree "
NO_SERVERS = ("Closing all (0 servers)", "LocalMcpServerManager: Closing all (0 servers)")
FOCUSED = "LocalSessions.setFocusedSession: sessionId=session_01"
CLI_STARTED = ("Starting local session ", "Mapping internal session ")
SCANNED = "/stats scanning "
LOG_MARKS = (STEALTH, FOUND, READY, UPDATER_OFF, REFUSED, INITIALIZED, REMOVING, REUSED, *NO_SERVERS, FOCUSED, SCANNED)
LOG_COLUMNS = (
    "SecondsToNextStart",
    "StartedAfter",
    "UpdateOutcome",
    "InitializedAfter",
    "LeaseActiveSeconds",
    "OtherHolder",
    "ConfiguredServers",
    "LogFolderState",
    "CliStartedAfter",
    "TranscriptsCounted",
)
LEASED = re.compile(r"leased by (local_[A-Za-z0-9-]{1,64})")
REUSE = re.compile(r"Reused worktree (?P<name>\S{1,200}) for session (?P<session>\S{1,80})")
SCANNING = re.compile(r"/stats scanning \d{1,9}/(\d{1,9}) transcript")
OLD_LOGS = re.compile(r"/(?:localcache/roaming|appdata/roaming)/claude/logs/main\.log$", re.IGNORECASE)
NEW_LOGS = re.compile(r"/appdata/local/claude/logs/main\.log$", re.IGNORECASE)
CREATED = 201
_TAIL = 64
Tables = Mapping[str, pd.DataFrame]
Values = dict[int, Any]


def log_columns(tables: Tables, history: AppHistory, now: datetime | None) -> dict[str, Any]:
    """Return the columns `LOG_COLUMNS` for app_log, each as long as the table.

    ``SecondsToNextStart`` and ``StartedAfter`` tell of a stealth update whether the app came back; ``UpdateOutcome``
    of a download whether it was ever ready (``ready`` or ``none``), where the log says that the updater is off;
    ``InitializedAfter`` of a refusal whether sessions were initialised later; ``LeaseActiveSeconds`` of a removed
    worktree how long before its session last did something; ``OtherHolder`` of a reused worktree which other session
    holds it; ``ConfiguredServers`` how many MCP servers the settings name; ``LogFolderState`` is ``dead`` at the last
    line of a log that the app has left; ``CliStartedAfter`` tells of a remote conversation that was opened whether any
    CLI started later; ``TranscriptsCounted`` of an empty list how many transcripts the app has counted.
    """
    size = len(tables["app_log"])
    after = _after_stealth(history, now)
    values: dict[str, Values] = {
        "SecondsToNextStart": {row: seconds for row, (seconds, _) in after.items() if seconds is not None},
        "StartedAfter": {row: started for row, (_, started) in after.items()},
        "UpdateOutcome": _outcomes(history),
        "InitializedAfter": _initialized(history),
        "LeaseActiveSeconds": _active(tables["app_log"], history),
        "OtherHolder": _holders(tables["session_registry"], history),
        "ConfiguredServers": _configured(tables["config"], history),
        "LogFolderState": _dead_logs(tables),
        "CliStartedAfter": _answered(history),
        "TranscriptsCounted": _counted(history),
    }
    return {name: category(size, values[name]) for name in LOG_COLUMNS}


@dataclass(frozen=True, slots=True)
class _Mark:
    """One marked row: ``row`` is its position in the table, ``time`` its time in UTC, by the wall clock, or None."""

    row: int
    time: Any
    message: str


def _marks(history: AppHistory, prefix: str | tuple[str, ...]) -> list[_Mark]:
    chosen = beginning(history.marks, prefix)
    return [_Mark(int(row["row"]), row["TimeCreated"] or row["LocalTime"], row["Message"]) for row in records(chosen)]


def _after_stealth(history: AppHistory, now: datetime | None) -> dict[int, tuple[int | None, bool]]:
    """Return per stealth update the seconds until the app's next start, or until *now*, and whether it started."""
    triggers = _marks(history, STEALTH)
    if not triggers:
        return {}
    rows = [row for row, _ in history.starts]
    times = {mark.row: mark.time for mark in _marks(history, "Starting app {")}
    result: dict[int, tuple[int | None, bool]] = {}
    for mark in triggers:
        place = bisect_right(rows, mark.row)
        started = place < len(rows)
        until = times.get(rows[place]) if started else now
        result[mark.row] = (_seconds(mark.time, until), started)
    return result


def _seconds(first: Any, last: Any) -> int | None:
    first, last = moment(first), moment(last)
    if first is None or last is None or (first.tzinfo is None) != (last.tzinfo is None):
        return None
    return int((last - first).total_seconds())


def _outcomes(history: AppHistory) -> Values:
    """Return per download, the last one left out, whether an update was ready before the next download began."""
    if not _marks(history, UPDATER_OFF):
        return {}
    found = [mark.row for mark in _marks(history, FOUND)]
    ready = [mark.row for mark in _marks(history, READY)]
    return {
        row: "ready" if bisect_right(ready, row) < bisect_right(ready, after) else "none"
        for row, after in pairwise(found)
    }


def _initialized(history: AppHistory) -> Values:
    last = max((mark.row for mark in _marks(history, INITIALIZED)), default=-1)
    return {mark.row: mark.row < last for mark in _marks(history, REFUSED)}


def _answered(history: AppHistory) -> Values:
    focused = _marks(history, FOCUSED)
    last = int(history.messages.starting(CLI_STARTED).max(initial=-1)) if focused else -1
    return {mark.row: mark.row < last for mark in focused}


def _counted(history: AppHistory) -> Values:
    """Return per list that began empty the most transcripts that the app has counted."""
    counts = [int(match[1]) for mark in _marks(history, SCANNED) if (match := SCANNING.match(mark.message))]
    empty = [mark for mark in _marks(history, INITIALIZED) if mark.message.rstrip().endswith("existingSessions=0")]
    return {mark.row: max(counts) for mark in empty} if counts else {}


def _active(log: pd.DataFrame, history: AppHistory) -> Values:
    """Return per removed worktree the seconds since a line that is not about worktrees last named its session."""
    removed = [(mark, match[1]) for mark in _marks(history, REMOVING) if (match := LEASED.search(mark.message))]
    if not removed:
        return {}
    codes = log["SessionId"].cat.codes.to_numpy()
    names = {lower(name): code for code, name in enumerate(log["SessionId"].cat.categories)}
    about = set(beginning(history.marks, (REMOVING, REUSED))["row"].tolist())
    result: Values = {}
    for mark, session in removed:
        rows = np.flatnonzero(codes[: mark.row] == names.get(lower(session), -2))
        before = next((int(row) for row in rows[::-1] if int(row) not in about), None)
        column = "TimeCreated" if getattr(moment(mark.time), "tzinfo", None) else "LocalTime"
        since = None if before is None else _seconds(_known(log[column].iloc[before]), mark.time)
        if since is not None:
            result[mark.row] = since
    return result


def _known(time: Any) -> Any:
    return None if pd.isna(time) else time


def _holders(registry: pd.DataFrame, history: AppHistory) -> Values:
    """Return per worktree that was given to a session as free the other session, not archived, that works in it."""
    reused = [(mark, match) for mark in _marks(history, REUSED) if (match := REUSE.match(mark.message))]
    if not reused:
        return {}
    holders: dict[str, list[str]] = {}
    for row in records(registry):
        if row["WorktreeName"] and row["ParseState"] == "ok" and not row["IsArchived"]:
            holders.setdefault(lower(row["WorktreeName"]), []).append(str(row["SessionId"]))
    result: Values = {}
    for mark, match in reused:
        others = [s for s in holders.get(lower(match["name"]), []) if lower(s) != lower(match["session"])]
        if others:
            result[mark.row] = others[0]
    return result


def _configured(config: pd.DataFrame, history: AppHistory) -> Values:
    closing = _marks(history, NO_SERVERS)
    if not closing:
        return {}
    counts = config.loc[config["Key"] == "mcpServers.count", "Value"].dropna()
    most = max((int(value) for value in counts if str(value).isdecimal()), default=0)
    return {mark.row: most for mark in closing if most}


def _dead_logs(tables: Tables) -> Values:
    """Return the last row of each main.log in the old folder that the app did not write to any more.

    It has left it where a log in the new folder goes on later, or where Windows made the app's process a day later.
    """
    log = tables["app_log"]
    members = log["Member"].cat.categories
    old = [code for code, name in enumerate(members) if OLD_LOGS.search(name)]
    if not old:
        return {}
    last = _last_rows(log, lambda name: bool(OLD_LOGS.search(name) or NEW_LOGS.search(name)))
    newest = max((time for code, (_, time) in last.items() if code not in old), default=None)
    ran = claude_events(tables["events"], [CREATED])["TimeCreated"].max()
    dead: Values = {}
    for code in old:
        row, time = last.get(code, (-1, pd.NaT))
        left = newest is not None and newest > time
        if row >= 0 and (left or (newest is None and pd.notna(ran) and ran > time + pd.Timedelta(days=1))):
            dead[row] = "dead"
    return dead


def _last_rows(log: pd.DataFrame, chosen: Callable[[str], bool]) -> dict[int, tuple[int, Any]]:
    """Return per member that is *chosen* the position and time of its last row with a time."""
    codes = log["Member"].cat.codes.to_numpy()
    result: dict[int, tuple[int, Any]] = {}
    for code, name in enumerate(log["Member"].cat.categories):
        if chosen(name):
            rows = np.flatnonzero(codes == code)
            tail = rows[-_TAIL:]
            timed = tail[log["TimeCreated"].iloc[tail].notna().to_numpy()]
            row = int(timed[-1]) if len(timed) else -1
            if row >= 0:
                result[code] = (row, log["TimeCreated"].iloc[row])
    return result
