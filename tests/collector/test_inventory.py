"""The listing of Claude's folders, as the parser of listings reads it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from claude_evidence.collector import _found, definitions, inventory
from claude_evidence.collector._types import Artifact, Host, Item, Options, Scrub
from claude_evidence.collector.reading import Digests
from claude_evidence.model import Acquisition, Manifest, Member, Outcome
from claude_evidence.parsers import kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context
from tests.collector.source_helpers import HOME, PACKAGE, artifact, linux, put, snapshot, windows

posix = pytest.mark.skipif(os.name == "nt", reason="links and names as POSIX has them")
CLAUDE = artifact("%%users.homedir%%/.claude", kind="PATH")


@pytest.fixture(scope="module")
def files() -> Artifact:
    (own,) = [a for a in definitions.load() if a.name == "ClaudeFiles"]
    return own


def table(data: bytes) -> Any:
    manifest = Manifest()
    source = Member("data/state/file_inventory.json", "state/file_inventory.json", len(data))
    parsed = kinds()["file_inventory"].parse(io.BytesIO(data), source, Context(Clock.of(manifest), manifest))
    assert not parsed.problems
    return parsed.frames()["file_inventory"].set_index("Path")


def test_every_file_and_folder_is_a_row(tmp_path: Path, files: Artifact) -> None:
    host = windows(tmp_path)
    put(tmp_path, f"{PACKAGE}/claude-code-sessions/a/o/local_1.json", b"\0" * 40)
    put(tmp_path, f"{PACKAGE}/config.json", b"\0\0{}")
    put(tmp_path, f"{HOME}/.claude/projects/slug/1.jsonl", b"{}\n")
    put(tmp_path, f"{HOME}/Documents/private.txt")
    before = snapshot(tmp_path)
    rows = table(inventory.listing(files, host))
    assert snapshot(tmp_path) == before
    package = "C:\\Users\\alice\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc"
    config = rows.loc[f"{package}\\LocalCache\\Roaming\\Claude\\config.json"]
    assert (config.Size, config.Sha256, config.FirstNonNullOffset) == (4, hashlib.sha256(b"\0\0{}").hexdigest(), 2)
    assert not config.IsDirectory
    assert abs(config.ModifiedAt.timestamp() - (tmp_path / PACKAGE / "config.json").stat().st_mtime) < 0.001
    null = rows.loc[f"{package}\\LocalCache\\Roaming\\Claude\\claude-code-sessions\\a\\o\\local_1.json"]
    assert null.Sha256 == hashlib.sha256(b"\0" * 40).hexdigest()
    assert null.FirstNonNullOffset is pd.NA
    assert rows.loc[package].IsDirectory
    assert rows.loc["C:\\Users\\alice\\.claude\\projects\\slug\\1.jsonl"].Size == 3
    assert not [path for path in rows.index if "Documents" in path]
    assert rows.index.is_unique


def test_large_files_are_hashed_at_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "WHOLE_BYTES", 200_000)
    monkeypatch.setattr(inventory, "CACHED_BYTES", 1000)
    host = linux(tmp_path)
    data = os.urandom(200_001)
    put(tmp_path, "home/alice/.claude/large.bin", data)
    put(tmp_path, "home/alice/.claude/Cache/large.bin", data)
    put(tmp_path, "home/alice/.claude/Cache/small.bin", data[:1000])
    rows = table(inventory.listing(CLAUDE, host))
    large = rows.loc["/home/alice/.claude/large.bin"]
    assert large.HeadSha256 == hashlib.sha256(data[: 64 << 10]).hexdigest()
    assert large.TailSha256 == hashlib.sha256(data[-(64 << 10) :]).hexdigest()
    hashed = rows[["Sha256", "HeadSha256"]].notna()
    assert not hashed.loc["/home/alice/.claude/large.bin"].Sha256
    assert not hashed.loc["/home/alice/.claude/Cache/large.bin"].any()
    assert hashed.loc["/home/alice/.claude/Cache/small.bin"].Sha256


def test_names_are_made_private_and_told_beforehand(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/.claude/projects/-home-alice-garden/1.jsonl")

    def private(path: str) -> str:
        return path.replace("alice", "user-1")

    assert list(inventory.paths(CLAUDE, host)) == [
        "/home/alice/.claude", "/home/alice/.claude/projects", "/home/alice/.claude/projects/-home-alice-garden",
        "/home/alice/.claude/projects/-home-alice-garden/1.jsonl",
    ]  # fmt: skip
    data = inventory.listing(CLAUDE, host, private)
    assert b"alice" not in data
    assert "/home/user-1/.claude/projects/-home-user-1-garden/1.jsonl" in table(data).index


@posix
def test_links_are_told_and_followed_once_where_they_concern_claude(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/.claude/projects/x/1.jsonl")
    put(tmp_path, "home/alice/Documents/private.txt")
    put(tmp_path, "mnt/claude-data/there.txt")
    for name, target in (("up", ".."), ("self", "."), ("docs", "../Documents"), ("moved", "/mnt/claude-data"),
                         ("again", "/mnt/claude-data"), ("file", "../Documents/private.txt"), ("gone", "/none"),
                         ("loop", "loop")):  # fmt: skip
        (tmp_path / "home/alice/.claude" / name).symlink_to(target)
    rows = table(inventory.listing(CLAUDE, host))
    assert {path: row.ReparseTarget for path, row in rows.iterrows() if isinstance(row.ReparseTarget, str)} == {
        f"/home/alice/.claude/{name}": target
        for name, target in (("up", ".."), ("self", "."), ("docs", "../Documents"), ("moved", "/mnt/claude-data"),
                             ("again", "/mnt/claude-data"), ("file", "../Documents/private.txt"), ("gone", "/none"),
                             ("loop", "loop"))
    }  # fmt: skip
    below = [path for path in rows.index if "there.txt" in path]
    assert len(below) == 1
    assert not [path for path in rows.index if "private.txt" in path or "Documents" in path]
    assert not isinstance(rows.loc["/home/alice/.claude/file"].Sha256, str)
    assert "reparse_point" in rows.loc["/home/alice/.claude/gone"].Attributes


def test_placeholders_are_listed_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file system here keeps these attributes: what a mounted NTFS volume tells is given in its place."""
    host = linux(tmp_path)
    put(tmp_path, "home/alice/.claude/cloud.txt")
    put(tmp_path, "home/alice/.claude/here.txt")
    bits = {"cloud.txt": 0x400020, "here.txt": 0x4020}
    monkeypatch.setattr(_found, "attribute_bits", lambda local, status: bits.get(local.name, 0))
    rows = table(inventory.listing(CLAUDE, host))
    cloud, here = rows.loc["/home/alice/.claude/cloud.txt"], rows.loc["/home/alice/.claude/here.txt"]
    assert cloud.Attributes == "archive, recall_on_data_access"
    assert not isinstance(cloud.Sha256, str)
    assert here.Attributes == "archive, encrypted"
    assert isinstance(here.Sha256, str)


@posix
def test_whatever_lies_there_is_listed_and_nothing_raises(tmp_path: Path) -> None:
    host = linux(tmp_path)
    os.mkfifo(put(tmp_path, "home/alice/.claude/a").with_name("pipe"))
    for name in ("\u202ex", "a\nb", 'q"u\\ote', "ü", "x" * 250, "\x01"):
        put(tmp_path, f"home/alice/.claude/{name}")
    bad = os.fsdecode(os.fsencode(tmp_path / "home/alice/.claude") + b"/\xff\xfe")
    try:
        Path(bad).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system refuses names that are no UTF-8")
    put(tmp_path, "home/alice/.claude/" + "/".join(["d" * 200] * 8) + "/deep.txt")
    data = inventory.listing(CLAUDE, host)
    data.decode("ascii")
    listed = [entry["path"].removeprefix("/home/alice/.claude/") for entry in json.loads(data)["entries"]]
    assert {"a\nb", 'q"u\\ote', "ü", "pipe", os.fsdecode(b"\xff\xfe")} <= set(listed)
    assert any(path.endswith("deep.txt") for path in listed)
    table(data)


def test_a_listing_that_is_too_long_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MOST_ENTRIES", 5)
    host = linux(tmp_path)
    for number in range(20):
        put(tmp_path, f"home/alice/.claude/{number}")
    document = json.loads(inventory.listing(CLAUDE, host))
    assert len(document["entries"]) == 5
    assert "cut" in document["state"]


def test_what_was_hashed_before_is_not_read_again(tmp_path: Path) -> None:
    host = linux(tmp_path)
    path = put(tmp_path, "home/alice/.claude/1.jsonl", b"one")
    digests = Digests()
    known = digests.of(path)
    assert json.loads(inventory.listing(CLAUDE, host, digests=digests))["entries"][1]["sha256"] == known.sha256
    assert digests.of(path) is known


def test_as_a_probe_it_gives_its_state_file_and_what_is_not_there(tmp_path: Path, files: Artifact) -> None:
    host: Host = windows(tmp_path / "disk")
    put(tmp_path / "disk", f"{PACKAGE}/config.json", b"{}")
    work = tmp_path / "work"
    work.mkdir()
    things = list(inventory.collect(files, host, work, Options()))
    (item,) = [thing for thing in things if isinstance(thing, Item)]
    rest = [thing for thing in things if isinstance(thing, Acquisition)]
    assert (item.state_name, item.scrub) == ("file_inventory.json", Scrub.JSON)
    with item.open() as file:
        data = file.read()
    assert len(data) == item.size_bytes
    assert len(table(data)) == 5
    assert rest
    assert {entry.outcome for entry in rest} == {Outcome.MISSING}
    assert all(re.match(r"[A-Z]:\\", entry.source) for entry in rest)


def test_as_a_probe_it_gives_nothing_where_there_is_nothing(tmp_path: Path, files: Artifact) -> None:
    things = list(inventory.collect(files, windows(tmp_path / "disk"), tmp_path, Options()))
    assert things
    assert all(isinstance(thing, Acquisition) for thing in things)
    assert not (tmp_path / "file_inventory.json").exists()
