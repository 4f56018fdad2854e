"""Joined facts, from frames written here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from claude_evidence.analyzers.joins import JOINED, join, zone_known
from claude_evidence.model import Evidence, Manifest, Member
from claude_evidence.parsers import kinds
from claude_evidence.parsers._contract import frame

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
S1, S2 = "local_11111111-1111-4111-8111-111111111111", "local_22222222-2222-4222-8222-222222222222"
C1, C2 = "aaaaaaaa-1111-4111-8111-111111111111", "bbbbbbbb-2222-4222-8222-222222222222"
Rows = list[dict[str, Any]]


def tables(**given: Rows) -> dict[str, pd.DataFrame]:
    declared = {name: columns for parser in kinds().values() for name, columns in parser.TABLES.items()}
    return {name: frame(columns, given.get(name, []), Member("m", "m", 1)) for name, columns in declared.items()}


def joined(**given: Rows) -> Mapping[str, pd.DataFrame]:
    return join(Evidence(Manifest(finished_at=NOW), tables(**given)))[0]


def entry(session: str = S1, cli: str | None = C1, **more: Any) -> dict[str, Any]:
    return {
        "TimeCreated": NOW - timedelta(hours=1),
        "Area": "claude-code-sessions",
        "Account": "A",
        "Org": "O",
        "SessionId": session,
        "CliSessionId": cli,
        "ParseState": "ok",
        "IsTmp": False,
        "IsTombstone": False,
        "CreatedAt": NOW - timedelta(days=2),
        "LastActivityAt": NOW - timedelta(hours=1),
        "FileName": f"{session}.json",
        "FileSize": 10,
    } | more


def transcript(cli: str = C1, **more: Any) -> dict[str, Any]:
    return {
        "CliSessionId": cli,
        "HasMessages": True,
        "IsSubagent": False,
        "Entrypoint": "claude-desktop",
        "FileSize": 5,
        "BadLineCount": 0,
        "NulLineCount": 0,
        "Slug": "C--x",
    } | more


def line(message: str, minutes: int = 0, **more: Any) -> dict[str, Any]:
    time = NOW - timedelta(hours=3) + timedelta(minutes=minutes)
    return {
        "TimeCreated": time,
        "LocalTime": time.replace(tzinfo=None),
        "Service": "main",
        "Level": "info",
        "Component": "",
        "Message": message,
        "LineCount": 1,
    } | more


def test_tmp_only_needs_a_missing_json() -> None:
    rows = [entry(), entry(IsTmp=True), entry(S2, IsTmp=True), entry(S2, Org="P")]
    assert joined(session_registry=rows)["session_registry"]["TmpOnly"].tolist() == [False, False, True, False]


def test_transcript_is_found_by_id_and_unknown_without_transcripts() -> None:
    rows = [entry(cli=C1.upper()), entry(S2, C2)]
    got = joined(session_registry=rows, transcript=[transcript()])["session_registry"]
    assert got["HasTranscript"].tolist() == [True, False]
    assert joined(session_registry=rows)["session_registry"]["HasTranscript"].isna().all()


def test_transcript_counts_as_listed_by_entry_prior_ids_or_tmp() -> None:
    transcripts = [transcript(C1), transcript(C2), transcript("cccc")]
    rows = [entry(IsTmp=True), entry(S2, "dddd", PriorCliSessionIds=f"eeee,{C2}")]
    got = joined(session_registry=rows, transcript=transcripts)["transcript"]
    assert got["HasRegistryEntry"].tolist() == [True, True, False]


def test_log_makes_a_transcript_the_apps_own_and_tells_what_was_deleted() -> None:
    log = [
        line(f"Mapping internal session {S2} to CLI session {C2}", SessionId=S2, CliSessionId=C2),
        line(f"Deleted session {S2}", SessionId=S2),
    ]
    got = joined(
        session_registry=[entry()],
        transcript=[transcript(C2, Entrypoint="cli"), transcript("cccc", Entrypoint="cli")],
        app_log=log,
    )
    assert got["transcript"]["OwnedByDesktop"].tolist() == [True, False]
    assert got["transcript"]["DeletedByUser"].tolist() == [True, False]
    assert got["transcript"]["HasRegistryEntry"].tolist() == [False, False]


def test_all_null_entry_finds_its_transcript_through_the_lease() -> None:
    broken = entry(cli=None, ParseState="all_null", CreatedAt=None, LastActivityAt=None)
    lease = {"Name": "fox", "Path": r"C:\repo\.claude\worktrees\fox", "LeasedBy": S1}
    got = joined(
        session_registry=[broken], transcript=[transcript(Slug="C--repo--claude-worktrees-fox")], worktree=[lease]
    )
    row = got["session_registry"].iloc[0]
    assert row["TranscriptState"].startswith("intact")
    assert row["TranscriptId"] == C1
    assert row["LeaseState"] == "still points at it"
    assert got["transcript"]["HasRegistryEntry"].tolist() == [True]
    assert got["worktree"]["LeaseReadable"].tolist() == [False]


@pytest.mark.parametrize(
    ("quit_line", "words"),
    [(None, "with no quit line"), ("beforeQuit: handler fired, going down", "after a normal quit")],
)
def test_what_followed_the_last_write(quit_line: str | None, words: str) -> None:
    broken = entry(cli=None, ParseState="all_null", TimeCreated=NOW - timedelta(hours=2))
    log = [line("Starting app {\n  appVersion: '1.0',\n}", 65)] + ([line(quit_line, 58)] if quit_line else [])
    assert words in joined(session_registry=[broken], app_log=log)["session_registry"]["AfterState"].iloc[0]


def test_killed_sessions_need_another_version_at_the_next_start() -> None:
    def start(version: str, minutes: int) -> dict[str, Any]:
        return line(f"Starting app {{\n  appVersion: '{version}',\n}}", minutes)

    kill, none = (
        line("Killing 3 PTY process tree(s) on quit", 2, Component="CCD"),
        line("Killing 0 PTY process tree(s) on quit", 2),
    )
    second = [start("9", 4), line("Not main instance, returning early from app ready", 4)]
    changed = joined(app_log=[start("1", 0), kill, *second, start("2", 9)])["app_log"]
    assert changed["NextStartVersionChanged"].notna().tolist() == [False, True, False, False, False]
    assert changed["KilledSessions"].dropna().tolist() == [3]
    assert changed["NextVersion"].dropna().tolist() == ["2"]
    for log in (
        [start("1", 0), kill, *second, start("1", 9)],
        [start("1", 0), none, start("2", 9)],
        [kill, start("2", 9)],
    ):
        got = joined(app_log=log)["app_log"]
        assert got[["NextStartVersionChanged", "KilledSessions"]].dropna().empty


def test_sessions_on_disk_counts_only_files_of_that_folder_made_before() -> None:
    log = [
        line(r"Loaded 0 persisted sessions from C:\Users\alice\Claude\claude-code-sessions\A\O"),
        line("Loaded 0 persisted sessions from C:\\x\\A\\P"),
    ]
    rows = [
        entry(),
        entry(S2, IsTmp=True),
        entry(S2, CreatedAt=NOW),
        entry(S2, Org="Q"),
        entry(S2, IsTombstone=True, ParseState="tombstone"),
    ]
    assert joined(session_registry=rows, app_log=log)["app_log"]["SessionsOnDisk"].tolist() == [2, 0]


def test_storage_layout() -> None:
    move = r"Failed to save session local_x: EXDEV: no cross-device link, rename 'C:\a.json.tmp' -> '{}:\a.json'"
    log = [line(move.format(drive), ErrnoCode="EXDEV") for drive in "CD"]
    got = joined(app_log=log)["app_log"]["StorageLayout"].tolist()
    assert got[0].startswith("one drive")
    assert got[1].startswith("two drives")
    other = joined(app_log=log[:1], session_registry=[entry(Path="D:/WpSystem/S-1-5-21-1/AppData/x.json")])
    assert "D:" in other["app_log"]["StorageLayout"].iloc[0]


def test_zone_is_unknown_where_a_local_time_has_no_utc() -> None:
    assert zone_known(tables(app_log=[line("x")]))
    assert not zone_known(tables(app_log=[line("x") | {"TimeCreated": None}]))


def test_a_time_that_no_zone_can_turn_says_nothing_of_the_zone() -> None:
    first = {"TimeCreated": None, "LocalTime": datetime(1, 1, 1, 0, 0, 1)}  # noqa: DTZ001
    assert zone_known(tables(app_log=[line("x"), line("y") | first]))
    assert not zone_known(tables(app_log=[line("x") | {"TimeCreated": None}, line("y") | first]))


def test_everything_missing_gives_columns_all_the_same() -> None:
    nothing: dict[str, Rows] = {
        "session_registry": [{}],
        "transcript": [{}],
        "worktree": [{}],
        "app_log": [{"Message": "", "LineCount": 1}],
    }
    got = joined(**nothing)
    assert all(len(got[name]) == 1 for name in nothing)


def test_joined_columns_are_those_that_are_said() -> None:
    plain = tables()
    added = {name: tuple(c for c in table if c not in plain[name]) for name, table in joined().items()}
    assert {name: names for name, names in added.items() if names} == JOINED
