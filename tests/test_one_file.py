"""The collector as one file: built from a copy of the source, run by a Python that has nothing installed."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from claude_evidence.bundle import open_bundle
from claude_evidence.samples._tree import DECOY, write_tree
from claude_evidence.samples.scenario import SCENARIOS, load

pytestmark = pytest.mark.xdist_group("windows")  # where the same file is tried
LARGEST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(python: Path, pyz: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = [str(python), "-I", str(pyz), *words]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, encoding="utf-8")


def test_the_file_is_small_and_holds_no_machine_code(pyz: Path) -> None:
    assert pyz.stat().st_size < LARGEST_BYTES
    names = zipfile.ZipFile(pyz).namelist()
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dll"))]
    assert "claude_evidence/collector/artifacts.yaml" in names
    assert not [name for name in names if name.startswith(("pandas", "claude_evidence/analyzers"))]


def test_it_collects_without_anything_installed(pyz: Path, bare: Path, tmp_path: Path) -> None:
    write_tree(load(SCENARIOS / "healthy.yaml"), tmp_path / "host")
    before = sorted(path for path in tmp_path.rglob("*"))
    done = run(bare, pyz, "--root", str(tmp_path / "host"), "-y", "-o", str(tmp_path / "case.zip"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "claude-evidence analyze" in done.stdout
    with open_bundle([tmp_path / "case.zip"]) as bundle:
        assert not bundle.verify()
        assert [name for member in bundle.members if (name := member.name).endswith("main.log")]
        assert not [m.name for m in bundle.members if DECOY.encode() in bundle.open(m).read()]
    made = {path.name for path in tmp_path.rglob("*") if path not in before}
    assert made <= {"case.zip", "case.mapping.json"}
    checked = run(bare, pyz, "verify", str(tmp_path / "case.zip"), folder=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_it_says_what_to_run_for_a_report(pyz: Path, bare: Path, tmp_path: Path) -> None:
    done = run(bare, pyz, "analyze", "case.zip", folder=tmp_path)
    assert done.returncode == 2
    assert "run: claude-evidence analyze case.zip" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["collect", "--help"]])
def test_its_help_is_that_of_collecting(pyz: Path, bare: Path, tmp_path: Path, words: list[str]) -> None:
    done = run(bare, pyz, *words, folder=tmp_path)
    assert done.returncode == 0
    assert "--root" in done.stdout
    assert done.stdout.startswith(f"Usage: {pyz.name} collect [OPTIONS]")
    assert f"\n  {pyz.name} collect --dry-run\n" in done.stdout
    assert "redact INPUT" in done.stdout


def test_it_makes_what_was_gathered_by_hand_private(pyz: Path, bare: Path, tmp_path: Path) -> None:
    """Nothing but the file and a bare Python: no parser, no pandas."""
    write_tree(load(SCENARIOS / "healthy.yaml"), tmp_path / "host")
    output = tmp_path / "private.zip"
    done = run(bare, pyz, "redact", str(tmp_path / "host"), "-o", str(output), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with open_bundle([output]) as bundle:
        assert not bundle.verify()
        names = [member.name for member in bundle.members]
        for ending in ("main.log", "config.json", ".evtx", ".jsonl.meta.json"):
            assert any(name.endswith(ending) for name in names), ending
        assert not [m.name for m in bundle.members if b"alice" in bundle.open(m).read()]
    wrong = run(bare, pyz, "redact", str(tmp_path / "host"), folder=tmp_path)
    assert wrong.returncode == 2
    assert f"(see {pyz.name} redact --help)" in wrong.stderr


def test_everything_that_collecting_imports_is_in_the_file(pyz: Path, bare: Path, tmp_path: Path) -> None:
    """Import each module of the collector out of the file, also those that only one system's evidence needs."""
    with zipfile.ZipFile(pyz) as archive:
        names = [name for name in archive.namelist() if name.startswith("claude_evidence/collector/")]
    modules = sorted(name.removesuffix(".py").replace("/", ".") for name in names if name.endswith(".py"))
    assert len(modules) > 10
    code = "import sys, importlib; sys.path.insert(0, sys.argv[1]); [*map(importlib.import_module, sys.argv[2:])]"
    line = [str(bare), "-I", "-c", code, str(pyz), *modules]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
