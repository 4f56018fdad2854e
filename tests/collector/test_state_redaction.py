"""State that the probes chose stays evidence when it is made private: names of people go, names of programs stay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_evidence.collector import _state
from claude_evidence.collector._types import Item
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.redactor import OWN_STATE
from tests.collector.offline import ALICE, SID, artifact

PACKAGE = r"C:\Program Files\WindowsApps\Claude_1.2.3.0_x64__pzs8sxrjxfjjc"
ENTRIES: dict[str, dict[str, Any]] = {
    "services": {"name": "CoworkVMService", "state": "Running", "binary_path": rf"{PACKAGE}\cowork-svc.exe", "pid": 4},
    "processes": {"pid": 3, "name": "claude.exe", "path": r"C:\Users\alice\x\claude.exe", "holds": ["package"]},
    "volumes": {"drive": "C:/", "path": "C:/Users/alice/Claude", "link": "junction", "target": "D:/Zorbo/Claude"},
    "registry_values": {
        "key": rf"HKU\{SID}\Software\Microsoft\Windows\CurrentVersion\Run",
        "value_name": "Claude",
        "value": rf"{PACKAGE}\app\claude.exe --user=alice --token=sk-ant-api03-{'x' * 80}AA",
    },
}  # fmt: skip


def private(item: Item) -> dict[str, Any]:
    discovery = Discovering([ALICE], b"k" * 32)
    with item.open() as stream:
        discovery.stream(item, stream)
    redactor = discovery.redactor()
    with item.open() as stream:
        text = b"".join(redactor.stream(item, stream)).decode()
    for secret in ("alice", SID, "Zorbo", "sk-ant"):
        assert secret not in text
    told = json.loads(text)
    assert told["format"].startswith("claude-evidence/")
    (entry,) = told["entries"]
    assert isinstance(entry, dict)
    return entry


def test_every_state_file_of_the_probes_is_meant() -> None:
    assert {f"{kind}.json" for kind in ENTRIES} == OWN_STATE


@pytest.mark.parametrize("kind", ENTRIES)
def test_programs_keep_their_names_and_people_do_not(kind: str) -> None:
    entry = private(_state.document(artifact("x"), kind, "asked", [ENTRIES[kind]]))
    assert set(entry) == set(ENTRIES[kind])
    kept = {"name", "state", "link", "holds", "value_name", "pid", "drive", "binary_path"}
    assert {key: entry[key] for key in kept & set(entry)} == {key: ENTRIES[kind][key] for key in kept & set(entry)}
    assert "value-" not in entry.get("key", "")
    assert PACKAGE in entry.get("value", PACKAGE)
    assert entry.get("path", "Claude").casefold().endswith(("claude", "claude.exe"))


def test_text_of_commands_is_private_too() -> None:
    listed = f"Name : Claude\nInstallLocation : {PACKAGE}\nOwner : alice ({SID})\n"
    item = _state.item(artifact("x"), "packages.txt", "asked", listed)
    redactor = Discovering([ALICE], b"k" * 32).redactor()
    with item.open() as stream:
        text = b"".join(redactor.stream(item, stream)).decode()
    assert PACKAGE in text
    assert "alice" not in text
    assert SID not in text
