"""A bad day: files that are locked, denied, gone, growing, looping, over-long, undecodable; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_evidence.bundle import open_bundle
from claude_evidence.model import Outcome
from tests.collector.run_helpers import LOGS, can_link, collect, entries, environment, manifest, members, state, tree

POSIX = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")
LINKS = pytest.mark.skipif(not can_link(), reason="needs symbolic links")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    """A tree, checked afterwards to be what it was."""
    root = tree(tmp_path)
    yield root


def taken(root: Path, tmp_path: Path, *more: str) -> Path:
    """Collect *root*; return the bundle, which is sound, made without a traceback and the only thing made."""
    before = state(root)
    done = collect(root, tmp_path / "out" / "case.zip", *more, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert state(root) == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["case.mapping.json", "case.zip"]
    with open_bundle([tmp_path / "out" / "case.zip"]) as bundle:
        assert bundle.verify() == ()
    return tmp_path / "out" / "case.zip"


@pytest.fixture(autouse=True)
def out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()


def test_nothing_of_the_source_changes(host: Path, tmp_path: Path) -> None:
    bundle = taken(host, tmp_path)
    assert entries(bundle, "\\main.log")[0].outcome is Outcome.COLLECTED


def test_denied(host: Path, tmp_path: Path) -> None:
    log = host / LOGS / "claude.ai-web.log"
    log.chmod(0)
    if os.access(log, os.R_OK):
        pytest.skip("whoever runs this may read everything")
    done = collect(host, tmp_path / "out" / "case.zip", home=tmp_path / "home")
    log.chmod(0o600)
    assert done.returncode == 0
    (entry,) = entries(tmp_path / "out" / "case.zip", "claude.ai-web.log")
    assert (entry.outcome, entry.member) == (Outcome.DENIED, None)
    assert entry.detail
    assert "denied: " in done.stdout


@POSIX
def test_what_is_no_file_is_not_waited_for(host: Path, tmp_path: Path) -> None:
    os.mkfifo(host / LOGS / "mcp.log")
    bundle = taken(host, tmp_path)
    assert all(entry.outcome is not Outcome.COLLECTED for entry in entries(bundle, "mcp.log"))


@POSIX
def test_a_lock_that_asks_for_patience_does_not_stop_reading(host: Path, tmp_path: Path) -> None:
    import fcntl

    with (host / LOGS / "main.log").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert entries(taken(host, tmp_path), "\\main.log")[0].outcome is Outcome.COLLECTED


def test_growing(host: Path, tmp_path: Path) -> None:
    """A log that is written faster than it is read ends where it ended when it was opened."""
    log, stop = host / LOGS / "main.log", threading.Event()
    lines = b"2026-05-17 08:30:00 [info] [EventLogging] Flushing 4 events\r\n" * 100

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            for _ in range(5000):  # 30 MB at most
                file.write(lines)
                if stop.wait(0.001):
                    return

    whole = log.read_bytes()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = collect(host, tmp_path / "out" / "case.zip", "--max-size", "1GB", home=tmp_path / "home")
    finally:
        stop.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    (entry,) = entries(tmp_path / "out" / "case.zip", "\\main.log")
    assert entry.outcome is Outcome.COLLECTED
    assert "changed while it was read" in entry.detail
    assert entry.member
    assert members(tmp_path / "out" / "case.zip")[entry.member].count(b"\n") >= whole.count(b"\n")


@LINKS
def test_looping(host: Path, tmp_path: Path) -> None:
    logs = host / LOGS
    (logs / "self").symlink_to(logs)
    (logs / "up").symlink_to(logs.parent)
    (logs / "main1.log").symlink_to(logs / "main1.log")
    bundle = taken(host, tmp_path)
    assert len(entries(bundle, "\\main.log")) == 1


@POSIX
def test_over_long_and_odd_names(host: Path, tmp_path: Path) -> None:
    folder = host / LOGS
    odd = [f"mcp-server-{name}.log" for name in ("x" * 240, "a b%41'{}~", "\u202egol.exe", "é")]
    line = b"2026-05-17T08:30:00.000Z [x] [info] here\n"
    for name in (*odd, os.fsdecode(b"mcp-server-\xff\xfe.log")):
        (folder / name).write_bytes(line)
    bundle = taken(host, tmp_path)
    stored = [data for data in members(bundle).values() if data == line]
    assert len(stored) == len(odd) + 1


def test_undecodable_bytes_are_kept(host: Path, tmp_path: Path) -> None:
    damaged = b"2026-05-17 08:30:00 [info] \xff\xfe\x00\xc3( \x80\r\n" + b"\0" * 5000
    (host / LOGS / "main1.log").write_bytes(damaged)
    bundle = taken(host, tmp_path)
    (entry,) = entries(bundle, "\\main1.log")
    assert entry.member
    assert members(bundle)[entry.member] == damaged


def test_a_file_where_a_folder_was_expected_and_none_at_all(host: Path, tmp_path: Path) -> None:
    (host / "C/ProgramData/Claude").mkdir(parents=True)
    (host / "C/ProgramData/Claude/Logs").write_bytes(b"no folder")
    taken(host, tmp_path)


def test_an_empty_disk_gives_a_bundle_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "host" / "C" / "Windows" / "System32").mkdir(parents=True)
    done = collect(tmp_path / "host", tmp_path / "out" / "case.zip", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    told = manifest(tmp_path / "out" / "case.zip").acquisitions
    assert not [entry for entry in told if entry.member and entry.member.startswith("data/files/")]
    assert "ClaudeLogs" in {entry.artifact for entry in told if entry.outcome is Outcome.MISSING}


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from claude_evidence.cli import main
main()
"""


@POSIX
@pytest.mark.parametrize("most", [0, 5_000, 20_000])
def test_a_file_that_may_not_grow(host: Path, tmp_path: Path, most: int) -> None:
    """The system refuses to write on: the same way out as a full disk."""
    words = ["collect", "--root", str(host), "-o", str(tmp_path / "out" / "case.zip"), "-y", "--no-analyze"]
    key = collect(host, tmp_path / "out" / "first.zip", home=tmp_path / "home")
    assert key.returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(most), *words], capture_output=True, text=True,
        env=environment(tmp_path / "home"),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first.mapping.json", "first.zip"]


@POSIX
def test_disk_full(host: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        done = collect(host, small / "case.zip", home=tmp_path / "home")
        left = list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "No space left" in done.stderr
    assert left == []
