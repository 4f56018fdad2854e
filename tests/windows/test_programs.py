"""The collector as one file on Windows: the zip that any Python runs, and the program that needs none."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.source import noxfile
from tests.windows import live, trees
from tests.windows.machine import Machine, told

NAME = "claude-evidence-collect"
LARGEST_BYTES = 25_000_000


@pytest.fixture(scope="module")
def exe(windows: Machine, pyz: Path) -> str:
    """The program, built by Windows of what the zip holds; what Windows calls it."""
    if not windows.imitated:
        pytest.skip("the workflow builds it and tries it")
    _bring_pyinstaller(windows)
    code = windows.scratch / "code"
    zipfile.ZipFile(pyz).extractall(code)
    (code / "__main__.py").rename(windows.scratch / f"{NAME}.py")
    windows.share(windows.scratch)
    made = windows.name(windows.scratch)
    options = noxfile().exe_options(windows.name(code), made, f"{made}\\work")
    ran = windows.python("-m", "PyInstaller", *options, f"{made}\\{NAME}.py", timeout_s=290)
    assert ran.returncode == 0, told(ran)
    assert (windows.scratch / f"{NAME}.exe").stat().st_size < LARGEST_BYTES
    return f"{made}\\{NAME}.exe"


def _bring_pyinstaller(windows: Machine) -> None:
    wheels = windows.scratch / "pyinstaller"
    target = ["--platform=win_amd64", "--python-version=3.11", "--implementation=cp", "--only-binary=:all:"]
    needed = ["pyinstaller", "pefile", "pywin32-ctypes"]
    line = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels), *target, *needed]
    done = subprocess.run(line, capture_output=True, check=False, timeout=200)
    assert done.returncode == 0, told(done)
    windows.share(wheels)
    options = ["--quiet", "--no-index", "--no-warn-script-location", "--find-links", windows.name(wheels)]
    windows.done("-m", "pip", "install", *options, *needed)


def test_the_zip_collects(windows: Machine, pyz: Path) -> None:
    there = windows.scratch / f"{NAME}.pyz"
    shutil.copyfile(pyz, there)
    windows.share(there)
    root = trees.tree(windows, "healthy", "disk-zip")
    bundle, printed = trees.collect(windows, root, program=("-I", windows.name(there)))
    assert "claude-evidence analyze" in printed
    assert live.report(bundle).findings == ()


@pytest.mark.timeout(600)
def test_the_program_collects(windows: Machine, exe: str) -> None:
    root = trees.tree(windows, "healthy", "disk-exe")
    bundle = windows.scratch / "disk-exe.zip"
    ran = windows.program(exe, "--root", windows.name(root), "-y", "-o", windows.name(bundle))
    assert ran.returncode == 0, told(ran)
    assert b"claude-evidence analyze" in ran.stdout
    assert live.report(bundle).findings == ()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(["--help"], 0, b"--root"), (["analyze", "a.zip"], 2, b"run: claude-evidence analyze a.zip")],
)
def test_the_program_says_what_it_does(windows: Machine, exe: str, words: list[str], code: int, said: bytes) -> None:
    ran = windows.program(exe, *words)
    assert ran.returncode == code, told(ran)
    assert said in ran.stdout + ran.stderr
