"""Values that are left in a binary event log, wherever its format keeps text, are found; parts of words are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claude_evidence.collector._types import Identity, Kind
from claude_evidence.collector.audit import audit
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx
from tests.collector.planted import IDENTITIES, SID, make_zip

AT = datetime(2026, 5, 2, 8, tzinfo=UTC)
GUID = "{f1ef270a-0d32-4352-ba52-dbab41e1d859}"
Place = Callable[[str], EventRecord]


def _event(number: int = 1, **given: object) -> EventRecord:
    fields = {"provider": "Provider", "guid": GUID, "event_id": number, "channel": "System", "computer": "host-3fa94c"}
    return EventRecord(**{**fields, "time": AT + timedelta(seconds=number), **given})  # type: ignore[arg-type]


PLACES: Mapping[str, Place] = {
    "value": lambda text: _event(data=[Field("A", "UnicodeString", text)]),
    "within a value": lambda text: _event(data=[Field("A", "UnicodeString", rf"C:\Users\{text}\x")]),
    "array": lambda text: _event(data=[Field("A", "UnicodeString", ["plain", text, "plain"])]),
    "positional": lambda text: _event(guid=None, data=[Field(None, "UnicodeString", t) for t in ("a", text, "b")]),
    "ANSI": lambda text: _event(data=[Field("A", "AnsiString", text)]),
    "computer": lambda text: _event(computer=text),
    "channel beside other values": lambda text: _event(channel=text),
    "provider": lambda text: _event(provider=text),
    "classic provider": lambda text: _event(guid=None, provider=text),
    "field name": lambda text: _event(data=[Field(text, "UnicodeString", "x")]),
    "binary UTF-16": lambda text: _event(guid=None, binary=b"\1\2\3" + text.encode("utf-16-le") + b"\0\0\4"),
    "binary UTF-8": lambda text: _event(data=[Field("A", "Binary", b"\1\0" + text.encode() + b"\0\1")]),
    "user data": lambda text: _event(kind="UserData", user_data_root="Root", data=[Field("A", "UnicodeString", text)]),
    "between numbers": lambda text: _event(
        data=[Field("N", "UInt8", 97), Field("A", "UnicodeString", text), Field("M", "UInt16", 0x61)]
    ),
}


def _filling(first: int, count: int) -> list[EventRecord]:
    return [_event(first + n, data=[Field("Path", "UnicodeString", rf"C:\x\{n}")]) for n in range(count)]


@pytest.mark.parametrize("place", PLACES)
def test_every_value_is_found_wherever_text_is_kept(place: str, tmp_path: Path) -> None:
    members, expected = {}, set()
    for number, identity in enumerate(IDENTITIES):
        if place == "ANSI" and _not_ansi(identity.value):
            continue
        record = PLACES[place](identity.value)
        log = write_evtx([*_filling(1, 3), _later(record, 10), *_filling(20, 2000 if number == 0 else 2)])
        members[f"{number}.evtx"] = log
        expected.add((f"{number}.evtx", identity.kind.value))
    leaks = audit(make_zip(tmp_path / "b.zip", members), IDENTITIES)
    assert expected - {(leak.member, leak.kind) for leak in leaks} == set()


def _not_ansi(text: str) -> bool:
    return text.encode("cp1252", "replace").decode("cp1252") != text


def _later(record: EventRecord, number: int) -> EventRecord:
    from dataclasses import replace

    return replace(record, record_id=number)


def test_stored_sids_are_found(tmp_path: Path) -> None:
    others = write_evtx([_event(user_sid="S-1-5-18", data=[Field("S", "SID", "S-1-5-21-1-2-3-1013")])])
    own = {
        "system.evtx": write_evtx([_event(user_sid=SID)]),
        "value.evtx": write_evtx([_event(data=[Field("S", "SID", SID)])]),
        "text.evtx": write_evtx([_event(data=[Field("S", "UnicodeString", SID)])]),
    }
    leaks = audit(make_zip(tmp_path / "b.zip", {**own, "others.evtx": others}), [Identity(Kind.SID, SID)])
    assert {leak.member for leak in leaks} == set(own)


@pytest.mark.parametrize("place", ["value", "array", "computer", "channel beside other values", "provider", "ANSI"])
@pytest.mark.parametrize("text", ["malice", "aliceX", "Alice2", "chalice"])
def test_part_of_a_longer_word_is_none(place: str, text: str, tmp_path: Path) -> None:
    log = write_evtx([*_filling(1, 3), _later(PLACES[place](text), 10)])
    assert audit(make_zip(tmp_path / "b.zip", {"a.evtx": log}), [Identity(Kind.USER, "alice")]) == ()


def test_what_is_left_behind_the_last_record_is_found(tmp_path: Path) -> None:
    log = bytearray(write_evtx(_filling(1, 3)))
    log[60_000:60_024] = "quillfeather".encode("utf-16-le")
    leaks = audit(make_zip(tmp_path / "b.zip", {"a.evtx": bytes(log)}), IDENTITIES)
    assert [leak.kind for leak in leaks] == ["user"]


def test_a_secret_in_an_event_is_found(tmp_path: Path) -> None:
    log = write_evtx(
        [_event(data=[Field("A", "UnicodeString", "run --key sk-ant-api03-AAbbCCdd00112233445566778899")])]
    )
    assert [leak.kind for leak in audit(make_zip(tmp_path / "b.zip", {"a.evtx": log}), ())] == ["secret"]


@pytest.mark.parametrize("damage", [(0, 8), (4096, 4104), (4096 + 512, 4096 + 600), (5000, 70_000)])
def test_damage_hides_nothing(damage: tuple[int, int], tmp_path: Path) -> None:
    log = bytearray(write_evtx([*_filling(1, 900), _event(2000, data=[Field("A", "UnicodeString", "quillfeather")])]))
    log[slice(*damage)] = bytes(damage[1] - damage[0])
    assert "user" in [leak.kind for leak in audit(make_zip(tmp_path / "b.zip", {"a.evtx": bytes(log)}), IDENTITIES)]
