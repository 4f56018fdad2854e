"""Links between session entries, transcripts, leases and tombstones: the part of the joins that reads session files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from claude_evidence.analyzers._aftermath import Aftermath
from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._rows import lower, records
from claude_evidence.messages import gettext_noop, lazy_gettext, lazy_ngettext

REGISTRY = (
    "TimeCreated",
    "Area",
    "Account",
    "Org",
    "SessionId",
    "ParseState",
    "IsTmp",
    "IsTombstone",
    "LastActivityAt",
)
NAMING = ("SessionId", "CliSessionId", "PriorCliSessionIds", "ParseState")
LEASED, NO_LEASE = gettext_noop("still points at it"), gettext_noop("none")
CLEANUP = timedelta(days=30)
NOT_ALNUM = re.compile(r"[^A-Za-z0-9]")
Tables = Mapping[str, pd.DataFrame]


def registry_columns(tables: Tables, history: AppHistory, now: datetime | None) -> dict[str, Any]:
    """Return the columns that joins add to session_registry."""
    registry, transcripts = tables["session_registry"], _own_transcripts(tables["transcript"])
    entries = records(registry, REGISTRY)
    saved = {_place(row) for row in entries if not row["IsTmp"] and not row["IsTombstone"]}
    accounts = _values(tables["config"], "lastKnownAccountUuid")
    leases = {lease.lower() for lease in tables["worktree"]["LeasedBy"].dropna()}
    linked = transcript_ids(tables, history)
    aftermath = Aftermath.of(tables["events"], history)
    rows = []
    for row in entries:
        session = lower(row["SessionId"])
        cli = linked.get(session, frozenset())
        broken = row["ParseState"] == "all_null"
        rows.append(
            {
                "TmpOnly": bool(row["IsTmp"]) and _place(row) not in saved,
                "HasTranscript": bool(cli & transcripts.keys()) if cli and transcripts else None,
                "AgeSeconds": _age(row["TimeCreated"], now),
                "CleanedUp": _cleaned_up(row, now),
                "AccountActive": lower(row["Account"]) in accounts if accounts and row["Account"] else None,
                "TranscriptState": _transcript_state(cli, transcripts) if broken else None,
                "TranscriptId": _transcript(cli, transcripts).get("CliSessionId") if broken else None,
                "LeaseState": lazy_gettext(LEASED if session in leases else NO_LEASE) if broken else None,
                "AfterState": aftermath.of_write(row["TimeCreated"]) if broken else None,
            }
        )
    return _columns(
        rows,
        {
            "TmpOnly": "boolean",
            "HasTranscript": "boolean",
            "AgeSeconds": "Int64",
            "CleanedUp": "boolean",
            "AccountActive": "boolean",
            # what says something in words: a column of texts would forget its other languages
            "TranscriptState": "object",
            "TranscriptId": "str",
            "LeaseState": "object",
            "AfterState": "object",
        },
        len(registry),
    )


def transcript_columns(tables: Tables, history: AppHistory, released: Iterable[str]) -> dict[str, Any]:
    """Return the columns that joins add to transcript; *released* are the ids with a desktop-released marker."""
    registry = tables["session_registry"]
    linked = transcript_ids(tables, history)
    named = frozenset().union(*linked.values()) if linked else frozenset()
    by_log = frozenset().union(*history.mapped.values()) if history.mapped else frozenset()
    known = named - _only_by_log(tables, history)
    gone = {
        lower(s) for s in registry.loc[registry["IsTombstone"].fillna(False).astype(bool), "SessionId"]
    } | history.deleted
    gone_cli = gone | {cli for session, ids in history.mapped.items() if session in _both_forms(gone) for cli in ids}
    marked = set(released)
    rows = []
    for row in records(tables["transcript"], ("CliSessionId", "Entrypoint")):
        cli = lower(row["CliSessionId"])
        rows.append(
            {
                "OwnedByDesktop": row["Entrypoint"] == "claude-desktop" or cli in by_log,
                "HasRegistryEntry": cli in known if len(registry) else None,
                "Released": cli in marked,
                "DeletedByUser": cli in gone_cli,
            }
        )
    return _columns(
        rows,
        dict.fromkeys(("OwnedByDesktop", "HasRegistryEntry", "Released", "DeletedByUser"), "boolean"),
        len(tables["transcript"]),
    )


def lease_columns(tables: Tables) -> dict[str, Any]:
    """Return the columns that joins add to worktree."""
    registry = tables["session_registry"]
    entries = records(registry, ("SessionId", "ParseState", "IsTmp"))
    readable = {lower(row["SessionId"]) for row in entries if row["ParseState"] == "ok" and not row["IsTmp"]}
    rows = [
        {"LeaseReadable": lower(lease) in readable if isinstance(lease, str) and len(registry) else None}
        for lease in tables["worktree"]["LeasedBy"]
    ]
    return _columns(rows, {"LeaseReadable": "boolean"}, len(rows))


def transcript_ids(tables: Tables, history: AppHistory) -> dict[str, frozenset[str]]:
    """Return, per session id, the CLI session ids that its entry, its .tmp, the log, or its worktree's lease name."""
    links: dict[str, set[str]] = {session: set(ids) for session, ids in history.mapped.items()}
    readable = set()
    for row in records(tables["session_registry"], NAMING):
        session = lower(row["SessionId"])
        links.setdefault(session, set()).update(_named(row))
        if row["ParseState"] == "ok":
            readable.add(session)
    for session, cli in _by_lease(tables, links, readable).items():
        links[session].add(cli)
    return {session: frozenset(ids) for session, ids in links.items()}


def _named(row: Mapping[str, Any]) -> list[str]:
    return [lower(cli) for cli in [row["CliSessionId"], *_split(row["PriorCliSessionIds"])] if isinstance(cli, str)]


def _by_lease(tables: Tables, links: Mapping[str, Set[str]], readable: Set[str]) -> dict[str, str]:
    """Return the transcript that the worktree's lease of an unreadable entry leads to (#59811).

    The worktree's path gives the folder (slug). What lies there proves nothing where several transcripts could be the
    one, where several sessions could have it, where it is another's, or where it was held in a terminal.
    """
    lost = {session for session, ids in links.items() if not ids and session not in readable}
    slugs = _free_transcripts(tables, frozenset().union(*links.values())) if lost else {}
    wanted: dict[str, set[str]] = {}
    for row in records(tables["worktree"], ("LeasedBy", "Path")) if slugs else []:
        if (session := lower(row["LeasedBy"])) in lost and isinstance(row["Path"], str):
            found = slugs.get(NOT_ALNUM.sub("-", row["Path"]).lower(), set())
            wanted.setdefault(session, set()).update(found)
    sure = {session: next(iter(found)) for session, found in wanted.items() if len(found) == 1}
    claims = Counter(cli for found in wanted.values() for cli in found)
    return {session: cli for session, cli in sure.items() if claims[cli] == 1}


def _free_transcripts(tables: Tables, taken: Set[str]) -> dict[str, set[str]]:
    """Return per slug, in lower case, the transcripts that the app may have written and nothing else has a claim to."""
    slugs: dict[str, set[str]] = {}
    columns = ("CliSessionId", "Slug", "Entrypoint", "HasMessages")
    for row in records(_main_transcripts(tables["transcript"]), columns):
        by_app = row["Entrypoint"] in (None, "claude-desktop") and row["HasMessages"] is not False
        if by_app and (cli := lower(row["CliSessionId"])) not in taken:
            slugs.setdefault(lower(row["Slug"]), set()).add(cli)
    return slugs


def _only_by_log(tables: Tables, history: AppHistory) -> frozenset[str]:
    """Return the ids that only the log names, for sessions without any entry: those have no way back in the app."""
    present = {lower(s) for s in tables["session_registry"]["SessionId"]}
    absent = {cli for session, ids in history.mapped.items() if session not in present for cli in ids}
    named = {cli for row in records(tables["session_registry"], NAMING) for cli in _named(row)}
    return frozenset(absent - named)


def _own_transcripts(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    columns = ("CliSessionId", "FileSize", "BadLineCount", "NulLineCount")
    return {lower(row["CliSessionId"]): row for row in records(_main_transcripts(table), columns)}


def _main_transcripts(table: pd.DataFrame) -> pd.DataFrame:
    return table[~table["IsSubagent"].fillna(False).astype(bool)]


def _transcript_state(cli: frozenset[str], transcripts: Mapping[str, Mapping[str, Any]]) -> str:
    if not transcripts:
        return lazy_gettext("no transcripts in the evidence")
    row = _transcript(cli, transcripts)
    if not row:
        return lazy_gettext("not found")
    damaged = int(row["BadLineCount"] or 0) + int(row["NulLineCount"] or 0)
    size = int(row["FileSize"] or 0)
    said = lazy_ngettext("%(num)s byte", "%(num)s bytes", size)
    if not damaged:
        return lazy_gettext("intact (%(size)s)", size=said)
    return lazy_ngettext(
        "damaged in %(num)s line (%(size)s)", "damaged in %(num)s lines (%(size)s)", damaged, size=said
    )


def _transcript(cli: frozenset[str], transcripts: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the row of the largest transcript with one of the ids *cli*; empty where there is none."""
    found = [transcripts[c] for c in sorted(cli) if c in transcripts]
    return max(found, key=lambda row: row["FileSize"] or 0, default={})


def _cleaned_up(row: Mapping[str, Any], now: datetime | None) -> bool | None:
    last = row["LastActivityAt"] or row["TimeCreated"]
    return None if now is None or last is None else bool(last < now - CLEANUP)


def _age(time: Any, now: datetime | None) -> int | None:
    return None if now is None or time is None else int((now - time).total_seconds())


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(lower(row[name]) for name in ("Area", "Account", "Org", "SessionId"))


def _both_forms(ids: Iterable[str]) -> set[str]:
    return {form for i in ids for form in (i, f"local_{i}")}


def _values(config: pd.DataFrame, key: str) -> set[str]:
    return {lower(v) for v in config.loc[config["Key"] == key, "Value"] if isinstance(v, str) and v}


def _split(text: Any) -> list[str]:
    return text.split(",") if isinstance(text, str) and text else []


def _columns(rows: list[dict[str, Any]], dtypes: Mapping[str, str], size: int) -> dict[str, Any]:
    return {
        name: pd.Series([row[name] for row in rows], dtype=dtype, index=range(size)) for name, dtype in dtypes.items()
    }
