from __future__ import annotations

import json
from datetime import UTC, datetime

from claude_evidence.parsers import registry_value
from tests.parsers.conftest import Read

TAKEN = datetime(2026, 5, 17, 9, 0, tzinfo=UTC)
PATH = "state/registry_values.json"
RUN = r"HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run"


def document(*entries: object) -> bytes:
    told = {"format": "claude-evidence/registry_values/1", "collected_at": TAKEN.isoformat(), "entries": entries}
    return json.dumps(told).encode()


def test_a_value_is_a_row(read: Read) -> None:
    data = document({"key": RUN, "value_name": "Claude", "type": "text", "value": "C:\\x\\claude.exe"})
    assert registry_value.sniff(data[:4096])
    table = read("registry_value", data, PATH).frames()["registry_value"]
    assert table.iloc[0].drop(["Member", "Record"]).to_dict() == {
        "TimeCreated": TAKEN, "Hive": "HKU", "Key": RUN, "ValueName": "Claude", "ValueType": "text",
        "Value": "C:\\x\\claude.exe",
    }  # fmt: skip


def test_wrong_types_are_missing(read: Read) -> None:
    parsed = read("registry_value", document({"key": 1, "value": 3}, {"value_name": "x"}), PATH)
    row = parsed.frames()["registry_value"].iloc[0]
    assert row[["Hive", "Key", "ValueName", "Value"]].isna().all()
    assert [problem.message for problem in parsed.problems] == ["1 entries without key"]


def test_another_format_is_a_problem(read: Read) -> None:
    parsed = read("registry_value", b'{"format": "claude-evidence/registry_values/2", "entries": []}', PATH)
    assert not parsed.tables
    assert "claude-evidence/registry_values/1" in parsed.problems[0].message
