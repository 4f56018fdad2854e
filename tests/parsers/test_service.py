from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from claude_evidence.parsers import service
from tests.parsers.conftest import Read

TAKEN = datetime(2026, 5, 17, 9, 0, tzinfo=UTC)
PATH = "state/services.json"
QUERY = (
    "\r\nSERVICE_NAME: CoworkVMService \r\n        TYPE               : 10  WIN32_OWN_PROCESS  \r\n"
    "        STATE              : 1  STOPPED \r\n        WIN32_EXIT_CODE    : 1066  (0x42a)\r\n"
    "        SERVICE_EXIT_CODE  : 2  (0x2)\r\n        CHECKPOINT         : 0x0\r\n        WAIT_HINT          : 0x0\r\n"
    "        PID                : 0\r\n        FLAGS              : \r\n"
)
CONFIG = (
    "[SC] QueryServiceConfig SUCCESS\r\n\r\nSERVICE_NAME: CoworkVMService\r\n"
    "        TYPE               : 10  WIN32_OWN_PROCESS \r\n"
    "        START_TYPE         : 2   AUTO_START  (DELAYED)\r\n        ERROR_CONTROL      : 1   NORMAL\r\n"
    '        BINARY_PATH_NAME   : "C:\\Program Files\\Claude\\cowork-svc.exe" --service\r\n'
    "        LOAD_ORDER_GROUP   : \r\n        DISPLAY_NAME       : Claude VM\r\n"
    "        DEPENDENCIES       : \r\n        SERVICE_START_NAME : LocalSystem\r\n"
)


def document(*entries: object) -> bytes:
    told = {"format": "claude-evidence/services/1", "collected_at": TAKEN.isoformat(), "entries": entries}
    return json.dumps(told).encode()


def test_a_service_is_a_row(read: Read) -> None:
    entry = {
        "name": "CoworkVMService", "state": "Stopped", "start_type": "Manual", "service_type": 16, "exit_code": 1066,
        "service_exit_code": 2, "pid": 0, "binary_path": "C:\\x\\cowork-svc.exe", "runs_as": "LocalSystem",
        "delayed_start": True, "trigger_count": 1,
    }  # fmt: skip
    table = read("service", document(entry, {"name": "hns", "state": "NotInstalled"}), PATH).frames()["service"]
    first = table.iloc[0].drop(["Member", "Record"]).to_dict()
    assert first == {
        "TimeCreated": TAKEN, "Name": "CoworkVMService", "State": "Stopped", "StartType": "Manual", "ServiceType": 16,
        "ExitCode": 1066, "ServiceExitCode": 2, "Pid": 0, "BinaryPath": "C:\\x\\cowork-svc.exe",
        "Account": "LocalSystem", "DelayedStart": True, "TriggerCount": 1,
    }  # fmt: skip
    assert table["Record"].tolist() == [1, 2]
    assert table["State"].tolist() == ["Stopped", "NotInstalled"]
    assert table.iloc[1][["ExitCode", "Pid"]].isna().all()


def test_values_of_the_wrong_type_are_missing_and_entries_without_a_name_are_said(read: Read) -> None:
    parsed = read("service", document({"name": "x", "state": ["Running"], "pid": "4", "exit_code": -1}, {}, 3), PATH)
    row = parsed.frames()["service"].iloc[0]
    assert row[["State", "Pid", "ExitCode"]].isna().all()
    assert [problem.message for problem in parsed.problems] == ["2 entries without name"]


@pytest.mark.parametrize("text", [QUERY + CONFIG, CONFIG + QUERY])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_of_sc_is_one_row_per_service(read: Read, text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert service.sniff(data[:4096])
    row = read("service", data, "report/sc.txt").frames()["service"].iloc[0]
    assert (row["Name"], row["State"], row["StartType"], row["ExitCode"]) == (
        "CoworkVMService",
        "Stopped",
        "Auto",
        1066,
    )
    assert (row["ServiceType"], row["ServiceExitCode"], row["Pid"]) == (16, 2, 0)
    assert row["BinaryPath"] == '"C:\\Program Files\\Claude\\cowork-svc.exe" --service'
    assert (row["Account"], row["DelayedStart"]) == ("LocalSystem", True)


def test_half_of_it_is_a_row_too(read: Read) -> None:
    row = read("service", QUERY.encode(), "state/services.txt").frames()["service"].iloc[0]
    assert row["State"] == "Stopped"
    assert row[["StartType", "BinaryPath", "DelayedStart"]].isna().all()


def test_what_is_neither_is_a_problem(read: Read) -> None:
    for data, path in (
        (b"{}", PATH),
        (b'{"format": "claude-evidence/volumes/1", "entries": []}', PATH),
        (b"x", "a.txt"),
    ):
        parsed = read("service", data, path)
        assert not parsed.tables
        assert len(parsed.problems) == 1
    assert not service.sniff(b"SERVICE_NAME: x\r\n")


def test_none_at_all_is_an_empty_table_that_was_read(read: Read) -> None:
    parsed = read("service", document(), PATH)
    assert parsed.frames()["service"].empty
    assert not parsed.problems


def test_hostile_text_is_read_in_time(read: Read) -> None:
    for evil in (b"\n" * 3_000_000, b" " * 3_000_000, b"SERVICE_NAME: x\n" * 100_000, b" A" * 1_000_000):
        read("service", evil, "state/services.txt")
