"""The parsers of small files: git-worktrees.json, sessions/<pid>.json, settings, our own file listing."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

ROOT = "C:/Users/alice/AppData/Roaming/Claude"


def table(read: Any, kind: str, value: Any, path: str, **more: Any) -> Any:
    parsed = read(kind, json.dumps(value).encode(), path, **more)
    assert parsed.problems == []
    return parsed.tables[kind]


PLACES = {
    "worktree": f"{ROOT}/git-worktrees.json",
    "cli_session": "C:/Users/alice/.claude/sessions/4711.json",
    "config": f"{ROOT}/config.json",
    "file_inventory": "state/file_inventory.json",
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize(
    "data", [b"", bytes(50), b"[]", b"3", b'{"a": ', b'{"a": 1}\0', "{}".encode("utf-16"), b"[" * 200_000]
)
def test_what_cannot_be_read_is_one_problem_and_no_table(read: Any, kind: str, data: bytes) -> None:
    parsed = read(kind, data, PLACES[kind])
    assert (parsed.tables, len(parsed.problems)) == ({}, 1)


def test_worktrees(read: Any) -> None:
    trees = {
        "brave-fox": {
            "name": "brave-fox",
            "path": "C:\\x\\brave-fox",
            "leasedBy": "local_1f",
            "baseRepo": "C:\\x",
            "branch": "claude/brave-fox",
            "sourceBranch": "main",
            "createdAt": 1777168830743,
        },
        "free": {"leasedBy": None, "createdAt": "soon"},
        "odd": {"name": 3, "leasedBy": {"a": 1}, "path": []},
    }
    got = table(read, "worktree", {"worktrees": trees}, PLACES["worktree"])
    assert list(got["Name"]) == ["brave-fox", "free", "odd"]
    assert list(got["Record"]) == [1, 2, 3]
    assert got["LeasedBy"][0] == "local_1f"
    assert got["LeasedBy"][1:].isna().all()
    assert got["TimeCreated"][0] == pd.Timestamp("2026-04-26T02:00:30.743Z")
    assert got["TimeCreated"][1:].isna().all()
    first = got.iloc[0]
    assert (first.Path, first.BaseRepo, first.Branch, first.SourceBranch) == (
        "C:\\x\\brave-fox",
        "C:\\x",
        "claude/brave-fox",
        "main",
    )


def test_a_worktree_that_is_no_object_is_a_problem_with_its_place(read: Any) -> None:
    parsed = read("worktree", b'{"worktrees": {"a": {}, "b": 7, "c": {}}}', PLACES["worktree"])
    assert list(parsed.tables["worktree"]["Record"]) == [1, 3]
    assert [problem.record for problem in parsed.problems] == [2]


def test_no_worktrees_is_an_answer(read: Any) -> None:
    assert len(table(read, "worktree", {"worktrees": {}}, PLACES["worktree"])) == 0


def test_a_cli_session(read: Any) -> None:
    entry = {
        "pid": 815,
        "sessionId": "9f0c",
        "status": "busy",
        "version": "2.1.22",
        "entrypoint": "claude-desktop",
        "cwd": "SECRET",
    }
    got = table(read, "cli_session", entry, PLACES["cli_session"])
    assert got.drop(columns=["TimeCreated", "Member"]).to_dict("records") == [
        {
            "Record": 1,
            "Path": PLACES["cli_session"],
            "Pid": 815,
            "SessionId": "9f0c",
            "Status": "busy",
            "Version": "2.1.22",
            "Entrypoint": "claude-desktop",
        }
    ]
    assert table(read, "cli_session", {"status": "a whole sentence"}, PLACES["cli_session"])["Pid"][0] == 4711
    assert table(read, "cli_session", {"pid": True}, "x.json")["Pid"].isna().all()


def test_settings_tell_only_what_is_allowed(read: Any) -> None:
    settings = {
        "locale": "de-DE",
        "lastKnownAccountUuid": "2f1b-6a52",
        "isHardwareAccelerationDisabled": False,
        "userThemeMode": "SECRET",
        "isHardwareAccelerationAutoDisabled": "SECRET",
        "oauth:tokenCache": "SECRET",
        "oauth:tokenCacheV2": {"locale": "SECRET"},
    }
    got = table(read, "config", settings, PLACES["config"])
    assert dict(zip(got["Key"], got["Value"], strict=True)) == {
        "locale": "de-DE",
        "lastKnownAccountUuid": "2f1b-6a52",
        "isHardwareAccelerationDisabled": "false",
    }
    assert "SECRET" not in got.to_csv()


def test_desktop_settings_tell_only_a_count_and_a_mode(read: Any) -> None:
    settings = {
        "mcpServers": {"SECRET": {"command": "SECRET", "env": {"TOKEN": "SECRET"}}, "b": 3},
        "locale": "SECRET",
        "preferences": {"sidebarMode": "code", "remoteToolsDeviceName": "SECRET"},
    }
    got = table(read, "config", settings, f"{ROOT}/claude_desktop_config.json")
    assert dict(zip(got["Key"], got["Value"], strict=True)) == {
        "mcpServers.count": "2",
        "preferences.sidebarMode": "code",
    }
    assert "SECRET" not in got.to_csv()
    assert (
        len(table(read, "config", {"mcpServers": [], "preferences": "code"}, f"{ROOT}/claude_desktop_config.json")) == 0
    )


def test_a_file_inventory(read: Any) -> None:
    entries = [
        {
            "path": "C:/x/a.json",
            "size_bytes": 144_258,
            "modified_at": "2026-05-17T07:27:00.1234567Z",
            "created_at": "2026-05-01T00:00:00+02:00",
            "attributes": ["Archive", "Hidden"],
            "sha256": "AB" * 32,
            "first_non_null_offset": None,
            "is_directory": False,
        },
        {
            "path": "C:/x/link",
            "attributes": "Directory, ReparsePoint",
            "is_directory": True,
            "reparse_target": "D:\\y",
            "sha256": "none",
            "size_bytes": -1,
            "modified_at": "1601-01-01T00:00:00Z",
            "first_non_null_offset": 7,
        },
    ]
    listing = {"format": "claude-evidence/file-inventory/1", "collected_at": "2026-05-17T09:00:00Z", "entries": entries}
    got = table(read, "file_inventory", listing, PLACES["file_inventory"])
    assert (got["TimeCreated"] == pd.Timestamp("2026-05-17T09:00:00Z")).all()
    first, second = got.iloc[0], got.iloc[1]
    assert (first.Path, first.Size, first.Sha256, first.Attributes, first.IsDirectory) == (
        "C:/x/a.json",
        144_258,
        "ab" * 32,
        "Archive, Hidden",
        False,
    )
    assert (first.ModifiedAt, first.CreatedAt) == (
        pd.Timestamp("2026-05-17T07:27:00.123456Z"),
        pd.Timestamp("2026-04-30T22:00:00Z"),
    )
    assert first.FirstNonNullOffset is pd.NA
    assert (second.ReparseTarget, second.IsDirectory, second.FirstNonNullOffset) == ("D:\\y", True, 7)
    assert all(pd.isna(second[c]) for c in ("Size", "ModifiedAt", "CreatedAt", "Sha256"))


def test_entries_without_a_path_are_counted(read: Any) -> None:
    listing = {
        "format": "claude-evidence/file-inventory/1",
        "entries": [3, {"path": "a"}, {"path": ""}, {"size_bytes": 1}],
    }
    parsed = read("file_inventory", json.dumps(listing).encode(), PLACES["file_inventory"])
    assert list(parsed.tables["file_inventory"]["Record"]) == [2]
    assert [(p.record, p.message) for p in parsed.problems] == [(1, "3 entries without a path")]


def test_an_index_tells_which_conversations_it_lists_and_never_their_prompts(read: Any) -> None:
    entries = [
        {"sessionId": "aa-1", "fullPath": "SECRET", "firstPrompt": "SECRET", "summary": "SECRET", "messageCount": 8,
         "modified": "2026-08-02T14:00:00.000Z", "isSidechain": False},
        {"sessionId": "aa-2", "isSidechain": True},
        {"sessionId": "no id"},
        {"sessionId": "aa-3", "messageCount": "SECRET", "modified": 7},
        "SECRET",
    ]  # fmt: skip
    parsed = read("sessions_index", json.dumps({"version": 1, "entries": entries}).encode(), "x/sessions-index.json")
    tables = parsed.frames()
    assert tables["sessions_index"]["EntryCount"].tolist() == [3]
    listed = tables["indexed_session"]
    assert listed["CliSessionId"].tolist() == ["aa-1", "aa-3"]
    assert listed["Record"].tolist() == [1, 3]
    assert listed["MessageCount"].fillna(-1).tolist() == [8, -1]
    assert listed["TimeCreated"].notna().tolist() == [True, False]
    assert "SECRET" not in listed.to_csv()
