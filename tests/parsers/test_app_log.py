from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from claude_evidence.model import Manifest
from claude_evidence.parsers import app_log
from tests.parsers.conftest import Read

BERLIN = Manifest(timezone="Europe/Berlin")
HEAD = b"2026-05-17 07:27:12 [info] "


def table(read: Read, data: bytes, name: str = "main.log", manifest: Manifest = BERLIN) -> pd.DataFrame:
    frame = read("app_log", data, f"C:/Users/alice/AppData/Local/Claude/Logs/{name}", manifest=manifest).tables["app_log"]
    assert isinstance(frame, pd.DataFrame)
    return frame


def row(read: Read, data: bytes, name: str = "main.log") -> dict[str, Any]:
    frame = table(read, data, name)
    assert len(frame) == 1
    return dict(frame.iloc[0])


def problems(read: Read, data: bytes, name: str = "main.log") -> list[tuple[str, int | None]]:
    return [(p.message, p.record) for p in read("app_log", data, name).problems]


def test_a_record_of_main_log(read: Read) -> None:
    got = row(read, b"2026-05-17 07:27:12 [error] [CCD] Failed {\r\n  code: 'EXDEV'\r\n}\r\n")
    assert got["TimeCreated"] == pd.Timestamp("2026-05-17 05:27:12", tz="UTC")
    assert got["LocalTime"] == pd.Timestamp("2026-05-17 07:27:12")
    assert (got["Service"], got["Level"], got["Component"]) == ("main", "error", "CCD")
    assert (got["Message"], got["ErrnoCode"], got["LineCount"]) == ("Failed {\n  code: 'EXDEV'\n}", "EXDEV", 3)


@pytest.mark.parametrize(("name", "line", "expected"), [
    ("mcp.log", "2026-08-20T15:44:22.391Z [info] [github] Message from client", ("mcp", "info", "github")),
    ("mcp-server-docs.log", "2026-07-31T15:07:21.545Z [docs] [warn] Server started", ("mcp_server", "warn", "docs")),
    ("cowork-service.log", "2026/04/14 10:40:16.226822 [Server] Named pipe listening", ("cowork_service", "", "Server")),
    ("ClaudeSetup.log", "2026/09/03 17:50:09.988353 === Claude Setup 0a1b started ===", ("setup", "", "")),
    ("cowork_vm_node1.log", "2026-03-26 12:29:31 [info] [VM:steps] vm_boot started", ("cowork_vm", "info", "VM:steps")),
    ("claude.ai-web.log", "2026-08-06 00:36:08 [error] [REACT_QUERY_CLIENT] x", ("claude_ai_web", "error", "REACT_QUERY_CLIENT")),
    ("unknown-window.log", "2026-08-06 00:36:08 [error] x", ("unknown_window", "error", "")),
    ("main1.log", "[MAIN_LOG] 2026-08-06 00:36:08 [debug] x", ("main", "debug", "")),
    ("main.old.log", "[2026-08-06 00:36:08.123] [verbose] x", ("main", "verbose", "")),
    ("copied.txt", "2026-07-31T15:07:21.545Z [docs] [warn] x", ("mcp_server", "warn", "docs")),
    ("copied.txt", "2026/09/03 17:50:09.988353 === Claude Setup 0a1b started ===", ("setup", "", "")),
    ("copied.txt", "2026-03-26 12:29:31 [info] [VM:steps] x", ("cowork_vm", "info", "VM:steps")),
])  # fmt: skip
def test_every_format_and_service(read: Read, name: str, line: str, expected: tuple[str, str, str]) -> None:
    got = row(read, line.encode() + b"\n", name)
    assert (got["Service"], got["Level"], got["Component"]) == expected
    assert pd.notna(got["TimeCreated"])


def test_utc_logs_keep_milliseconds_and_have_no_local_time(read: Read) -> None:
    got = row(read, b"2026-08-20T15:44:22.391Z [info] [github] x", "mcp.log")
    assert got["TimeCreated"] == pd.Timestamp("2026-08-20 15:44:22.391", tz="UTC")
    assert pd.isna(got["LocalTime"])


def test_without_a_zone_local_times_stay(read: Read) -> None:
    parsed = read("app_log", HEAD + b"x\n", "main.log", manifest=Manifest())
    frame = parsed.tables["app_log"]
    assert frame["TimeCreated"].isna().all()
    assert frame["LocalTime"].tolist() == [pd.Timestamp("2026-05-17 07:27:12")]
    assert parsed.coverage[0].first is None
    assert parsed.coverage[0].local_first == datetime(2026, 5, 17, 7, 27, 12)  # noqa: DTZ001


def test_coverage_names_service_and_span(read: Read) -> None:
    data = b"lost\n2026-05-17 07:27:12 [info] a\n2026-05-18 07:27:12 [info] b\n2026-05-17 09:00:00 [info] back\n"
    parsed = read("app_log", data, "main.log", manifest=BERLIN)
    (entry,) = parsed.coverage
    assert (entry.table, entry.source, entry.member) == ("app_log", "main", "main.log")
    assert (entry.first, entry.last) == (datetime(2026, 5, 17, 5, 27, 12, tzinfo=UTC), datetime(2026, 5, 18, 5, 27, 12, tzinfo=UTC))
    assert parsed.tables["app_log"]["Message"].tolist() == ["lost", "a", "b", "back"]
    assert parsed.tables["app_log"]["Record"].tolist() == [1, 2, 3, 4]


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
    assert problems(read, data) == [("bytes that are not UTF-8, replaced by U+FFFD: 1 record(s), the first on line 2", 2)]


def test_nul_runs_are_named_and_cut(read: Read) -> None:
    data = HEAD + b"one" + bytes(500) + HEAD + b"two" + bytes(3) + b"more\r\n" + bytes(7) + b"\r\n" + HEAD + b"three\n" + bytes(9)
    frame = table(read, data)
    assert frame["Message"].tolist() == ["one", "twomore\n", "three"]
    assert frame["Record"].tolist() == [1, 1, 3]
    assert frame["LineCount"].tolist() == [1, 2, 1]
    assert problems(read, data) == [("line 1: 3 NUL bytes cut out", 1), ("line 1: 500 NUL bytes cut out", 1),
                                    ("line 2: 7 NUL bytes cut out", 2), ("line 4: 9 NUL bytes cut out", 4)]  # fmt: skip


def test_many_nul_runs_are_summed_up(read: Read) -> None:
    said = problems(read, (HEAD + b"x\0\0y\n") * 50)
    assert len(said) == 21
    assert said[-1] == ("30 more runs of NUL bytes cut out, 60 bytes in all", 21)


def test_a_file_of_nuls_has_no_record(read: Read) -> None:
    parsed = read("app_log", bytes(5_000_000), "main.log")
    assert parsed.tables == {}
    assert [p.message for p in parsed.problems] == ["line 1: 5000000 NUL bytes cut out"]


def test_an_empty_file_has_neither_record_nor_problem(read: Read) -> None:
    parsed = read("app_log", b"", "main-window.log")
    assert (parsed.tables, parsed.problems, parsed.coverage) == ({}, [], [])


@pytest.mark.parametrize("data", [HEAD + b"x" * 5_000_000 + b"\n", HEAD + b"x" * 5_000_000,
                                  HEAD + b"x\n" * 2_500_000, HEAD + b"\r\n" * 2_500_000])
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


def test_another_format_inside_a_log_is_no_record(read: Read) -> None:
    data = b"2026-07-31T15:07:21.545Z [docs] [info] a\n2026/07/31 15:07:22 listening\n2026-07-31 15:07:22 [info] b\n"
    assert table(read, data, "mcp-server-docs.log")["LineCount"].tolist() == [3]


@pytest.mark.parametrize(("text", "session", "cli", "errno"), [
    ("Mapping internal session local_c6493c1e-1b2c-4d5e-8f90-0123456789ab to CLI session 0A1b2c3d-1b2c-4d5e-8f90-0123456789ab",
     "local_c6493c1e-1b2c-4d5e-8f90-0123456789ab", "0A1b2c3d-1b2c-4d5e-8f90-0123456789ab", None),
    ("clearStaleResumeHandle session=local_x reason=y dropping cliSessionId=0a1b2c3d-1b2c-4d5e-8f90-0123456789ab",
     "local_x", "0a1b2c3d-1b2c-4d5e-8f90-0123456789ab", None),
    ("LocalSessions.setFocusedSession: sessionId=session_01AbCdEf", "session_01AbCdEf", None, None),
    ("Failed to save session local_a: EXDEV: cross-device, rename 'local_a.json.tmp' -> 'x'", "local_a", None, "EXDEV"),
    ("rename(A) failed (EXDEV), falling back", None, None, "EXDEV"),
    ("Failed: UNKNOWN: unknown error, scandir 'x'", None, None, "UNKNOWN"),
    ("UNKNOWN command, EST, END, ERROR, ENABLED", None, None, None),
    ("first ENOENT then EPERM", None, None, "ENOENT"),
    ("local_" + "a" * 70, "local_" + "a" * 64, None, None),
    ("session_01" + "a" * 90 + " x", "session_01" + "a" * 90, None, None),
])  # fmt: skip
def test_ids_and_codes_are_lifted(read: Read, text: str, session: str | None, cli: str | None, errno: str | None) -> None:
    got = row(read, HEAD + text.encode())
    assert [None if pd.isna(got[name]) else got[name] for name in ("SessionId", "CliSessionId", "ErrnoCode")] == [session, cli, errno]


def test_daylight_saving_is_followed_in_the_order_of_the_file(read: Read) -> None:
    lines = [f"2026-10-25 {time} [info] x\n" for time in ("01:59:00", "02:50:00", "02:10:00", "03:00:00")]
    assert table(read, "".join(lines).encode())["TimeCreated"].dt.strftime("%H:%M").tolist() == ["23:59", "00:50", "01:10", "02:00"]


def test_columns_are_as_declared(read: Read) -> None:
    frame = table(read, HEAD + b"x\n")
    declared = {"TimeCreated": "datetime64[us, UTC]", "Member": "category", "Record": "int64", **app_log.TABLES["app_log"]}
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == declared
    assert frame["Message"].dtype == pd.StringDtype("pyarrow", na_value=float("nan"))


@pytest.mark.parametrize(("head", "expected"), [
    (HEAD + b"x", True), ("\ufeff2026-05-17 07:27:12 [info] x".encode("utf-16-le"), True),
    (b"2026-07-31T15:07:21.545Z [docs] [info] a", True), (b"2026/04/14 10:40:16.226822 [HCS] x", True),
    (b"2026/04/14 10:40:16.226822 other program", False), (b'{"a": 1}', False), (b"", False), (b"[error] x", False),
])  # fmt: skip
def test_sniffing(head: bytes, expected: bool) -> None:  # noqa: FBT001
    assert app_log.sniff(head) is expected


def cases() -> list[dict[str, Any]]:
    folder = os.environ.get("CLAUDE_EVIDENCE_REAL_DATA")
    if not folder:
        return []
    lines = (Path(folder) / "cases" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["kind"] == "main_log"]


@pytest.mark.skipif(not cases(), reason="CLAUDE_EVIDENCE_REAL_DATA is not set")
def test_every_public_excerpt_is_read_without_loss(read: Read) -> None:
    for case in cases():
        text = case["excerpt"]
        for name in ("main.log", "mcp.log"):
            frame = read("app_log", text.encode(), name, manifest=BERLIN).tables["app_log"]
            assert sum(frame["LineCount"]) == len(text.split("\n"))
            kept = set("\n".join(frame["Message"]).split())
            assert kept <= set(text.split()), case["id"]
            assert text.split()[-1] in kept
            if "EXDEV" in text:
                assert "EXDEV" in set(frame["ErrnoCode"]), case["id"]
