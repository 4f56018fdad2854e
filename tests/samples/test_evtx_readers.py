"""Three independent readers (``conftest.py``) say the same of what the writer wrote."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

Survives: TypeAlias = Callable[[list[EventRecord]], None]
APPMODEL = uuid.UUID("f1ef270a-0d32-4352-ba52-dbab41e1d859")
TIME = datetime(2026, 5, 17, 7, 27, 3, 123456, tzinfo=UTC)


def record(*data: Field, **values: Any) -> EventRecord:
    system: dict[str, Any] = {
        "provider": "Microsoft-Windows-AppModel-Runtime",
        "guid": str(APPMODEL),
        "event_id": 208,
        "channel": "Microsoft-Windows-AppModel-Runtime/Admin",
        "computer": "DESKTOP-SAMPLE",
        "time": TIME,
        "ticks": 7,
        "user_sid": "S-1-5-21-1004336348-1177238915-682003330-1001",
    }
    return EventRecord(**(system | values), data=data)


EXTREMES: dict[str, list[Any]] = {
    "UnicodeString": ["", " ", " lead", "trail ", "NULL", "\r\nLine\r\n", "tab\t", "<a>&\"'", "Zoë 名", "\U0001f600x"],
    "AnsiString": ["", "plain text"],
    "Int8": [-128, -1, 127], "UInt8": [0, 255], "Int16": [-32768, -5], "UInt16": [65535],
    "Int32": [-2147024894, -(2**31), 2**31 - 1], "UInt32": [2147942432, 2**32 - 1], "Int64": [-(2**63), -1],
    "UInt64": [2**64 - 1], "HexInt32": [0, 0x80073D02], "HexInt64": [2**62 + 1], "Pointer": [0xFFFFB30F87CE21B0],
    "Boolean": [True, False], "GUID": [str(APPMODEL)], "SID": ["S-1-5-18", "S-1-15-2-1-2-3-4-5-6-7", "S-1-0-0"],
    "FILETIME": [TIME], "SYSTEMTIME": [TIME], "Binary": [b"\x00\x01\xff"], "Float": [1.5, -0.25], "Double": [-2.25e100],
}  # fmt: skip


@pytest.mark.parametrize("kind", EXTREMES)
def test_every_type_survives(survives: Survives, kind: str) -> None:
    fields = [Field(f"Field{index}", kind, value) for index, value in enumerate(EXTREMES[kind])]
    survives([record(*fields), record(*reversed(fields))])


def test_every_kind_of_provider_and_data(survives: Survives) -> None:
    text = Field("Name", "UnicodeString", "value")
    classic: dict[str, Any] = {"guid": None, "provider": "Old Source", "user_sid": None}
    records = [
        record(text, level=2, task=63, opcode=2, version=6, keywords=2**63 + 2, process_id=4, thread_id=2**32 - 1),
        record(text, activity_id="05d46084-0186-0000-0664-d4058601da01", user_sid=None),
        record(text, event_source_name="Old Name", qualifiers=49152),
        record(text, qualifiers=32768, **classic),
        record(Field(None, "UInt32", 5), **classic),
        record(text, kind="UserData", user_data_root="{Event_NS}EventXML"),
        record(text, Field("N", "UInt64", 1), kind="UserData", user_data_root="Plain", **classic),
        record(Field("ErrorCode", "UInt32", 15005), Field("EventPayload", "Binary", b"M"), kind="ProcessingErrorData"),
        record(),
    ]
    survives(records)


def test_rust_json_shows_the_stored_text(tmp_path: Path) -> None:
    evtx = pytest.importorskip("evtx")
    kinds = {"UInt32": 2147942432, "HexInt32": 2147942432, "Boolean": True, "Int32": -5, "UnicodeString": " \r\nx"}
    path = tmp_path / "a.evtx"
    path.write_bytes(write_evtx([record(*(Field(kind, kind, value) for kind, value in kinds.items()))]))
    (seen,) = evtx.PyEvtxParser(str(path)).records_json()
    assert seen["timestamp"] == "2026-05-17T07:27:03.1234567Z UTC"
    assert json.loads(seen["data"])["Event"]["EventData"] == kinds | {"HexInt32": "0x80070020"}


NAMED_ARRAY = {
    "rust_xml": [("A", "one"), ("A", "\n    "), ("A", "two")],
    "python_evtx": [("A", "<string>one</string>\n<string></string>\n<string>two</string>\n")],
    "libevtx": [("A", "one"), ("A", ""), ("A", "two")],
}
POSITIONAL = {
    "rust_xml": [(None, "\n    "), (None, "3"), ("Binary", "01")],
    # it moves empty strings behind the text after them
    "python_evtx": [(None, "<string>3</string>\n<string></string>\n"), ("Binary", "AQ==")],
    "libevtx": [(None, ""), (None, "3"), ("Binary", "01")],
}
NULL = {"rust_xml": [("A", "\n    "), ("B", "x")], "python_evtx": [("A", ""), ("B", "x")], "libevtx": [("B", "x")]}


def test_arrays_and_nulls(tmp_path: Path, reader: Callable[[Path], list[Any]]) -> None:
    array = Field("A", "UnicodeString", ["one", "", "two"])
    strings = [Field(None, "UnicodeString", text) for text in ("", "3")]
    null = [Field("A", "UInt32", None), Field("B", "UnicodeString", "x")]
    path = tmp_path / "a.evtx"
    path.write_bytes(write_evtx([record(array), record(*strings, guid=None, binary=b"\x01"), record(*null)]))
    name = reader.__name__
    assert [item.fields for item in reader(path)] == [NAMED_ARRAY[name], POSITIONAL[name], NULL[name]]


# Left out: what XML cannot hold, what python-evtx drops (C1), what libevtx takes for a byte order mark or turns into it
_ODD = "\ufffe\uffff\ufeff\U000103fd\U000103fe"
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters=_ODD)
_TEXT = st.text(_CHARACTERS | st.sampled_from(" \t\r\n\x85"), max_size=40)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "UnicodeString": _TEXT,
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "HexInt32": st.integers(0, 2**32 - 1),
    "HexInt64": st.integers(0, 2**64 - 1),
    "Boolean": st.booleans(),
    "GUID": st.uuids().map(str),
    "SID": st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15).map(lambda n: f"S-1-5-{'-'.join(map(str, n))}"),
    "FILETIME": _TIMES,
    "Binary": st.binary(max_size=300),
}
_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,12}", fullmatch=True)
_FIELDS = st.sampled_from(sorted(_VALUES)).flatmap(lambda kind: st.builds(Field, _NAMES, st.just(kind), _VALUES[kind]))
_RECORDS = st.builds(
    EventRecord,
    provider=_NAMES,
    guid=st.none() | st.uuids().map(str),
    event_id=st.integers(0, 0xFFFF),
    channel=_NAMES,
    computer=_NAMES,
    time=_TIMES,
    ticks=st.integers(0, 9),
    record_id=st.none(),
    level=st.integers(0, 5),
    task=st.integers(0, 0xFFFF),
    keywords=st.integers(0, 2**64 - 1),
    thread_id=st.integers(0, 2**32 - 1),
    user_sid=st.none() | _VALUES["SID"],
    data=st.lists(_FIELDS, max_size=6, unique_by=lambda field: field.name),
    kind=st.just("EventData"),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(_RECORDS, min_size=1, max_size=8))
def test_random_records_survive(survives: Survives, records: list[EventRecord]) -> None:
    survives(records)


def test_thousands_of_records_in_many_chunks(survives: Survives, reader: Callable[[Path], list[Any]]) -> None:
    count, width = (400, 970) if reader.__name__ == "python_evtx" else (5000, 97)  # it takes 7 ms a record
    records = [
        record(Field("Number", "UInt32", number), Field("Text", "UnicodeString", "x" * (number * 11 % width)),
               event_id=200 + number % 5, time=TIME + timedelta(seconds=number), ticks=number % 10)
        for number in range(count)
    ]  # fmt: skip
    survives(records)
