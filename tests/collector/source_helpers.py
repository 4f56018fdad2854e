"""A small host on disk for the tests of the collector's source side, and what proves that nobody touched it."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from claude_evidence.collector import hosts
from claude_evidence.collector._types import Artifact, Host, Source
from claude_evidence.collector.finding import Found, find
from claude_evidence.model import Acquisition

HOME = "C/Users/alice"
PACKAGE = f"{HOME}/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"


def put(root: Path, path: str, data: bytes = b"x") -> Path:
    """Write *data* to *path* below *root*."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def windows(root: Path) -> Host:
    """Return the host of a Windows disk at *root*, which gets a profile."""
    (root / HOME / "AppData" / "Roaming").mkdir(parents=True, exist_ok=True)
    return hosts.image(root)


def linux(root: Path) -> Host:
    """Return the host of a Linux disk at *root*, which gets a home."""
    (root / "home" / "alice").mkdir(parents=True, exist_ok=True)
    return hosts.image(root)


def artifact(*paths: str, kind: str = "FILE", name: str = "Sample") -> Artifact:
    """Return an artifact that asks for *paths*."""
    return Artifact(name, "a sample", frozenset({"windows", "macos", "linux"}), (Source(kind, paths),))


def looked(host: Host, *paths: str, kind: str = "FILE") -> tuple[list[Found], list[Acquisition]]:
    """Return what is found at *paths* of *host*, and what became of the rest."""
    things = list(find(artifact(*paths, kind=kind), host))
    found = [thing for thing in things if isinstance(thing, Found)]
    return found, [thing for thing in things if isinstance(thing, Acquisition)]


def snapshot(root: Path) -> dict[str, tuple[object, ...]]:
    """Return the bytes and all times but that of the last access, which the system keeps, of everything at *root*."""
    told: dict[str, tuple[object, ...]] = {}
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(folder, name)
            status = path.lstat()
            data = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
            told[os.fsdecode(path)] = (status.st_mtime_ns, status.st_ctime_ns, status.st_mode, status.st_size, data)
    return told
