"""Three independent readers of event logs, and the comparison of what they show with what was written.

Where a reader is known to differ, its own rendering is asserted; nothing is loosened for all of them.
"""

import base64
import re
import shutil
import subprocess
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.evtx_values import filetime
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

LIBEVTX = pytest.mark.skipif(not shutil.which("evtxexport"), reason="evtxexport (Debian: libevtx-utils) is not on PATH")
# python-evtx computes times as floats: up to 4 µs off within this century (its own code, 200,000 random times)
FLOAT_ERROR = 40
NUMBERS = {"event_id": "EventID", "level": "Level", "task": "Task", "opcode": "Opcode", "version": "Version"}


@dataclass
class Seen:
    """A record as a reader shows it; *tolerance* is how far off its time may be, in units of 100 ns."""

    record_id: int
    time: int
    tolerance: int
    system: dict[str, Any]
    fields: list[tuple[str | None, str]]


def _ticks(text: str | None) -> int:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)?(?: UTC)?", text or "")
    assert match, text
    seconds = filetime(datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00"))
    return seconds + int((match[3] or "").ljust(7, "0")[:7])


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml_fields(event: ET.Element) -> Iterator[tuple[str | None, str]]:
    body = event[1]
    for item in body[0] if _local(body.tag) == "UserData" else body:
        name = item.get("Name") if _local(item.tag) == "Data" else _local(item.tag)
        yield name, item.text or ""


def _xml_record(event: ET.Element, tolerance: int, time: str | None = None) -> Seen:
    found = {_local(item.tag): item for item in event[0]}
    text = {name: item.text or "" for name, item in found.items()}
    system = {name: int(text[tag]) for name, tag in NUMBERS.items()} | {
        "provider": found["Provider"].get("Name"),
        "guid": found["Provider"].get("Guid") or None,
        "channel": text["Channel"],
        "computer": text["Computer"],
        "keywords": int(text["Keywords"], 16),
        "process_id": int(found["Execution"].get("ProcessID", "")),
        "thread_id": int(found["Execution"].get("ThreadID", "")),
        "user_sid": found["Security"].get("UserID") or None,
        "activity_id": found["Correlation"].get("ActivityID") or None,
        "qualifiers": int(found["EventID"].get("Qualifiers") or -1),
    }
    stamp = _ticks(time or found["TimeCreated"].get("SystemTime", ""))
    return Seen(int(text["EventRecordID"]), stamp, tolerance, system, list(_xml_fields(event)))


def rust_xml(path: Path) -> list[Seen]:
    evtx = pytest.importorskip("evtx")
    records = evtx.PyEvtxParser(str(path)).records()
    return [_xml_record(ET.fromstring(record["data"]), 0, record["timestamp"]) for record in records]


def python_evtx(path: Path) -> list[Seen]:
    module = pytest.importorskip("Evtx.Evtx")
    with module.Evtx(str(path)) as log:
        records = [(ET.fromstring(item.xml()), str(item.timestamp())) for item in log.records()]
    return [_xml_record(event, FLOAT_ERROR, time) for event, time in records]


def libevtx(path: Path) -> list[Seen]:
    out = subprocess.run(["evtxexport", "-f", "xml", str(path)], capture_output=True, check=True)
    assert out.stderr == b""
    _, start, events = out.stdout.partition(b"<Event ")
    return [_xml_record(event, 0) for event in ET.fromstring(b"<log>" + start + events + b"</log>")]


Reader = Callable[[Path], list[Seen]]


@pytest.fixture(params=[rust_xml, python_evtx, pytest.param(libevtx, marks=LIBEVTX)])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each reader in turn: from the path of an event log to what it shows, tell them apart by ``__name__``."""
    found: Reader = request.param
    return found


def _guid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _check_system(seen: Seen, wrote: EventRecord) -> None:
    for name, value in seen.system.items():
        expected = getattr(wrote, name)
        if name == "qualifiers":
            assert value == (-1 if expected is None else expected)
        elif name in {"guid", "activity_id"}:
            assert _guid(value) == _guid(expected), name
        else:
            assert value == expected, name
    assert abs(seen.time - filetime(wrote.time, wrote.ticks)) <= seen.tolerance


def _as_xml(text: str) -> str:
    """XML readers turn CR and CRLF into LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _wrong_astral(text: str) -> str:
    """The libevtx of 2018 takes each character beyond U+FFFF for the one 0x3FF below."""
    return "".join(chr(ord(c) - 0x3FF) if ord(c) > 0xFFFF else c for c in text)


def _wrong_negative(number: int, bits: int) -> int:
    """Old libevtx prints the sign, then the two's complement without its sign bit."""
    return number if number >= 0 else -(number & (2 ** (bits - 1) - 1))


def _check_text(text: str, value: str, reader: Reader) -> None:
    expected = {_as_xml(value)}
    if reader is libevtx:
        # and it shows nothing for a string that is one line feed
        expected.add("" if value == "\n" else _as_xml(_wrong_astral(value)))
    assert text in expected


def _check_value(text: str, field: Field, reader: Reader) -> None:
    kind, value = field.type, field.value
    if kind in {"UnicodeString", "AnsiString", "SID"}:
        _check_text(text, value, reader)
    elif kind.startswith("Int") and reader is libevtx:
        assert int(text) in {value, _wrong_negative(value, int(kind[3:]))}
    elif kind.startswith(("Int", "UInt")):
        assert text == str(value)
    elif kind.startswith(("Hex", "Pointer")):
        assert text.startswith("0x")
        assert int(text, 16) == value
    elif kind == "Boolean":
        assert text == (str(value) if reader is python_evtx else str(value).lower())
    elif kind == "GUID":
        assert _guid(text) == _guid(value)
    elif kind == "Binary":
        assert (base64.b64decode(text) if reader is python_evtx else bytes.fromhex(text)) == value
    elif kind in {"Float", "Double"}:
        assert float(text) == pytest.approx(value, rel=1e-6)
    elif kind == "FILETIME":
        assert abs(_ticks(text) - filetime(value)) <= (FLOAT_ERROR if reader is python_evtx else 0)
    else:
        assert kind == "SYSTEMTIME"
        milliseconds = value.microsecond // 1000
        shown = value.replace(microsecond=milliseconds * (1 if reader is python_evtx else 1000))
        assert _ticks(text) == filetime(shown)


@pytest.fixture
def survives(reader: Reader, tmp_path: Path) -> Callable[[list[EventRecord]], None]:
    """Write records and assert that the reader shows each with its System values and fields."""

    def check(records: list[EventRecord]) -> None:
        path = tmp_path / "log.evtx"
        path.write_bytes(write_evtx(records))
        seen = reader(path)
        assert [item.record_id for item in seen] == list(range(1, len(records) + 1))
        for item, wrote in zip(seen, records, strict=True):
            _check_system(item, wrote)
            assert [name for name, _ in item.fields] == [field.name for field in wrote.data]
            for (_, text), field in zip(item.fields, wrote.data, strict=True):
                _check_value(text, field, reader)

    return check
