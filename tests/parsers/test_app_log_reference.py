"""The fast reader and the plain one agree on every log: formats, line endings, damage, block borders."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import app_log
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Parsed
from tests.parsers import log_reference

NAMES = {"main": "main.log", "mcp": "mcp.log", "mcp_server": "mcp-server-x.log", "cowork_service": "cowork-service.log"}
UUID = b"c6493c1e-1b2c-4d5e-8f90-0123456789ab"
LEVELS = st.sampled_from(
    [b"info", b"warn", b"error", b"debug", b"silly", b"verbose", b"verbos", b"fatal", b"INFO", b""]
)
BITS = st.sampled_from(
    [
        b"local_" + UUID,
        b"xlocal_" + UUID,
        b"local_" + b"a" * 80,
        b"local_!",
        b"session_01AbC9",
        b"session_02",
        b"local_1",
        b"to CLI session " + UUID,
        b"cliSessionId=" + UUID,
        b"cliSessionId=" + UUID[:20],
        b"CLI session ",
        b": EXDEV: cross",
        b"code: 'EPERM'",
        b"(EBUSY)",
        b"XENOENT",
        b"ENOENT_",
        b"EEXISTS",
        b"UNKNOWN: unknown error",
        b"UNKNOWN: other",
        b" ",
        b"\xc3\xa9",
        b"\xff",
        b"\xe2\x82",
        b"\r",
        b"\r\r",
        b"\0",
        b"\0\0\0",
        b"[CCD]",
        b"]",
        b"[",
        b"text",
        b"ID=ERROR Id=",
        b"x" * 33,
        b"2026",
        b"_",
        b"",
    ]
)
TEXT = st.lists(BITS, max_size=6).map(b"".join)
TAG = st.one_of(
    st.just(b""),
    st.sampled_from([b"[CCD]", b"[VM:start] ", b"[] ", b"[a b]", b"[\xff] ", b"[x\0y] ", b"[unclosed "]),
    st.integers(26, 90).map(lambda n: b"[" + b"t" * n + b"] "),
)
DIGITS = st.sampled_from(
    [
        b"2026-05-17",
        b"2024-02-29",
        b"2026-02-29",
        b"2026-13-45",
        b"0000-01-01",
        b"9999-12-31",
        b"2026-00-10",
        b"2026-05-00",
        b"1969-12-31",
        b"2026-5-17",
        b"20a6-05-17",
    ]
)
TIME = st.sampled_from([b"07:27:12", b"23:59:59", b"24:00:00", b"07:60:00", b"07:00:60", b"7:27:12", b"07:27:1:"])
FRACTION = st.sampled_from([b"", b".5", b".123", b".226822", b".1234567", b"."])


@st.composite
def heads(draw: st.DrawFn, shape: str) -> bytes:
    day, time, level, tag, text = draw(DIGITS), draw(TIME), draw(LEVELS), draw(TAG), draw(TEXT)
    if shape == "main":
        start = day + b" " + time + draw(st.sampled_from([b""] * 9 + [b".123"]))
        start = draw(st.sampled_from([start] * 8 + [b"[MAIN_LOG] " + start, b"[" + start + b"]", b" " + start]))
        return start + b" [" + level + b"]" + draw(st.sampled_from([b" "] * 8 + [b"", b"  "])) + tag + text
    if shape == "go":
        return day.replace(b"-", b"/") + b" " + time + draw(FRACTION) + b" " + tag + text
    pair = [b"[" + level + b"] ", tag]
    iso = day + b"T" + time + draw(FRACTION) + draw(st.sampled_from([b"Z "] * 5 + [b"Z", b"+02:00 "]))
    return iso + b"".join(pair if shape == "mcp" else pair[::-1]) + text


LINE = st.one_of(
    heads("main"),
    heads("main"),
    heads("mcp"),
    heads("mcp_server"),
    heads("go"),
    TEXT,
    st.sampled_from([b"", b"    at x (y:1:2)", b"}", b"[error] quoted", b"07:27:12 [warn] [A] quoted"]),
    st.binary(max_size=12).filter(lambda raw: b"\n" not in raw),
)
ENDING = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r\n", b"\r\r\n", b"\0\n", b"\0"])


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    usual = draw(st.sampled_from([b"\n", b"\r\n", b""]))
    lines = draw(st.lists(st.tuples(LINE, ENDING), max_size=12))
    data = b"".join(line + (usual or ending) for line, ending in lines)
    return data[: len(data) - draw(st.integers(0, 30))] if draw(st.booleans()) else data


def read(data: bytes, name: str, block: int) -> Parsed:
    manifest = Manifest(timezone="UTC")
    return app_log.parse(
        io.BytesIO(data), Member(name, f"C:/Logs/{name}", len(data)), Context(Clock.of(manifest), manifest), block
    )


def rows_of(parsed: Parsed) -> list[dict[str, object]]:
    if "app_log" not in parsed.tables:
        return []
    table = parsed.frames()["app_log"]
    times = table["TimeCreated"].dt.tz_localize(None)
    columns = {
        "Record": table["Record"],
        "Time": times,
        **{
            name: table[name]
            for name in ("Level", "Component", "Message", "SessionId", "CliSessionId", "ErrnoCode", "LineCount")
        },
    }
    found = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in found]


def comparable(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**row, "Time": row["Time"] and pd.Timestamp(row["Time"])} for row in rows]  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(logs(), st.sampled_from(sorted(NAMES)), st.sampled_from([16, 33, 70, 150, 1 << 19]))
@example(b"2026-05-17 07:27:12 [info] a\n\0\0\0002026-05-17 07:27:13 [info] b", "main", 7)
@example(b"2026-05-17 07:27:12 [info] a\0\0002026-05-17 07:27:13 [info] b\r\nc", "main", 3)
def test_the_fast_reader_agrees_with_the_plain_one(data: bytes, service: str, block: int) -> None:
    if data[:3] == b"\xef\xbb\xbf" or data[:2] in (b"\xff\xfe", b"\xfe\xff") or data.count(0) * 3 > len(data):
        return
    assert comparable(rows_of(read(data, NAMES[service], block))) == comparable(log_reference.read(data, service))


@st.composite
def repetitive_logs(draw: st.DrawFn) -> bytes:
    """Draw a log of many records that say few things, with hardly a line that is not like all others."""
    ending = draw(st.sampled_from([b"\n", b"\r\n"]))
    says = draw(
        st.lists(st.tuples(LEVELS, TAG, TEXT, st.sampled_from([b"", b"", ending + b"  more", ending])), max_size=6)
    )
    odd = draw(st.lists(st.tuples(st.integers(0, 300), LINE), max_size=draw(st.sampled_from([0, 0, 1, 3]))))
    clean = draw(st.sampled_from([True, True, False]))
    lines = []
    for number in range(300):
        level, tag, text, more = (b"info", b"[CCD] ", b"usual", b"")
        if says and number % 3 == 0:
            level, tag, text, more = says[number // 3 % len(says)]
            level = b"warn" if clean else level
        time = b"2026-05-17 07:%02d:%02d" % (number // 60, number % 60 + (number % 97 == 0))
        lines.append(time + b" [" + level + b"] " + tag + text.replace(b"\0", b"") + more)
    for place, line in odd:
        lines.insert(place, line)
    data = ending.join(lines) + draw(st.sampled_from([b"", ending]))
    return data[draw(st.integers(0, 40)) :]


@settings(max_examples=60, deadline=None)
@given(repetitive_logs(), st.sampled_from([4000, 9000, 1 << 19]))
def test_what_repeats_is_read_as_what_does_not(data: bytes, block: int) -> None:
    parsed = read(data, "main.log", block)
    assert comparable(rows_of(parsed)) == comparable(log_reference.read(data, "main"))
    assert parsed.problems == read(data, "main.log", 500).problems


def test_what_repeats_is_kept_once() -> None:
    table = read(b"2026-05-17 07:27:12 [info] [CCD] one\r\n" * 100, "main.log", 1 << 19).frames()["app_log"]
    assert table["Message"].cat.categories.tolist() == ["one"]
    assert table["Message"].tolist() == ["one"] * 100


@settings(max_examples=60, deadline=None)
@given(logs(), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]), st.sampled_from([16, 33, 70, 150]))
def test_the_encoding_of_a_file_changes_nothing(data: bytes, encoding: str, block: int) -> None:
    text = "2026-05-17 07:27:12 [info] [CCD] first\n" * 9 + data.replace(b"\0", b"").decode(errors="replace")
    assert rows_of(read(text.encode(encoding), "main.log", block)) == rows_of(read(text.encode(), "main.log", 1 << 19))


@settings(max_examples=60, deadline=None)
@given(logs(), st.sampled_from([16, 33, 70, 150]))
def test_blocks_change_no_problem(data: bytes, block: int) -> None:
    assert read(data, "main.log", block).problems == read(data, "main.log", 1 << 19).problems


@pytest.mark.parametrize("block", [1, 2, 3, 64, 1 << 19])
def test_a_stream_may_give_less_than_asked_for(block: int) -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 5))

    data = b"2026-05-17 07:27:12 [info] [CCD] one\r\n  two\r\n" * 3
    source = Member("main.log", "main.log", 0)
    parsed = app_log.parse(Dripping(data), source, Context(Clock()), block)
    assert parsed.frames()["app_log"]["Message"].tolist() == ["one\n  two"] * 3
