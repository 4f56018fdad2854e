"""Processes, volumes and links of this very machine, and links of a disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.collector import _processes, _volumes, probe_processes, probe_volumes
from claude_evidence.collector._links import Special, along, within
from claude_evidence.collector._processes import Process
from claude_evidence.collector._types import Item, Options, User
from claude_evidence.model import Acquisition
from tests.collector.offline import Folder, artifact

posix = pytest.mark.skipif(os.name != "posix", reason="symbolic links take a privilege there")
linux = pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
ROAMING = "C:/Users/alice/AppData/Roaming/Claude"


def document(probe: Any, host: Any, work: Path) -> tuple[list[dict[str, Any]], list[Acquisition]]:
    things = list(probe.collect(artifact(probe.__name__), host, work, Options(command_timeout_s=30)))
    (item,) = (thing for thing in things if isinstance(thing, Item))
    with item.open() as stream:
        told = json.load(stream)
    assert told["format"] == f"claude-evidence/{item.state_name.removesuffix('.json')}/1"
    assert datetime.fromisoformat(told["collected_at"]).tzinfo
    return told["entries"], [thing for thing in things if isinstance(thing, Acquisition)]


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program called ``claude`` with a secret in its command line, and a child of another name."""
    program = tmp_path / "claude"
    program.symlink_to("/bin/sleep")
    child = "import subprocess, sys; subprocess.Popen(['/bin/sleep', '600']); print('up', flush=True); sys.stdin.read()"
    script = tmp_path / "Claude.app" / "x"
    script.mkdir(parents=True)
    started = subprocess.Popen(
        [sys.executable, "-IS", "-c", child, "--api-key", "sk-ant-api03-not-a-key"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert started.stdout
    assert started.stdin
    assert started.stdout.readline() == "up\n"
    try:
        yield started
    finally:
        os.killpg(started.pid, 9)
        started.wait()
        started.stdout.close()
        started.stdin.close()


@linux
def test_this_process_is_listed_with_its_parent_and_its_start() -> None:
    for found in (_processes.listed(30), _processes.of_ps(30)):
        own = next(one for one in found if one.pid == os.getpid())
        assert own.parent_pid == os.getppid()
        assert own.started_at is not None
        assert timedelta() - timedelta(seconds=5) < datetime.now(UTC) - own.started_at < timedelta(hours=24)
    assert next(one for one in _processes.listed(30) if one.pid == os.getpid()).path == os.path.realpath(sys.executable)


@linux
def test_what_claude_started_is_claudes_and_no_argument_is_told(tmp_path: Path, claude: subprocess.Popen[str]) -> None:
    found = {one.pid: one for one in _processes.listed(30)}
    own = found[claude.pid]
    renamed = Process(own.pid, own.parent_pid, "claude", started_at=own.started_at)
    chosen = probe_processes.claudes({**found, own.pid: renamed})
    assert {one.name for pid, one in found.items() if pid in chosen and one.parent_pid == own.pid} == {"sleep"}
    assert os.getpid() not in chosen or os.getppid() in chosen
    assert all("sk-ant" not in repr(one) for one in found.values())


def test_who_is_claudes() -> None:
    at = datetime(2026, 5, 17, tzinfo=UTC)
    later, earlier = at + timedelta(seconds=9), at - timedelta(days=1)
    apps = r"C:\Program Files\WindowsApps\Claude_1.2.3.0_x64__pzs8sxrjxfjjc"
    processes = [
        Process(1, 0, "explorer.exe", r"C:\Windows\explorer.exe", earlier),
        Process(2, 1, "claude.exe", rf"{apps}\app\claude.exe", at),
        Process(3, 2, "node.exe", r"C:\Program Files\nodejs\node.exe", later),
        Process(4, 3, "cmd.exe", r"C:\Windows\System32\cmd.exe", later),
        Process(5, 2, "older.exe", r"C:\older.exe", earlier),
        Process(6, 9, "cowork-svc.exe"),
        Process(7, 1, "claudette.exe", r"C:\claudette.exe", at),
        Process(8, 8, "loop.exe"),
        Process(10, 1, "claude.exe", r"C:\Users\alice\AppData\Roaming\Claude\claude-code\2.1.22\claude.exe", at),
        Process(11, 1, "x", "/Applications/Claude.app/Contents/MacOS/Claude", at),
        Process(12, 1, "notes.exe", r"C:\Users\claude\notes.exe", at),
    ]
    assert probe_processes.claudes({one.pid: one for one in processes}) == {2, 3, 4, 6, 10, 11}


def test_lines_of_ps(tmp_path: Path) -> None:
    line = "  812     1   0 Sun May 17 08:03:01 2026     /Applications/Claude.app/Contents/MacOS/Claude Helper (GPU)"
    one = _processes._of_line(line)
    assert one
    assert (one.pid, one.parent_pid, one.name) == (812, 1, "Claude Helper (GPU)")
    assert one.started_at == datetime(2026, 5, 17, 8, 3, 1).astimezone(UTC)
    for bad in ("", "x", " 1 2 3", "  812 1 0 Sun Foo 17 08:03:01 2026 x y", "1" * 10_000):
        assert _processes._of_line(bad) is None or bad.strip().startswith("812")


def test_the_kind_of_a_process_is_all_that_is_kept_of_its_command() -> None:
    words = [b"claude.exe", b"--type=gpu-process", b"--token=secret", b"--type=x y"]
    assert _processes.chromium_type(words) == "gpu-process"
    assert _processes.chromium_type([b"--type=" + b"x" * 100, b"--type=A"]) == ""


@linux
def test_a_broken_proc_is_no_reason_to_stop(tmp_path: Path) -> None:
    for name, text in (("1", "1 (a) b) S 0 1 1"), ("2", ""), ("3", None), ("x", "")):
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "stat").write_text(text)
    (tmp_path / "4").mkdir()
    (tmp_path / "4" / "stat").write_text("4 (we) (ird) S 1 4 7 " + " ".join(["0"] * 15) + " 100 0")
    assert [(one.pid, one.name, one.session_id, one.started_at) for one in _processes.of_proc(tmp_path)] == [
        (4, "we) (ird", 7, None)
    ]


@posix
def test_processes_of_this_machine_become_a_file(tmp_path: Path) -> None:
    host = Folder(tmp_path, "linux", live=True, people=())
    entries, failed = document(probe_processes, host, tmp_path)
    assert failed == []
    assert all({"pid", "parent_pid", "name"} <= set(entry) for entry in entries)


def test_a_disk_has_no_processes(tmp_path: Path) -> None:
    assert list(probe_processes.collect(artifact("probe_processes"), Folder(tmp_path), tmp_path, Options())) == []


@posix
def test_volumes_of_this_machine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    (home / ".config" / "Claude").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "logs").symlink_to("/dev/shm")
    host = Folder(Path("/"), "linux", live=True, people=(User("alice", str(home)),))
    entries, failed = document(probe_volumes, host, tmp_path)
    assert failed == []
    volumes = [entry for entry in entries if "path" not in entry]
    assert volumes[0]["drive"] == "/"
    assert all(0 <= entry["free_bytes"] <= entry["size_bytes"] for entry in volumes)
    links = {entry["path"]: entry["target"] for entry in entries if "path" in entry}
    assert links[f"{home}/.config/Claude"] == str(tmp_path / "elsewhere")
    assert links[f"{home}/.config/Claude/logs"] == "/dev/shm"


@linux
def test_kinds_of_file_systems_are_those_of_the_mount_table() -> None:
    table = _volumes.mounts(30)
    assert table["/proc"] == "proc"
    (proc,) = _volumes.of_paths(["/proc/self/there/is/nothing"], 30)
    assert (proc.place, proc.file_system) == ("/proc", "proc")


@posix
def test_links_of_a_disk_are_told_and_not_followed_on_this_machine(tmp_path: Path) -> None:
    host = Folder(tmp_path / "disk")
    here = host.local(ROAMING)
    here.parent.mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "private").symlink_to("/etc")
    here.symlink_to(tmp_path / "mine")
    real = host.local("C:/Users/alice/AppData/Local/Claude")
    (real / "logs").mkdir(parents=True)
    (real / "logs" / "loop").symlink_to(real)
    entries, failed = document(probe_volumes, host, tmp_path)
    assert failed == []
    assert {entry["path"]: entry["link"] for entry in entries} == {
        ROAMING: "symbolic link",
        "C:/Users/alice/AppData/Local/Claude/logs/loop": "symbolic link",
    }
    assert {entry["drive"] for entry in entries} == {"C:/"}


@posix
def test_a_way_through_a_loop_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    path = f"{tmp_path}/a/c"
    found = list(along(path, Path))
    assert (
        found == [Special(f"{tmp_path}/a", "symbolic link", str(tmp_path / "b"))] or found[-1].path == f"{tmp_path}/a"
    )
    assert list(within(path, Path)) == []


@posix
def test_what_is_below_a_link_is_listed_once_and_bounded(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"link{number:02}").symlink_to(".")
    assert len(list(within(str(tmp_path), Path))) == 50
    assert len(list(within(str(tmp_path), Path, most=7))) == 7


@pytest.mark.skipif(sys.platform != "win32", reason="asks Windows itself")
def test_windows_says_what_it_runs_and_where_there_is_room(tmp_path: Path) -> None:
    own = next(one for one in _processes.listed(30) if one.pid == os.getpid())
    assert own.path.casefold().endswith(".exe")
    assert own.started_at
    assert abs(own.started_at.timestamp() - time.time()) < 86_400
    (drive,) = _volumes.of_windows(["C:/"])
    assert (drive.type, bool(drive.file_system)) == ("fixed", True)
