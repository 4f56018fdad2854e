"""A scenario's host as a disk: what lies there is what the scenario says, to the byte and the microsecond."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claude_evidence.samples._session_files import HostFile
from claude_evidence.samples._transcript import PROSE, transcript
from claude_evidence.samples._tree import DECOY, place, write_tree
from claude_evidence.samples.builder import host_files
from claude_evidence.samples.scenario import SCENARIOS, load, names
from claude_evidence.transcript import TranscriptFacts, read_transcript

FACTS = TranscriptFacts(
    size_bytes=90_000,
    line_count=41,
    record_count=41,
    user_count=12,
    assistant_count=12,
    message_count=24,
    title_count=3,
    recognised_count=41,
    has_messages=True,
    first_time=datetime(2026, 5, 1, 8, 0, 0, 5, tzinfo=UTC),
    last_time=datetime(2026, 5, 3, 8, 0, 0, 1, tzinfo=UTC),
    entrypoint="cli",
    versions=("2.1.200",),
    session_ids=("0d42b622-a090-41ec-aafa-ec63d7728336",),
)


def written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime_ns // 1000 / 1_000_000, tz=UTC)


def check(file: HostFile, path: Path) -> None:
    assert abs((written(path) - file.modified_at).total_seconds()) < 0.00001, file.path
    if not file.meta:
        assert path.read_bytes() == file.data, file.path
        return
    meta = json.loads(file.data)
    with path.open("rb") as stream:
        assert read_transcript(stream).as_json() == meta["transcript"], file.path
    assert path.stat().st_size == meta["size_bytes"]


@pytest.mark.parametrize("name", names())
def test_tree_is_what_the_scenario_says(name: str, tmp_path: Path) -> None:
    scenario = load(SCENARIOS / f"{name}.yaml")
    write_tree(scenario, tmp_path)
    files = list(host_files(scenario))
    assert files
    for file in files:
        check(file, place(tmp_path, file.path))


def test_what_is_said_in_a_large_conversation_is_not_in_its_sample(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "all-null-session.yaml")
    write_tree(scenario, tmp_path)
    (large,) = [path for path in tmp_path.rglob("*.jsonl") if path.stat().st_size == 38_518_504]
    head = large.read_bytes()[:100_000]
    assert PROSE.encode() in head
    assert {type(json.loads(line)) for line in head.splitlines()[:-1]} == {dict}


def test_decoys_lie_beside_the_evidence_and_are_no_part_of_the_scenario(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "healthy.yaml")
    write_tree(scenario, tmp_path)
    decoys = [path for path in tmp_path.rglob("*") if path.is_file() and DECOY.encode() in path.read_bytes()]
    evidence = {place(tmp_path, file.path) for file in host_files(scenario)}
    assert len(decoys) > 10
    assert not evidence & set(decoys)


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        replace(FACTS, user_count=0, assistant_count=0, message_count=0, has_messages=False),
        replace(FACTS, size_bytes=90_001, user_count=19, assistant_count=19, message_count=38),
        replace(FACTS, title_count=0),
    ],
)
def test_transcript_has_the_facts_that_were_asked_for(facts: TranscriptFacts, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_bytes(b"".join(transcript(facts, "C:\\Projects\\garden")))
    with path.open("rb") as stream:
        assert read_transcript(stream) == facts


@pytest.mark.parametrize(
    "change",
    [
        {"size_bytes": 900},
        {"bad_line_count": 1},
        {"assistant_count": 11},
        {"record_count": 20},
        {"first_time": None},
        {"sidechain_count": 2},
    ],
)
def test_transcript_that_cannot_be_written_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(transcript(replace(FACTS, **change), "C:\\Projects\\garden"))  # type: ignore[arg-type]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "claude_evidence.samples", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_command_writes_one_tree_into_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    assert command("--tree", str(folder), "healthy").returncode == 0
    assert (folder / "C" / "Users" / "alice").is_dir()
    again = command("--tree", str(folder), "healthy")
    assert again.returncode == 2
    assert "no empty folder" in again.stderr
    assert command("--tree", str(tmp_path / "other")).returncode == 2
    assert not (tmp_path / "other").exists()


def test_command_says_whether_a_bundle_is_there_and_the_same(tmp_path: Path) -> None:
    bundle, check = tmp_path / "healthy.zip", ("--to", str(tmp_path), "--check", "healthy")
    assert f"{bundle}  is not there" in command(*check).stdout
    assert str(bundle) in command("--to", str(tmp_path), "healthy").stdout
    assert command(*check).returncode == 0
    bundle.write_bytes(b"another")
    assert "DIFFERS" in (told := command(*check)).stdout
    assert told.returncode == 1
