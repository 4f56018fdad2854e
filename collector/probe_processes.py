"""Claude's processes, all that they started, and who else holds the package's or the sessions' files open."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from claude_evidence.collector import _appmodel, _claude_folders, _restart_manager, _state, registry
from claude_evidence.collector._processes import NotListedError, Process, listed
from claude_evidence.collector._types import Artifact, Host, Item, Options
from claude_evidence.model import Acquisition, Outcome

_OWN = re.compile(
    r"(?:^|[\\/])(?:claude|claude-desktop|claude helper[^\\/]*|cowork-svc|chrome-native-host)(?:\.exe)?$"
    r"|[\\/]windowsapps[\\/]claude_|[\\/]anthropicclaude[\\/]|[\\/]claude\.app[\\/]|[\\/]claude(?:-3p)?[\\/]claude-code[\\/]",
    re.IGNORECASE,
)
_PROGRAMS = (
    "app/claude.exe",
    "app/resources/cowork-svc.exe",
    "app/resources/chrome-native-host.exe",
    "AppxManifest.xml",
)
_MOST_FILES = 200
_SOURCE = "processes"


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield ``processes.json``; nothing where the host is a disk. An empty list says that none runs."""
    if not host.live:
        return
    try:
        found = {one.pid: one for one in listed(options.command_timeout_s)}
    except (NotListedError, OSError) as error:
        yield _state.entry(artifact, _SOURCE, Outcome.FAILED, str(error))
        return
    held: dict[int, list[str]] = {}
    for what, files in _files(host).items():
        try:
            for pid in _restart_manager.holders(files):
                held.setdefault(pid, []).append(what)
        except OSError as error:
            yield _state.entry(artifact, f"open files: {what}", Outcome.FAILED, str(error))
    chosen = sorted(claudes(found) | (set(held) & set(found)))
    entries = (_entry(found[pid], found, held.get(pid, [])) for pid in chosen)
    yield _state.document(artifact, "processes", _SOURCE, entries)


def claudes(found: Mapping[int, Process]) -> set[int]:
    """Return which of *found* are Claude's: by path or name, and all that those started."""
    own = {pid for pid, one in found.items() if _OWN.search(one.path or one.name) or _OWN.search(one.name)}
    children: dict[int, list[int]] = {}
    for one in found.values():
        children.setdefault(one.parent_pid, []).append(one.pid)
    waiting = list(own)
    while waiting:
        parent = waiting.pop()
        new = [pid for pid in children.get(parent, []) if pid not in own and _is_child(found[pid], found[parent])]
        own.update(new)
        waiting += new
    return own


def _is_child(one: Process, parent: Process) -> bool:
    """Return whether *parent* is the true one: Windows gives the number of one that ended to another."""
    return not (one.started_at and parent.started_at and one.started_at < parent.started_at)


def _entry(one: Process, found: Mapping[int, Process], held: Iterable[str]) -> dict[str, object]:
    parent = found.get(one.parent_pid)
    return {
        "pid": one.pid,
        "parent_pid": one.parent_pid,
        "parent_name": parent.name if parent and _is_child(one, parent) else None,
        "name": one.name,
        "path": one.path or None,
        "started_at": one.started_at.isoformat() if one.started_at else None,
        "session_id": one.session_id,
        "process_type": one.type or None,
        "holds": sorted(held) or None,
    }


def _files(host: Host) -> dict[str, list[Path]]:
    """Return the files whose holders are asked for, by what they are: few, for each is opened by Windows."""
    if host.system != "windows":
        return {}
    known = registry.of(host)
    roots = [one["InstallLocation"] for one in _appmodel.packages(known, host.users()) if "InstallLocation" in one]
    programs = [Path(root, name) for root in roots for name in _PROGRAMS]
    found = {"package": [path for path in programs if os.path.lexists(path)]}
    for folder in _claude_folders.folders(host):
        here = host.local(folder)
        for name in _claude_folders.SESSIONS:
            found.setdefault(name, []).extend(islice(_regular(here / name), _MOST_FILES))
    return {what: files for what, files in found.items() if files}


def _regular(folder: Path) -> Iterator[Path]:
    for at, names, files in os.walk(folder):
        names[:] = names[:100]
        yield from (Path(at, name) for name in files)
