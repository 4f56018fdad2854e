"""The processes of this machine, as any user may list them: never their environment, never their whole command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from claude_evidence.collector import commands
from claude_evidence.model import Outcome

_PROC = Path("/proc")
_TYPE = re.compile(rb"\A--type=([a-z-]{1,40})\Z")
_PS = ("ps", "-axo", "pid=,ppid=,sess=,lstart=,comm=")
_PS_LINE = re.compile(r"\s*(\d+)\s+(\d+)\s+(\w+)\s+\w{3} (\w{3}\s+\d{1,2} \d\d:\d\d:\d\d \d{4})\s+(.+?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Process:
    """One process; what may not be known is None or empty. ``type`` is Chromium's (renderer, gpu-process …)."""

    pid: int
    parent_pid: int
    name: str
    path: str = ""
    started_at: datetime | None = None
    session_id: int | None = None
    type: str = ""


class NotListedError(Exception):
    """The system did not say which processes there are."""


def listed(timeout_s: float) -> list[Process]:
    """Return every process that this user may see. NotListedError where the system refuses."""
    if sys.platform == "win32":
        from claude_evidence.collector import _windows_processes

        return _windows_processes.listed()
    return of_proc(_PROC) if (_PROC / "self" / "stat").exists() else of_ps(timeout_s)


def of_proc(root: Path) -> list[Process]:
    """Return the processes that a Linux ``/proc`` at *root* shows."""
    booted = _booted(root)
    found = []
    for folder in root.iterdir():
        if folder.name.isdigit() and (one := _of_folder(folder, booted)):
            found.append(one)
    return found


def _of_folder(folder: Path, booted: int | None) -> Process | None:
    try:
        stat = (folder / "stat").read_text("utf-8", "replace")
    except OSError:  # it ended meanwhile
        return None
    name, fields = stat.partition("(")[2].rpartition(")")[0], stat.rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    started = booted + int(fields[19]) / os.sysconf("SC_CLK_TCK") if booted else None
    try:
        path = str((folder / "exe").readlink())
    except OSError:
        path = ""
    words = _words(folder / "cmdline")
    return Process(
        int(folder.name),
        int(fields[1]),
        Path(path.removesuffix(" (deleted)")).name or name,
        path,
        datetime.fromtimestamp(started, UTC).replace(microsecond=0) if started else None,
        int(fields[3]),
        chromium_type(words),
    )


def _words(path: Path) -> list[bytes]:
    try:
        return path.read_bytes()[:65536].split(b"\0")
    except OSError:
        return []


def chromium_type(words: Iterable[bytes]) -> str:
    """Return the sort of process that *words*, a command line, name; nothing else of them is kept."""
    return next((match[1].decode() for word in words if (match := _TYPE.match(word))), "")


def _booted(root: Path) -> int | None:
    try:
        lines = (root / "stat").read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("btime ")), None)


def of_ps(timeout_s: float) -> list[Process]:
    """Return the processes that ``ps`` lists, on a system without ``/proc``."""
    ran = commands.run(_PS, timeout_s)
    if ran.outcome is not Outcome.COLLECTED:
        raise NotListedError(f"ps: {ran.detail}")
    return [one for line in ran.text.splitlines() if (one := _of_line(line))]


def _of_line(line: str) -> Process | None:
    match = _PS_LINE.fullmatch(line)
    if match is None:
        return None
    pid, parent, session, started, path = match.groups()
    try:
        time = datetime.strptime(" ".join(started.split()), "%b %d %H:%M:%S %Y").astimezone(UTC)
    except ValueError:
        time = None
    number = int(session, 16) if re.fullmatch("[0-9a-f]+", session) else None
    return Process(int(pid), int(parent), path.rpartition("/")[2], path if path[0] == "/" else "", time, number)
