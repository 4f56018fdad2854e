"""Small machines for the ledger: the files of one, and its tables, made without a bundle so that many are cheap."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._session_links import registry_columns, transcript_columns
from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import _tables, kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Rows

IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) for number in range(10)]
LOCAL = [f"local_{name}" for name in IDS]
ACCOUNTS, ORG = (IDS[0], IDS[1]), IDS[2]
HOME = "C/Users/alice"
ROOT = f"{HOME}/AppData/Roaming/Claude"
FOLDERS = ("C--garden", "C--trees-oak", "C--trees-elm")
FORMS = ("ok", "turned", "null", "cut", "empty", "tmp", "null tmp", "tombstone", "quarantined")
CONTEXT = Context(Clock.of(Manifest()))


@dataclass
class Machine:
    """Where each conversation leaves a trace; numbers are places in `IDS`, folders those in `FOLDERS`.

    ``entries`` are (session, form, CLI session, account); ``transcripts`` (CLI session, messages, entrypoint, folder);
    ``leases`` (session, folder); ``live`` (CLI session, entrypoint); ``listed`` (``json``, ``null``, ``tmp`` or
    ``jsonl``, number) stand in our list of files alone; ``mapped`` and ``dropped`` are (session, CLI session).
    """

    entries: list[tuple[int, str, int | None, int]] = field(default_factory=list)
    transcripts: list[tuple[int, bool, str, int]] = field(default_factory=list)
    leases: list[tuple[int, int]] = field(default_factory=list)
    live: list[tuple[int, str]] = field(default_factory=list)
    indexed: list[int] = field(default_factory=list)
    listed: list[tuple[str, int]] = field(default_factory=list)
    spoken: list[int] = field(default_factory=list)
    reused: list[tuple[int, int]] = field(default_factory=list)
    mapped: list[tuple[int, int]] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)


def files(machine: Machine) -> dict[str, tuple[str, bytes]]:
    """Return the machine's files by path, each with its kind."""
    found: dict[str, tuple[str, bytes]] = {}
    for number, form, cli, account in machine.entries:
        name, data = _entry(number, form, cli)
        found[f"{ROOT}/claude-code-sessions/{ACCOUNTS[account]}/{ORG}/{name}"] = ("session_registry", data)
    for cli, spoken, entrypoint, folder in machine.transcripts:
        place = f"{HOME}/.claude/projects/{FOLDERS[folder]}/{IDS[cli]}.jsonl"
        found[place] = ("transcript", _transcript(cli, spoken, entrypoint))
    paths = ("C:\\garden", "C:\\trees\\oak", "C:\\trees\\elm")
    trees = {f"tree-{n}": {"path": paths[folder], "leasedBy": LOCAL[n]} for n, folder in machine.leases}
    found[f"{ROOT}/git-worktrees.json"] = ("worktree", json.dumps({"worktrees": trees}).encode())
    found[f"{ROOT}/config.json"] = ("config", json.dumps({"lastKnownAccountUuid": ACCOUNTS[0]}).encode())
    for pid, (cli, entrypoint) in enumerate(machine.live, 100):
        live = {"sessionId": IDS[cli], "pid": pid, "entrypoint": entrypoint}
        found[f"{HOME}/.claude/sessions/{pid}.json"] = ("cli_session", json.dumps(live).encode())
    index = [{"sessionId": IDS[cli], "fullPath": "x", "messageCount": 2} for cli in machine.indexed]
    found[f"{HOME}/.claude/projects/{FOLDERS[0]}/sessions-index.json"] = (
        "sessions_index",
        json.dumps({"entries": index}).encode(),
    )
    listing = {"format": "claude-evidence/file-inventory/1", "entries": [_listed(*one) for one in machine.listed]}
    found["state/file_inventory.json"] = ("file_inventory", json.dumps(listing).encode())
    text = "".join(f"2026-05-01 10:00:00 [info] {line}\n" for line in _lines(machine))
    found[f"{ROOT}/logs/main.log"] = ("app_log", text.encode())
    return found


def _entry(number: int, form: str, cli: int | None) -> tuple[str, bytes]:
    named = {} if cli is None else {"cliSessionId": IDS[cli]}
    turns = {"completedTurns": 9} if form == "turned" else {}
    data = json.dumps({**named, "sessionId": LOCAL[number], "createdAt": 1_770_000_000_000, **turns}).encode()
    name = f"{LOCAL[number]}.json"
    return {
        "null": (name, b"\0" * 40),
        "cut": (name, data[:-9]),
        "empty": (name, b""),
        "tmp": (f"{name}.tmp", data),
        "null tmp": (f"{name}.tmp", b"\0" * 9),
        "tombstone": (f"deleted_{LOCAL[number]}", b"1770000000000"),
        "quarantined": (f"{name}.unreadable", data),
    }.get(form, (name, data))


def _transcript(cli: int, spoken: bool, entrypoint: str) -> bytes:
    record = {"type": "user" if spoken else "attachment", "sessionId": IDS[cli], "uuid": IDS[0]}
    record |= {"entrypoint": entrypoint, "timestamp": "2026-05-01T10:00:00Z"}
    message = {"message": {"role": "user", "content": "Water."}} if spoken else {}
    return json.dumps(record | message).encode() + b"\n"


def _listed(form: str, number: int) -> dict[str, object]:
    if form == "jsonl":
        return {"path": f"C:\\Users\\alice\\.claude\\projects\\{FOLDERS[0]}\\{IDS[number]}.jsonl", "size_bytes": 9}
    folder = f"C:\\Users\\alice\\AppData\\Roaming\\Claude\\claude-code-sessions\\{ACCOUNTS[0]}\\{ORG}"
    name = f"{LOCAL[number]}.json.tmp" if form == "tmp" else f"{LOCAL[number]}.json"
    start = {} if form == "null" else {"first_non_null_offset": 0}
    return {"path": f"{folder}\\{name}", "size_bytes": 40, "sha256": "0" * 64, **start}


def _lines(machine: Machine) -> Iterator[str]:
    yield "The window's local_storage was read"
    yield from (f"Sending message to session {LOCAL[n]}" for n in machine.spoken)
    yield from (f"[WorktreePool] Reused worktree x for session {LOCAL[a]} (was leased by {LOCAL[b]})"
                for a, b in machine.reused)  # fmt: skip
    yield from (f"Mapping internal session {LOCAL[a]} to CLI session {IDS[b]}" for a, b in machine.mapped)
    yield from (f"clearStaleResumeHandle session={LOCAL[a]} reason=clearSession dropping cliSessionId={IDS[b]}"
                for a, b in machine.dropped)  # fmt: skip
    yield from (f"Deleted session {LOCAL[n]}" for n in machine.deleted)


def write(machine: Machine, folder: Path) -> None:
    """Write the machine's files below *folder*."""
    for path, (_, data) in files(machine).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


@cache
def _empty() -> dict[str, pd.DataFrame]:
    return _tables([])


def tables_of(found: dict[str, tuple[str, bytes]]) -> tuple[dict[str, pd.DataFrame], AppHistory]:
    """Return the tables of files by path, each with its kind, with the joins that the ledger rests on."""
    given: dict[str, list[dict[str, Any]]] = {}
    tables = dict(_empty())
    for path, (kind, data) in found.items():
        parsed = kinds()[kind].parse(BytesIO(data), Member(path, path, len(data)), CONTEXT)
        for name, table in parsed.tables.items():
            if isinstance(table, Rows):
                given.setdefault(name, []).extend(table.rows)
            else:
                tables[name] = table
    columns = {name: own for parser in kinds().values() for name, own in parser.TABLES.items()}
    tables |= {name: Rows(columns[name], rows).frame() for name, rows in given.items() if rows}
    history = AppHistory.of(tables["app_log"])
    tables["session_registry"] = tables["session_registry"].assign(**registry_columns(tables, history, None))
    tables["transcript"] = tables["transcript"].assign(**transcript_columns(tables, history, ()))
    return tables, history
