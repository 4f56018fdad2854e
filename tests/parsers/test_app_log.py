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
from tests.parsers.log_helpers import BERLIN, HEAD, row, rows, table

UUID = "c6493c1e-1b2c-4d5e-8f90-0123456789ab"


def test_a_record_of_main_log(read: Read) -> None:
    got = row(read, b"2026-05-17 07:27:12 [error] [CCD] Failed {\r\n  code: 'EXDEV'\r\n}\r\n")
    assert got["TimeCreated"] == pd.Timestamp("2026-05-17 05:27:12", tz="UTC")
    assert got["LocalTime"] == pd.Timestamp("2026-05-17 07:27:12")
    assert (got["Service"], got["Level"], got["Component"]) == ("main", "error", "CCD")
    assert (got["Message"], got["ErrnoCode"], got["LineCount"]) == ("Failed {\n  code: 'EXDEV'\n}", "EXDEV", 3)


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("mcp.log", "2026-08-20T15:44:22.391Z [info] [github] Message from client", ("mcp", "info", "github")),
        (
            "mcp-server-docs.log",
            "2026-07-31T15:07:21.545Z [docs] [warn] Server started",
            ("mcp_server", "warn", "docs"),
        ),
        (
            "cowork-service.log",
            "2026/04/14 10:40:16.226822 [Server] Named pipe listening",
            ("cowork_service", "", "Server"),
        ),
        ("ClaudeSetup.log", "2026/09/03 17:50:09.988353 === Claude Setup 0a1b started ===", ("setup", "", "")),
        (
            "cowork_vm_node1.log",
            "2026-03-26 12:29:31 [info] [VM:steps] vm_boot started",
            ("cowork_vm", "info", "VM:steps"),
        ),
        (
            "claude.ai-web.log",
            "2026-08-06 00:36:08 [error] [REACT_QUERY_CLIENT] x",
            ("claude_ai_web", "error", "REACT_QUERY_CLIENT"),
        ),
        ("unknown-window.log", "2026-08-06 00:36:08 [error] x", ("unknown_window", "error", "")),
        ("main1.log", "[MAIN_LOG] 2026-08-06 00:36:08 [debug] x", ("main", "debug", "")),
        ("main.old.log", "[2026-08-06 00:36:08.123] [verbose] x", ("main", "verbose", "")),
        ("copied.txt", "2026-07-31T15:07:21.545Z [docs] [warn] x", ("mcp_server", "warn", "docs")),
        ("copied.txt", "2026/09/03 17:50:09.988353 === Claude Setup 0a1b started ===", ("setup", "", "")),
        ("copied.txt", "2026-03-26 12:29:31 [info] [VM:steps] x", ("cowork_vm", "info", "VM:steps")),
    ],
)
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
    frame = rows(parsed)
    assert frame["TimeCreated"].isna().all()
    assert frame["LocalTime"].tolist() == [pd.Timestamp("2026-05-17 07:27:12")]
    assert parsed.coverage[0].first is None
    assert parsed.coverage[0].local_first == datetime(2026, 5, 17, 7, 27, 12)  # noqa: DTZ001


def test_coverage_names_service_and_span(read: Read) -> None:
    data = b"lost\n2026-05-17 07:27:12 [info] a\n2026-05-18 07:27:12 [info] b\n2026-05-17 09:00:00 [info] back\n"
    parsed = read("app_log", data, "main.log", manifest=BERLIN)
    (entry,) = parsed.coverage
    assert (entry.table, entry.source, entry.member) == ("app_log", "main", "main.log")
    assert (entry.first, entry.last) == (
        datetime(2026, 5, 17, 5, 27, 12, tzinfo=UTC),
        datetime(2026, 5, 18, 5, 27, 12, tzinfo=UTC),
    )
    assert rows(parsed)["Message"].tolist() == ["lost", "a", "b", "back"]
    assert rows(parsed)["Record"].tolist() == [1, 2, 3, 4]


def test_another_format_inside_a_log_is_no_record(read: Read) -> None:
    data = b"2026-07-31T15:07:21.545Z [docs] [info] a\n2026/07/31 15:07:22 listening\n2026-07-31 15:07:22 [info] b\n"
    assert table(read, data, "mcp-server-docs.log")["LineCount"].tolist() == [3]


@pytest.mark.parametrize(
    ("text", "session", "cli", "errno"),
    [
        (
            f"Mapping internal session local_{UUID} to CLI session {UUID.upper()}",
            f"local_{UUID}",
            UUID.upper(),
            None,
        ),
        (
            f"clearStaleResumeHandle session=local_x reason=y dropping cliSessionId={UUID}",
            "local_x",
            UUID,
            None,
        ),
        ("LocalSessions.setFocusedSession: sessionId=session_01AbCdEf", "session_01AbCdEf", None, None),
        (
            "Failed to save session local_a: EXDEV: cross-device, rename 'local_a.json.tmp' -> 'x'",
            "local_a",
            None,
            "EXDEV",
        ),
        ("rename(A) failed (EXDEV), falling back", None, None, "EXDEV"),
        ("Failed: UNKNOWN: unknown error, scandir 'x'", None, None, "UNKNOWN"),
        ("UNKNOWN command, EST, END, ERROR, ENABLED", None, None, None),
        ("first ENOENT then EPERM", None, None, "ENOENT"),
        ("local_" + "a" * 70, "local_" + "a" * 64, None, None),
        ("session_01" + "a" * 90 + " x", "session_01" + "a" * 90, None, None),
    ],
)
def test_ids_and_codes_are_lifted(
    read: Read, text: str, session: str | None, cli: str | None, errno: str | None
) -> None:
    got = row(read, HEAD + text.encode())
    assert [None if pd.isna(got[name]) else got[name] for name in ("SessionId", "CliSessionId", "ErrnoCode")] == [
        session,
        cli,
        errno,
    ]


def test_an_id_or_code_ends_with_its_message(read: Read) -> None:
    texts = [
        "local_abc",
        "def",
        "x local_",
        "abc",
        "EXDEV",
        "S",
        "UNKNOWN",
        ": unknown error",
        "x",
        "EPERM",
        "1",
        "EIO",
    ]
    frame = table(read, b"".join(HEAD + text.encode() + b"\n" for text in texts))
    assert frame["Message"].tolist() == texts
    assert frame["SessionId"].dropna().to_dict() == {0: "local_abc"}
    assert frame["ErrnoCode"].dropna().to_dict() == {4: "EXDEV", 9: "EPERM", 11: "EIO"}


def test_tags_that_begin_alike_are_told_apart(read: Read) -> None:
    texts = ["[LocalSessions] a", "[LocalSessionManager] a", "[LocalSessions]", "[LocalSessions]a", "[LocalSessions] "]
    texts += ["[LocalSessions", "LocalSessions] a", "[LocalSessions] b", "[LocalSe] [LocalSessions] c", "[] d"]
    frame = table(read, b"".join(HEAD + text.encode() + b"\r\n" for text in texts * 3))
    tags = ["LocalSessions", "LocalSessionManager", *["LocalSessions"] * 3, "", "", "LocalSessions", "LocalSe", ""]
    rest = ["a", "a", "", "a", "", "[LocalSessions", "LocalSessions] a", "b", "[LocalSessions] c", "[] d"]
    assert frame["Component"].tolist() == tags * 3
    assert frame["Message"].tolist() == rest * 3


def test_daylight_saving_is_followed_in_the_order_of_the_file(read: Read) -> None:
    lines = [f"2026-10-25 {time} [info] x\n" for time in ("01:59:00", "02:50:00", "02:10:00", "03:00:00")]
    assert table(read, "".join(lines).encode())["TimeCreated"].dt.strftime("%H:%M").tolist() == [
        "23:59",
        "00:50",
        "01:10",
        "02:00",
    ]


def test_columns_are_as_declared(read: Read) -> None:
    frame = table(read, HEAD + b"x\n")
    declared = {
        "TimeCreated": "datetime64[us, UTC]",
        "Member": "category",
        "Record": "int64",
        **app_log.TABLES["app_log"],
    }
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == declared
    assert frame["Message"].dtype == pd.StringDtype("pyarrow", na_value=float("nan"))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD + b"x", True),
        ("\ufeff2026-05-17 07:27:12 [info] x".encode("utf-16-le"), True),
        (b"2026-07-31T15:07:21.545Z [docs] [info] a", True),
        (b"2026/04/14 10:40:16.226822 [HCS] x", True),
        (b"2026/04/14 10:40:16.226822 other program", False),
        (b'{"a": 1}', False),
        (b"", False),
        (b"[error] x", False),
    ],
)
def test_sniffing(head: bytes, expected: bool) -> None:
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
            frame = rows(read("app_log", text.encode(), name, manifest=BERLIN))
            assert sum(frame["LineCount"]) == len(text.split("\n"))
            kept = set("\n".join(frame["Message"]).split())
            assert kept <= set(text.split()), case["id"]
            assert text.split()[-1] in kept
            if "EXDEV" in text:
                assert "EXDEV" in set(frame["ErrnoCode"]), case["id"]
