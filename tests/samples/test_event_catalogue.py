"""The catalogue fills records; on real logs its types and order are those that Windows stored."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.evtx_values import TYPE_NAMES
from claude_evidence.samples.event_catalogue import EventKind, event, known_events
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

TIME = datetime(2026, 5, 17, 7, 27, tzinfo=UTC)


def test_every_entry_gives_a_record_that_reads_back(tmp_path: Path) -> None:
    evtx = pytest.importorskip("evtx")
    path = tmp_path / "a.evtx"
    path.write_bytes(write_evtx(event(provider, event_id, TIME) for provider, event_id in known_events()))
    shown = [json.loads(item["data"])["Event"] for item in evtx.PyEvtxParser(str(path)).records_json()]
    assert [_event_id(item["System"]) for item in shown] == [number for _, number in known_events()]


@pytest.mark.parametrize("key", known_events(), ids=lambda key: f"{key[0]}-{key[1]}")
def test_every_type_is_known(key: tuple[str, int]) -> None:
    kind = known_events()[key]
    assert set(kind.fields.values()) <= TYPE_NAMES
    assert not (kind.fields and kind.positional is not None)


def test_fields_come_in_order_with_their_types() -> None:
    made = event("Microsoft-Windows-AppModel-Runtime", 215, TIME, PackageName="Claude_1", ErrorCode=2147942432, level=3)
    assert made.data == (
        Field("ErrorCode", "UInt32", 2147942432),
        Field("PackageName", "UnicodeString", "Claude_1"),
        Field("ContainerName", "UnicodeString", ""),
    )
    assert (made.level, made.keywords) == (3, 0x2000000000000008)


def test_positional_strings_are_filled_up() -> None:
    made = event("EventLog", 6008, TIME, data=["07:27:03", "17.05.2026"])
    assert [field.value for field in made.data] == ["07:27:03", "17.05.2026", "", "", "", "", ""]
    assert made.guid is None
    assert event("EventLog", 6005, TIME).data == (Field(None, "UnicodeString", None),)


@pytest.mark.parametrize(
    ("provider", "event_id", "values", "message"),
    [
        ("AppModel-Runtime", 208, {"Packagename": "x"}, "has no Packagename; its fields: PackageName"),
        ("AppModel-Runtime", 208, {"data": ["x"]}, "has no data"),
        ("AppModel-Runtime", 999, {}, "no event 999"),
        ("Nobody", 1, {}, "no event 1 of 'Nobody'"),
    ],
)
def test_what_it_does_not_know(provider: str, event_id: int, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        event(provider, event_id, TIME, **values)


def _value(kind: str, shown: Any) -> Any:
    if kind.startswith(("Hex", "Pointer")):
        return int(shown, 16)
    return datetime.fromisoformat(shown) if kind == "FILETIME" else shown


def _attribute(element: dict[str, Any] | None, name: str) -> Any:
    return (element or {}).get("#attributes", {}).get(name)


def _again(shown: dict[str, Any], kind: EventKind, ticks: int) -> EventRecord | None:
    """The record anew from what a reader shows of it; None where that build's field list is another."""
    system, data = shown["System"], shown.get("EventData") or {}
    names = [name for name in data if name != "Binary"]
    if names != list(kind.fields):
        return None
    made = event(
        _attribute(system["Provider"], "Name"),
        _event_id(system),
        datetime.fromisoformat(_attribute(system["TimeCreated"], "SystemTime")),
        computer=system["Computer"],
        ticks=ticks,
        record_id=system["EventRecordID"],
        process_id=_attribute(system["Execution"], "ProcessID"),
        thread_id=_attribute(system["Execution"], "ThreadID"),
        user_sid=_attribute(system["Security"], "UserID"),
        activity_id=_attribute(system["Correlation"], "ActivityID"),
        **{name: _value(kind.fields[name], data[name]) for name in names},
    )
    return replace(made, binary=bytes.fromhex(data["Binary"])) if "Binary" in data else made


def _event_id(system: dict[str, Any]) -> int:
    shown = system["EventID"]
    return int(shown["#text"] if isinstance(shown, dict) else shown)


def _real(path: Path) -> Iterator[tuple[str, dict[str, Any], EventRecord]]:
    evtx = pytest.importorskip("evtx")
    short = {entry.system["provider"]: name for (name, _), entry in known_events().items()}
    for item in evtx.PyEvtxParser(str(path)).records_json():
        shown = json.loads(item["data"])["Event"]
        name = short.get(shown["System"]["Provider"]["#attributes"]["Name"], "")
        kind = known_events().get((name, _event_id(shown["System"])))
        if kind and "Execution" in shown["System"]:
            digits = item["timestamp"].removesuffix(" UTC").removesuffix("Z").partition(".")[2]
            made = _again(shown, kind, int(digits.ljust(7, "0")[6]))
            if made is not None:
                yield item["timestamp"], shown, made


@pytest.mark.skipif("CLAUDE_EVIDENCE_REAL_DATA" not in os.environ, reason="CLAUDE_EVIDENCE_REAL_DATA is not set")
@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("appx/server2022_20348_aptsim__AppXDeploymentServer_Operational.evtx", 13),
        ("appx/win10_19044_aptsim__AppXDeploymentServer_Operational.evtx", 17),
        ("appx/win10_19044_aptsim__AppModel-Runtime_Admin.evtx", 8),
        ("system/belkasoft_17763__System.evtx", 8),
    ],
)
def test_real_records_written_anew_read_the_same(tmp_path: Path, name: str, events: int) -> None:
    evtx = pytest.importorskip("evtx")
    found = _real(Path(os.environ["CLAUDE_EVIDENCE_REAL_DATA"]) / "evtx" / name)
    originals = sorted(found, key=lambda item: item[1]["System"]["EventRecordID"])  # a wrapped log begins in the middle
    path = tmp_path / "again.evtx"
    path.write_bytes(write_evtx(made for _, _, made in originals))
    parser = evtx.PyEvtxParser(str(path))
    again = [(item["timestamp"], json.loads(item["data"])["Event"]) for item in parser.records_json()]
    assert again == [(stamp, shown) for stamp, shown, _ in originals]
    kinds = Counter(_event_id(shown["System"]) for _, shown, _ in originals)
    assert len(kinds) >= events, kinds
