"""Real event logs: what the table holds is what the Rust crate itself says, and python-evtx agrees."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import _evtx_payload, events
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Parsed

evtx = pytest.importorskip("evtx")
DATA = os.environ.get("CLAUDE_EVIDENCE_REAL_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="CLAUDE_EVIDENCE_REAL_DATA names no folder of real event logs")
FOLDER = Path(DATA or ".") / "evtx"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.evtx*")) if DATA else []
# Records that the crate, given the whole file, does not come to: behind damage inside a chunk, or in a cut chunk
MORE = {
    "robust/bad_chunk_magic.evtx": 31,
    "robust/plaso__System2_truncated.evtx": 89,
    "robust/vss_RemoteConnectionManager.evtx": 21,
}
# Records that python-evtx cannot read: an event without a template
PYTHON_LOSES = {"robust/issue_201.evtx": 1, "robust/wec_MSExchange.evtx": 1}
SECOND_OPINION = [
    name for name in FILES if DATA and name.endswith(".evtx") and (FOLDER / name).stat().st_size < 80_000
] + ["appx/server2022_20348_aptsim__AppModel-Runtime_Admin.evtx", "robust/plaso__System2_truncated.evtx"]
DAMAGED = {
    "robust/Application_no_crc32.evtx", "robust/HelloForBusiness_halfwritten.evtx", "robust/bad_string_cache.evtx",
    *MORE,
}  # fmt: skip


def content(name: str) -> bytes:
    data = (FOLDER / name).read_bytes()
    return lzma.decompress(data) if name.endswith(".xz") else data


def read(name: str, wanted: frozenset[str], engine: str = "auto") -> Parsed:
    data = content(name)
    context = Context(Clock.of(Manifest()), wanted=wanted, engine=engine)
    return events.parse(BytesIO(data), Member(name, name, len(data)), context)


def crate(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield what the crate says of each record: its number in the header, and the event."""
    records = evtx.PyEvtxParser(BytesIO(data)).records_json()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except RuntimeError:
            continue
        yield record["event_record_id"], json.loads(record["data"])["Event"]


def text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def leaves(value: Any) -> dict[str, str]:
    """Return the fields of an event, in the plainest way."""
    found: dict[str, str] = {}
    for name, child in (value or {}).items():
        if name == "#attributes":
            continue
        if isinstance(child, dict) and set(child) == {"#text"}:
            values = child["#text"] if isinstance(child["#text"], list) else [child["#text"]]
            found |= {name: "\n".join(map(text, values))} | {f"param{n}": text(v) for n, v in enumerate(values, 1)}
        elif isinstance(child, dict):
            found |= leaves(child)
        else:
            found[name] = text(child)
    return found


def attribute(system: dict[str, Any], section: str, name: str) -> Any:
    return ((system.get(section) or {}).get("#attributes") or {}).get(name)


def whole(value: Any) -> int | None:
    value = value.get("#text") if isinstance(value, dict) else value
    return None if value is None else int(value)


def expected(number: int, event: dict[str, Any]) -> dict[str, Any]:
    system = event["System"]
    time = attribute(system, "TimeCreated", "SystemTime")
    identifier = whole(system["EventID"])
    return {
        "Record": whole(system["EventRecordID"]) or number,
        "TimeCreated": pd.Timestamp(time[:26].rstrip("Z"), tz="UTC") if time else None,
        "EventID": -1 if identifier is None else identifier,
        "Provider_Name": attribute(system, "Provider", "Name"),
        "Channel": system["Channel"],
        "Computer": system["Computer"],
        "Keywords": system["Keywords"],
        **{name: whole(system.get(name)) for name in ("Level", "Version", "Task", "Opcode")},
        **{name: whole(attribute(system, "Execution", name)) for name in ("ProcessID", "ThreadID")},
        "UserID": attribute(system, "Security", "UserID"),
        "ActivityID": attribute(system, "Correlation", "ActivityID"),
    }


@pytest.mark.parametrize("name", FILES)
def test_counts_and_stored_values_equal_the_crates_own(name: str) -> None:
    said = list(crate(content(name)))
    fields = [leaves(event.get("EventData") or event.get("UserData") or event.get("ProcessingErrorData"))
              for _, event in said]  # fmt: skip
    names = frozenset().union(*fields)
    parsed = read(name, names)
    table = parsed.frames()["events"]
    assert len(table) == len(said) + MORE.get(name, 0)
    rows = [expected(number, event) for number, event in said]
    own = table[table["Record"].isin([row["Record"] for row in rows])]
    assert len(own) == len(said)
    for column in rows[0]:
        stored = own[column].astype(object).where(own[column].notna(), None)
        assert stored.tolist() == [row[column] for row in rows], column
    for column in names - set(events.TABLES["events"]):
        stored = own[column].astype(object).where(own[column].notna(), None)
        assert stored.tolist() == [field.get(column) for field in fields], column
    assert bool(parsed.problems) == (name in DAMAGED)
    assert all(problem.where == name for problem in parsed.problems)


@pytest.mark.parametrize("name", SECOND_OPINION)
def test_python_evtx_says_the_same(name: str) -> None:
    pytest.importorskip("Evtx")
    first, second = (read(name, frozenset(), engine) for engine in ("evtx", "python-evtx"))
    one, two = (parsed.frames()["events"] for parsed in (first, second))
    assert len(two) == len(one) - PYTHON_LOSES.get(name, 0)
    assert len([p for p in second.problems if p.record]) >= PYTHON_LOSES.get(name, 0)
    if name in PYTHON_LOSES:
        return
    pd.testing.assert_frame_equal(one.drop(columns="EventData"), two.drop(columns="EventData"))
    for left, right in zip(one["EventData"], two["EventData"], strict=True):
        assert _evtx_payload.fields(left) == _evtx_payload.fields(right)


def test_each_loss_names_its_chunk_or_record() -> None:
    found = {name: [p.message for p in read(name, frozenset()).problems] for name in sorted(DAMAGED)}
    assert [m.split(":")[0] for m in found["robust/plaso__System2_truncated.evtx"]] == [
        "chunk 2 (at byte 135,168)", "the file ends before chunk 3 of 96"
    ]  # fmt: skip
    assert "89 of 90 records read" in found["robust/plaso__System2_truncated.evtx"][0]
    assert "6 of 20 records read" in found["robust/HelloForBusiness_halfwritten.evtx"][0]
    assert found["robust/Application_no_crc32.evtx"] == [
        "1 of 1 chunks carry no checksums: damage in them may show nowhere"
    ]
    chunks = {int(m.split()[1]) for m in found["robust/bad_chunk_magic.evtx"] if m.startswith("chunk")}
    assert chunks == set(range(16)) - {8}  # the only sound one
