"""The folders stay apart, the command stays light, and what is written is what is shipped."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("collector", "parsers", "analyzers", "templates", "rules", "samples")
MEETING = {"cli", "pytest_plugin", "samples_audit", "samples_given", "samples_new", "trial"}
"""Modules, beside cli_*, where the folders meet: each is imported where it is needed, never at the top."""
HEAVY = {"pandas", "numpy", "jinja2", "sigma", "evtx", "Evtx", "pyarrow", "msgspec", "yaml"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_folder_imports_another(folder: str) -> None:
    others = tuple(f"claude_evidence.{name}" for name in FOLDERS if name != folder)
    for path in sorted((ROOT / folder).rglob("*.py")):
        assert not [name for name in imported(path) if name.startswith(others)], path


def test_shared_modules_import_no_folder_and_no_library() -> None:
    folders = tuple(f"claude_evidence.{name}" for name in FOLDERS)
    for path in sorted((ROOT / "src" / "claude_evidence").glob("*.py")):
        if path.stem in MEETING or path.stem.startswith("cli_"):
            continue
        for name in imported(path):
            assert not name.startswith(folders) or _only_for_types(path, name), f"{path} imports {name}"
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or top in {"claude_evidence", "pandas"}, f"{path} imports {name}"
            assert top != "pandas" or _only_for_types(path, name), f"{path} imports pandas at run time"


def _only_for_types(path: Path, name: str) -> bool:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return any(isinstance(n, ast.ImportFrom) and n.module == name for n in node.body)
    return False


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["verify", "--help"], ["collect", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = "import sys; from claude_evidence.cli import cli; cli(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.split(".")[0] for name in done.stderr.split()}
    assert "Usage:" in done.stdout


def test_every_folder_with_code_is_packaged() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = set(setup["packages"])
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            package = ".".join(["claude_evidence", *path.relative_to(ROOT).parent.parts])
            assert package in packages, f"{path} would be left out of the wheel"
            assert setup["package-dir"][package] == "/".join(path.relative_to(ROOT).parent.parts)


def test_every_data_file_is_packaged() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for folder in FOLDERS:
        patterns = setup["package-data"].get(f"claude_evidence.{folder}", [])
        shipped = {path for pattern in patterns for path in (ROOT / folder).glob(pattern)}
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".zip") and path.parent.name != "__pycache__":
                assert path in shipped, f"{path} would be left out of the wheel"


def test_files_and_functions_stay_short() -> None:
    for folder in (*FOLDERS, "src/claude_evidence"):
        for path in (ROOT / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            most = 400 if path.name == "model.py" else 300  # types only, in the one place that the design names
            assert text.count("\n") <= most, f"{path} is too long"
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    assert (node.end_lineno or 0) - node.lineno <= 50, f"{path}: {node.name} is too long"
