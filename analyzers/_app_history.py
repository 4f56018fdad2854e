"""What the app's own log tells of its starts, quits and storage: the part of the joins that reads app_log."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd

from claude_evidence.analyzers._columns import Column
from claude_evidence.analyzers._rows import pick, rows_of
from claude_evidence.messages import Message, gettext_noop, lazy_gettext

VERSION = re.compile(r"appVersion: '([^']{1,40})'")
KILLED = re.compile(r"(?:Killing|Stopping) (\d{1,4}) (?:PTY process tree|active session)")
RENAME = re.compile(r"rename\s+'([^']*)'\s*->\s*'([^']*)'")
OTHER_DRIVE = re.compile(r"^(?:\\\\\?\\)?([a-z]):[\\/]+WpSystem[\\/]", re.IGNORECASE)
ONE_DRIVE = gettext_noop("one drive: the package's virtualised folder")
SECOND_INSTANCE_ROWS = 6
LOADED_NOTHING = "Loaded 0 persisted sessions from"
MAPPED = "Mapping internal session "
MARKS = (
    "Starting app {",
    "Not main instance",
    "Killing ",
    "Stopping ",
    "beforeQuit",
    "Running onQuitCleanup",
    "Windows session ending",
    "Filesystem virtualization active",
    "Filesystem not virtualized",
    LOADED_NOTHING,
    "Deleted session local_",
)
COLUMNS = ("TimeCreated", "LocalTime", "Service", "Message", "SessionId", "CliSessionId")
QUITS = ("beforeQuit", "Running onQuitCleanup", "Windows session ending")
STARTS = ("Starting app {", "Filesystem virtualization active", "Filesystem not virtualized")


@dataclass(frozen=True, slots=True)
class AppHistory:
    """The few rows of app_log that mark starts, quits and links; ``row`` is the position in the table.

    ``messages`` is the log's column of messages, ready to be searched. ``starts`` are (row, version) of main
    instances in order; ``mapped`` maps a session id to the CLI session ids that the log linked it to; ``deleted``
    are session ids that the log says the user deleted.
    """

    marks: pd.DataFrame
    messages: Column
    starts: tuple[tuple[int, str], ...] = ()
    mapped: Mapping[str, frozenset[str]] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, log: pd.DataFrame, more: Sequence[str] = ()) -> AppHistory:
        """Return the history that *log*, the app_log table, tells; *more* are further beginnings of rows to mark."""
        messages = Column.of(log["Message"])
        rows = messages.starting((*MARKS, *more))
        marks = pick(log, rows, COLUMNS).assign(row=rows)
        pairs = pick(log, messages.starting([MAPPED]), ("SessionId", "CliSessionId"))
        own = marks[marks["Service"] == "main"]
        return cls(marks, messages, _starts(own), _mapped(pairs), _ids(marks, "Deleted session local_"))


def _starts(marks: pd.DataFrame) -> tuple[tuple[int, str], ...]:
    """Return the starts of main instances: a second instance logs ``Starting app {`` too and leaves at once."""
    found = [(row, version[1]) for row, text in _rows(marks, "Starting app {") if (version := VERSION.search(text))]
    rows = [row for row, _ in found]
    second = set()
    for left, _ in _rows(marks, "Not main instance"):
        before = bisect_left(rows, left) - 1
        if before >= 0 and left - rows[before] <= SECOND_INSTANCE_ROWS:
            second.add(rows[before])
    return tuple((row, version) for row, version in found if row not in second)


def beginning(marks: pd.DataFrame, prefix: str | tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of *marks* whose message begins with *prefix*, or with one of several."""
    return marks[marks["Message"].str.startswith(prefix).to_numpy(dtype=bool, na_value=False)]


def _rows(marks: pd.DataFrame, prefix: str | tuple[str, ...]) -> list[tuple[int, str]]:
    chosen = beginning(marks, prefix)
    return list(zip(chosen["row"].tolist(), chosen["Message"].tolist(), strict=True))


def _mapped(pairs: pd.DataFrame) -> dict[str, frozenset[str]]:
    distinct = pairs.drop_duplicates().dropna()
    links: dict[str, set[str]] = {}
    for session, cli in zip(distinct["SessionId"].tolist(), distinct["CliSessionId"].tolist(), strict=True):
        links.setdefault(session.lower(), set()).add(cli.lower())
    return {session: frozenset(ids) for session, ids in links.items()}


def _ids(marks: pd.DataFrame, prefix: str) -> frozenset[str]:
    chosen = beginning(marks, prefix)
    return frozenset(s.lower() for s in chosen["SessionId"] if isinstance(s, str))


def app_columns(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> dict[str, Any]:
    """Return the columns that joins add to app_log, each as long as the table."""
    size = len(tables["app_log"])
    killed: dict[int, int] = {}
    versions: dict[int, str] = {}
    for row, number, version in _kills(history):
        killed[row] = number
        if version:
            versions[row] = version
    return {
        "KilledSessions": category(size, killed),
        "NextVersion": category(size, versions),
        "NextStartVersionChanged": category(size, dict.fromkeys(versions, True)),
        "SessionsOnDisk": category(size, _sessions_on_disk(tables, history)),
        "StorageLayout": category(size, _storage(tables)),
    }


def _kills(history: AppHistory) -> list[tuple[int, int, str]]:
    """Return (row, sessions ended, next version or "" where it did not change) for each quit that ended sessions."""
    best: dict[int, tuple[int, int]] = {}
    starts = np.array([row for row, _ in history.starts], dtype=np.int64)
    main = history.marks[history.marks["Service"] == "main"]
    for row, message in _rows(main, ("Killing ", "Stopping ")):
        match = KILLED.match(message)
        if match and int(match[1]):
            run = int(np.searchsorted(starts, row))
            best[run] = max(best.get(run, (0, row)), (int(match[1]), row))
    kills = []
    for run, (number, row) in sorted(best.items()):
        before = history.starts[run - 1][1] if run else ""
        after = history.starts[run][1] if run < len(history.starts) else ""
        kills.append((row, number, after if before and after and before != after else ""))
    return kills


def _sessions_on_disk(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> dict[int, int]:
    """Return, per "Loaded 0 …" row with a known time, how many session files of that folder existed by then."""
    registry = tables["session_registry"]
    files: dict[str, list[Any]] = {}
    listed = [
        (f"{area}/{account}/{org}".lower(), created if created == created else modified)
        for area, account, org, created, modified, tombstone in zip(
            registry["Area"],
            registry["Account"],
            registry["Org"],
            registry["CreatedAt"],
            registry["TimeCreated"],
            registry["IsTombstone"].fillna(False),
            strict=True,
        )
        if not tombstone
    ]
    for place, since in listed:
        if since == since:
            files.setdefault(place, []).append(since)
    for times in files.values():
        times.sort()
    chosen = beginning(history.marks, LOADED_NOTHING)
    counts = {}
    for row, time, message in zip(chosen["row"], chosen["TimeCreated"], chosen["Message"], strict=True):
        if time == time:
            folder = "/".join(
                message[len(LOADED_NOTHING) :].strip().replace("\\", "/").rstrip("/").split("/")[-3:]
            ).lower()
            counts[int(row)] = bisect_left(files.get(folder, ()), time)
    return counts


def _storage(tables: Mapping[str, pd.DataFrame]) -> dict[int, str]:
    """Return, per failed save with EXDEV, whether source and target lie on one drive or on two (#46881, #48362)."""
    log = tables["app_log"]
    rows = rows_of(log["ErrnoCode"], ("EXDEV",))
    if not len(rows):
        return {}
    paths = [str(p) for name in ("session_registry", "file_inventory") for p in tables[name]["Path"].dropna().unique()]
    drives = sorted({match[1].upper() for path in paths if (match := OTHER_DRIVE.match(path))} - {"C"})
    layout = _apps_on(drives[0]) if drives else (lazy_gettext(ONE_DRIVE) if paths else "")
    messages = pick(log, rows, ["Message"])["Message"].tolist()
    layouts = {message: _layout(message, layout) for message in set(messages)}
    return {int(row): text for row, message in zip(rows, messages, strict=True) if (text := layouts[message])}


def _layout(message: str, otherwise: str) -> str:
    match = RENAME.search(message)
    if match is None:
        return otherwise
    source, target = (part[:2].upper() for part in match.groups())
    moved = next((m for part in match.groups() if (m := OTHER_DRIVE.match(part)) and m[1].upper() != "C"), None)
    if moved:
        return _apps_on(moved[1].upper())
    if source[1:] == target[1:] == ":" and source != target:
        return lazy_gettext("two drives: %(source)s and %(target)s", source=source, target=target)
    return otherwise or (lazy_gettext(ONE_DRIVE) if source == target and source[1:] == ":" else "")


def _apps_on(drive: str) -> str:
    return lazy_gettext("two drives: apps are stored on %(drive)s: (WpSystem), the profile on C:", drive=drive)


def category(size: int, values: Mapping[int, Any]) -> Any:
    """Return a column of *size* rows that is missing but for *values*: one small code a row, however long the log."""
    if not values:
        return _missing(size)
    words = sorted(set(values.values()))
    codes = np.full(size, -1, dtype=np.int8 if len(words) < 127 else np.int32)
    places = {word: place for place, word in enumerate(words)}
    for row, value in values.items():
        codes[row] = places[value]
    # a column of texts would forget the other languages of a message
    said = pd.Index(words, dtype=object) if isinstance(words[0], Message) else pd.Index(words)
    return pd.Categorical.from_codes(cast("Any", codes), categories=said)


@lru_cache(maxsize=1)
def _missing(size: int) -> Any:
    """Return the column of *size* rows without a value; most joined columns of most logs are this one."""
    codes = np.full(size, -1, dtype=np.int8)
    codes.flags.writeable = False
    return pd.Categorical.from_codes(cast("Any", codes), categories=pd.Index([], dtype="str"))
