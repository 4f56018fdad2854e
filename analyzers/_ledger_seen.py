"""Every conversation that any table speaks of, each once: what the ledger has a row for.

A conversation has a session id of the app (``local_…``), a CLI session id, or both. The bridge's ``session_01…`` ids
name what a server holds and are no conversations of this machine (#59934).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import MAPPED, AppHistory
from claude_evidence.analyzers._ledger_listed import Row, listed
from claude_evidence.analyzers._ledger_names import first_rows, further_names
from claude_evidence.analyzers._rows import lower, pick, records
from claude_evidence.analyzers._session_links import transcript_ids
from claude_evidence.messages import gettext_noop

LOCAL = "local_"
HAS_DIGIT = re.compile(r"[0-9]")
"""What a log calls ``local_storage`` is no session: their ids are random."""
REGISTRY, TMP, TOMBSTONE = gettext_noop("registry"), ".tmp", gettext_noop("tombstone")
TRANSCRIPT, LISTING, LEASE = gettext_noop("transcript"), gettext_noop("file listing"), gettext_noop("worktree lease")
LIVE, INDEX, LOG = gettext_noop("live CLI registry"), gettext_noop("sessions index"), gettext_noop("log")
SOURCES = (REGISTRY, TMP, TOMBSTONE, TRANSCRIPT, LISTING, LEASE, LIVE, INDEX, LOG)
"""Where a conversation can be seen, what tells most of it first."""
MENTIONS = {"worktree": LEASE, "cli_session": LIVE, "indexed_session": INDEX, "app_log": LOG}


@dataclass(slots=True)
class Known:
    """What the evidence holds of one conversation: ``cli_ids`` are all CLI session ids that belong to it.

    ``mapped`` are those that the log gives it and does not take away again; ``deleted`` is whether the log says that
    the user deleted it. ``mentions`` are (table, row) of leases, of the CLI's live registry, of the CLI's index and of
    the first log line that names it.
    """

    session_id: str = ""
    cli_ids: set[str] = field(default_factory=set)
    mapped: frozenset[str] = frozenset()
    entries: list[Row] = field(default_factory=list)
    transcripts: list[Row] = field(default_factory=list)
    mentions: list[tuple[str, Row]] = field(default_factory=list)
    deleted: bool = False

    @property
    def seen_in(self) -> tuple[str, ...]:
        """Where it was seen, of `SOURCES` and in their order."""
        found = {_source(row) for row in self.entries}
        found |= {LISTING if row.get("Listed") else TRANSCRIPT for row in self.transcripts}
        found |= {MENTIONS[table] for table, _ in self.mentions}
        return tuple(source for source in SOURCES if source in found)

    def add(self, table: str, row: Row) -> None:
        """Take up one more *row* of *table* about it; of the log the first line is enough."""
        if table == "transcript":
            self.transcripts.append(row)
        elif table != "app_log" or all(name != table for name, _ in self.mentions):
            self.mentions.append((table, row))


def _source(entry: Row) -> str:
    if entry.get("Listed") or entry["ParseState"] == "listed":
        return LISTING
    return TOMBSTONE if entry["IsTombstone"] else TMP if entry["IsTmp"] else REGISTRY


def conversations(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> list[Known]:
    """Return every conversation of the joined *tables*, those of the app first."""
    entries, transcripts = _files(tables)
    own: dict[str, Known] = {}
    for row in entries:
        known = own.setdefault(lower(row["SessionId"]) or f"file {row['Member']}", Known(row["SessionId"] or ""))
        known.entries.append(row)
    for table, name, mention in _named(tables, history):
        own.setdefault(lower(name), Known(name)).add(table, mention)
    _link(own, tables, history)
    return [*own.values(), *_others(own, [*(("transcript", *pair) for pair in transcripts.items()), *_spoken(tables)])]


def _files(tables: Mapping[str, pd.DataFrame]) -> tuple[list[Row], dict[str, Row]]:
    """Return the registry's entries and the main transcripts by id, those that were read before the merely listed.

    Of several copies of a transcript the largest counts.
    """
    config = tables["config"]
    active = config.loc[config["Key"] == "lastKnownAccountUuid", "Value"]
    entries, transcripts = listed(tables["file_inventory"], {lower(account) for account in active} - {""})
    read: list[Row] = [*records(tables["session_registry"])]
    places = {_place(row) for row in read}
    main = [row for row in records(tables["transcript"]) if not row["IsSubagent"]]
    by_id: dict[str, Row] = {}
    for rows in (transcripts, main):
        by_id |= {lower(row["CliSessionId"]): row for row in sorted(rows, key=lambda row: row["FileSize"] or 0)}
    return read + [row for row in entries if _place(row) not in places], by_id


def _place(row: Row) -> tuple[str, ...]:
    return tuple(lower(row[name]) for name in ("Area", "Account", "Org", "FileName"))


def _named(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> Iterator[tuple[str, str, Row]]:
    """Yield (table, session id, row) where something else than its files names a conversation of the app."""
    for row in records(tables["worktree"]):
        if lower(row["LeasedBy"]).startswith(LOCAL):
            yield "worktree", row["LeasedBy"], row
    log = tables["app_log"]
    for name, first in (*first_rows(log, "SessionId"), *further_names(log, history)):
        if lower(name).startswith(LOCAL) and HAS_DIGIT.search(name):
            yield "app_log", name, first


def _spoken(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str, Row]]:
    """Yield (table, CLI session id, row) where something else than its transcript names a conversation."""
    for table, column in (("cli_session", "SessionId"), ("indexed_session", "CliSessionId")):
        yield from ((table, lower(row[column]), row) for row in records(tables[table]) if row[column])
    yield from (("app_log", lower(name), row) for name, row in first_rows(tables["app_log"], "CliSessionId"))


def _link(own: dict[str, Known], tables: Mapping[str, pd.DataFrame], history: AppHistory) -> None:
    """Give each conversation of the app its CLI session ids."""
    dropped = _dropped(tables["app_log"], history)
    for links in (transcript_ids(tables, history), dropped):
        for session, ids in links.items():
            if session in own or (ids and session.startswith(LOCAL)):
                own.setdefault(session, Known(session)).cli_ids.update(ids)
    for session, known in own.items():
        known.mapped = history.mapped.get(session, frozenset()) - dropped.get(session, set())
        known.deleted = session in history.deleted


def _dropped(log: pd.DataFrame, history: AppHistory) -> dict[str, set[str]]:
    """Return the CLI session ids that a record names beside a session id other than to map them: it lets them go."""
    named = log["CliSessionId"].notna().to_numpy(copy=True)
    named[history.messages.starting([MAPPED])] = False
    pairs: dict[str, set[str]] = {}
    rows = pick(log, np.flatnonzero(named), ("SessionId", "CliSessionId")).dropna().drop_duplicates()
    for session, cli in zip(rows["SessionId"].tolist(), rows["CliSessionId"].tolist(), strict=True):
        pairs.setdefault(lower(session), set()).add(lower(cli))
    return pairs


def _others(own: Mapping[str, Known], told: Iterable[tuple[str, str, Row]]) -> list[Known]:
    """Give what is *told* of CLI session ids to the conversations that have them, and return those of nobody else."""
    held: dict[str, list[Known]] = {}
    for known in own.values():
        for cli in known.cli_ids:
            held.setdefault(cli, []).append(known)
    others: list[Known] = []
    for table, cli, row in told:
        if cli not in held:
            others.append(Known(cli_ids={cli}))
            held[cli] = others[-1:]
        for known in held[cli]:
            known.add(table, row)
    return others
