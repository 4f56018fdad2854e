"""Every conversation that any table speaks of, each once: what the ledger has a row for.

A conversation has a session id of the app (``local_…``), a CLI session id, or both. The bridge's ``session_01…`` ids
name what a server holds and are no conversations of this machine (#59934).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._rows import lower, pick, records
from claude_evidence.analyzers._session_links import transcript_ids

Row = Mapping[str, Any]
LOCAL = "local_"


@dataclass(slots=True)
class Known:
    """What the evidence holds of one conversation: ``cli_ids`` are all CLI session ids that belong to it.

    ``mentions`` are (table, row) of leases, of the CLI's live registry and of the first log line that names it.
    """

    session_id: str = ""
    cli_ids: set[str] = field(default_factory=set)
    mapped: frozenset[str] = frozenset()
    entries: list[Row] = field(default_factory=list)
    transcripts: list[Row] = field(default_factory=list)
    mentions: list[tuple[str, Row]] = field(default_factory=list)
    deleted: bool = False


def conversations(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> list[Known]:
    """Return every conversation of the joined *tables*, those of the app first."""
    own: dict[str, Known] = {}
    for row in records(tables["session_registry"]):
        known = own.setdefault(lower(row["SessionId"]) or f"file {row['Member']}", Known(row["SessionId"] or ""))
        known.entries.append(row)
    for table, name, mention in _mentions(tables):
        own.setdefault(lower(name), Known(name)).mentions.append((table, mention))
    _linked(own, tables, history)
    return [*own.values(), *_others(own, tables)]


def _mentions(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str, Row]]:
    for row in records(tables["worktree"]):
        if lower(row["LeasedBy"]).startswith(LOCAL):
            yield "worktree", row["LeasedBy"], row
    for name, first in _first_rows(tables["app_log"], "SessionId"):
        if lower(name).startswith(LOCAL):
            yield "app_log", name, first


def _first_rows(log: pd.DataFrame, column: str) -> list[tuple[str, Row]]:
    """Return each value of *column* with the first row that has it."""
    values = log[column].astype("category").cat
    codes, first = np.unique(values.codes.to_numpy(), return_index=True)
    named = codes >= 0
    names = [str(values.categories[code]) for code in codes[named]]
    return list(zip(names, records(pick(log, first[named])), strict=True))


def _linked(own: dict[str, Known], tables: Mapping[str, pd.DataFrame], history: AppHistory) -> None:
    """Give each conversation of the app its CLI session ids and transcripts."""
    transcripts = _transcripts(tables)
    for session, ids in [*transcript_ids(tables, history).items(), *_spoken_of_together(tables["app_log"]).items()]:
        if session and (ids or session in own):
            own.setdefault(session, Known(session)).cli_ids.update(ids)
    for session, known in own.items():
        known.mapped = history.mapped.get(session, frozenset())
        known.deleted = session in history.deleted
        known.transcripts = [transcripts[cli] for cli in sorted(known.cli_ids) if cli in transcripts]


def _spoken_of_together(log: pd.DataFrame) -> dict[str, set[str]]:
    """Return the CLI session ids that stand in one record with a session id, as where a stale one is dropped."""
    both = log.loc[log["CliSessionId"].notna() & log["SessionId"].notna(), ["SessionId", "CliSessionId"]]
    pairs: dict[str, set[str]] = {}
    for session, cli in both.drop_duplicates().itertuples(index=False):
        if lower(session).startswith(LOCAL):
            pairs.setdefault(lower(session), set()).add(lower(cli))
    return pairs


def _transcripts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Row]:
    """Return the main transcripts by id; of several copies the largest counts."""
    rows = [row for row in records(tables["transcript"]) if not row["IsSubagent"]]
    return {lower(row["CliSessionId"]): row for row in sorted(rows, key=lambda row: row["FileSize"] or 0)}


def _others(own: Mapping[str, Known], tables: Mapping[str, pd.DataFrame]) -> Iterable[Known]:
    """Return the conversations that have a CLI session id and no session id of the app."""
    linked = {cli for known in own.values() for cli in known.cli_ids}
    others: dict[str, Known] = {}
    for cli, row in _transcripts(tables).items():
        others.setdefault(cli, Known(cli_ids={cli})).transcripts.append(row)
    live = [(row["SessionId"], row) for row in records(tables["cli_session"]) if row["SessionId"]]
    for table, pairs in (("cli_session", live), ("app_log", _first_rows(tables["app_log"], "CliSessionId"))):
        for name, row in pairs:
            others.setdefault(lower(name), Known(cli_ids={lower(name)})).mentions.append((table, row))
    return [known for cli, known in others.items() if cli not in linked]
