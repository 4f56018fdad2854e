"""What one entry of the app's files means beside others: the part of the joins that serves the failure catalogue."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._rows import lower, records
from claude_evidence.analyzers._session_links import transcript_ids

REGISTRY_COLUMNS = ("TranscriptHasMessages", "IdMismatch", "SharedCliSession", "OnlyOtherAccounts")
TRANSCRIPT_COLUMNS = ("IdMismatch", "SidebarLost")
CONFIG_COLUMNS = ("SplitConfig", "ServersBefore")
AUTOSTART_COLUMNS = ("StaleVersion",)
SERVICE_COLUMNS = ("ClaudePackaged",)
INDEX_COLUMNS = ("TranscriptCount", "StaleSeconds")
MANY, TIMES = 10, 3
"""So many conversations without an entry, and so many times those that have one, are a lost list and no stray link."""
CODE = "claude-code-sessions"
SERVERS = "mcpServers.count"
VIRTUAL, REAL = "/localcache/roaming/claude/", "/appdata/roaming/claude/"
DESKTOP_CONFIG = "claude_desktop_config.json"
MCP_SERVER_LOG = re.compile(r"/mcp-server-(?P<server>[^/]+?)\.log$", re.IGNORECASE)
VERSIONED = re.compile(r"\\WindowsApps\\Claude_([0-9.]+)_", re.IGNORECASE)
FAMILY = re.compile(r"Claude_[^_]+_.*_pzs8sxrjxfjjc\Z", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
Tables = Mapping[str, pd.DataFrame]


def registry_links(tables: Tables, history: AppHistory) -> dict[str, Any]:
    """Return the columns `REGISTRY_COLUMNS` for session_registry, which `registry_columns` has been added to."""
    rows = records(tables["session_registry"])
    linked = transcript_ids(tables, history) if rows else {}
    spoken = {lower(row["CliSessionId"]): row["HasMessages"] for row in records(tables["transcript"])}
    live = [row for row in rows if row["ParseState"] == "ok" and not row["IsTmp"]]
    owners: dict[str, set[str]] = {}
    for row in live:
        if row["CliSessionId"]:
            owners.setdefault(lower(row["CliSessionId"]), set()).add(lower(row["SessionId"]))
    active = [row["AccountActive"] for row in live if row["Area"] == CODE]
    elsewhere = bool(active) and all(account is False for account in active)
    found = [
        (
            _any(spoken[cli] for cli in linked.get(lower(row["SessionId"]), ()) if cli in spoken),
            bool(row["InnerSessionId"]) and lower(row["InnerSessionId"]) != lower(row["SessionId"]),
            len(owners.get(lower(row["CliSessionId"]), ())) > 1,
            elsewhere and row["Area"] == CODE and row["ParseState"] == "ok" and not row["IsTmp"],
        )
        for row in rows
    ]
    return _booleans(REGISTRY_COLUMNS, found)


def transcript_links(table: pd.DataFrame) -> dict[str, Any]:
    """Return the columns `TRANSCRIPT_COLUMNS` for transcript, which `transcript_columns` has been added to."""
    rows = records(table)
    lost = [row for row in rows if _unlisted(row)]
    listed = sum(row["HasRegistryEntry"] is True and not row["IsSubagent"] for row in rows)
    gone = len(lost) >= MANY and len(lost) >= TIMES * listed
    return _booleans(TRANSCRIPT_COLUMNS, [(_mismatch(row), gone and _unlisted(row)) for row in rows])


def config_links(tables: Tables, paths: Sequence[str]) -> dict[str, Any]:
    """Return the columns `CONFIG_COLUMNS` for config; *paths* are the host paths of all files of the evidence.

    ``SplitConfig``: the settings exist inside and outside the package's redirection, with different numbers of
    servers. ``ServersBefore``: the settings name no server, and so many servers have left a log.
    """
    table = tables["config"]
    if table.empty:
        return {
            name: pd.Series([], dtype=dtype) for name, dtype in zip(CONFIG_COLUMNS, ("boolean", "Int64"), strict=True)
        }
    counts = {_slashes(path): 0 for path in paths if _slashes(path).endswith(DESKTOP_CONFIG)}
    for row in records(table):
        if row["Key"] == SERVERS and str(row["Value"]).isdecimal():
            counts[_slashes(row["Path"])] = int(row["Value"])
    virtual, real = ({n for path, n in counts.items() if part in path} for part in (VIRTUAL, REAL))
    split = bool(virtual) and bool(real) and virtual != real
    logs = {match["server"].lower() for path in paths if (match := MCP_SERVER_LOG.search(_slashes(path)))}
    before = len(logs) if counts and not any(counts.values()) else 0
    desktop = [_slashes(path).endswith(DESKTOP_CONFIG) for path in table["Path"]]
    return {
        "SplitConfig": pd.Series([split and own for own in desktop], dtype="boolean"),
        "ServersBefore": pd.Series([before if own else 0 for own in desktop], dtype="Int64"),
    }


def autostart_links(tables: Tables) -> dict[str, Any]:
    """Return the columns `AUTOSTART_COLUMNS` for registry_value: whether a value names another version of Claude's
    package than those that are installed."""
    table = tables["registry_value"]
    installed = {str(row["Version"]) for row in _claude_packages(tables) if row["Version"]}
    named = [VERSIONED.search(value) if isinstance(value, str) else None for value in table["Value"]]
    return _booleans(
        AUTOSTART_COLUMNS, [(match[1] not in installed if match and installed else None,) for match in named]
    )


def service_links(tables: Tables, pasted: Set[str]) -> dict[str, Any]:
    """Return the columns `SERVICE_COLUMNS` for service: whether Claude is installed as a package.

    That is unknown only in a report that somebody wrote, a member of *pasted*: evidence that was collected names the
    package where there is one.
    """
    packaged = bool(_claude_packages(tables))
    members = tables["service"]["Member"].tolist()
    rows = [(None if not packaged and member in pasted else packaged,) for member in members]
    return _booleans(SERVICE_COLUMNS, rows)


def _claude_packages(tables: Tables) -> list[dict[str, Any]]:
    return [row for row in records(tables["package"]) if FAMILY.match(str(row["PackageFullName"] or ""))]


def index_links(tables: Tables) -> dict[str, Any]:
    """Return the columns `INDEX_COLUMNS` for sessions_index: what its folder holds, and how far it lies behind."""
    rows = records(tables["sessions_index"])
    if not rows:
        return {name: pd.Series([], dtype="Int64") for name in INDEX_COLUMNS}
    main = [row for row in records(tables["transcript"]) if not row["IsSubagent"]]
    counts = Counter(lower(row["Slug"]) for row in main)
    newest: dict[str, Any] = {}
    for row in main:
        slug, time = lower(row["Slug"]), row["TimeCreated"]
        if time is not None:
            newest[slug] = max(newest.get(slug, time), time)
    stale = [
        int((newest[slug] - row["TimeCreated"]).total_seconds())
        if (slug := lower(row["Slug"])) in newest and row["TimeCreated"] is not None
        else None
        for row in rows
    ]
    return {
        "TranscriptCount": pd.Series([counts[lower(row["Slug"])] for row in rows], dtype="Int64"),
        "StaleSeconds": pd.Series(stale, dtype="Int64"),
    }


def _unlisted(row: Mapping[str, Any]) -> bool:
    own = row["OwnedByDesktop"] and row["HasMessages"] and row["HasRegistryEntry"] is False
    return bool(own) and not (row["IsSubagent"] or row["Released"] or row["DeletedByUser"])


def _mismatch(row: Mapping[str, Any]) -> bool:
    """Return whether the ids inside a transcript do not include the one that its name says."""
    name = lower(row["CliSessionId"])
    inner = {part for part in lower(row["InnerSessionIds"]).split(",") if part}
    return bool(inner) and name not in inner and not row["IsSubagent"] and bool(UUID.match(name))


def _any(values: Iterable[Any]) -> bool | None:
    known = [bool(value) for value in values if value is not None]
    return any(known) if known else None


def _slashes(path: Any) -> str:
    return "/" + lower(path).replace("\\", "/").lstrip("/")


def _booleans(names: tuple[str, ...], rows: Sequence[tuple[bool | None, ...]]) -> dict[str, Any]:
    return {
        name: pd.Series([row[place] for row in rows], dtype="boolean", index=np.arange(len(rows)))
        for place, name in enumerate(names)
    }
