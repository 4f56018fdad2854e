"""What a mended transcript keeps, what a transcript says of itself, and that neither needs memory to speak of."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.recovery_lines import LONG_LINE_BYTES
from claude_evidence.recovery_mend import Mended, mend
from claude_evidence.recovery_said import folder, read_said, title

MIB = 1 << 20
RECORD = b'{"type":"user","cwd":"C:\\\\garden","timestamp":"2026-05-01T10:00:00Z","message":{"content":"Beans."}}'


def mended(data: bytes) -> tuple[bytes, Mended]:
    target = io.BytesIO()
    found = mend(io.BytesIO(data), target)
    assert found.before == hashlib.sha256(data).hexdigest()
    assert found.after == hashlib.sha256(target.getvalue()).hexdigest()
    assert found.after_bytes == len(target.getvalue())
    return target.getvalue(), found


@pytest.mark.parametrize(
    ("data", "kept", "counts"),
    [
        (RECORD + b"\n", RECORD + b"\n", (1, 0, 0, 0)),
        (RECORD, RECORD + b"\n", (1, 0, 0, 0)),
        (b"\0" * 50 + b"\n" + RECORD + b"\n", RECORD + b"\n", (1, 0, 1, 0)),
        (b"\0" * 50 + RECORD + b"\0\0\n", RECORD + b"\n", (1, 1, 0, 0)),
        (RECORD[:20] + b"\0" * 9 + RECORD[20:] + b"\n", b"", (0, 0, 0, 1)),
        (RECORD[:20] + b"\0" * 9 + RECORD + b"\n", RECORD + b"\n", (1, 1, 0, 1)),
        (RECORD + b"\0" * 9 + RECORD + b"\0\n", RECORD + b"\n" + RECORD + b"\n", (2, 2, 0, 0)),
        (RECORD + b"\n" + RECORD[:30], RECORD + b"\n", (1, 0, 0, 1)),
        (b"[1]\n\n" + RECORD + b"\n", b"\n" + RECORD + b"\n", (2, 0, 0, 1)),
        (b"", b"", (0, 0, 0, 0)),
    ],
)
def test_whole_records_are_kept(data: bytes, kept: bytes, counts: tuple[int, ...]) -> None:
    result, found = mended(data)
    assert result == kept
    assert (found.kept_lines, found.freed_records, found.null_lines, found.torn_lines) == counts


@given(st.lists(st.sampled_from([RECORD, b"\0" * 7, RECORD[:40], b'{"type":"x"}', b"\0" + RECORD, b""]), max_size=12))
def test_mending_twice_changes_nothing_and_loses_no_whole_record(lines: list[bytes]) -> None:
    once, _ = mended(b"\n".join(lines))
    twice, found = mended(once)
    assert twice == once
    assert found.null_lines == found.torn_lines == found.null_bytes == 0
    whole = [line.strip(b"\0") for line in lines if line.strip(b"\0") in (RECORD, b'{"type":"x"}')]
    assert [line for line in once.split(b"\n") if line] == whole


class Generated(io.RawIOBase):
    """Pieces made while they are read: more bytes than memory should hold."""

    def __init__(self, pieces: list[tuple[bytes, int]]) -> None:
        self._pieces = [piece for piece, times in pieces for _ in range(times)]

    def read(self, size: int = -1) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


class Counter(io.RawIOBase):
    """A place that only counts."""

    size = 0

    def write(self, data: Any) -> int:
        self.size += len(data)
        return len(data)


def stream(*pieces: tuple[bytes, int]) -> BinaryIO:
    return cast("BinaryIO", Generated(list(pieces)))


def test_a_large_transcript_takes_little_memory() -> None:
    filler = b'{"type":"user","message":{"content":"' + b"x" * (MIB - 60) + b'"}}\n'
    target = Counter()
    tracemalloc.start()
    found = mend(
        stream((b"\0" * MIB, 120), (b"\n", 1), (filler, 40), (b"\0" * MIB, 200), (RECORD, 1)), cast("BinaryIO", target)
    )
    said = read_said(stream((b"\0" * MIB, 150), (RECORD + b"\n", 1), (b"y" * MIB, 60), (b"\n" + RECORD, 1)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.before_bytes > 350 * MIB
    assert (found.kept_lines, found.null_lines, found.freed_records) == (41, 1, 1)
    assert target.size == 40 * len(filler) + len(RECORD) + 1
    assert said.turns == 2
    assert peak < 6 * LONG_LINE_BYTES


def test_line_too_long_to_look_at_is_kept_unless_null_bytes_are_in_it() -> None:
    long = (b"z" * MIB, 20)
    target = Counter()
    found = mend(stream(long, (b"\n", 1), long, (b"a\0a", 1), (b"\n", 1)), cast("BinaryIO", target))
    assert (found.kept_lines, found.torn_lines) == (1, 1)
    assert target.size == 20 * MIB + 1


def test_record_behind_null_bytes_on_a_cut_line_is_heard() -> None:
    told = b'{"type":"custom-title","customTitle":"Leeks"}'
    assert read_said(io.BytesIO(RECORD[:30] + b"\0" * 5 + told + b"\0" + RECORD)).custom_title == "Leeks"


def test_what_a_transcript_says() -> None:
    records: list[dict[str, Any]] = [
        {"type": "custom-title", "customTitle": "One\nline " + "x" * 300},
        {"type": "user", "cwd": "C:\\a", "timestamp": "2026-05-02T10:00:00Z", "message": {"content": "Hello"}},
        {"type": "user", "cwd": "C:\\b\u001b[2J", "message": {"content": [{"type": "tool_result"}]}},
        {"type": "user", "isMeta": True, "cwd": "C:\\c", "message": {"content": "meta"}},
        {"type": "assistant", "timestamp": "2026-05-01T10:00:00Z", "message": {"model": "claude-opus-4-7"}},
        {"type": "assistant", "message": {"model": "<synthetic>"}, "permissionMode": "plan"},
        {"type": "user", "isSidechain": True, "cwd": "C:\\side", "message": {"content": "sub"}},
        {"type": "ai-title", "aiTitle": 7},
    ]
    said = read_said(io.BytesIO(b"\n".join(json.dumps(record).encode() for record in records)))
    assert said.custom_title.startswith("One line xxx")
    assert len(said.custom_title) == 200
    assert (said.ai_title, said.model, said.permission_mode, said.turns) == ("", "claude-opus-4-7", "plan", 1)
    assert (said.first_cwd, said.last_cwd, said.refused) == ("C:\\a", "C:\\c", ("cwd",))
    assert said.first_time is not None
    assert said.last_time is not None
    assert (said.first_time.day, said.last_time.day) == (1, 2)


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_no_value_of_a_transcript_is_taken_blindly(value: object) -> None:
    shown = title(value)
    assert len(shown) <= 200
    assert shown.isprintable() or not any(ord(c) < 32 or ord(c) == 0x202E for c in shown)
    assert "\n" not in shown
    assert folder(value) in ("", value)


NO_FOLDERS = ["garden", "C:garden", "C:\\a\x00b", "C:\\" + "x" * 2000, "", "C:\\\u202egnp", "/\ud800"]


@pytest.mark.parametrize("path", NO_FOLDERS)
def test_what_is_no_folder(path: str) -> None:
    assert folder(path) == ""
