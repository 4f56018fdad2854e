"""Entries and transcripts that only a listing of files names: rows like those of the files that were read.

A listing tells a file's name and size; our own, with the hash, where its first byte that is not null lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from claude_evidence.analyzers._rows import lower, records

Row = Mapping[str, Any]
_NAMES = r"local_|deleted_|\.jsonl$"
_ENTRY = re.compile(
    r"(?:.*/)?(?P<area>claude-code-sessions|local-agent-mode-sessions)/(?P<account>[^/]+)/(?P<org>[^/]+)/"
    r"(?P<name>(?P<stem>local_[a-z0-9-]{1,64})\.json(?P<tmp>\.tmp)?|deleted_(?P<gone>[a-z0-9_-]{1,80}?)(?:\.json)?)",
    re.IGNORECASE,
)
_TRANSCRIPT = re.compile(r"(?:.*/)?projects/(?P<slug>[^/]+)/(?P<cli>[0-9a-f-]{36})\.jsonl", re.IGNORECASE)
# what joins add, and what only the content would tell
_ENTRY_UNKNOWN: Row = dict.fromkeys(
    ("CliSessionId", "PriorCliSessionIds", "CreatedAt", "LastActivityAt", "DeletedAt", "CompletedTurns", "IsRemote",
     "TranscriptUnavailable", "InnerSessionId", "HasTranscript", "CleanedUp", "TranscriptId")
)  # fmt: skip
_TRANSCRIPT_UNKNOWN: Row = dict.fromkeys(
    ("HasMessages", "NulLineCount", "BadLineCount", "RecordCount", "UserCount", "AssistantCount", "Entrypoint",
     "FirstTime", "LastTime", "HasRegistryEntry", "OwnedByDesktop", "Released", "DeletedByUser")
)  # fmt: skip


def listed(inventory: pd.DataFrame, active: Iterable[str]) -> tuple[list[Row], list[Row]]:
    """Return the registry's entries and the main transcripts that *inventory* lists, as rows of those tables.

    *active* are the accounts that are signed in, lower case, where that is known. ``Listed`` marks the rows.
    """
    accounts = frozenset(active)
    entries: list[Row] = []
    transcripts: list[Row] = []
    for row in _files(inventory):
        path = str(row["Path"]).replace("\\", "/")
        if match := _ENTRY.fullmatch(path):
            entries.append(_entry(row, match, accounts))
        elif match := _TRANSCRIPT.fullmatch(path):
            transcripts.append(_transcript(row, match))
    return entries, transcripts


def _files(inventory: pd.DataFrame) -> Iterator[Row]:
    if inventory.empty:
        return
    named = inventory["Path"].str.contains(_NAMES, case=False, regex=True).to_numpy(dtype=bool, na_value=False)
    yield from (row for row in records(inventory[named]) if not row["IsDirectory"])


def _entry(row: Row, match: re.Match[str], active: frozenset[str]) -> Row:
    gone = match["gone"]
    stem = match["stem"] or (gone if lower(gone).startswith("local_") else f"local_{gone}")
    return {
        **_ENTRY_UNKNOWN,
        **_origin(row),
        "FileName": match["name"],
        "Area": lower(match["area"]),
        "Account": match["account"],
        "Org": match["org"],
        "SessionId": stem,
        "ParseState": "tombstone" if gone else _state(row),
        "IsTmp": bool(match["tmp"]),
        "IsTombstone": bool(gone),
        "IsQuarantined": False,
        "AgeSeconds": _age(row),
        "AccountActive": lower(match["account"]) in active if active else None,
    }


def _state(row: Row) -> str:
    """Return what a listing proves of a file's content: that there is none, that it is null bytes, or nothing."""
    if row["Size"] == 0:
        return "empty"
    return "all_null" if row["Size"] and row["Sha256"] and row["FirstNonNullOffset"] is None else "listed"


def _age(row: Row) -> int | None:
    made, modified = row["TimeCreated"], row["ModifiedAt"]
    return None if made is None or modified is None else int((made - modified).total_seconds())


def _transcript(row: Row, match: re.Match[str]) -> Row:
    empty = {"HasMessages": False} if _state(row) != "listed" else {}
    names = {"CliSessionId": match["cli"], "Slug": match["slug"], "IsSubagent": False}
    return {**_TRANSCRIPT_UNKNOWN, **_origin(row), **names, **empty}


def _origin(row: Row) -> Row:
    return {
        "TimeCreated": row["ModifiedAt"],
        "Member": row["Member"],
        "Record": row["Record"],
        "Path": row["Path"],
        "FileSize": row["Size"],
        "Listed": True,
    }
