"""Sessions seen anywhere are rows, and each row says what proves its state and what can be saved."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._ledger_seen import SOURCES
from claude_evidence.analyzers.joins import join
from claude_evidence.analyzers.ledger import CALM, ledger
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Conversation
from claude_evidence.parsers import parse
from claude_evidence.tally import tally
from claude_evidence.templates._ledger import sums
from tests.analyzers.ledger_machines import FOLDERS, FORMS, IDS, LOCAL, Machine, files, tables_of, write

STATES = {*CALM, "unsaved (.tmp only)", "null-filled", "truncated", "orphaned", "transcript missing"}
SPEAKING = ("ok", "turned", "cut", "tmp", "quarantined")
SAVED = {"yes", "partly", "no", "unknown", "nothing to do"}
Rows = Sequence[Conversation]


def account_for(found: dict[str, tuple[str, bytes]]) -> Rows:
    tables, history = tables_of(found)
    return ledger(tables, history, {}, {})


def ledger_of(machine: Machine) -> Rows:
    return account_for(files(machine))


def one(machine: Machine) -> Conversation:
    (row,) = ledger_of(machine)
    return row


NUMBER, FOLDER = st.integers(0, 5), st.integers(0, len(FOLDERS) - 1)
ENTRYPOINT = st.sampled_from(["cli", "claude-desktop"])
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), max_size=2)


def lists(*parts: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(*parts), max_size=most, unique_by=lambda one: one[0])


MACHINES = st.builds(
    Machine,
    entries=st.lists(st.tuples(NUMBER, st.sampled_from(FORMS), st.none() | NUMBER, st.integers(0, 1)), max_size=4),
    transcripts=lists(NUMBER, st.booleans(), ENTRYPOINT, FOLDER, most=4),
    leases=lists(NUMBER, FOLDER),
    live=lists(NUMBER, ENTRYPOINT, most=2),
    indexed=st.lists(NUMBER, max_size=2),
    listed=st.lists(st.tuples(st.sampled_from(["json", "null", "tmp", "jsonl"]), NUMBER), max_size=2),
    spoken=st.lists(NUMBER, max_size=2),
    reused=PAIRS,
    mapped=PAIRS,
    dropped=PAIRS,
    deleted=st.lists(NUMBER, max_size=1),
)


def expected(machine: Machine, registry: pd.DataFrame) -> set[tuple[str, str]]:
    """Return (session id, "") per conversation of the app and ("", CLI session id) per other one, counted by sets."""
    own = {n for n, *_ in machine.entries} | {n for n, _ in machine.leases}
    own |= {n for pair in machine.reused for n in pair} | {*machine.spoken, *machine.deleted}
    own |= {n for n, _ in [*machine.mapped, *machine.dropped]} | {n for form, n in machine.listed if form != "jsonl"}
    named = {*registry["CliSessionId"].dropna()}
    assert named <= {IDS[cli] for _, form, cli, _ in machine.entries if form in SPEAKING and cli is not None}
    claimed = named | {IDS[cli] for _, cli in [*machine.mapped, *machine.dropped]}
    claimed |= by_lease(machine, registry, claimed)
    seen = {cli for cli, *_ in machine.transcripts} | {cli for cli, _ in machine.live} | {*machine.indexed}
    seen |= {n for form, n in machine.listed if form == "jsonl"}
    return {(LOCAL[n], "") for n in own} | {("", cli) for cli in {IDS[n] for n in seen} - claimed}


def by_lease(machine: Machine, registry: pd.DataFrame, claimed: set[str]) -> set[str]:
    """Return the transcripts that a lease alone gives: one of the app's, wanted by one lost conversation."""
    linked = {LOCAL[n] for n, _ in machine.mapped}  # a link that the app dropped leads nowhere any more
    linked |= {*registry.loc[registry["CliSessionId"].notna() | (registry["ParseState"] == "ok"), "SessionId"]}
    lost = {*registry["SessionId"]} - linked
    free = [(IDS[cli], folder) for cli, spoken, who, folder in machine.transcripts if spoken and who != "cli"]
    wants = {
        LOCAL[n]: [cli for cli, at in free if at == folder and cli not in claimed]
        for n, folder in machine.leases
        if LOCAL[n] in lost
    }
    times = Counter(cli for found in wants.values() for cli in found)
    return {found[0] for found in wants.values() if len(found) == 1 and times[found[0]] == 1}


def check(machine: Machine, tables: dict[str, pd.DataFrame], history: AppHistory) -> None:
    rows = ledger(tables, history, {}, {})
    keys = [(row.session_id, "" if row.session_id else row.cli_session_id) for row in rows]
    assert Counter(keys) == Counter(expected(machine, tables["session_registry"]))
    told = tally(rows)
    for parts in (told.states, told.recoverable, told.counted_in):
        assert sum(parts.values()) == told.seen == len(rows)
    assert set(told.states) <= STATES
    assert set(told.recoverable) <= SAVED
    assert set(told.seen_in) <= set(SOURCES)
    for row in rows:
        assert row.proof
        assert row.evidence
        assert row.seen_in
        assert row.how or row.recoverable == "nothing to do"


@settings(max_examples=30)
@given(MACHINES)
def test_sessions_seen_anywhere_are_rows(machine: Machine) -> None:
    check(machine, *tables_of(files(machine)))


@settings(max_examples=5)
@given(MACHINES)
def test_sessions_seen_anywhere_in_a_tree_are_rows(machine: Machine) -> None:
    with tempfile.TemporaryDirectory() as name:
        write(machine, Path(name))
        with open_bundle([Path(name)]) as bundle:
            tables, history = join(parse(bundle))
    check(machine, tables, history)


APP, TERMINAL = "claude-desktop", "cli"
SPOKEN = [(1, True, APP, 1)]
ONE: dict[str, tuple[Machine, str, str, str]] = {
    "healthy": (Machine([(0, "ok", 1, 0)], SPOKEN), "healthy", "nothing to do", "its transcript is there"),
    "no CLI yet": (Machine([(0, "ok", None, 0)]), "healthy", "nothing to do", "no CLI was started yet"),
    "other account": (Machine([(0, "ok", 1, 1)], SPOKEN), "other account", "nothing to do", "not signed in"),
    "both accounts": (Machine([(0, "ok", 1, 1), (0, "ok", 1, 0)], SPOKEN), "healthy", "nothing to do", ""),
    "tmp": (Machine([(0, "tmp", 1, 0)], SPOKEN), "unsaved (.tmp only)", "yes", "temporary name"),
    "tmp listed": (Machine(listed=[("tmp", 0)]), "unsaved (.tmp only)", "partly", "in a listing"),
    "tmp left": (Machine([(0, "ok", 1, 0), (0, "tmp", 1, 0)], SPOKEN), "healthy", "nothing to do", ""),
    "null": (Machine([(0, "null", None, 0)]), "null-filled", "no", "every byte"),
    "null tmp": (Machine([(0, "null tmp", None, 0)]), "null-filled", "no", "its .tmp"),
    "null beside tmp": (
        Machine([(0, "null", None, 0), (0, "tmp", 1, 0)], SPOKEN), "null-filled", "yes", "its .tmp names",
    ),
    "null mapped": (
        Machine([(0, "null", None, 0)], SPOKEN, mapped=[(0, 1)]), "null-filled", "partly", "the log maps it",
    ),
    "null leased": (
        Machine([(0, "null", None, 0)], SPOKEN, leases=[(0, 1)]), "null-filled", "partly", "its worktree's folder",
    ),
    "null listed": (Machine(listed=[("null", 0)]), "null-filled", "no", "every byte"),
    "listed": (Machine(listed=[("json", 0)]), "unknown", "unknown", "a listing names its entry"),
    "spoken listed": (Machine([(0, "ok", 1, 0)], listed=[("jsonl", 1)]), "healthy", "nothing to do", "by a listing"),
    "transcript listed alone": (Machine(listed=[("jsonl", 1)]), "unknown", "unknown", "only the name"),
    "cut": (Machine([(0, "cut", 1, 0)], SPOKEN), "truncated", "partly", "what is left of the entry names"),
    "empty": (Machine([(0, "empty", None, 0)]), "truncated", "no", "an empty file"),
    "set aside": (Machine([(0, "quarantined", 1, 0)], SPOKEN), "truncated", "partly", "set its entry aside"),
    "relinked": (
        Machine([(0, "ok", 2, 0)], SPOKEN, mapped=[(0, 1)]), "orphaned", "yes", "the log knows its transcript",
    ),
    "unlinked": (Machine([(0, "ok", None, 0)], SPOKEN, mapped=[(0, 1)]), "orphaned", "yes", "names no transcript"),
    "cleared": (
        Machine([(0, "ok", None, 0)], SPOKEN, mapped=[(0, 1)], dropped=[(0, 1)]), "healthy", "nothing to do", "no CLI",
    ),
    "stub": (Machine([(0, "ok", 1, 0)], [(1, False, APP, 0)]), "empty stub", "nothing to do", "no message"),
    "stub with turns": (Machine([(0, "turned", 1, 0)], [(1, False, APP, 0)]), "empty stub", "no", "counts 9 turns"),
    "stub after another": (
        Machine([(0, "turned", 2, 0)], [*SPOKEN, (2, False, APP, 0)], mapped=[(0, 1), (0, 2)]),
        "orphaned", "yes", "the log knows one with messages",
    ),
    "tombstone": (Machine([(0, "tombstone", None, 0)]), "deleted by user", "nothing to do", "tombstone"),
    "tombstone and rest": (
        Machine([(0, "tombstone", None, 0), (0, "null", None, 0)]), "deleted by user", "nothing to do", "tombstone",
    ),
    "deleted in the log": (Machine([(0, "tmp", 1, 0)], deleted=[0]), "deleted by user", "nothing to do", "the log"),
    "app's transcript": (Machine([], SPOKEN), "unknown", "partly", "its list is not in the evidence"),
    "terminal": (Machine([], [(1, True, TERMINAL, 0)]), "CLI only", "nothing to do", "in a terminal"),
    "live": (Machine(live=[(1, TERMINAL)]), "CLI only", "nothing to do", "live registry"),
    "live of the app": (Machine(live=[(1, APP)]), "unknown", "no", "only the CLI's live registry names it"),
    "index": (Machine(indexed=[1]), "unknown", "no", "only the CLI's index of a project names it"),
    "lease and log": (
        Machine(leases=[(0, 0)], spoken=[0]), "unknown", "no", "only a worktree's lease and the log name it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_what_is_said_of_one_conversation(name: str) -> None:
    machine, state, recoverable, proof = ONE[name]
    row = one(machine)
    assert (row.state, row.recoverable) == (state, recoverable), row
    assert proof in row.proof


def test_a_missing_transcript_is_told_from_transcripts_that_were_not_collected() -> None:
    other = [(2, True, TERMINAL, 0)]
    row = next(row for row in ledger_of(Machine([(0, "ok", 1, 0)], other)) if row.session_id)
    assert (row.state, row.recoverable) == ("transcript missing", "no")
    assert one(Machine([(0, "ok", 1, 0)])).state == "unknown"


@pytest.mark.parametrize(
    "transcripts",
    [[(1, True, APP, 1), (2, True, APP, 1)], [(1, True, TERMINAL, 1)], [(1, False, APP, 1)]],
    ids=["two could be it", "held in a terminal", "without a message"],
)
def test_a_lease_gives_no_transcript_by_a_guess(transcripts: Any) -> None:
    rows = ledger_of(Machine([(0, "null", None, 0)], transcripts, leases=[(0, 1)]))
    assert [row.cli_session_id for row in rows if row.session_id] == [""]
    assert len(rows) == 1 + len(transcripts)


def test_a_transcript_that_two_leases_lead_to_is_nobodys() -> None:
    rows = ledger_of(Machine([(0, "null", None, 0), (3, "null", None, 0)], SPOKEN, leases=[(0, 1), (3, 1)]))
    assert sorted(row.cli_session_id for row in rows) == ["", "", IDS[1]]


def test_a_readable_entry_serves_as_template() -> None:
    machine = Machine([(0, "null", None, 0), (3, "ok", None, 0)], SPOKEN, mapped=[(0, 1)])
    (row,) = [row for row in ledger_of(machine) if row.state == "null-filled"]
    assert (row.recoverable, row.how) == (
        "yes",
        "rebuild its entry from the newest readable one and from its transcript",
    )
    assert row.seen_in == ("registry", "transcript", "log")
    assert {ref.member.rpartition("/")[2] for ref in row.evidence} == {
        f"{LOCAL[0]}.json",
        f"{IDS[1]}.jsonl",
        "main.log",
    }


def test_a_listing_in_a_report_is_no_healthy_entry() -> None:
    text = f"# Nothing is saved by Claude\n\n```\n{LOCAL[0]}.json.tmp\n{LOCAL[1]}.json\n```\n"
    rows = account_for({"issue.md": ("pasted", text.encode())})
    assert [(row.session_id, row.state, row.recoverable) for row in rows] == [
        (LOCAL[0], "unsaved (.tmp only)", "partly"),
        (LOCAL[1], "unknown", "unknown"),
    ]
    assert all(row.seen_in == ("file listing",) for row in rows)


def test_sums_in_words() -> None:
    rows = ledger_of(Machine([(0, "ok", 1, 0), (2, "tmp", 3, 0)], SPOKEN, leases=[(4, 0)], live=[(5, TERMINAL)]))
    assert sums(rows) == (
        "4 conversations were seen: 1 CLI only, 1 healthy, 1 unknown, 1 unsaved (.tmp only). "
        "Counted where each was seen first: 1 in the registry, 1 more as .tmp, 1 more in worktree leases, "
        "1 more in the CLI's live registry. Can be saved: 1 wholly, 1 not from this evidence; 2 need nothing."
    )
    assert sums([]) == "0 conversations were seen. None of them needs to be saved."
