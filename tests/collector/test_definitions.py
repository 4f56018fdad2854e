"""What is collected is written in one file, and every mistake in it is named with its entry."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from claude_evidence import parsers
from claude_evidence.collector import definitions
from claude_evidence.collector._types import Artifact, Scrub, Store
from claude_evidence.samples.builder import host_files
from claude_evidence.samples.scenario import SCENARIOS, load, names
from claude_evidence.usage import UsageError

GOOD = """name: One
doc: a thing
sources:
- type: FILE
  attributes:
    paths: ['%%users.appdata%%\\Claude\\*.log']
    separator: '\\'
collect:
  store: content
  scrub: json
  max_bytes: 5
  rank: 3
  keys: [a.b, '*.c', 'oauth:x']
supported_os: [Windows, Linux]
"""


@pytest.fixture(scope="module")
def ours() -> dict[str, Artifact]:
    return {artifact.name: artifact for artifact in definitions.load()}


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_is_read_whole(tmp_path: Path) -> None:
    (one,) = definitions.load(write(tmp_path, GOOD))
    assert (one.name, one.doc, one.systems) == ("One", "a thing", frozenset({"windows", "linux"}))
    assert [(source.type, source.names) for source in one.sources] == [("FILE", ("%%users.appdata%%/Claude/*.log",))]
    assert (one.store, one.scrub, one.max_bytes, one.rank) == (Store.CONTENT, Scrub.JSON, 5, 3)
    assert (one.keys, one.max_age_days, one.probe) == (frozenset({"a.b", "*.c", "oauth:x"}), None, "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rank: 3", "rnak: 3", "One: collect has no key 'rnak'"),
        ("rank: 3", "rank: many", "One: collect: rank: 'many' is no number"),
        ("rank: 3", "rank: true", "One: collect: rank: True is no number"),
        ("max_bytes: 5", "max_bytes: 0", "One: collect: max_bytes: 0 is no number"),
        ("rank: 3", "max_age_days: -1", "One: collect: max_age_days: -1 is no number"),
        ("store: content", "store: everything", "One: collect: store: 'everything' is none of content"),
        ("store: content", "store: [content]", "One: collect: store"),
        ("scrub: json", "scrub: xml", "One: collect: scrub: 'xml' is none of text"),
        ("scrub: json", "scrub: text", "One: keys are for scrub: json"),
        ("keys: [a.b, '*.c', 'oauth:x']", "keys: a.b", "One: collect: keys: is no list"),
        ("keys: [a.b, '*.c', 'oauth:x']", "keys: [a..b]", "One: collect: keys: 'a..b' is no JSON path"),
        ("rank: 3", "probe: probe_nothing_of_that_name", "there is no module probe_nothing_of_that_name"),
        ("rank: 3", "probe: ../os", "One: collect: probe: '../os' is no name of a probe"),
        ("rank: 3", "state: ../x.json", "One: collect: state: '../x.json' is no name"),
        ("doc: a thing", "dco: a thing", "One: Undefined keys: dco"),
        ("doc: a thing", "", "One: .*missing description"),
        ("name: One", "nmae: One", "entry 1: "),
        ("type: FILE", "type: FILES", "One: .*FILES"),
        ("type: FILE", "type: DIRECTORY", "One: DIRECTORY is no type of source"),
        ("Windows, Linux", "Windos", "One: .*Windos"),
        ("[Windows, Linux]", "[Android]", "One: supported_os names no system"),
        ("%%users.appdata%%", "%%users.apdata%%", "One: %%users.apdata%% is no variable"),
        ("%%users.appdata%%\\", "", "One: .* does not begin at a root"),
        ("Claude\\*", "..\\*", "One: .* leads upwards"),
        ("paths: ", "pahts: ", "One: "),
        ("paths: ['%%users.appdata%%\\Claude\\*.log']", "paths: one", "One: "),
        ("collect:\n", "collect: 3\nx:\n", "One: "),
        ("sources:\n", "sources: 3\nx:\n", "One: "),
        ("name: One", "name: [One", "is no YAML"),
        ("name: One\n", "- a\n- b\n---\nname: One\n", "entry 1: is no mapping"),
    ],
)
def test_a_mistake_is_named_with_its_entry(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=f"own.yaml: {said}" if not said.startswith("there") else said) as caught:
        definitions.load(path)
    assert "\n" not in str(caught.value)


def test_a_name_given_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"own.yaml: one: its name is given twice"):
        definitions.load(write(tmp_path, GOOD + "---\n" + GOOD.replace("name: One", "name: one")))


def test_a_command_needs_a_probe(tmp_path: Path) -> None:
    command = GOOD.replace("type: FILE", "type: COMMAND").replace(
        "paths: ['%%users.appdata%%\\Claude\\*.log']\n    separator: '\\'", "cmd: x.exe\n    args: [a]"
    )
    with pytest.raises(UsageError, match="One: a COMMAND needs a probe"):
        definitions.load(write(tmp_path, command))
    (one,) = definitions.load(write(tmp_path, command.replace("rank: 3", "probe: inventory")))
    assert one.sources[0].names == ("x.exe", "a")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"---\n---\n", b"\0\0\0", b"[" * 5000])
def test_what_is_no_list_of_artifacts_is_said(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"own\.yaml"):
        definitions.load(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        definitions.load(tmp_path / "none.yaml")


def test_what_was_said_is_never_taken(ours: dict[str, Artifact]) -> None:
    for artifact in ours.values():
        for source in artifact.sources:
            for name in source.names:
                if name.lower().endswith(".jsonl"):
                    assert artifact.store is Store.METADATA, artifact.name
                assert "history.jsonl" not in name
    assert ours["ClaudeIdentities"].store is Store.NOTHING
    assert ours["ClaudeSshConfigs"].store is Store.PRESENCE
    assert not any("prompt" in key.lower() or "summary" in key.lower() for a in ours.values() for key in a.keys)


def test_every_artifact_that_a_sample_names_is_defined(ours: dict[str, Artifact]) -> None:
    for name in names():
        for file in host_files(load(SCENARIOS / f"{name}.yaml")):
            assert file.artifact in ours, f"{name}: {file.path}"


def test_what_is_stored_is_read_by_a_parser(ours: dict[str, Artifact]) -> None:
    globs = [glob for parser in parsers.kinds().values() for glob in parser.PATHS]
    unread = {"ClaudeSentry", "ClaudeTranscriptMarkers"}
    for artifact in ours.values():
        if artifact.store not in (Store.CONTENT, Store.METADATA) or artifact.name in unread:
            continue
        named = [artifact.state and f"state/{artifact.state}"] if artifact.probe and artifact.state else [
            name for source in artifact.sources if source.type == "FILE" for name in source.names
        ]  # fmt: skip
        for name in named:
            path = _example(name)
            assert any(fnmatch.fnmatchcase(path, glob) for glob in globs), path


def _example(pattern: str) -> str:
    for old, new in (("local_*", "local_x.json"), ("deleted_*", "deleted_local_x"), ("*.log", "main.log"), ("*", "x")):
        pattern = pattern.replace(old, new)
    return pattern.lower()
