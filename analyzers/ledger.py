"""The ledger: one row per conversation seen anywhere, with its state, what proves it and what can be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._excerpts import reference
from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._ledger_seen import Known, conversations
from claude_evidence.analyzers._ledger_states import (
    NOTHING,
    best_entry,
    best_transcript,
    saving,
    state_of,
    template_rows,
)
from claude_evidence.analyzers._rows import lower, moment
from claude_evidence.model import Conversation, EvidenceRef

# What a reader need not look at comes last: a report that is cut short keeps the damaged ones.
CALM = ("unknown", "empty stub", "remote", "other account", "deleted by user", "healthy", "CLI only")


def ledger(
    tables: Mapping[str, pd.DataFrame],
    history: AppHistory,
    hashes: Mapping[str, str],
    findings: Mapping[str, tuple[str, ...]],
) -> tuple[Conversation, ...]:
    """Return one row per conversation that the joined *tables* speak of, the damaged first.

    *findings* maps a member to the ids of the findings that rest on it.
    """
    seen = conversations(tables, history)
    templates = template_rows(row for known in seen for row in known.entries)
    return tuple(sorted((conversation(known, templates, hashes, findings) for known in seen), key=_order))


def _order(conversation: Conversation) -> tuple[int, str, str, str]:
    state = conversation.state
    told = state == "unknown" or conversation.recoverable == NOTHING
    return (
        CALM.index(state) + 1 if told and state in CALM else 0,
        state,
        conversation.session_id,
        conversation.cli_session_id,
    )


def conversation(
    known: Known,
    templates: Sequence[Row],
    hashes: Mapping[str, str],
    findings: Mapping[str, tuple[str, ...]] | None = None,
) -> Conversation:
    """Return the ledger's row of one conversation."""
    said = state_of(known)
    entry, transcript = best_entry(known), best_transcript(known, said.cli_id)
    if transcript is not None and entry is not None and lower(transcript["CliSessionId"]) != said.cli_id:
        transcript = None  # of a CLI session that came before
    recoverable, how = saving(known, said, templates)
    times = _times(entry, transcript)
    files = [str(row["Member"]) for row in [*known.entries, *([transcript] if transcript else [])]]
    return Conversation(
        session_id=known.session_id or (str(entry["FileName"]) if entry else ""),
        cli_session_id=_cli(entry, transcript, said.cli_id),
        state=said.state,
        proof=said.proof,
        account=str(entry["Account"] or "") if entry else "",
        created_at=moment(times[0]),
        last_activity_at=moment(times[1]),
        size_bytes=entry["FileSize"] if entry else None,
        transcript_size_bytes=transcript["FileSize"] if transcript else None,
        transcript_records=transcript["RecordCount"] if transcript else None,
        findings=tuple(dict.fromkeys(i for member in files for i in (findings or {}).get(member, ()))),
        evidence=_refs(known, entry, transcript, hashes),
        recoverable=recoverable,
        how=how,
        seen_in=known.seen_in,
    )


def _cli(entry: Row | None, transcript: Row | None, otherwise: str) -> str:
    """Return the CLI session id as it is written where it is written."""
    for row in (transcript, entry):
        if row and lower(row["CliSessionId"]) == otherwise:
            return str(row["CliSessionId"] or "")
    return otherwise


def _times(entry: Row | None, transcript: Row | None) -> tuple[Any, Any]:
    if entry is not None:
        return entry["CreatedAt"], entry["LastActivityAt"]
    return (transcript["FirstTime"], transcript["LastTime"]) if transcript else (None, None)


def _refs(
    known: Known, entry: Row | None, transcript: Row | None, hashes: Mapping[str, str]
) -> tuple[EvidenceRef, ...]:
    """Return the records that the row rests on: its files, and who else names it where they alone do not prove it."""
    rows = [(_table(row, "session_registry"), row) for row in known.entries]
    if transcript is not None:
        rows.append((_table(transcript, "transcript"), transcript))
    mentions = [] if _proved(entry, transcript) else known.mentions
    return tuple(reference(table, row, hashes) for table, row in [*rows, *mentions])


def _proved(entry: Row | None, transcript: Row | None) -> bool:
    """Return whether an entry and its transcript, or a transcript without any entry, speak for themselves."""
    if entry is None or transcript is None:
        return transcript is not None
    return entry["ParseState"] == "ok" and lower(entry["CliSessionId"]) == lower(transcript["CliSessionId"])


def _table(row: Row, otherwise: str) -> str:
    return "file_inventory" if row.get("Listed") else otherwise
