"""What the tests of whole runs share: trees of samples, the command in its own process, and what a folder holds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

from claude_evidence.bundle import manifest_from_json
from claude_evidence.model import Acquisition, Manifest
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load

LOGS = "C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/logs"


def tree(folder: Path, name: str = "update-breaks-launch") -> Path:
    """Write the host of the sample *name* below *folder* and return where."""
    write_tree(load(SCENARIOS / f"{name}.yaml"), folder / "host")
    return folder / "host"


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which the key of the redaction lies below *home*."""
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "LOCALAPPDATA": str(home / "local"),
    }


def collect(root: Path, output: Path, *more: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``claude-evidence collect`` on *root* in a process of its own."""
    words = [sys.executable, "-m", "claude_evidence", "collect", "--root", str(root), "-o", str(output), "-y"]
    return subprocess.run(
        [*words, "--no-analyze", *more], capture_output=True, text=True, env=environment(home or output.parent / "home")
    )


def manifest(bundle: Path) -> Manifest:
    """Return the manifest in *bundle*."""
    with zipfile.ZipFile(bundle) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith("/data/collection.json"))
        found = manifest_from_json(opened.read(name), lambda note: None)
    assert found
    return found


def entries(bundle: Path, ending: str) -> list[Acquisition]:
    """Return the acquisitions whose source ends in *ending*."""
    return [entry for entry in manifest(bundle).acquisitions if entry.source.endswith(ending)]


def members(bundle: Path) -> dict[str, bytes]:
    """Return the bytes of every member, by its name below the base folder."""
    with zipfile.ZipFile(bundle) as opened:
        assert opened.testzip() is None
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def state(folder: Path) -> dict[str, tuple[int, ...] | str]:
    """Return what is below *folder* and must not change: names, kinds, sizes, times of change, and bytes."""
    found: dict[str, tuple[int, ...] | str] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[f"{path}"] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
        if path.is_file() and not path.is_symlink():
            found[f"{path} bytes"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@cache
def can_link() -> bool:
    """Return whether this system lets its users make symbolic links."""
    return hasattr(os, "symlink") and os.name != "nt"
