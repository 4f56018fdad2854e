"""The bytes themselves: checksums, tables and boundaries, computed here anew from the file."""

import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

CHUNK = 65_536


def record(number: int = 0, size: int = 10, **values: Any) -> EventRecord:
    return EventRecord(
        "Provider", "f1ef270a-0d32-4352-ba52-dbab41e1d859", 400 + number % 3, "Channel", "DESKTOP-SAMPLE",
        datetime(2026, 5, 17, tzinfo=UTC) + timedelta(seconds=number),
        data=[Field("Path", "Binary", bytes(size)), Field("Same", "UInt32", number)], **values,
    )  # fmt: skip


def chunks(data: bytes) -> list[bytes]:
    return [data[start : start + CHUNK] for start in range(4096, len(data), CHUNK)]


def records_of(chunk: bytes) -> Iterator[tuple[int, int, int]]:
    """Offset, size and id of each record up to the free space."""
    offset = 512
    (free,) = struct.unpack_from("<I", chunk, 48)
    while offset < free:
        magic, size, record_id = struct.unpack_from("<4sIQ", chunk, offset)
        assert magic == b"**\0\0"
        assert size % 8 == 0
        assert struct.unpack_from("<I", chunk, offset + size - 4) == (size,)
        yield offset, size, record_id
        offset += size
    assert offset == free


def chain(chunk: bytes, offset: int) -> Iterator[int]:
    (free,) = struct.unpack_from("<I", chunk, 48)
    while offset:
        assert 512 <= offset < free
        yield offset
        (offset,) = struct.unpack_from("<I", chunk, offset)


def names_of(chunk: bytes) -> set[str]:
    """The names that the string table leads to, each in the bucket of its hash."""
    names = set()
    for bucket, head in enumerate(struct.unpack_from("<64I", chunk, 128)):
        for offset in chain(chunk, head):
            half, length = struct.unpack_from("<HH", chunk, offset + 4)
            name = chunk[offset + 8 : offset + 8 + 2 * length].decode("utf-16-le")
            assert chunk[offset + 8 + 2 * length :][:2] == b"\0\0"
            value = 0
            for character in name:
                value = (value * 65_599 + ord(character)) % 2**32
            assert (half, bucket) == (value & 0xFFFF, value % 64)
            names.add(name)
    return names


def test_a_file_of_many_chunks_is_whole() -> None:
    data = write_evtx(record(number, size=number % 300) for number in range(5000))
    parts = chunks(data)
    assert len(data) == 4096 + CHUNK * len(parts)
    assert len(parts) > 10
    assert struct.unpack_from("<8sQQQIHHHH", data) == (
        b"ElfFile\0", 0, len(parts) - 1, 5001, 128, 2, 3, 4096, len(parts),
    )  # fmt: skip
    assert struct.unpack_from("<II", data, 120) == (0, zlib.crc32(data[:120]))
    seen = []
    for chunk in parts:
        magic, *numbers, header_size, last, free, crc = struct.unpack_from("<8sQQQQIIII", chunk)
        found = list(records_of(chunk))
        ids = [record_id for *_, record_id in found]
        assert (magic, numbers, header_size) == (b"ElfChnk\0", [ids[0], ids[-1]] * 2, 128)
        assert last == found[-1][0]
        assert crc == zlib.crc32(chunk[512:free])
        assert struct.unpack_from("<II", chunk, 120) == (0, zlib.crc32(chunk[:120] + chunk[128:512]))
        assert not any(chunk[free:])
        assert {"Event", "System", "EventData", "Data", "Name", "Qualifiers"} <= names_of(chunk)
        seen += ids
    assert seen == list(range(1, 5001))


def test_a_template_is_defined_once_in_a_chunk_and_listed() -> None:
    (chunk,) = chunks(write_evtx(record(number) for number in range(9)))
    listed = [offset for head in struct.unpack_from("<32I", chunk, 384) for offset in chain(chunk, head)]
    assert len(listed) == 2  # the event, and the data's one layout
    for offset in listed:
        assert chunk.count(chunk[offset + 4 : offset + 20]) == 1
    sizes = [size for _, size, _ in records_of(chunk)]
    assert sizes[0] > 1000 > 400 > max(sizes[1:])


def test_another_layout_is_another_template() -> None:
    base = record()
    layouts = [
        [Field("A", "UInt32", 1)], [Field("A", "HexInt32", 1)], [Field("B", "UInt32", 1)], [Field("A", "UInt32", None)],
        [Field("A", "UnicodeString", "x")], [Field("A", "UnicodeString", ["x"])], [Field(None, "UnicodeString", "x")],
    ]  # fmt: skip
    (chunk,) = chunks(write_evtx(replace(base, data=data) for data in layouts * 2))
    listed = [offset for head in struct.unpack_from("<32I", chunk, 384) for offset in chain(chunk, head)]
    assert len(listed) == 1 + len(layouts)


def _largest() -> int:
    """The largest payload that one record can carry."""
    low, high = 0, CHUNK
    while high - low > 1:
        middle = (low + high) // 2
        try:
            write_evtx([record(size=middle)])
        except ValueError:
            high = middle
        else:
            low = middle
    return low


def test_a_record_may_fill_its_chunk_but_for_eight_bytes(tmp_path: Path, reader: Callable[[Path], list[Any]]) -> None:
    largest = _largest()
    data = write_evtx([record(size=largest), record(number=1), record(size=largest)])
    assert [len(list(records_of(chunk))) for chunk in chunks(data)] == [1, 1, 1]
    assert struct.unpack_from("<I", data, 4096 + 48) == (CHUNK - 8,)
    path = tmp_path / "full.evtx"
    path.write_bytes(data)
    lengths = [len(item.fields[0][1]) for item in reader(path)]
    characters = 2 * largest if reader.__name__ != "python_evtx" else 4 * -(-largest // 3)  # hexadecimal, or base64
    assert (lengths[0], lengths[2]) == (characters, characters)
    assert lengths[1] < 100
    with pytest.raises(ValueError, match="record 2 does not fit a chunk"):
        write_evtx([record(), record(size=largest + 1)])


def test_what_did_not_fit_leaves_no_trace(tmp_path: Path, reader: Callable[[Path], list[Any]]) -> None:
    new_names = replace(record(size=40_000), kind="UserData", user_data_root="{urn:new}OnlyInTheSecond")
    data = write_evtx([record(size=40_000), new_names, record(number=2)])
    first, second = chunks(data)
    assert "OnlyInTheSecond" not in names_of(first)
    assert "OnlyInTheSecond" in names_of(second)
    assert "OnlyInTheSecond".encode("utf-16-le") not in first
    path = tmp_path / "two.evtx"
    path.write_bytes(data)
    assert [item.record_id for item in reader(path)] == [1, 2, 3]


def test_an_empty_log_has_one_empty_chunk(tmp_path: Path, reader: Callable[[Path], list[Any]]) -> None:
    path = tmp_path / "empty.evtx"
    path.write_bytes(write_evtx([]))
    assert path.stat().st_size == 4096 + CHUNK
    assert reader(path) == []


@pytest.mark.skipif(not shutil.which("evtxinfo"), reason="evtxinfo (Debian: libevtx-utils) is not on PATH")
@pytest.mark.parametrize(("count", "minor"), [(0, 2), (1, 1), (1, 2), (3000, 2)])
def test_evtxinfo_finds_a_clean_log(tmp_path: Path, count: int, minor: int) -> None:
    path = tmp_path / "a.evtx"
    path.write_bytes(write_evtx(map(record, range(count)), format_minor=minor))
    out = subprocess.run(["evtxinfo", str(path)], capture_output=True, text=True, check=True)
    lines = [line.split(":") for line in out.stdout.splitlines() if line.startswith("\t")]
    shown = {name.strip(): value[0].strip() if value else "" for name, *value in lines}
    assert shown == {"Version": f"3.{minor}", "Number of records": str(count), "Number of recovered records": "0"}


def test_python_evtx_verifies_headers_and_chunks(tmp_path: Path) -> None:
    module = pytest.importorskip("Evtx.Evtx")
    path = tmp_path / "a.evtx"
    path.write_bytes(write_evtx(map(record, range(3000)), format_minor=1))
    with module.Evtx(str(path)) as log:
        header = log.get_file_header()
        assert (header.verify(), header.is_dirty(), header.next_record_number()) == (True, False, 3001)
        assert all(chunk.verify() for chunk in header.chunks())
        assert [item.record_num() for item in log.records()] == list(range(1, 3001))


def test_the_same_records_give_the_same_bytes() -> None:
    assert write_evtx(map(record, range(500))) == write_evtx(map(record, range(500)))


def test_record_ids_go_on_from_a_given_one() -> None:
    data = write_evtx([record(record_id=7), record(), record(record_id=100)])
    assert [record_id for chunk in chunks(data) for *_, record_id in records_of(chunk)] == [7, 8, 100]
    assert struct.unpack_from("<Q", data, 24) == (101,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"record_id": 0}, "record id 0"),
        ({"level": 256}, "record 2"),
        ({"event_id": 65_536}, "record 2"),
        ({"guid": "no"}, "record 2"),
        ({"user_sid": "alice"}, "record 2: not a SID"),
        ({"ticks": 10}, "ticks"),
        ({"kind": "UserData"}, "record 2: UserData needs user_data_root"),
        ({"data": [Field("A", "UInt8", 256)]}, "record 2: 256 does not fit"),
        ({"data": [Field("A", "Integer", 1)]}, "record 2: unknown value type 'Integer'"),
    ],
)
def test_wrong_records_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_evtx([record(), replace(record(), **wrong)])
