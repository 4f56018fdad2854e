"""Damaged event logs: every record that can be had is had, each loss is named, nothing raises or hangs."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES, RECORD_HEADER, RECORD_MAGIC
from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import _evtx_file, events
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Parsed
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

TIME = datetime(2026, 5, 17, tzinfo=UTC)
ENGINES = [name for name, installed in _evtx_file._INSTALLED.items() if installed()]
engine = pytest.mark.parametrize("engine", ENGINES)
PER_FILE = 55
LONG = "x" * 1500


def records(count: int) -> list[EventRecord]:
    return [
        EventRecord("P", None, 7, "System", "DESKTOP-SAMPLE", TIME + timedelta(seconds=n), record_id=n,
                    data=[Field("text", "UnicodeString", f"{LONG}{n}")])
        for n in range(1, count + 1)
    ]  # fmt: skip


WHOLE = write_evtx(records(PER_FILE))
CHUNKS = (len(WHOLE) - FILE_BLOCK_BYTES) // CHUNK_BYTES


def read(data: bytes, engine: str = "auto") -> Parsed:
    context = Context(Clock.of(Manifest()), wanted=frozenset({"text"}), engine=engine)
    return events.parse(BytesIO(data), Member("x.evtx", "x.evtx", len(data)), context)


def numbers(parsed: Parsed) -> list[int]:
    table = parsed.frames()["events"]
    assert [text[len(LONG) :] for text in table["text"]] == [str(number) for number in table["Record"]]
    return [int(number) for number in table["Record"]]


def offsets(data: bytes, chunk: int) -> list[tuple[int, int, int]]:
    """Return where each record of a chunk begins in the file, its size and its number."""
    place = FILE_BLOCK_BYTES + chunk * CHUNK_BYTES + 512
    found = []
    while data[place : place + 4] == RECORD_MAGIC:
        _, size, number, _ = RECORD_HEADER.unpack_from(data, place)
        found.append((place, size, number))
        place += size
    return found


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    changed = bytearray(data)
    for place, new in changes:
        changed[place : place + len(new)] = new
    return bytes(changed)


def resummed(data: bytes, chunk: int) -> bytes:
    """Return *data* with the checksums of a chunk made right again: an attacker's file."""
    base = FILE_BLOCK_BYTES + chunk * CHUNK_BYTES
    part = bytearray(data[base : base + CHUNK_BYTES])
    free = struct.unpack_from("<I", part, 48)[0]
    struct.pack_into("<I", part, 52, zlib.crc32(part[512:free]))
    struct.pack_into("<I", part, 124, zlib.crc32(part[128:512], zlib.crc32(part[:120])))
    return patched(data, (base, bytes(part)))


def test_the_sample_has_several_chunks_and_no_problem() -> None:
    assert CHUNKS >= 3
    for name in ENGINES:
        parsed = read(WHOLE, name)
        assert numbers(parsed) == list(range(1, PER_FILE + 1))
        assert parsed.problems == []


@engine
def test_a_record_that_cannot_be_read_costs_only_itself(engine: str) -> None:
    place, size, number = offsets(WHOLE, 1)[4]
    parsed = read(patched(WHOLE, (place + 24, b"\xff" * (size - 28))), engine)
    assert numbers(parsed) == [n for n in range(1, PER_FILE + 1) if n != number]
    assert [problem.record for problem in parsed.problems] == [None, number]
    assert "chunk 1" in parsed.problems[0].message
    assert "checksum" in parsed.problems[0].message


@engine
def test_a_lost_record_header_does_not_hide_the_records_behind_it(engine: str) -> None:
    (first, _, number), (second, _, after) = offsets(WHOLE, 1)[4:6]
    parsed = read(patched(WHOLE, (first, b"\0" * 30), (second + 4, b"\xff\xff")), engine)
    assert numbers(parsed) == [n for n in range(1, PER_FILE + 1) if n not in {number, after}]
    assert f"bytes at offset {first - FILE_BLOCK_BYTES - CHUNK_BYTES:,} are no record" in parsed.problems[0].message


@engine
@pytest.mark.parametrize("kept", [CHUNK_BYTES * 2 + 30_000, CHUNK_BYTES + 511, CHUNK_BYTES + 100])
def test_of_a_file_cut_short_all_whole_records_are_read(kept: int, engine: str) -> None:
    cut = WHOLE[: FILE_BLOCK_BYTES + kept]
    whole = [n for c in range(CHUNKS) for place, size, n in offsets(WHOLE, c) if place + size <= len(cut)]
    parsed = read(cut, engine)
    assert numbers(parsed) == whole
    assert len(whole) < PER_FILE
    messages = [problem.message for problem in parsed.problems]
    assert any("the file ends" in message for message in messages)


@engine
def test_a_chunk_with_a_destroyed_header_still_gives_its_records(engine: str) -> None:
    parsed = read(patched(WHOLE, (FILE_BLOCK_BYTES + CHUNK_BYTES, bytes(512))), engine)
    assert sorted(numbers(parsed)) == list(range(1, PER_FILE + 1))
    assert [problem.message.split(":")[0] for problem in parsed.problems] == ["chunk 1 (at byte 69,632)"]
    assert "header is destroyed" in parsed.problems[0].message


@engine
def test_wrong_checksums_are_said_and_the_records_read(engine: str) -> None:
    parsed = read(patched(WHOLE, (FILE_BLOCK_BYTES + 52, b"\0\0\0\0"), (124, b"\0\0\0\0")), engine)
    assert numbers(parsed) == list(range(1, PER_FILE + 1))
    assert [problem.message.split(";")[0] for problem in parsed.problems] == [
        "the file header's checksum does not match",
        "chunk 0 (at byte 4,096): its header's checksum does not match",
    ]


def test_a_file_without_checksums_is_said_once() -> None:
    places = [FILE_BLOCK_BYTES + chunk * CHUNK_BYTES + 120 for chunk in range(CHUNKS)]
    parsed = read(patched(WHOLE, *((place, b"\4\0\0\0\0\0\0\0") for place in places)))
    assert numbers(parsed) == list(range(1, PER_FILE + 1))
    assert [problem.message.split(":")[0] for problem in parsed.problems] == [
        f"{CHUNKS} of {CHUNKS} chunks carry no checksums"
    ]


@engine
@pytest.mark.parametrize("counted", [0, 1])
def test_a_stale_chunk_count_hides_nothing(counted: int, engine: str) -> None:
    header = bytearray(WHOLE[:FILE_BLOCK_BYTES])
    struct.pack_into("<H", header, 42, counted)
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    parsed = read(bytes(header) + WHOLE[FILE_BLOCK_BYTES:], engine)
    assert numbers(parsed) == list(range(1, PER_FILE + 1))
    assert parsed.problems == []


@engine
def test_chunks_out_of_order_and_unused_ones_are_no_loss(engine: str) -> None:
    head, body = WHOLE[:FILE_BLOCK_BYTES], WHOLE[FILE_BLOCK_BYTES:]
    wrapped = head + body[CHUNK_BYTES:] + body[:CHUNK_BYTES] + bytes(3 * CHUNK_BYTES)
    parsed = read(wrapped, engine)
    assert sorted(numbers(parsed)) == list(range(1, PER_FILE + 1))
    assert parsed.problems == []


def test_an_unused_chunk_among_those_counted_is_a_loss() -> None:
    parsed = read(patched(WHOLE, (FILE_BLOCK_BYTES + CHUNK_BYTES, bytes(CHUNK_BYTES))))
    lost = {number for _, _, number in offsets(WHOLE, 1)}
    assert numbers(parsed) == [n for n in range(1, PER_FILE + 1) if n not in lost]
    assert [problem.message.split(",")[0] for problem in parsed.problems] == ["chunk 1 (at byte 69"]


def test_records_behind_the_end_of_a_chunk_are_not_counted_again() -> None:
    last = CHUNKS - 1
    base = FILE_BLOCK_BYTES + last * CHUNK_BYTES
    free = struct.unpack_from("<I", WHOLE, base + 48)[0]
    place, size, _ = offsets(WHOLE, 0)[3]
    assert free + size < CHUNK_BYTES
    parsed = read(patched(WHOLE, (base + free, WHOLE[place : place + size])))
    assert numbers(parsed) == list(range(1, PER_FILE + 1))
    assert parsed.problems == []


def test_a_record_found_beside_the_chain_counts_only_if_no_other_has_its_number() -> None:
    """A copy of record 4 lies where the chain of a later chunk is broken: one record 4 is in the table."""
    (gap, _, lost), (place, size, number) = offsets(WHOLE, 1)[4], offsets(WHOLE, 1)[6]
    copy = bytearray(WHOLE[place : place + size])
    struct.pack_into("<Q", copy, 8, 4)
    parsed = read(patched(WHOLE, (gap, b"\0" * 30), (place, bytes(copy))))
    found = [int(n) for n in parsed.frames()["events"]["Record"]]
    assert sorted(found) == [n for n in range(1, PER_FILE + 1) if n != lost]
    assert number in found  # the record says itself, inside, which one it is


@engine
def test_a_chain_of_names_that_leads_back_to_itself_does_not_hang(engine: str) -> None:
    """The writer's tables are walked by readers: a loop in one kept the Rust crate busy for ever."""
    base = FILE_BLOCK_BYTES
    buckets = struct.unpack_from("<96I", WHOLE, base + 128)
    changes = [(base + offset, struct.pack("<I", offset)) for offset in buckets if offset]
    assert len(changes) > 5
    parsed = read(resummed(patched(WHOLE, *changes), 0), engine)
    assert numbers(parsed) == list(range(1, PER_FILE + 1))


@pytest.mark.parametrize("data", [b"", b"ElfFile\0", b"ElfFile\0" + bytes(4088), bytes(100_000), b"\xff" * 100_000])
def test_a_file_that_is_no_log_gives_a_problem_and_no_rows(data: bytes) -> None:
    parsed = read(data)
    assert len(parsed.frames()["events"]) == 0
    assert len(parsed.problems) >= 1
    assert {problem.where for problem in parsed.problems} == {"x.evtx"}


def test_what_python_evtx_cannot_read_is_read_by_the_other_and_the_reverse(monkeypatch: pytest.MonkeyPatch) -> None:
    if len(ENGINES) < 2:
        pytest.skip("needs both engines")
    from claude_evidence.parsers import _evtx_rust

    monkeypatch.setattr(_evtx_rust, "read", lambda chunks, rows: ([], ["nothing can be read"]))
    assert numbers(read(WHOLE)) == list(range(1, PER_FILE + 1))
    assert len(numbers(read(WHOLE, "evtx"))) == 0


SMALL = write_evtx(records(4))


@settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 12_000), st.binary(min_size=1, max_size=6)), max_size=12), st.booleans())
def test_no_damage_raises_or_hangs(changes: list[tuple[int, bytes]], sums: bool) -> None:
    data = patched(SMALL, *changes)[: len(SMALL)]
    for name in ENGINES:
        parsed = read(resummed(data, 0) if sums else data, name)
        found = parsed.frames()["events"]
        assert len(found) <= 10
        if data == SMALL:
            assert parsed.problems == []
