"""The source of this package, copied to build from: nothing is written into the checkout."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def copied(folder: Path) -> Path:
    """Copy what is built of this package into *folder*, which must not exist, and return it."""
    unwanted = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "tests", "*.kept")
    shutil.copytree(ROOT, folder, ignore=unwanted)
    return folder


def built_pyz(folder: Path) -> Path:
    """Build the collector as one file in a copy of the source below *folder*; return where it is."""
    copy = copied(folder / "source")
    line = [sys.executable, "-m", "nox", "--session", "pyz", "--noxfile", str(copy / "noxfile.py")]
    done = subprocess.run(line, cwd=copy, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "dist" / "claude-evidence-collect.pyz"


def noxfile() -> Any:
    """Return the chores as a module."""
    spec = importlib.util.spec_from_file_location("chores", ROOT / "noxfile.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
