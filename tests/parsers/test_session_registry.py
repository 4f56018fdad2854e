from __future__ import annotations

import json
from datetime import UTC, datetime
from io import RawIOBase
from typing import Any

import pandas as pd
import pytest

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context

ACCOUNT, ORG = "2f1b6a52-1111-4222-8333-444455556666", "7c0d9e31-9999-4aaa-8bbb-ccccddddeeee"
SESSION = "local_0b5e8f6a-1234-4cde-9f01-23456789abcd"
ROOT = "C:/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
FOLDER = f"{ROOT}/claude-code-sessions/{ACCOUNT}/{ORG}"
ENTRY = {
    "sessionId": SESSION,
    "cliSessionId": "9f0c1111-2222-4333-8444-555566667777",
    "cwd": "C:\\Projects\\secret-garden",
    "createdAt": 1777168830743,
    "lastActivityAt": 1777168899000,
    "lastFocusedAt": 1777168899001,
    "completedTurns": 12,
    "isArchived": False,
    "title": "SECRET title",
    "titleSource": "auto",
    "model": "claude-opus-4-7[1m]",
    "permissionMode": "plan",
    "initialMessage": "SECRET prompt",
    "emailAddress": "SECRET@example.org",
    "worktreeName": "brave-fox",
    "remoteMcpServersConfig": [{"token": "SECRET"}],
    "transcriptUnavailable": True,
    "unheard-of": {"SECRET": 1},
    "priorCliSessionIds": ["a1", "b2", 7],
    "preClearCliSessionId": "b2",
    "historyOnlyCliSessionId": "c3",
}


def row(read: Any, data: bytes | Any, path: str = f"{FOLDER}/{SESSION}.json", **more: Any) -> Any:
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    table = read("session_registry", data, path, **more).tables["session_registry"]
    assert len(table) == 1
    return table.iloc[0]


def test_a_healthy_entry(read: Any) -> None:
    got = row(read, ENTRY)
    assert (got.ParseState, got.Area, got.Account, got.Org) == ("ok", "claude-code-sessions", ACCOUNT, ORG)
    assert (got.SessionId, got.InnerSessionId, got.CliSessionId) == (SESSION, SESSION, ENTRY["cliSessionId"])
    assert (got.FileName, got.Path) == (f"{SESSION}.json", f"{FOLDER}/{SESSION}.json")
    assert (got.FirstNonNullOffset, got.FileSize) == (0, len(json.dumps(ENTRY)))
    assert got.TimeCreated == pd.Timestamp(datetime(2026, 5, 17, 8, tzinfo=UTC))
    assert got.CreatedAt == pd.Timestamp("2026-04-26T02:00:30.743Z")
    assert (got.CompletedTurns, got.Model, got.TitleSource, got.PermissionMode) == (
        12,
        "claude-opus-4-7[1m]",
        "auto",
        "plan",
    )
    assert (got.IsArchived, got.IsRemote, got.TranscriptUnavailable) == (False, False, True)
    assert (got.IsTmp, got.IsTombstone, got.IsQuarantined) == (False, False, False)
    assert (got.WorktreeName, got.PriorCliSessionIds) == ("brave-fox", "a1,b2,c3")


def test_nothing_private_leaves_the_parser(read: Any) -> None:
    told = read("session_registry", json.dumps(ENTRY).encode(), f"{FOLDER}/{SESSION}.json")
    text = told.tables["session_registry"].to_csv() + repr(told.problems)
    assert "SECRET" not in text
    assert "garden" not in text


@pytest.mark.parametrize(
    ("data", "state", "first"),
    [
        (b"", "empty", None),
        (bytes(144_258), "all_null", None),
        (bytes(3_000_000), "all_null", None),
        (json.dumps(ENTRY).encode()[:400], "truncated", 0),
        (b"{", "truncated", 0),
        (b'{"title": "\xc3', "truncated", 0),
        (bytes(7) + b'{"sessionId": "x"}', "invalid", 7),
        (bytes(2_000_000) + b"x", "invalid", 2_000_000),
        (json.dumps(ENTRY).encode() + bytes(100), "invalid", 0),
        (json.dumps(ENTRY).encode()[:400] + bytes(100), "invalid", 0),
        (b"[1, 2", "invalid", 0),
        (b"[]", "invalid", 0),
        (b"null", "invalid", 0),
        (b"   ", "invalid", 0),
        (b'{"a": "\xe9"}', "invalid", 0),
        (json.dumps(ENTRY).encode("utf-16"), "invalid", 0),
        (b'{"a": NaN}', "invalid", 0),
        (b'{"a":' * 200_000, "invalid", 0),
        (b"\xef\xbb\xbf{}", "ok", 0),
        (b"{}", "ok", 0),
        (b'{"a": 1, "a": 2}', "ok", 0),
        (b'{"title": "\\ud800"}', "ok", 0),
    ],
)
def test_parse_states(read: Any, data: bytes, state: str, first: int | None) -> None:
    got = row(read, data)
    assert (got.ParseState, got.FileSize) == (state, len(data))
    assert (got.FirstNonNullOffset is pd.NA) if first is None else got.FirstNonNullOffset == first
    assert got.SessionId == SESSION
    assert bool(got.ParseDetail) == (state != "ok")


def test_what_stands_before_the_cut_is_kept(read: Any) -> None:
    got = row(read, json.dumps(ENTRY).encode()[:200])
    assert (got.ParseState, got.CliSessionId) == ("truncated", ENTRY["cliSessionId"])


@pytest.mark.parametrize(
    "odd", ["x", 1.5, 1e300, -1, True, None, [], {}, "2026-05-17", "../../x", 10**50, "two words\n"]
)
def test_values_of_wrong_types_are_unknown(read: Any, odd: Any) -> None:
    got = row(read, dict.fromkeys(ENTRY, odd))
    assert got.ParseState == "ok"
    assert pd.isna(got.CreatedAt)
    assert pd.isna(got.LastActivityAt)
    assert pd.isna(got.CompletedTurns)
    assert pd.isna(got.CliSessionId) or got.CliSessionId == odd in ("x", "2026-05-17")
    assert pd.isna(got.IsArchived) or odd is True


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (f"{SESSION}.json.tmp", {"IsTmp": True, "ParseState": "ok"}),
        (f"{SESSION.upper()}.JSON", {"IsTmp": False, "ParseState": "ok", "SessionId": SESSION.upper()}),
        (f"{SESSION}.json.unreadable", {"IsQuarantined": True, "ParseState": "invalid", "IsTmp": False}),
        (f"{SESSION}.unreadable-1777168830743.json", {"IsQuarantined": True, "ParseState": "invalid"}),
    ],
)
def test_names(read: Any, name: str, columns: dict[str, Any]) -> None:
    got = row(read, ENTRY, f"{FOLDER}/{name}")
    assert {column: got[column] for column in columns} == columns


@pytest.mark.parametrize(
    "name", [f"deleted_{SESSION}", f"deleted_{SESSION.removeprefix('local_')}", f"deleted_{SESSION}.json"]
)
def test_tombstones(read: Any, name: str) -> None:
    got = row(read, b"1777168830743\n", f"{FOLDER}/{name}")
    assert (got.ParseState, got.IsTombstone, got.SessionId) == ("tombstone", True, SESSION)
    assert got.DeletedAt == pd.Timestamp("2026-04-26T02:00:30.743Z")
    assert pd.isna(row(read, bytes(10), f"{FOLDER}/{name}").DeletedAt)


@pytest.mark.parametrize(
    ("path", "area", "account", "org"),
    [
        (f"Claude/claude-code-sessions/{ACCOUNT}/{ORG}/{SESSION}.json", "claude-code-sessions", ACCOUNT, ORG),
        (
            f"c/users/ALICE/CLAUDE/Local-Agent-Mode-Sessions/acc/org/{SESSION}.json",
            "local-agent-mode-sessions",
            "acc",
            "org",
        ),
        (f"claude-code-sessions\\acc\\org\\{SESSION}.json", "claude-code-sessions", "acc", "org"),
        (f"claude-code-sessions/acc/{SESSION}.json", "claude-code-sessions", "acc", ""),
        (f"{ACCOUNT}/{ORG}/{SESSION}.json", "", ACCOUNT, ORG),
        (f"{SESSION}.json", "", "", ""),
        (f"x/y/{SESSION}.json", "", "", ""),
    ],
)
def test_accounts_come_from_the_folders(read: Any, path: str, area: str, account: str, org: str) -> None:
    got = row(read, ENTRY, path)
    assert (got.Area, got.Account, got.Org, got.SessionId) == (area, account, org, SESSION)


@pytest.mark.parametrize(
    "path",
    [
        f"{FOLDER}/{SESSION}/scheduled-tasks.json",
        f"{FOLDER}/{SESSION}/local_x.json",
        f"{FOLDER}/deleted_x/local_y.json",
        f"{FOLDER}/{SESSION} - Copy.json",
        f"{FOLDER}/{SESSION}.json.bak",
        f"{FOLDER}/{SESSION}.json.meta.json",
        "deleted_files",
        "deleted_x.txt",
    ],
)
def test_what_merely_lies_nearby_gives_no_row(read: Any, path: str) -> None:
    assert read("session_registry", json.dumps(ENTRY).encode(), path).tables == {}


def test_an_entry_under_another_name_is_known_by_its_content(read: Any) -> None:
    data = json.dumps(ENTRY).encode()
    assert kinds()["session_registry"].sniff(data[:4096])
    assert row(read, data, "exported.json").SessionId == SESSION


@pytest.mark.parametrize(
    ("more", "remote"),
    [
        ({"cwd": "/sessions/brave-fox/mnt"}, True),
        ({"cwd": "/home/alice"}, False),
        ({"sshConfigId": "build"}, True),
        ({"sshHost": None}, None),
        ({}, None),
        ({"cwd": 3}, None),
    ],
)
def test_sessions_that_run_elsewhere(read: Any, more: dict[str, Any], remote: bool | None) -> None:
    got = row(read, {"sessionId": SESSION, **more}).IsRemote
    assert got is pd.NA if remote is None else got == remote


class Large(RawIOBase):
    """300 MB: *first*, then letters."""

    def __init__(self, first: bytes, filling: bytes) -> None:
        self.pieces = [first] + [filling * (1 << 20)] * 300

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@pytest.mark.parametrize(("filling", "state", "problems"), [(b"x", "invalid", 1), (b"\0", "all_null", 0)])
def test_files_of_300_mb_are_measured_and_not_held(filling: bytes, state: str, problems: int) -> None:
    source = Member(f"{SESSION}.json", f"{SESSION}.json", 300 << 20)
    stream: Any = Large(filling, filling)
    parsed = kinds()["session_registry"].parse(stream, source, Context(Clock.of(Manifest())))
    got = parsed.frames()["session_registry"].iloc[0]
    assert (got.ParseState, got.FileSize, len(parsed.problems)) == (state, (300 << 20) + 1, problems)
