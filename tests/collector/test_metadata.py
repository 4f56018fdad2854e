"""What is said of a transcript or of a file that is too large: never what is in it, whatever that is."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector.finding import Found
from claude_evidence.collector.metadata import file_meta, transcript_meta
from claude_evidence.collector.reading import Digests
from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context
from claude_evidence.transcript import read_transcript
from tests.collector.source_helpers import linux, looked, put

SECRET = "the marrow recipe"
ID = "0d42b622-a090-41ec-aafa-ec63d7728336"
LINES = [
    {"type": "user", "sessionId": ID, "uuid": "1", "timestamp": "2026-05-01T08:00:00Z", "message": {"content": SECRET}},
    {"type": "assistant", "sessionId": ID, "uuid": "2", "timestamp": "2026-05-01T08:01:00Z", "message": {"x": SECRET},
     "entrypoint": "claude-desktop", "version": "2.1.140"},
    {"type": "custom-title", "customTitle": SECRET, "sessionId": ID},
]  # fmt: skip


def found(root: Path, data: bytes, name: str = f"{ID}.jsonl") -> Found:
    host = linux(root)
    put(root, f"home/alice/.claude/projects/-home-alice/{name}", data)
    (thing,) = looked(host, "%%users.homedir%%/.claude/projects/*/*")[0]
    return thing


def row(data: bytes, thing: Found) -> Any:
    source = Member(f"data/files/root{thing.path}.meta.json", f"{thing.path}.meta.json", len(data))
    parsed = kinds()["transcript"].parse(io.BytesIO(data), source, Context(Clock.of(Manifest()), Manifest()))
    assert not parsed.problems
    return parsed.frames()["transcript"].iloc[0]


def test_the_parser_reads_what_is_said_of_a_transcript(tmp_path: Path) -> None:
    data = "".join(json.dumps(line) + "\n" for line in LINES).encode()
    thing = found(tmp_path, data)
    meta = transcript_meta(thing)
    assert SECRET.encode() not in meta
    told = row(meta, thing)
    assert (told.FileSize, told.RecordCount, told.MessageCount, told.TitleEvents) == (len(data), 3, 2, 1)
    assert (told.CliSessionId, told.Entrypoint, told.Slug) == (ID, "claude-desktop", "-home-alice")
    assert bool(told.MetaOnly)
    document = json.loads(meta)
    assert document["sha256"] == hashlib.sha256(data).hexdigest()
    assert document["transcript"] == read_transcript(io.BytesIO(data)).as_json()


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda t: json.dumps({t: t}).encode() * 3)))
def test_nothing_in_a_file_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    place = tmp_path_factory.mktemp("one") / "x.jsonl"
    place.write_bytes(data)
    document = json.loads(transcript_meta(Found("/x.jsonl", place, len(data))))
    assert document["sha256"] == hashlib.sha256(data).hexdigest()
    assert document["size_bytes"] == len(data)


def test_the_hash_of_a_transcript_is_kept_for_others(tmp_path: Path) -> None:
    thing = found(tmp_path, b"\0\0{}\n")
    digests = Digests()
    transcript_meta(thing, digests)
    known = digests.of(thing.local)
    assert known is digests.of(thing.local)
    assert (known.sha256, known.first_non_null) == (hashlib.sha256(b"\0\0{}\n").hexdigest(), 2)


def test_a_file_is_told_by_size_and_hash_alone(tmp_path: Path) -> None:
    data = b"\0" * 10 + SECRET.encode() * 1000
    thing = found(tmp_path, data, "large.log")
    document = json.loads(file_meta(thing))
    assert document["kind"] == "file"
    assert (document["size_bytes"], document["first_non_null_offset"]) == (len(data), 10)
    assert document["sha256"] == hashlib.sha256(data).hexdigest()
    assert SECRET not in json.dumps(document)


def test_a_file_that_has_gone_is_an_error_for_its_reader(tmp_path: Path) -> None:
    thing = found(tmp_path, b"{}")
    thing.local.unlink()
    with pytest.raises(FileNotFoundError):
        transcript_meta(thing)
    with pytest.raises(FileNotFoundError):
        file_meta(thing)


def test_a_windows_path_is_told_as_windows_writes_it(tmp_path: Path) -> None:
    place = put(tmp_path, "x", b"{}")
    thing = Found("C:/Users/alice/.claude/projects/C--x/1.jsonl", place, 2)
    assert json.loads(transcript_meta(thing))["source"] == "C:\\Users\\alice\\.claude\\projects\\C--x\\1.jsonl"
