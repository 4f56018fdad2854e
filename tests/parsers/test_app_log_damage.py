"""Logs that are cut, damaged, or larger than they should be."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.parsers.conftest import Read
from tests.parsers.log_helpers import HEAD, problems, row, table


def test_lines_before_the_first_record_are_one_without_a_time(read: Read) -> None:
    data = b"\r\n  \r\n    at one\r\n    at two\r\n" + HEAD + b"x\r\n"
    frame = table(read, data)
    assert frame["Message"].tolist() == ["    at one\n    at two", "x"]
    assert frame["Record"].tolist() == [3, 5]
    assert frame["TimeCreated"].isna().tolist() == [True, False]
    assert problems(read, data) == [("lines before the first dated record are kept as one record without a time", 3)]


def test_an_impossible_date_is_a_record_without_a_time(read: Read) -> None:
    data = HEAD + b"a\n2026-13-45 07:00:00 [info] b\n2026-02-30 07:00:00 [info] c\n"
    assert table(read, data)["LocalTime"].isna().tolist() == [False, True, True]
    assert problems(read, data) == [("impossible date, kept without a time: 2 record(s)", 2)]


def test_a_file_that_ends_inside_a_record_is_kept(read: Read) -> None:
    assert row(read, HEAD + b"GPU process gone: {\r\n  type")["Message"] == "GPU process gone: {\n  type"
    assert problems(read, HEAD + b"GPU process gone: {\r\n  type") == []


def test_a_file_that_ends_inside_a_character_says_so(read: Read) -> None:
    data = HEAD + b"a\n" + HEAD + "café".encode()[:-1]
    assert table(read, data)["Message"].tolist() == ["a", "caf\ufffd"]
    assert problems(read, data) == [
        ("bytes that are not UTF-8, replaced by U+FFFD: 1 record(s), the first on line 2", 2)
    ]


def test_nul_runs_are_named_and_cut(read: Read) -> None:
    data = HEAD + b"one" + bytes(500) + HEAD + b"two\0\0\0more\r\n" + bytes(7) + b"\r\n" + HEAD + b"three\n" + bytes(9)
    frame = table(read, data)
    assert frame["Message"].tolist() == ["one", "twomore\n", "three"]
    assert frame["Record"].tolist() == [1, 1, 3]
    assert frame["LineCount"].tolist() == [1, 2, 1]
    assert problems(read, data) == [
        ("line 1: 500 NUL bytes cut out", 1),
        ("line 1: 3 NUL bytes cut out", 1),
        ("line 2: 7 NUL bytes cut out", 2),
        ("line 4: 9 NUL bytes cut out", 4),
    ]


def test_many_nul_runs_are_summed_up(read: Read) -> None:
    said = problems(read, (HEAD + b"x\0\0y\n") * 50)
    assert [line for _, line in said] == [*range(1, 21), None]
    assert said[-1] == ("30 more runs of NUL bytes cut out, 60 bytes in all", None)


def test_a_file_of_nuls_has_no_record(read: Read) -> None:
    parsed = read("app_log", bytes(5_000_000), "main.log")
    assert parsed.tables == {}
    assert [p.message for p in parsed.problems] == ["line 1: 5000000 NUL bytes cut out"]


def test_an_empty_file_has_neither_record_nor_problem(read: Read) -> None:
    parsed = read("app_log", b"", "main-window.log")
    assert (parsed.tables, parsed.problems, parsed.coverage) == ({}, [], [])


@pytest.mark.parametrize(
    "data",
    [HEAD + b"x" * 5_000_000 + b"\n", HEAD + b"x" * 5_000_000, HEAD + b"x\n" * 2_500_000, HEAD + b"\r\n" * 2_500_000],
)
def test_a_message_is_bounded_and_says_so(read: Read, data: bytes) -> None:
    data += HEAD if data.endswith(b"\n") else b""
    frame = table(read, data)
    assert len(frame["Message"].iloc[0]) == 65_536
    assert frame["LineCount"].iloc[0] == data.count(b"\n") or len(frame) == 1
    assert problems(read, data) == [("message longer than 65,536 bytes, cut: 1 record(s), the first on line 1", 1)]


def test_a_long_message_is_not_cut_inside_a_character(read: Read) -> None:
    assert row(read, HEAD + b"x" + "é".encode() * 40_000)["Message"] == "x" + "é" * 32_767
    assert len(problems(read, HEAD + b"x" + "é".encode() * 40_000)) == 1


def test_ids_lie_in_what_is_kept_of_a_message(read: Read) -> None:
    got = row(read, HEAD + b"x" * 65_530 + b" local_abc (EXDEV)")
    assert pd.isna(got["SessionId"])
    assert pd.isna(got["ErrnoCode"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_copies_are_decoded(read: Read, encoding: str) -> None:
    text = "2026-05-17 07:27:12 [info] [CCD] café\r\n  more\r\n2026-05-17 07:27:13 [warn] end\r\n"
    assert table(read, text.encode(encoding))["Message"].tolist() == ["café\n  more", "end"]


def test_utf_16_damage_is_told(read: Read) -> None:
    data = "2026-05-17 07:27:12 [info] a\n2026-05-17 07:27:12 [info] b".encode("utf-16-le") + b"\x00\xd8\x20\x00c"
    assert table(read, data)["Message"].tolist()[1].startswith("b\ufffd")
    assert [line for _, line in problems(read, data)] == [2]


def test_quoted_lines_without_dates_are_records(read: Read) -> None:
    data = b"[error] [VM:start] failed\n[warn]  [VM:start] Skipping (\n    x)\n20:00:48 [info] y\n"
    frame = table(read, data)
    assert frame["Component"].tolist() == ["VM:start", "VM:start", ""]
    assert frame["Message"].tolist() == ["failed", "Skipping (\n    x)", "y"]
    assert problems(read, data) == [("no line carries a date: its records have no time", 1)]
