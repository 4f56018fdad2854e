"""The folder that a bundle is made in: private, removed in the end, and known for ours after a kill."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from claude_evidence.collector.workplace import SUFFIX, mapping_path, workplace
from claude_evidence.usage import UsageError

KILLED = """
import os, sys
from pathlib import Path
from claude_evidence.collector.workplace import workplace
with workplace(Path(sys.argv[1])) as place:
    place.bundle.write_bytes(b"half")
    (place.work / "export").mkdir()
    (place.work / "export" / "System.evtx").write_bytes(b"raw")
    print("here", flush=True)
    if sys.argv[2] == "die":
        os._exit(9)
    sys.stdin.read()
"""


def start(destination: Path, how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(destination), how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "here\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate()


def test_bundle_and_mapping_get_their_names_and_nothing_else_stays(tmp_path: Path) -> None:
    with workplace(tmp_path / "case.zip") as place:
        assert place.folder == tmp_path / "case.zip.partial"
        place.bundle.write_bytes(b"bundle")
        (place.work / "export.evtx").write_bytes(b"raw")
        place.publish()
        assert place.publish_mapping(b"{}") == tmp_path / "case.mapping.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.mapping.json", "case.zip"]
    assert (tmp_path / "case.zip").read_bytes() == b"bundle"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_may_hold_names_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with workplace(tmp_path / "case.zip") as place:
            assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
            assert stat.S_IMODE(place.work.stat().st_mode) == 0o700
            mapping = place.publish_mapping(b"{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["case.zip", "case.mapping.json"])
def test_what_exists_is_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"), workplace(tmp_path / "case.zip"):
        pass
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"mine")]


def test_what_comes_into_being_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    with workplace(tmp_path / "case.zip") as place:
        place.bundle.write_bytes(b"bundle")
        (tmp_path / "case.zip").write_bytes(b"mine")
        with pytest.raises(UsageError, match="meanwhile"):
            place.publish()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("case.zip", b"mine")]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_to_nowhere_counts_as_something_that_exists(tmp_path: Path) -> None:
    (tmp_path / "case.zip").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="exists"), workplace(tmp_path / "case.zip"):
        pass
    assert not (tmp_path / "nowhere").exists()


def test_the_next_run_removes_what_a_kill_left_whatever_its_own_name(tmp_path: Path) -> None:
    old = tmp_path / "claude-evidence-host-000000-20260101T000000Z.zip"
    for destination in (tmp_path / "case.zip", old):
        end(start(destination, "die"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"case.zip{SUFFIX}", f"{old.name}{SUFFIX}"]
    with workplace(tmp_path / "case.zip"):
        assert [path.name for path in tmp_path.iterdir()] == [f"case.zip{SUFFIX}"]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_going_on_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "claude-evidence-host-000000-20260101T000000Z.zip"
    process = start(other, "wait")
    try:
        with workplace(tmp_path / "case.zip"):
            assert (tmp_path / f"{other.name}{SUFFIX}" / "bundle.zip").read_bytes() == b"half"
        with pytest.raises(UsageError, match="cannot be written"), workplace(other):
            pass
        assert (tmp_path / f"{other.name}{SUFFIX}" / "bundle.zip").exists()
    finally:
        end(process)


def test_a_folder_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    theirs = tmp_path / "case.zip.partial"
    theirs.mkdir()
    (theirs / "thesis.doc").write_bytes(b"years of work")
    (theirs / "lock").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"), workplace(tmp_path / "case.zip"):
        pass
    assert sorted(path.name for path in theirs.iterdir()) == ["lock", "thesis.doc"]


def test_a_place_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"), workplace(tmp_path / "none" / "case.zip"):
        pass
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="no folder"), workplace(tmp_path / "file" / "case.zip"):
        pass


def test_the_mapping_lies_beside_the_bundle() -> None:
    assert mapping_path(Path("a/case.zip")) == Path("a/case.mapping.json")
