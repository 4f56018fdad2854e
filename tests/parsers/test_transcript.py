from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import pytest

from claude_evidence.parsers import kinds
from claude_evidence.transcript import read_transcript

CLI = "9f0c1111-2222-4333-8444-555566667777"
FOLDER = "C:/Users/alice/.claude/projects/C--Projects-x"
PATH = f"{FOLDER}/{CLI}.jsonl"
LINE = (
    json.dumps(
        {
            "parentUuid": None,
            "isSidechain": False,
            "type": "user",
            "sessionId": CLI,
            "uuid": "1",
            "version": "2.1.22",
            "message": {"role": "user", "content": "SECRET"},
            "timestamp": "2026-05-17T07:27:00Z",
            "cwd": "SECRET",
            "entrypoint": "claude-desktop",
        }
    ).encode()
    + b"\n"
)


def row(read: Any, data: bytes, path: str = PATH, **more: Any) -> Any:
    table = read("transcript", data, path, **more).tables["transcript"]
    assert len(table) == 1
    return table.iloc[0]


def test_a_transcript(read: Any) -> None:
    got = row(read, LINE * 3 + b'{"type":"ai-title","aiTitle":"SECRET"}\n' + bytes(9) + b"\n")
    assert (got.CliSessionId, got.Slug, got.Path) == (CLI, "C--Projects-x", PATH)
    assert (got.LineCount, got.RecordCount, got.UserCount, got.AssistantCount, got.TitleEvents) == (5, 4, 3, 0, 1)
    assert (got.BadLineCount, got.FirstBadLine, got.NulLineCount, got.FirstNulLine) == (1, 5, 1, 5)
    assert (got.HasMessages, got.IsSubagent, got.MetaOnly, got.Released) == (True, False, False, pd.NA)
    assert (got.Entrypoint, got.Versions, got.InnerSessionIds) == ("claude-desktop", "2.1.22", CLI)
    assert got.TimeCreated == got.LastTime == pd.Timestamp("2026-05-17T07:27:00Z")
    assert "SECRET" not in got.to_json()


def test_without_times_the_files_own_time_stands(read: Any) -> None:
    assert row(read, b"").TimeCreated == pd.Timestamp("2026-05-17T08:00:00Z")
    assert row(read, b"", modified=None).TimeCreated is pd.NaT


@pytest.mark.parametrize(
    ("path", "slug", "subagent"),
    [
        (f"{FOLDER}/{CLI}/subagents/agent-1f.jsonl", "C--Projects-x", True),
        (f"{FOLDER}/agent-1f.jsonl", "C--Projects-x", True),
        (f"projects/-home-alice/{CLI}.jsonl", "-home-alice", False),
        (
            f"C:/x/local-agent-mode-sessions/a/o/local_1/.claude/projects/-sessions-fox/{CLI}.jsonl",
            "-sessions-fox",
            False,
        ),
        (f"C:/Users/alice/projects/.claude/projects/C--p/{CLI}.jsonl", "C--p", False),
        (f"{CLI}.jsonl", "", False),
    ],
)
def test_places(read: Any, path: str, slug: str, subagent: bool) -> None:
    got = row(read, LINE, path)
    assert (got.Slug, got.IsSubagent) == (slug, subagent)


def test_a_file_of_sidechain_records_alone_is_a_sub_agents(read: Any) -> None:
    assert row(read, LINE.replace(b"false", b"true")).IsSubagent


@pytest.mark.parametrize(
    "path",
    [
        "C:/x/local-agent-mode-sessions/a/o/local_1/audit.jsonl",
        "C:/Users/alice/.claude/history.jsonl",
        f"{FOLDER}/{CLI}/tool-results/out.jsonl",
    ],
)
def test_other_files_of_lines_give_no_row(read: Any, path: str) -> None:
    assert read("transcript", LINE, path).tables == {}


def test_somebodys_own_data_is_no_transcript(read: Any) -> None:
    parsed = read("transcript", b'{"type": "point", "x": 1}\n', "C:/Users/alice/projects/map/points.jsonl")
    assert parsed.tables == {}
    assert len(parsed.problems) == 1


def test_loose_files_are_known_by_content() -> None:
    sniff = kinds()["transcript"].sniff
    long = LINE.replace(b"SECRET", b"x" * 9_000, 1)
    assert sniff(LINE)
    assert sniff(bytes(50) + LINE)
    assert sniff(b"\n" + LINE[:-30])
    assert sniff(long[:4096])
    assert not sniff(b'{"type": "user", "message": {"sessionId": "1", "uuid": "1"}}\n')


def meta(**more: Any) -> bytes:
    facts = read_transcript(BytesIO(LINE * 4))
    return json.dumps(
        {
            "format": "claude-evidence/meta/1",
            "kind": "transcript",
            "source": PATH.replace("/", "\\"),
            "size_bytes": 19_960_000,
            "modified_at": "2026-05-17T09:00:00Z",
            "transcript": facts.as_json(),
            **more,
        }
    ).encode()


def test_metadata_tells_the_same_as_the_transcript(read: Any) -> None:
    whole, told = row(read, LINE * 4), row(read, meta(), f"{PATH}.meta.json")
    assert told.MetaOnly
    same = [c for c in whole.index if c not in ("Member", "MetaOnly", "Released")]
    assert [told[c] for c in same] == [whole[c] for c in same]


def test_what_metadata_does_not_tell_is_unknown(read: Any) -> None:
    got = row(read, meta(transcript={"record_count": 7_271, "user_count": "many"}), f"{PATH}.meta.json")
    assert (got.FileSize, got.RecordCount) == (19_960_000, 7_271)
    assert got.TimeCreated == pd.Timestamp(datetime(2026, 5, 17, 9, tzinfo=UTC))
    assert all(
        pd.isna(got[c]) for c in ("UserCount", "HasMessages", "BadLineCount", "Entrypoint", "Versions", "FirstTime")
    )
    bare = read("transcript", b'{"format": "claude-evidence/meta/1", "kind": "transcript"}', f"{PATH}.meta.json")
    assert bare.tables["transcript"].loc[0, "CliSessionId"] == CLI
    assert len(bare.problems) == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", bytes(9), meta(kind="session_registry"), meta(format="other/1"), meta()[:50]]
)
def test_metadata_of_something_else_is_a_problem(read: Any, data: bytes) -> None:
    parsed = read("transcript", data, f"{PATH}.meta.json")
    assert (parsed.tables, len(parsed.problems)) == ({}, 1)
