from __future__ import annotations

import json
from datetime import UTC, datetime

from claude_evidence.parsers import volume
from tests.parsers.conftest import Read

TAKEN = datetime(2026, 5, 17, 9, 0, tzinfo=UTC)
PATH = "state/volumes.json"
VOLUME = {
    "drive": "C:/", "drive_type": "fixed", "file_system": "NTFS", "size_bytes": 1 << 40, "free_bytes": 0,
    "flags": ["read-only", "compressed"],
}  # fmt: skip
LINK = {"drive": "C:/", "path": "C:/Users/alice/AppData/Roaming/Claude", "link": "junction", "target": "D:/Claude"}


def document(*entries: object) -> bytes:
    told = {"format": "claude-evidence/volumes/1", "collected_at": TAKEN.isoformat(), "entries": entries}
    return json.dumps(told).encode()


def test_file_systems_and_links_are_rows(read: Read) -> None:
    data = document(VOLUME, LINK)
    assert volume.sniff(data[:4096])
    table = read("volume", data, PATH).frames()["volume"]
    assert table.iloc[0].drop(["Member", "Record"]).dropna().to_dict() == {
        "TimeCreated": TAKEN, "Drive": "C:/", "DriveType": "fixed", "FileSystem": "NTFS", "SizeBytes": 1 << 40,
        "FreeBytes": 0, "Flags": "read-only, compressed",
    }  # fmt: skip
    assert table.iloc[1].drop(["Member", "Record"]).dropna().to_dict() == {
        "TimeCreated": TAKEN, "Drive": "C:/", "Path": LINK["path"], "LinkKind": "junction",
        "ReparseTarget": "D:/Claude",
    }  # fmt: skip


def test_a_list_that_names_nothing_is_no_evidence(read: Read) -> None:
    assert read("volume", document(), PATH).blank
    assert not read("volume", document(VOLUME), PATH).blank


def test_wrong_types_are_missing(read: Read) -> None:
    parsed = read("volume", document({"drive": 3, "free_bytes": "all", "flags": "x"}, {"link": "junction"}), PATH)
    row = parsed.frames()["volume"].iloc[0]
    assert row[["Drive", "FreeBytes", "Flags"]].isna().all()
    assert [problem.message for problem in parsed.problems] == ["1 entries without drive"]
