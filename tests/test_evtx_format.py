"""The layout's codecs against values computed by hand or by other means."""

import struct
import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence import evtx_format as layout
from claude_evidence import evtx_values as values


@pytest.mark.parametrize(
    ("time", "ticks", "expected"),
    [
        (datetime(1601, 1, 1, tzinfo=UTC), 0, 0),
        (datetime(1970, 1, 1, tzinfo=UTC), 0, 116_444_736_000_000_000),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 9, 116_444_736_000_000_009),
        (datetime(2026, 5, 17, 7, 27, 3, 123456, tzinfo=UTC), 7, 134_234_764_231_234_567),
    ],
)
def test_filetime(time: datetime, ticks: int, expected: int) -> None:
    assert values.filetime(time, ticks) == expected


@given(st.integers(0, 2**61), st.integers(0, 9))
def test_filetime_is_exact(microseconds: int, ticks: int) -> None:
    microseconds %= 8_000 * 366 * 86_400 * 10**6
    time = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert values.filetime(time, ticks) == microseconds * 10 + ticks


@pytest.mark.parametrize(
    ("time", "ticks"),
    [(datetime(2026, 1, 1), 0), (datetime(1600, 1, 1, tzinfo=UTC), 0), (datetime(2026, 1, 1, tzinfo=UTC), 10)],  # noqa: DTZ001
)
def test_what_is_no_filetime(time: datetime, ticks: int) -> None:
    with pytest.raises(ValueError, match=r"zone|1601|ticks"):
        values.filetime(time, ticks)


def test_systemtime_is_utc_with_sunday_as_0() -> None:
    time = datetime(2026, 5, 17, 9, 27, 3, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert struct.unpack("<8H", values.systemtime(time)) == (2026, 5, 0, 17, 7, 27, 3, 123)


def test_sid_and_guid() -> None:
    assert values.sid("S-1-5-18").hex() == "010100000000000512000000"
    assert values.sid("S-1-15-2-1").hex() == "01020000000000" + "0f" + "0200000001000000"
    assert values.guid("{f1ef270a-0d32-4352-ba52-dbab41e1d859}").hex() == "0a27eff1320d5243ba52dbab41e1d859"


@pytest.mark.parametrize("text", ["", "S-1", "X-1-5-18", "S-1-5-x", "S-1-5-4294967296", "S-1-281474976710656-1"])
def test_what_is_no_sid(text: str) -> None:
    with pytest.raises(ValueError):
        values.sid(text)


@pytest.mark.parametrize(
    ("kind", "value", "code", "stored"),
    [
        ("UnicodeString", "", 0x01, "0000"),
        ("UnicodeString", "A", 0x01, "41000000"),
        ("UnicodeString", ["A", ""], 0x81, "410000000000"),
        ("AnsiString", "é", 0x02, "e900"),
        ("Int8", -1, 0x03, "ff"),
        ("UInt32", 2147942432, 0x08, "20000780"),
        ("UInt32", "0x80070020", 0x08, "20000780"),
        ("Int32", -2147024864, 0x07, "20000780"),
        ("HexInt32", 0x80070020, 0x14, "20000780"),
        ("HexInt64", 1, 0x15, "0100000000000000"),
        ("Pointer", 1, 0x15, "0100000000000000"),
        ("Boolean", True, 0x0D, "01000000"),
        ("Binary", "0102ff", 0x0E, "0102ff"),
        ("FILETIME", datetime(1601, 1, 1, 0, 0, 1, tzinfo=UTC), 0x11, "8096980000000000"),
        ("UInt64", None, 0x00, ""),
    ],
)
def test_encode(kind: str, value: object, code: int, stored: str) -> None:
    assert values.encode(kind, value) == (code, bytes.fromhex(stored))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UInt8", 256), ("Int8", -129), ("UInt32", -1), ("UInt32", "many"), ("Boolean", "false"), ("GUID", "no"),
        ("UnicodeString", "a\0b"), ("UnicodeString", "\ud800"), ("UnicodeString", "x" * 32_768),
        ("Binary", bytes(65_536)), ("UInt32", [1, 2]), ("Text", "x"),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_type(kind: str, value: object) -> None:
    with pytest.raises(ValueError):
        values.encode(kind, value)


@pytest.mark.parametrize("kind", sorted(values.TYPE_NAMES))
def test_every_type_has_an_empty_value_that_can_be_stored(kind: str) -> None:
    code, stored = values.encode(kind, values.empty_value(kind))
    assert code == values.declared_type(kind) or kind == "Pointer"
    assert not any(stored) or kind in {"SID", "SYSTEMTIME"}


def test_name_hash_as_windows_stores_it() -> None:
    # buckets and stored halves seen in event logs of Windows 10 and Server 2022
    assert layout.name_hash("Event") & 0xFFFF == 0x0CBA
    assert layout.name_hash("Channel") % layout.STRING_BUCKETS == 3
    assert layout.name_hash("EventData") % layout.STRING_BUCKETS == 4


def test_file_header_has_its_size_counts_and_checksum() -> None:
    block = layout.file_header(3, 1001, minor=1, flags=layout.FILE_DIRTY)
    assert len(block) == 4096
    assert struct.unpack_from("<8sQQQIHHHH", block) == (b"ElfFile\0", 0, 2, 1001, 128, 1, 3, 4096, 3)
    assert struct.unpack_from("<II", block, 120) == (1, zlib.crc32(block[:120]))
