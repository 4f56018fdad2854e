"""The scrub of event logs on logs that were written here: names in every place that holds one, and none left."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence import evtx_values as values
from claude_evidence.collector import scrub_evtx as evtx
from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx
from tests.collector.evtx_scrubbing import (
    checksums,
    foreign,
    left,
    machine_sid,
    replacing,
    rust,
    same,
    same_sid,
    scrubbed,
)  # fmt: skip

NAMES = ("alice.muster", "Zoë Ångström", "Иван Петров", "王小明の部屋", "a😀lice", "DESKTOP-SAMPLE")
SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
TIME = datetime(2026, 5, 17, 7, 27, 3, 123456, tzinfo=UTC)
GUID = "{f1ef270a-0d32-4352-ba52-dbab41e1d859}"
PACKAGE = "Claude_1.2.3.0_x64__pzs8sxrjxfjjc"


def record(name: str, number: int, **changes: object) -> EventRecord:
    """A record that holds *name* and `SID` in every type that can."""
    wide, sid = name.encode("utf-16-le"), values.sid(SID)
    blob = b"\x07" + wide + b"\0\0" + name.encode("utf-16-be") + b"\0\0\0\x01" + name.encode() + b"\0" + sid
    data = [
        Field("Path", "UnicodeString", f"C:\\Users\\{name}\\AppData\\x.log"),
        Field("List", "UnicodeString", ["a", name, ""]), Field("Text", "UnicodeString", f"user {name}: {SID}"),
        Field("Sid", "SID", SID), Field("Blob", "Binary", blob), Field("Code", "UInt32", 0x80070020 + number),
        Field("When", "FILETIME", TIME), Field("Id", "GUID", GUID),
        Field("Package", "UnicodeString", PACKAGE),
    ]  # fmt: skip
    try:
        name.encode("cp1252")
        data.append(Field("Ansi", "AnsiString", f"by {name}"))
    except UnicodeEncodeError:
        pass
    made = {
        "provider": "Microsoft-Windows-AppModel-Runtime", "guid": GUID, "event_id": 208, "channel": "A/Admin",
        "computer": name, "time": TIME + timedelta(seconds=number), "user_sid": SID, "data": data, "ticks": number % 10,
    }  # fmt: skip
    return EventRecord(**{**made, **changes})  # type: ignore[arg-type]


def records(count: int = 12) -> Iterator[EventRecord]:
    for number in range(count):
        name = NAMES[number % len(NAMES)]
        shape = number // len(NAMES) % 3
        payload = [
            Field("ErrorCode", "UInt32", 15005),
            Field("DataItemName", "UnicodeString", "PsmFlags"),
            Field("EventPayload", "Binary", f"{PACKAGE}\0{name}\0".encode("utf-16-le") + b"\1\0\0\0"),
        ]
        if shape == 0:
            yield record(name, number)
        elif shape == 1:
            data = [payload[1], Field("N", "UnicodeString", name)]
            yield record(name, number, kind="UserData", user_data_root="{http://x/y}Root", data=data)
        else:
            yield record(name, number, kind="ProcessingErrorData", data=payload)


def opened(data: bytes, folder: Path) -> list[tuple[int, str, object]]:
    path = folder / "a.evtx"
    path.write_bytes(data)
    found, failed = rust(path)
    assert not failed
    return found


def test_no_name_is_left_in_any_place_or_encoding(tmp_path: Path) -> None:
    data = write_evtx(records(90))
    assert left(data, NAMES)
    clean = scrubbed(data, NAMES)
    assert not left(clean, NAMES)
    assert len(clean) == len(data)
    packed = values.sid(SID)
    assert packed in data
    assert packed not in clean
    before, after = opened(data, tmp_path), opened(clean, tmp_path)
    assert [row[:2] for row in before] == [row[:2] for row in after]
    assert PACKAGE in str(after[0][2])


def test_every_checksum_is_right_afterwards() -> None:
    data = write_evtx(records(400))
    assert len(checksums(data)) >= 5
    assert all(right for _, right in checksums(scrubbed(data, NAMES, foreign)))


@pytest.mark.parametrize("offset", [124, FILE_BLOCK_BYTES + 52, FILE_BLOCK_BYTES + 124])
def test_a_wrong_checksum_stays_wrong(offset: int) -> None:
    data = bytearray(write_evtx(records()))
    data[offset] ^= 1
    clean = scrubbed(bytes(data), NAMES)
    assert [right for _, right in checksums(clean)] == [right for _, right in checksums(bytes(data))]
    assert not left(clean, NAMES)


def test_functions_that_change_nothing_give_the_same_bytes() -> None:
    data = write_evtx(records(200))
    for others in (None, same):
        assert b"".join(evtx.scrub(io.BytesIO(data), same, same_sid, foreign=others)) == data


def slack(old: bytes, new: bytes) -> bytes:
    """A chunk whose records were overwritten by fewer and shorter ones: the old ones' rest lies behind."""
    free = struct.unpack_from("<I", new, FILE_BLOCK_BYTES + 48)[0]
    return new[: FILE_BLOCK_BYTES + free] + old[FILE_BLOCK_BYTES + free :]


def test_old_records_in_slack_are_scrubbed_and_still_there(tmp_path: Path) -> None:
    new = write_evtx([record("nobody", 1)])
    data = slack(write_evtx(records(10)), new)
    old = data.count(b"\x2a\x2a\0\0")
    assert old > 5
    assert left(data, NAMES)
    clean = scrubbed(data, NAMES, foreign)
    assert not left(clean, NAMES)
    assert clean.count(b"\x2a\x2a\0\0") == old
    assert all(right for _, right in checksums(clean))
    assert len(opened(clean, tmp_path)) == 1
    texts = set(evtx.texts(io.BytesIO(data)))
    assert {text for text in texts if NAMES[3] in text} > {NAMES[3]}


def test_text_that_no_record_explains_becomes_harmless() -> None:
    data = bytearray(write_evtx([record("nobody", 1)]))
    secret = "Contoso Payroll\\budget 2026.xlsx"
    data[-2000 : -2000 + 2 * len(secret)] = secret.encode("utf-16-le")
    data[-1001 : -1001 + len(secret)] = secret.encode()
    clean = scrubbed(bytes(data), (), foreign)
    assert not left(clean, [secret, "Contoso", "budget"])
    assert left(scrubbed(bytes(data)), [secret])


def test_text_across_the_edge_of_what_is_no_chunk() -> None:
    data = bytearray(write_evtx(records(300)))
    for start in range(FILE_BLOCK_BYTES, len(data), CHUNK_BYTES):
        data[start : start + CHUNK_BYTES] = bytes(CHUNK_BYTES)
    edge = FILE_BLOCK_BYTES + CHUNK_BYTES
    name = NAMES[0].encode("utf-16-le")
    for at in (FILE_BLOCK_BYTES, edge):
        data[at - 8 : at - 8 + len(name)] = name
    assert left(bytes(data), NAMES)
    assert not left(scrubbed(bytes(data), NAMES), NAMES)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("comment", ["", "a wedding, back on Monday\r\ncall Yvonne", "see C:\\Budget and CONTOSO\\yve"])
def test_what_somebody_typed_when_windows_was_shut_down_is_tokenised(named: bool, comment: str, tmp_path: Path) -> None:
    told = ["C:\\Windows\\explorer.exe (PC)", "PC", "", "0x0", "restart", comment, "PC\\Administrator"]
    fields = [Field(f"param{n}" if named else None, "UnicodeString", text) for n, text in enumerate(told, 1)]
    made = [record("h", n, provider="User32", guid=None, event_id=1074, data=fields) for n in (1, 2)]
    data = write_evtx(made)
    clean = scrubbed(data, (), foreign)
    assert not left(clean, ["wedding", "Monday", "Yvonne", "Budget", "CONTOSO"])
    for row in opened(clean, tmp_path):
        text = str(row[2]["Event"]["EventData"])  # type: ignore[index]
        assert all(word in text for word in ("explorer.exe (PC)", "restart", "Administrator"))


def test_what_concerns_others_is_tokenised_and_the_rest_stays(tmp_path: Path) -> None:
    other = [
        Field("PackageFullName", "UnicodeString", "Contoso.Payroll_1.0.0.0_x64__abcdefgh12345"),
        Field("Path", "UnicodeString", "D:\\Work\\Budget.exe"), Field("Code", "HexInt32", 0x80073D02),
        Field("Number", "UnicodeString", "0x80070005"), Field("Empty", "UnicodeString", ""),
        Field("Null", "UnicodeString", "NULL"),
        Field("Payload", "Binary", "Contoso.Payroll".encode("utf-16-le") + b"\0\0"),
    ]  # fmt: skip
    reason = [Field(None, "UnicodeString", "C:\\Windows\\servicing\\TrustedInstaller.exe")]
    made = [
        record("h", 1, data=other), record("h", 2),
        record("h", 3, provider="User32", guid=None, event_id=1074, data=reason),
    ]  # fmt: skip
    data = write_evtx(made)
    clean = scrubbed(data, (), foreign)
    assert not left(clean, ["Contoso", "Budget", "Payroll"])
    rows = [row[2]["Event"] for row in opened(clean, tmp_path)]  # type: ignore[index]
    own = rows[0]["EventData"]
    assert (own["Code"], own["Number"], own["Empty"], own["Null"]) == ("0x80073d02", "0x80070005", "", "NULL")
    assert {key for key in rows[0]["System"] if rows[0]["System"][key] != rows[1]["System"][key]} == {
        "TimeCreated", "EventRecordID"
    }  # fmt: skip
    assert rows[1] == opened(scrubbed(data), tmp_path)[1][2]["Event"]  # type: ignore[index]
    assert "TrustedInstaller" in str(rows[2])


@pytest.mark.parametrize(
    ("provider", "number", "texts", "expected"),
    [
        ("x", 1, ["C:\\Program Files\\WindowsApps\\Claude_1"], True),
        ("Service Control Manager", 7036, ["CoworkVMService"], True),
        ("x", 1, ["a coworker"], False), ("EventLog", 6008, ["09:12"], True), ("eventlog", 6007, [], False),
        ("Microsoft-Windows-Kernel-Power", 41, [], True), ("Other", 41, ["41"], False), ("", None, [], False),
        ("Service Control Manager", 7024, ["Host Compute Service", "%%5"], True),
    ],
)  # fmt: skip
def test_concerns_claude(provider: str, number: int | None, texts: list[str], expected: bool) -> None:
    assert evtx.concerns_claude(evtx.Event(provider, number, texts)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False), ("0x80073d02", False), ("-12.5", False), ("NULL", False), ("true", False), ("%%5", False),
        ("{f1ef270a-0d32-4352-ba52-dbab41e1d859}", False), ("10.0.19044.1", False),
        ("9:12:30 AM", False), ("80070020", False),
        ("2020-09-17T15:52:22.556516800Z", False), ("Ada", True), ("facade", True), ("C:\\x", True),
        ("notepad.exe", True),
    ],
)  # fmt: skip
def test_names_something(text: str, expected: bool) -> None:
    assert evtx.names_something(text) is expected


@pytest.mark.parametrize("wrong", [lambda text: text + "x", lambda text: text[1:], lambda text: "😀" + text[1:]])
def test_a_replacement_of_another_length_is_refused(wrong: object) -> None:
    data = write_evtx(records(2))
    with pytest.raises(ValueError, match="UTF-16 units"):
        list(evtx.scrub(io.BytesIO(data), wrong, same_sid))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="SID of"):
        list(evtx.scrub(io.BytesIO(data), same, lambda stored: stored[:-1]))


@given(st.integers(0, 300), st.binary(min_size=8, max_size=32), st.sampled_from(["user", "name", "secret"]))
def test_fitted(length: int, digest: bytes, kind: str) -> None:
    token = f"{kind}-{digest.hex()[:6]}"
    made = evtx.fitted(token, length, digest)
    assert len(made) == length
    assert made.isascii()
    assert made == evtx.fitted(token, length, digest)
    assert made.startswith(token[:length]) or length < len(kind) + 3


def test_sids_and_texts_are_discovered() -> None:
    data = write_evtx(records(30))
    assert SID in set(evtx.sids(io.BytesIO(data)))
    texts = list(evtx.texts(io.BytesIO(data)))
    for name in NAMES:
        assert f"C:\\Users\\{name}\\AppData\\x.log" in texts
        assert name in texts
    assert "EventRecordID" not in texts


def test_a_sid_is_mapped_once_even_where_a_chunk_is_searched_twice() -> None:
    data = bytearray(write_evtx(records(6)))
    good = scrubbed(bytes(data), NAMES)
    data[FILE_BLOCK_BYTES + 52] ^= 1  # the records' checksum
    assert scrubbed(bytes(data), NAMES)[FILE_BLOCK_BYTES + 512 :] == good[FILE_BLOCK_BYTES + 512 :]
    assert machine_sid(values.sid(SID)) in good


@given(st.binary(max_size=3000), st.integers(0, 2))
def test_what_is_no_event_log_goes_through_in_its_length(data: bytes, kind: int) -> None:
    prefix = (b"", b"ElfFile\0", write_evtx(records(1))[:FILE_BLOCK_BYTES] + b"ElfChnk\0")[kind]
    assert b"".join(evtx.scrub(io.BytesIO(prefix + data), same, same_sid, foreign=same)) == prefix + data
    assert len(scrubbed(prefix + data, NAMES, foreign)) == len(prefix + data)


LOG = write_evtx(records(60))
CODECS = ("utf-16-le", "utf-16-be", "utf-8")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, len(LOG) - 1), st.binary(min_size=1, max_size=12)), max_size=30),
    st.lists(st.tuples(st.integers(0, len(LOG) - 64), st.sampled_from(NAMES), st.sampled_from(CODECS)), max_size=10),
    st.integers(0, len(LOG)),
)
def test_damage_never_raises_and_never_leaks(
    damage: list[tuple[int, bytes]], planted: list[tuple[int, str, str]], length: int
) -> None:
    data = bytearray(LOG)
    for at, new in damage:
        data[at : at + len(new)] = new
    for at, name, codec in planted:
        form = name.encode(codec)
        data[at : at + len(form)] = form
    del data[max(length, len(LOG) // 8) :]
    for others in (None, foreign):
        clean = scrubbed(bytes(data), NAMES, others)
        assert len(clean) == len(data)
        assert not left(clean, NAMES)


def test_pieces_are_bounded_and_short_reads_do_not_matter() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 777))

    pieces = list(evtx.scrub(Slow(LOG), replacing(NAMES), machine_sid))
    assert max(map(len, pieces)) <= CHUNK_BYTES
    assert b"".join(pieces) == scrubbed(LOG, NAMES)
