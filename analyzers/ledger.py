"""The ledger: one row per conversation, with its state and what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from claude_evidence.analyzers._excerpts import reference
from claude_evidence.analyzers._rows import lower, moment, records
from claude_evidence.model import Conversation, EvidenceRef

Row = Mapping[str, Any]
FILE_STATES = {
    "all_null": ("null-filled", "every byte of its entry is 0x00"),
    "truncated": ("truncated", "its entry ends before its JSON does"),
    "empty": ("truncated", "its entry is an empty file"),
    "invalid": ("truncated", "its entry is no readable JSON"),
    "tombstone": ("deleted by user", "a tombstone stands in its place"),
}
# What a reader need not look at comes last: a report that is cut short keeps the damaged ones.
CALM = ("unknown", "empty stub", "remote", "deleted by user", "healthy", "CLI only")


def ledger(
    tables: Mapping[str, pd.DataFrame], hashes: Mapping[str, str], findings: Mapping[str, tuple[str, ...]]
) -> tuple[Conversation, ...]:
    """Return one row per session id of the registry and one per transcript that no entry names, the damaged first.

    *findings* maps a member to the ids of the findings that rest on it.
    """
    transcripts = {lower(row["CliSessionId"]): row for row in records(tables["transcript"]) if not row["IsSubagent"]}
    sessions: dict[str, list[Row]] = {}
    for row in records(tables["session_registry"]):
        sessions.setdefault(lower(row["SessionId"]), []).append(row)
    own = [_session(rows, transcripts, hashes) for rows in sessions.values()]
    other = [_unlisted(row, hashes) for row in transcripts.values() if not row["HasRegistryEntry"]]
    return tuple(sorted((_with(findings, row) for row in [*own, *other]), key=_order))


def _with(findings: Mapping[str, tuple[str, ...]], row: Conversation) -> Conversation:
    ids = dict.fromkeys(i for ref in row.evidence for i in findings.get(ref.member, ()))
    return replace(row, findings=tuple(ids))


def _order(conversation: Conversation) -> tuple[int, str, str, str]:
    state = conversation.state
    calm = CALM.index(state) + 1 if state in CALM else 0
    return calm, state, conversation.session_id, conversation.cli_session_id


def _session(rows: list[Row], transcripts: Mapping[str, Row], hashes: Mapping[str, str]) -> Conversation:
    best = min(rows, key=lambda r: (bool(r["IsTmp"]), r["ParseState"] != "ok"))
    cli = str(best["CliSessionId"] or best["TranscriptId"] or "")
    transcript = transcripts.get(lower(cli))
    state, proof = _state(best, transcript)
    return Conversation(
        session_id=str(best["SessionId"] or best["FileName"]),
        cli_session_id=cli,
        state=state,
        proof=proof,
        account=str(best["Account"] or ""),
        created_at=moment(best["CreatedAt"]),
        last_activity_at=moment(best["LastActivityAt"]),
        size_bytes=best["FileSize"],
        transcript_size_bytes=transcript["FileSize"] if transcript else None,
        transcript_records=transcript["RecordCount"] if transcript else None,
        evidence=_refs(
            [("session_registry", row) for row in rows] + ([("transcript", transcript)] if transcript else []), hashes
        ),
    )


def _state(row: Row, transcript: Row | None) -> tuple[str, str]:
    if row["ParseState"] in FILE_STATES:
        return FILE_STATES[str(row["ParseState"])]
    if row["IsTmp"]:
        return "unsaved (.tmp only)", "its entry exists only under the temporary name"
    if row["IsRemote"]:
        return "remote", "its working folder is on another machine"
    if not row["CliSessionId"]:
        return "healthy", "its entry is readable; no CLI was started yet"
    if row["TranscriptUnavailable"]:
        return "transcript missing", "its entry says that the transcript is not on disk"
    if transcript is None:
        missing = row["HasTranscript"] is False and not row["CleanedUp"]
        return (
            ("transcript missing", "no transcript has the id its entry names")
            if missing
            else ("unknown", "its transcript is not in the evidence")
        )
    if not transcript["HasMessages"]:
        return "empty stub", "its transcript holds no message"
    return "healthy", "its entry is readable and its transcript is there"


def _unlisted(row: Row, hashes: Mapping[str, str]) -> Conversation:
    if row["DeletedByUser"] or row["Released"]:
        state, proof = "deleted by user", "the app marked it as deleted or released"
    elif not row["HasMessages"]:
        state, proof = "empty stub", "its transcript holds no message and no entry names it"
    elif row["OwnedByDesktop"] and row["HasRegistryEntry"] is False:
        state, proof = "orphaned", "the app wrote this transcript, and no entry names it"
    elif row["OwnedByDesktop"]:
        state, proof = "unknown", "the app wrote this transcript; its list is not in the evidence"
    else:
        state, proof = "CLI only", "held in a terminal; such conversations have no entry in the app"
    return Conversation(
        session_id="",
        cli_session_id=str(row["CliSessionId"] or ""),
        state=state,
        proof=proof,
        created_at=moment(row["FirstTime"]),
        last_activity_at=moment(row["LastTime"]),
        transcript_size_bytes=row["FileSize"],
        transcript_records=row["RecordCount"],
        evidence=_refs([("transcript", row)], hashes),
    )


def _refs(rows: Iterable[tuple[str, Row]], hashes: Mapping[str, str]) -> tuple[EvidenceRef, ...]:
    return tuple(reference(table, row, hashes) for table, row in rows)
