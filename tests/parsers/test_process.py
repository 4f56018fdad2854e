from __future__ import annotations

import json
from datetime import UTC, datetime

from claude_evidence.parsers import process
from tests.parsers.conftest import Read

TAKEN = datetime(2026, 5, 17, 9, 0, tzinfo=UTC)
PATH = "data/state/processes.json"
ENTRY = {
    "pid": 4711, "parent_pid": 812, "parent_name": "explorer.exe", "name": "claude.exe",
    "path": "C:\\Program Files\\WindowsApps\\Claude_1.2.3.0_x64__pzs8sxrjxfjjc\\app\\claude.exe",
    "started_at": "2026-05-17T08:00:00+00:00", "session_id": 1, "process_type": "gpu-process",
    "holds": ["claude-code-sessions", "package"],
}  # fmt: skip


def document(*entries: object) -> bytes:
    told = {"format": "claude-evidence/processes/1", "collected_at": TAKEN.isoformat(), "entries": entries}
    return json.dumps(told).encode()


def test_a_process_is_a_row(read: Read) -> None:
    data = document(ENTRY, {"pid": 812})
    assert process.sniff(data[:4096])
    table = read("process", data, PATH).frames()["process"]
    assert table.iloc[0].drop(["Member", "Record"]).to_dict() == {
        "TimeCreated": TAKEN, "Pid": 4711, "ParentPid": 812, "ParentName": "explorer.exe", "Name": "claude.exe",
        "Path": ENTRY["path"], "StartedAt": datetime(2026, 5, 17, 8, 0, tzinfo=UTC), "SessionId": 1,
        "ProcessType": "gpu-process", "Holds": "claude-code-sessions, package",
    }  # fmt: skip
    assert table.loc[1, "Pid"] == 812
    assert table.iloc[1][["StartedAt", "Holds"]].isna().all()


def test_wrong_types_are_missing(read: Read) -> None:
    wrong = {"pid": "x", "started_at": "yesterday", "holds": {"a": 1}, "session_id": 1.5, "process_type": "a b"}
    parsed = read("process", document(wrong, {"name": "no pid"}, None), PATH)
    row = parsed.frames()["process"].iloc[0]
    assert row[["Pid", "StartedAt", "Holds", "SessionId", "ProcessType"]].isna().all()
    assert [problem.message for problem in parsed.problems] == ["2 entries without pid"]


def test_that_none_ran_is_evidence(read: Read) -> None:
    parsed = read("process", document(), PATH)
    assert parsed.frames()["process"].empty
    assert not parsed.problems
