"""At a terminal and without one: the question, the answers to it, the progress bar, and what -q leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.collector.run_helpers import environment, tree

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tree of a host in ``host``."""
    folder = tmp_path_factory.mktemp("terminal")
    tree(folder, "healthy")
    return folder


def words(place: Path, output: Path, *more: str) -> list[str]:
    root = ["collect", "--root", str(place / "host"), "-o", str(output)]
    return [sys.executable, "-m", "claude_evidence", *root, *more]


def at_terminal(line: list[str], home: Path, answer: str = "") -> tuple[int, str]:
    """Run *line* at a terminal, type *answer* once it asks; return its exit code and all that was on the screen."""
    controller, terminal = pty.openpty()
    child = subprocess.Popen(line, stdin=terminal, stdout=terminal, stderr=terminal, env=environment(home))
    os.close(terminal)
    screen, typed, end = b"", not answer, time.monotonic() + 120
    while time.monotonic() < end:
        try:
            data = os.read(controller, 4096)
        except OSError:
            break
        if not data:
            break
        screen += data
        if not typed and b"Go on?" in screen:
            os.write(controller, answer.encode())
            typed = True
    os.close(controller)
    return child.wait(timeout=60), screen.decode("utf-8", "replace").replace("\r\n", "\n")


@pytest.mark.parametrize("given", [b"n\n", b"y\n", b""])
def test_without_a_terminal_it_does_not_go_on_by_itself(place: Path, tmp_path: Path, given: bytes) -> None:
    done = subprocess.run(
        words(place, tmp_path / "case.zip"), input=given, capture_output=True, env=environment(place / "home")
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        "Error: collect asks before it begins, and nobody is here to answer: give -y"
    ]
    assert list(tmp_path.iterdir()) == []


def test_no_is_an_answer(place: Path, tmp_path: Path) -> None:
    code, screen = at_terminal(words(place, tmp_path / "case.zip"), place / "home", "n\n")
    assert code == 1
    assert "Go on? [Y/n]" in screen
    assert screen.endswith("Nothing was collected, nothing was written.\n")
    assert list(tmp_path.iterdir()) == []


def test_yes_collects_after_saying_what(place: Path, tmp_path: Path) -> None:
    code, screen = at_terminal(words(place, tmp_path / "case.zip", "--no-analyze"), place / "home", "\n")
    assert code == 0
    assert "ClaudeLogs: " in screen[: screen.index("Go on?")]
    assert "of which only counts, times and hashes are taken" in screen
    assert "SHA-256: " in screen
    assert (tmp_path / "case.zip").exists()


def test_names_that_stay_are_not_the_default_answer(place: Path, tmp_path: Path) -> None:
    code, screen = at_terminal(words(place, tmp_path / "case.zip", "--no-redact"), place / "home", "\n")
    assert code == 1
    assert "Go on? [y/N]" in screen
    assert list(tmp_path.iterdir()) == []


IMPATIENT = """
import claude_evidence.progress as progress
progress.QUIET_S = progress.EVERY_S = -1.0
from claude_evidence.cli import main
main()
"""


def test_the_bar_shows_bytes_and_item_and_cleans_itself_up(place: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-c", IMPATIENT, *words(place, tmp_path / "case.zip", "-y", "--no-analyze")[3:]]
    code, screen = at_terminal(line, place / "home")
    assert code == 0
    assert "packing: " in screen
    assert "checking: " in screen
    assert "] 100%" in screen
    after = screen.rpartition("\x1b[K")[2]
    assert after.startswith("Bundle: ")
    quiet, shown = at_terminal([*line[:-1], "--no-analyze", "-q", "-o", str(tmp_path / "q.zip")], place / "home")
    assert (quiet, shown) == (0, f"{tmp_path / 'q.zip'}\n")


def test_quiet_names_every_file_that_is_for_reading(place: Path, tmp_path: Path) -> None:
    line = words(place, tmp_path / "case.zip", "-y", "-q")
    done = subprocess.run(line, capture_output=True, text=True, env=environment(place / "home"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / "case.zip"), str(tmp_path / "case-report.html")]


def test_a_quiet_dry_run_is_one_line(place: Path, tmp_path: Path) -> None:
    line = words(place, tmp_path / "case.zip", "--dry-run", "-q")
    done = subprocess.run(line, capture_output=True, text=True, env=environment(place / "home"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert " files, " in done.stdout
    assert list(tmp_path.iterdir()) == []
