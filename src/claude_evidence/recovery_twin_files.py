"""Files and programs as `recovery_twin` sees them: what lies in a place, what may be put there, what runs.

In a kit this is part of recovery.py: the standard library alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WILD = re.compile(r"[\\:*?\"<>|\x00-\x1f\x7f]|(?:\A|/)\.{0,2}(?:/|\Z)")
_TOP = re.compile(r"[A-Za-z]:/|//?")
_LINK_TAGS = (0xA0000003, 0xA000000C)
_PROGRAMS = ("claude", "claude.exe", "cowork-svc", "cowork-svc.exe")

ELSEWHERE = (
    "the plan was not made on this machine: say with --root which disk or folder to change, "
    "or with --this-machine that this is the machine that the disk belongs to"
)


class RefusedError(Exception):
    """Why nothing was changed, in one sentence."""


@dataclass(slots=True)
class File:
    """One change of the plan, with where it is made here and what state that place is in."""

    number: int
    conversation: int
    aside: bool
    path: Path
    new: Path | None
    before: str | None
    after: str | None
    modified_ms: int | None
    state: str = ""
    reason: str = ""


def digest(path: Path) -> str | None:
    """Return the SHA-256 of the regular file at *path*, None where there is nothing; OSError for all else."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OSError(0, "is no regular file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def no_link(path: Path, root: Path | None) -> None:
    """Raise OSError where *path* is a link or lies behind one below *root*: it would be written to another place."""
    top = root if root is not None else Path(path.anchor)
    for part in [path, *path.parents]:
        if part == top:
            return
        try:
            status = part.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _LINK_TAGS:
            raise OSError(0, "is a link or lies behind one: not followed")


def unwritable(path: Path) -> str:
    """Return why nothing can be put at *path*, nothing where it can."""
    if not path.parent.is_dir():
        return "its folder is not there"
    marks = getattr(path.stat(), "st_file_attributes", 0) if path.exists() else 0
    return "is marked as read-only: take that mark away first" if marks & stat.FILE_ATTRIBUTE_READONLY else ""


def put_new(partial: Path, path: Path) -> None:
    """Rename *partial* to *path*, where no file may be: what came there meanwhile stays."""
    if os.name == "nt":
        partial.rename(path)
        return
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise
        partial.rename(path)
    else:
        partial.unlink()


def is_wild(place: str) -> bool:
    """Return whether a path leads elsewhere than down."""
    return bool(_WILD.search(place))


def host_path(host: str) -> Path:
    """Return the path *host* of a plan; RefusedError where it is none from the top of a drive, a share or a disk."""
    top = _TOP.match(host)
    if top is None or is_wild(host[top.end() :]):
        raise RefusedError(f"a path of the plan is not one to write to: {host!a}")
    return long_path(Path(host))


def long_path(path: Path) -> Path:
    """Return *path* in the form that Windows takes however long it is; elsewhere as it is."""
    text = str(path)
    if os.name != "nt" or text.startswith("\\\\"):
        return path
    return Path("\\\\?\\" + os.path.abspath(text))  # noqa: PTH100 - resolve() follows links


def shown(path: Path) -> str:
    """Return *path* without characters that could play tricks on a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(path))


def is_own(root: Path | None) -> bool:
    """Return whether *root* is this machine: none is named, or the top of the disk that it runs from."""
    if root is None:
        return True
    top = Path(os.environ.get("SYSTEMDRIVE", "C:") + "\\") if os.name == "nt" else Path("/")
    return root.resolve() == top


def running() -> list[str]:
    """Return the names of Claude's programs that run on this machine."""
    if os.name == "nt":
        tool = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "tasklist.exe"
        line = [str(tool), "/fo", "csv", "/nh"]
    else:
        line = ["ps", "-axo", "comm="]
    try:
        told = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=60, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise RefusedError(f"nobody says whether Claude runs ({error}): quit it, and apply with PowerShell") from error
    names = (row.split(",")[0].strip('" ').replace("\\", "/").rsplit("/", 1)[-1].lower() for row in told.splitlines())
    return sorted({name for name in names if name in _PROGRAMS})
