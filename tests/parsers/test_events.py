"""Event logs, as written by the sample writer, into the table ``events``: by both engines alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import pytest

from claude_evidence.model import Manifest, Member, UsageError
from claude_evidence.parsers import _appx_maps, _evtx_file, _evtx_payload, events
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import HEAD, Context, Parsed
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

TIME = datetime(2026, 5, 17, 7, 27, 8, 123456, tzinfo=UTC)
SERVER = "Microsoft-Windows-AppXDeployment-Server"
CHANNEL = "Microsoft-Windows-AppXDeploymentServer/Operational"
GUID = "{3f471139-acb7-4a01-b7a7-ff5da4ba2d43}"
ENGINES = [name for name, installed in _evtx_file._INSTALLED.items() if installed()]
engine = pytest.mark.parametrize("engine", ENGINES)


def read(data: bytes, name: str = "x.evtx", *, wanted: Sequence[str] = (), engine: str = "auto") -> Parsed:
    context = Context(Clock.of(Manifest()), wanted=frozenset(wanted), engine=engine)
    return events.parse(BytesIO(data), Member(name, name, len(data)), context)


def table(*args: Any, **options: Any) -> pd.DataFrame:
    return read(*args, **options).frames()["events"]


def event(*fields: tuple[str | None, str, Any], **more: Any) -> EventRecord:
    data = [Field(*field) for field in fields]
    return EventRecord(SERVER, GUID, more.pop("event_id", 400), CHANNEL, "DESKTOP-SAMPLE", TIME, data=data, **more)


def row(*fields: tuple[str | None, str, Any], engine: str = "auto", wanted: Sequence[str] = (), **more: Any) -> Any:
    return table(write_evtx([event(*fields, **more)]), engine=engine, wanted=wanted).iloc[0]


@engine
def test_the_system_section_becomes_columns(engine: str) -> None:
    one = row(
        event_id=603, record_id=77, level=2, task=3, opcode=5, version=1, keywords=0x4000000000000001, process_id=520,
        thread_id=580, engine=engine, user_sid="S-1-5-18", ticks=9,
        activity_id="{0d42b622-a090-11ec-aafa-ec63d7728336}",
    )  # fmt: skip
    assert one["TimeCreated"] == pd.Timestamp(TIME)  # 100 ns are cut, not rounded
    assert (one["Record"], one["EventID"], one["Provider_Name"], one["Channel"]) == (77, 603, SERVER, CHANNEL)
    assert (one["Computer"], one["Level"], one["Task"], one["Opcode"], one["Version"]) == ("DESKTOP-SAMPLE", 2, 3, 5, 1)
    assert (one["Keywords"], one["ProcessID"], one["ThreadID"]) == ("0x4000000000000001", 520, 580)
    assert one["UserID"] == "S-1-5-18"
    assert one["ActivityID"].strip("{}").lower() == "0d42b622-a090-11ec-aafa-ec63d7728336"
    assert one["Member"] == "x.evtx"


@engine
def test_stored_values_stay_as_stored(engine: str) -> None:
    stored = [
        ("a", "UnicodeString", " leading <&>\"'é\r\n"), ("b", "UInt32", 2147942432), ("c", "Int32", -2147024894),
        ("d", "HexInt32", 0x80073D02), ("e", "HexInt64", 0), ("f", "Boolean", True), ("g", "Boolean", False),
        ("h", "GUID", "0d42b622-a090-11ec-aafa-ec63d7728336"), ("i", "SID", "S-1-5-21-1-2-3-1001"),
        ("j", "FILETIME", TIME), ("k", "SYSTEMTIME", TIME), ("l", "Binary", b"\0\xff"), ("m", "UInt64", 2**64 - 1),
        ("n", "UnicodeString", ""), ("o", "UnicodeString", "NULL"), ("p", "UnicodeString", ["x", "", "z"]),
        ("q", "AnsiString", "café"), ("r", "Float", 0.1), ("s", "Float", 3.0), ("t", "Double", 1e300),
        ("u", "UnicodeString", None), ("v", "UnicodeString", "1"), ("v", "UnicodeString", "2"), ("w", "Int8", -3),
    ]  # fmt: skip
    one = row(*stored, wanted=[name for name, _, _ in stored] + ["absent"], engine=engine)
    assert {name: one[name] for name in sorted({name for name, _, _ in stored})} == {
        "a": " leading <&>\"'é\r\n", "b": "2147942432", "c": "-2147024894", "d": "0x80073d02", "e": "0x0", "f": "true",
        "g": "false", "h": "0D42B622-A090-11EC-AAFA-EC63D7728336", "i": "S-1-5-21-1-2-3-1001",
        "j": "2026-05-17T07:27:08.123456Z", "k": "2026-05-17T07:27:08.123000Z", "l": "00FF",
        "m": "18446744073709551615", "n": "", "o": "NULL", "p": "x\n\nz", "q": "café", "r": "0.1", "s": "3.0",
        "t": "1e+300", "u": "", "v": "1\n2",
        "w": "-3",
    }  # fmt: skip
    assert pd.isna(one["absent"])


@engine
@pytest.mark.parametrize(
    ("field", "code"),
    [
        (("ErrorCode", "UInt32", 2147942432), "0x80070020"),
        (("ErrorCode", "Int32", -2147024864), "0x80070020"),
        (("ErrorCode", "HexInt32", 0x80070020), "0x80070020"),
        (("ErrorCode", "HexInt32", 0), "0x00000000"),
        (("Error", "HexInt32", 0x80073D02), "0x80073d02"),
        (("hresult", "HexInt32", 5), "0x00000005"),
        (("HResult", "HexInt32", 5), "0x00000005"),
        (("Result", "HexInt32", 5), None),
        (("ErrorCode", "UnicodeString", "NULL"), None),
    ],
)
def test_error_codes_have_one_form(field: tuple[str, str, Any], code: str | None, engine: str) -> None:
    found = row(field, engine=engine)["HResult"]
    assert pd.isna(found) if code is None else found == code


def test_error_code_comes_before_error_and_a_field_without_code_gives_way() -> None:
    assert row(("Error", "HexInt32", 1), ("ErrorCode", "HexInt32", 2))["HResult"] == "0x00000002"
    assert row(("ErrorCode", "UnicodeString", "NULL"), ("Error", "HexInt32", 1))["HResult"] == "0x00000001"


@engine
def test_operation_and_options_are_named(engine: str) -> None:
    started = row(
        ("DeploymentOperation", "UInt32", 6), ("Flags", "UInt32", 65), ("FlagsHigh", "UInt32", 0x40), engine=engine
    )
    names = "ForceApplicationShutdownOption,ForceTargetApplicationShutdownOption,"
    assert started["Operation"] == "Register"
    assert started["Options"] == names + "DeferRegistrationWhenPackagesAreInUse"
    done = row(("DeploymentOperation", "UInt32", 99), ("DeploymentOptions", "HexInt64", 0x40_00000041), engine=engine)
    assert (done["Operation"], done["Options"]) == ("99", started["Options"])


def test_flags_of_other_events_are_no_options() -> None:
    assert pd.isna(row(("PackageFullName", "UnicodeString", "x"), ("Flags", "HexInt32", 1))["Options"])


def test_numbers_whose_meaning_differs_between_builds_stay_numbers() -> None:
    assert [_appx_maps.operation(text) for text in ("1", "20", "21", "22", "33", "34", "36")] == [
        "Add", "RegisterByPackageFamilyName", "21", "GeneratePreviewTilesOperation", "DeprovisionPackageOperation",
        "34", "36",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        ("0", "0", "DefaultOption"),
        ("0x2000", "1", "0x2000,0x100000000"),
        (str(0x800000), "0", "AllowUnsigned"),
        (str(0x80000000), str(0x200000), "FirstLogonInstall,StageInPlaceUpdate"),
        ("0", str(0x80000000), "0x8000000000000000"),
        ("4294967296", "0", None),
        ("-1", "0", None),
        ("NULL", "0", None),
        ("9" * 5000, "0", None),
    ],
)
def test_options_bit_by_bit(low: str, high: str, names: str | None) -> None:
    assert _appx_maps.options(low, high) == names


@engine
def test_positional_values_are_data_and_numbered_parameters(engine: str) -> None:
    fields = [(None, "UnicodeString", text) for text in ("one", "", "three")]
    wanted = ["Data", "param1", "param2", "param3", "param4", "Binary"]
    one = row(*fields, binary=b"ab", wanted=wanted, engine=engine)
    assert [one[name] for name in wanted[:4]] == ["one\n\nthree", "one", "", "three"]
    assert pd.isna(one["param4"])
    assert one["Binary"] == "6162"


@engine
def test_user_data_and_processing_errors_have_fields_too(engine: str) -> None:
    wanted = ["Reason", "DataItemName", "EventPayload", "PackageFullName", "EventXML"]
    user = row(("Reason", "UInt32", 7), kind="UserData", user_data_root="{urn:x}EventXML", wanted=wanted, engine=engine)
    assert user["Reason"] == "7"
    assert pd.isna(user["EventXML"])
    fields = [("ErrorCode", "UInt32", 15005), ("DataItemName", "UnicodeString", "PsmFlags")]
    payload = ("EventPayload", "Binary", "Claude_1".encode("utf-16-le"))
    failed = row(*fields, payload, kind="ProcessingErrorData", event_id=219, wanted=wanted, engine=engine)
    assert (failed["HResult"], failed["DataItemName"]) == ("0x00003a9d", "PsmFlags")
    assert failed["EventPayload"] == "Claude_1".encode("utf-16-le").hex().upper()
    assert pd.isna(failed["PackageFullName"])  # the payload is not taken apart


def test_a_field_never_takes_the_place_of_a_column() -> None:
    fields = [("Level", "UnicodeString", "hers"), ("HResult", "UInt32", 5)]
    message = ("Message", "UnicodeString", "[LaunchProcess]")
    one = row(*fields, message, level=2, wanted=["Level", "HResult", "Message", "Options"])
    assert (one["Level"], one["HResult"], one["Message"]) == (2, "0x00000005", "[LaunchProcess]")


def test_the_payload_stays_raw_and_one_without_payload_is_empty() -> None:
    found = table(write_evtx([event(("a", "UInt32", 1)), event()]))
    assert found["EventData"].tolist() == [b'{"a":1}', b""]


@engine
def test_dtypes_are_the_declared_ones_with_and_without_rows(engine: str) -> None:
    for records in ([], [event(("a", "UInt32", 1))]):
        found = table(write_evtx(records), wanted=["a", "RenderedMessage"], engine=engine)
        dtypes = {name: str(dtype) for name, dtype in found.dtypes.items()}
        assert dtypes == {**HEAD, **events.TABLES["events"], "a": "category", "RenderedMessage": "str"}
        assert len(found) == len(records)
        kinds = {str(found[name].cat.categories.dtype) for name, dtype in dtypes.items() if dtype == "category"}
        assert kinds == {"str"}  # else frames of several members could not be joined


@engine
def test_coverage_is_per_channel(engine: str) -> None:
    other = EventRecord("P", None, 1, "System", "DESKTOP-SAMPLE", TIME.replace(year=2025))
    found = read(write_evtx([event(), other, event()]), engine=engine).coverage
    assert {(c.table, c.source, c.member, c.first, c.last) for c in found} == {
        ("events", CHANNEL, "x.evtx", TIME, TIME),
        ("events", "System", "x.evtx", TIME.replace(year=2025), TIME.replace(year=2025)),
    }


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("Microsoft-Windows-AppModel-Runtime%4Admin.evtx", "Microsoft-Windows-AppModel-Runtime/Admin"),
        ("data/files/C/x/Microsoft-Windows-AppModel-Runtime_Admin.evtx", "Microsoft-Windows-AppModel-Runtime/Admin"),
        ("Microsoft-Windows-AppXDeploymentServer%254Operational.evtx", CHANNEL),
        ("System.evtx", "System"),
        ("my_logs.evtx", "my_logs"),
    ],
)
def test_a_log_without_records_covers_the_channel_of_its_name(name: str, channel: str) -> None:
    found = read(write_evtx([]), name)
    assert [(c.source, c.first, c.last) for c in found.coverage] == [(channel, None, None)]
    assert found.problems == []


def test_engines_are_chosen_by_name() -> None:
    assert _evtx_file.engines("auto") == tuple(ENGINES)
    with pytest.raises(UsageError, match="unknown engine 'libevtx'"):
        read(write_evtx([]), engine="libevtx")


def test_an_engine_that_is_not_installed_is_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_evtx_file._INSTALLED, "python-evtx", lambda: False)
    with pytest.raises(UsageError, match="python-evtx"):
        read(write_evtx([]), engine="python-evtx")
    assert _evtx_file.engines("auto") == tuple(name for name in ENGINES if name != "python-evtx")


def test_a_log_is_known_by_its_first_bytes() -> None:
    assert events.sniff(write_evtx([])[:4096])
    assert not events.sniff(b"[INFO] a line of a log")
    assert not events.sniff(b"")


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{", b"[1]", b'"x"', b"{" + b'"a":{' * 5000, b"\xff", b'{"a":{"#text":1}}']
)
def test_no_payload_raises(payload: bytes) -> None:
    assert _evtx_payload.fields(payload) == ({"a": "1"} if payload.startswith(b'{"a":{"#') else {})
