"""Sessions seen anywhere are rows: on every sample, and on small random machines."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.analyzers.joins import join
from claude_evidence.analyzers.ledger import CALM, ledger
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Conversation
from claude_evidence.parsers import parse
from claude_evidence.samples.scenario import names
from claude_evidence.templates._view import savings, states

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WORDS = {*CALM, "unsaved (.tmp only)", "null-filled", "truncated", "orphaned", "transcript missing"}
FORMS = ("ok", "null", "cut", "empty", "tmp", "null tmp", "tombstone")
IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) for number in range(10)]
REGISTRY = "C/Users/alice/AppData/Roaming/Claude"
PROJECT = "C/Users/alice/.claude/projects/C--garden"


def account_for(folder: Path) -> tuple[tuple[Conversation, ...], dict[str, pd.DataFrame]]:
    with open_bundle([folder]) as bundle:
        tables, history = join(parse(bundle))
    return ledger(tables, history, {}, {}), tables


@pytest.mark.parametrize("name", names())
def test_every_session_of_a_sample_is_one_row(name: str) -> None:
    rows, tables = account_for(SAMPLES / f"{name}.zip")
    log, registry = tables["app_log"], tables["session_registry"]
    own = {*registry["SessionId"].dropna().str.lower(), *tables["worktree"]["LeasedBy"].dropna().str.lower()}
    own |= {s.lower() for s in log["SessionId"].dropna() if s.startswith("local_")}
    assert Counter(row.session_id.lower() for row in rows if row.session_id) == Counter(own)
    assert {row.state for row in rows} <= WORDS
    assert sum(count for _, count in states(rows)) == len(rows)
    main = tables["transcript"][~tables["transcript"]["IsSubagent"].fillna(False).astype(bool)]
    assert {row.cli_session_id.lower() for row in rows} >= set(main["CliSessionId"].str.lower()) - {""}
    assert all(row.proof and row.evidence for row in rows)
    assert all(row.how for row in rows if row.recoverable != "nothing to do")


def test_the_report_says_what_can_be_saved() -> None:
    rows, _ = account_for(SAMPLES / "sessions-catalogue.zip")
    assert savings(rows) == "Can be saved: 20 wholly, 1 partly, 8 not at all; 6 need nothing."
    assert savings([]) == "None of them needs to be saved."


@dataclass
class Machine:
    """Where each conversation leaves a trace; numbers are places in `IDS`."""

    entries: list[tuple[int, str, int | None]] = field(default_factory=list)
    transcripts: list[tuple[int, bool, str]] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)
    spoken: list[int] = field(default_factory=list)
    mapped: list[tuple[int, int]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)


NUMBER = st.integers(0, 9)
MACHINES = st.builds(
    Machine,
    entries=st.lists(
        st.tuples(NUMBER, st.sampled_from(FORMS), st.none() | NUMBER), max_size=6, unique_by=lambda e: e[:2]
    ),
    transcripts=st.lists(
        st.tuples(NUMBER, st.booleans(), st.sampled_from(["cli", "claude-desktop"])),
        max_size=5,
        unique_by=lambda t: t[0],
    ),
    leases=st.lists(NUMBER, max_size=2, unique=True),
    live=st.lists(NUMBER, max_size=2, unique=True),
    spoken=st.lists(NUMBER, max_size=3),
    mapped=st.lists(st.tuples(NUMBER, NUMBER), max_size=3),
    deleted=st.lists(NUMBER, max_size=2),
)


def put(folder: Path, path: str, data: bytes) -> None:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def write_entry(folder: Path, number: int, form: str, cli: int | None) -> None:
    entry: dict[str, object] = {"sessionId": f"local_{IDS[number]}", "createdAt": 1_770_000_000_000}
    if cli is not None:
        entry = {"cliSessionId": IDS[cli], **entry}
    data = json.dumps(entry).encode()
    name = f"local_{IDS[number]}.json"
    shapes = {
        "ok": (name, data),
        "null": (name, b"\0" * 40),
        "cut": (name, data[:-9]),
        "empty": (name, b""),
        "tmp": (f"{name}.tmp", data),
        "null tmp": (f"{name}.tmp", b"\0" * 9),
        "tombstone": (f"deleted_local_{IDS[number]}", b"1770000000000"),
    }
    file, content = shapes[form]
    put(folder, f"{REGISTRY}/claude-code-sessions/{IDS[0]}/{IDS[1]}/{file}", content)


def write_machine(folder: Path, machine: Machine) -> None:
    written: set[str] = set()
    for number, form, cli in machine.entries:
        kind = f"{number} {'tmp' if 'tmp' in form else form if form == 'tombstone' else 'json'}"
        if kind not in written:
            write_entry(folder, number, form, cli)
        written.add(kind)
    for number, spoken, entrypoint in machine.transcripts:
        record: dict[str, object] = {
            "type": "user" if spoken else "attachment",
            "sessionId": IDS[number],
            "uuid": IDS[0],
        }
        record |= {"entrypoint": entrypoint, "message": {"content": "Water."}, "timestamp": "2026-05-01T10:00:00Z"}
        put(folder, f"{PROJECT}/{IDS[number]}.jsonl", json.dumps(record).encode() + b"\n")
    trees = {f"tree-{n}": {"path": "C:\\garden", "leasedBy": f"local_{IDS[n]}"} for n in machine.leases}
    put(folder, f"{REGISTRY}/git-worktrees.json", json.dumps({"worktrees": trees}).encode())
    for pid, number in enumerate(machine.live, 100):
        put(
            folder,
            f"C/Users/alice/.claude/sessions/{pid}.json",
            json.dumps({"sessionId": IDS[number], "pid": pid}).encode(),
        )
    lines = [f"Sending message to session local_{IDS[n]}" for n in machine.spoken]
    lines += [f"Mapping internal session local_{IDS[a]} to CLI session {IDS[b]}" for a, b in machine.mapped]
    lines += [f"Deleted session local_{IDS[n]}" for n in machine.deleted]
    text = "".join(f"2026-05-01 10:00:00 [info] {line}\n" for line in lines)
    put(folder, f"{REGISTRY}/logs/main.log", text.encode() or b"\n")


@settings(max_examples=60)
@given(MACHINES)
def test_sessions_seen_anywhere_are_rows(machine: Machine) -> None:
    with tempfile.TemporaryDirectory() as name:
        write_machine(Path(name), machine)
        rows, tables = account_for(Path(name))
    own = {n for n, _, _ in machine.entries} | {*machine.leases, *machine.spoken, *machine.deleted}
    own |= {n for n, _ in machine.mapped}
    linked = {IDS[b] for _, b in machine.mapped} | set(tables["session_registry"]["CliSessionId"].dropna())
    alone = {IDS[n] for n, _, _ in machine.transcripts} | {IDS[n] for n in machine.live}
    assert {row.session_id for row in rows if row.session_id} == {f"local_{IDS[n]}" for n in own}
    assert {row.cli_session_id for row in rows if not row.session_id} == alone - linked
    assert len(rows) == len(own) + len(alone - linked) == sum(Counter(row.state for row in rows).values())
    assert {row.state for row in rows} <= WORDS
    assert {row.recoverable for row in rows} <= {"yes", "partly", "no", "nothing to do"}
