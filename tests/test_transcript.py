from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO, RawIOBase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.transcript import LONG_LINE_BYTES, TranscriptFacts, facts_from_json, read_transcript


def record(kind: str = "user", **more: Any) -> bytes:
    base = {
        "type": kind,
        "sessionId": "9f0c",
        "uuid": "1",
        "isSidechain": False,
        "message": {"role": kind},
        "timestamp": "2026-05-17T07:27:00.123Z",
        "version": "2.1.22",
        "entrypoint": "claude-desktop",
    }
    return json.dumps(base | more).encode() + b"\n"


def facts(*lines: bytes) -> TranscriptFacts:
    return read_transcript(BytesIO(b"".join(lines)))


def test_a_healthy_transcript() -> None:
    got = facts(
        record(timestamp="2026-05-17T07:27:01Z"),
        record("assistant", timestamp="2026-05-17T09:00:00+02:00"),
        b"\n",
        record("ai-title", message=None, entrypoint=""),
    )
    assert (got.line_count, got.record_count, got.user_count, got.assistant_count, got.title_count) == (4, 3, 1, 1, 1)
    assert got.has_messages
    assert (got.bad_line_count, got.first_bad_line, got.tail_truncated) == (0, None, False)
    assert got.first_time == datetime(2026, 5, 17, 7, 0, tzinfo=UTC)
    assert got.last_time == datetime(2026, 5, 17, 7, 27, 1, tzinfo=UTC)
    assert (got.entrypoint, got.versions, got.session_ids) == ("claude-desktop", ("2.1.22",), ("9f0c",))


def test_only_keys_of_the_record_itself_count() -> None:
    inner = {"type": "assistant", "timestamp": "1999-01-01T00:00:00Z", "entrypoint": "cli", "sessionId": "other"}
    got = facts(record("system", message={"content": [inner]}, toolUseResult=inner, text=json.dumps(inner)))
    assert (got.user_count, got.assistant_count, got.has_messages) == (0, 0, False)
    assert (got.entrypoint, got.session_ids) == ("claude-desktop", ("9f0c",))
    assert got.first_time is not None
    assert got.first_time.year == 2026


def test_the_last_entrypoint_that_says_something_counts() -> None:
    assert (
        facts(
            record(entrypoint="cli"),
            record(entrypoint="claude-desktop"),
            record(entrypoint=""),
            record(entrypoint=7),
            record(entrypoint="two words"),
        ).entrypoint
        == "claude-desktop"
    )


def test_a_stub_has_no_messages() -> None:
    got = facts(record("file-history-snapshot"), record("queue-operation"), record("ai-title"), record(isMeta=True))
    assert not got.has_messages
    assert (got.record_count, got.message_count, got.recognised_count) == (4, 0, 4)


def test_messages_of_sub_agents_count_only_where_there_are_no_others() -> None:
    side = record(isSidechain=True)
    assert facts(side, side).has_messages
    assert facts(side, side).all_sidechain
    mixed = facts(side, record("assistant"))
    assert not mixed.all_sidechain
    assert (mixed.message_count, mixed.sidechain_count) == (1, 1)
    assert not facts(side, record(isMeta=True)).has_messages


def test_null_blocks_are_counted_as_such_and_as_bad() -> None:
    got = facts(record(), bytes(500) + record(), bytes(40) + b"\n", record())
    assert (got.nul_line_count, got.first_nul_line, got.bad_line_count, got.first_bad_line) == (2, 2, 2, 2)
    assert got.record_count == 2


def test_utf16_is_no_null_block() -> None:
    got = read_transcript(BytesIO(record().decode().encode("utf-16")))
    assert (got.nul_line_count, got.record_count) == (0, 0)
    assert got.bad_line_count > 0


def test_two_records_torn_into_one_line_are_bad() -> None:
    got = facts(record(), record()[:-30] + record(), record())
    assert (got.bad_line_count, got.first_bad_line, got.record_count) == (1, 2, 2)


def test_a_last_line_without_newline_is_good_where_it_parses() -> None:
    assert not facts(record(), record()[:-1]).tail_truncated
    cut = facts(record(), record()[:-20])
    assert (cut.tail_truncated, cut.bad_line_count, cut.first_bad_line, cut.record_count) == (True, 1, 2, 1)


def test_lines_that_are_json_but_no_objects_are_bad() -> None:
    lines = (b"[]\n", b"3\n", b'"x"\n', b"null\n", b'{"a": NaN}\n', b"\xff\xfe\n", b'{"a":' * 100_000 + b"\n", b" \r\n")
    got = facts(*lines)
    assert (got.record_count, got.bad_line_count, got.line_count) == (0, len(lines) - 1, len(lines))


def test_numbers_of_any_length_are_fine() -> None:
    assert facts(b'{"type": "user", "n": ' + b"9" * 10_000 + b"}\n").record_count == 1


def test_wrong_types_leave_nothing_behind() -> None:
    odd: list[Any] = [None, 1, 1.5, True, [], {}, "", "x y", "\ud800", "a" * 500]
    for value in odd:
        got = facts(
            record(type=value, timestamp=value, version=value, entrypoint=value, sessionId=value, message=value)
        )
        assert (got.first_time, got.versions, got.entrypoint, got.session_ids) == (None, (), "", ())
        assert got.record_count == 1


class Endless(RawIOBase):
    """A stream of *size* bytes in which only *head* and *tail* are not made of *filling*."""

    def __init__(self, head: bytes, filling: bytes, size: int, tail: bytes) -> None:
        self.pieces = [head] + [filling * (1 << 20)] * (size >> 20) + [tail]

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_a_line_of_200_mb_is_not_held() -> None:
    tracemalloc.start()
    long = read_transcript(Endless(record() + b'{"type": "user", "text": "', b"x", 200 << 20, b'"}\n' + record()))  # type: ignore[arg-type]
    nul = read_transcript(Endless(record(), b"\0", 200 << 20, b"\n" + record()))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LONG_LINE_BYTES
    assert (long.line_count, long.long_line_count, long.record_count, long.bad_line_count) == (3, 1, 2, 0)
    assert (nul.line_count, nul.nul_line_count, nul.first_nul_line, nul.record_count) == (3, 1, 2, 2)
    assert nul.size_bytes > 200 << 20


class Dribble(BytesIO):
    """A stream that gives a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(7)


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [record(), record("assistant"), record("ai-title"), b"\n", bytes(9) + b"\n", b'{"a": \n', record()[:-1]]
        ),
        st.binary(max_size=30),
    )
)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_blocks_make_no_difference_and_lines_are_those_of_the_bytes(lines: list[bytes]) -> None:
    data = b"".join(lines)
    got = read_transcript(BytesIO(data))
    assert read_transcript(Dribble(data)) == got
    split = data.split(b"\n")
    split = split if split[-1] else split[:-1]
    assert got.line_count == len(split)
    assert got.size_bytes == len(data)
    blank = sum(not line.strip() for line in split)
    assert got.record_count + got.bad_line_count + blank == got.line_count


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_facts_survive_json(lines: list[bytes]) -> None:
    got = read_transcript(BytesIO(b"".join(lines)))
    assert TranscriptFacts(**facts_from_json(json.loads(json.dumps(got.as_json())))) == got


def test_facts_of_strangers_are_checked_one_by_one() -> None:
    told = facts_from_json(
        {
            "user_count": -1,
            "assistant_count": 7,
            "has_messages": "yes",
            "first_time": "yesterday",
            "versions": [1, "2.1", "a b"],
            "entrypoint": {"a": 1},
            "unknown": 3,
        }
    )
    assert told == {"assistant_count": 7, "versions": ("2.1",)}
