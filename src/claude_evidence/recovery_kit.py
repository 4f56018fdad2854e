"""The folder of a recovery: written beside its final place under ``….partial``, renamed only when it is whole."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from claude_evidence.recovery_build import NEW
from claude_evidence.recovery_types import PLAN_FORMAT, Action, Change, Plan, Saved
from claude_evidence.usage import UsageError

# Claude's own folders; a user or a project may be called Claude too.
_CLAUDE = frozenset({"claude", "claude-3p", "anthropicclaude"})
_ABOVE = frozenset({"roaming", "local", "application support", ".config", "logs", "programdata"})
_ALWAYS = frozenset({".claude", "claude_pzs8sxrjxfjjc"})
TWIN = "recovery.py"
TWIN_MODULES = ("recovery_twin.py", "recovery_twin_files.py")
_OWN_IMPORT = re.compile(r"^from claude_evidence\.recovery_twin_files import (?:\([^)]*\)|.*)\n", re.MULTILINE)


def check_folder(output: Path, kept: Sequence[Path]) -> None:
    """Raise UsageError where a kit must not be written to *output*; nothing below *kept* is written to."""
    if output.is_symlink():
        raise UsageError(f"{output} is a link: name the folder itself")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file: name a folder for the kit")
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"{output} is not empty: name a new folder for the kit")
    full = output.resolve()
    if not full.parent.is_dir():
        raise UsageError(f"{output}: there is no folder {full.parent} to write to")
    for folder in kept:
        if folder.is_dir() and (full == folder.resolve() or folder.resolve() in full.parents):
            raise UsageError(f"{output} lies in {folder}, which is read: nothing is written there")
    parts = [part.casefold() for part in full.parts]
    if _ALWAYS.intersection(parts) or any(b in _CLAUDE and a in _ABOVE for a, b in pairwise(parts)):
        raise UsageError(f"{output} lies in a folder of Claude: choose another place, such as the desktop")


@contextmanager
def partial(output: Path) -> Iterator[Path]:
    """Give the folder to fill; it becomes *output* when the block ends well, and is gone when it does not.

    UsageError where it cannot be made or filled, as when the disk is full.
    """
    folder = output.with_name(f"{output.name}.partial")
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise UsageError(f"{folder} is there already, left by a run that was stopped: remove it first") from None
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from error
    try:
        (folder / NEW).mkdir(mode=0o700)
        yield folder
        if output.is_dir():
            output.rmdir()  # empty, as `check_folder` saw: Windows renames to no folder that is there
        folder.rename(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror or type(error).__name__}") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)


def write(folder: Path, plan: Plan, texts: Mapping[str, str]) -> None:
    """Write plan.json, the *texts* (by name; scripts in ASCII) and, for a plan with changes, the Python twin."""
    everything = {**texts, "plan.json": plan_json(plan)}
    if plan.changes:
        everything[TWIN] = _twin()
    for name, text in everything.items():
        # Windows PowerShell reads a script in the machine's old code page unless it is marked: ours are ASCII
        data = text.replace("\n", "\r\n").encode("ascii") if name.endswith(".ps1") else text.encode()
        with (folder / name).open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    if not plan.changes:
        (folder / NEW).rmdir()
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)  # a kit may be moved out of its closed folder


def _twin() -> str:
    """Return the twin as one file, with what it imports of this package put in."""
    main, shared = (files("claude_evidence").joinpath(name).read_text("utf-8") for name in TWIN_MODULES)
    body = shared.partition("from __future__ import annotations\n")[2]
    return _OWN_IMPORT.sub(lambda _: body, main, count=1)


def plan_json(plan: Plan) -> str:
    """Return what the scripts follow, in ASCII; it is strict JSON that every PowerShell reads."""
    told = {
        "format": PLAN_FORMAT,
        "kit_id": plan.kit_id,
        "tool": plan.tool,
        "source": plan.source,
        "system": plan.system,
        "live": plan.live,
        "files": [_file(change) for change in plan.changes],
        "conversations": [_conversation(saved) for saved in plan.saved],
    }
    return json.dumps(told, indent=1, ensure_ascii=True) + "\n"


def _file(change: Change) -> dict[str, Any]:
    return {**asdict(change), "action": "aside" if change.action is Action.ASIDE else "write"}


def _conversation(saved: Saved) -> dict[str, Any]:
    repair = saved.repair
    return {
        "number": saved.number,
        "session_id": repair.session_id,
        "cli_session_id": repair.cli_session_id,
        "state": repair.state,
        "recoverable": repair.recoverable,
        "way": repair.way.name.lower(),
        "reason": repair.reason,
        "fields": [{"name": piece.name, "from": piece.came_from} for piece in saved.pieces],
        "lost": list(saved.lost),
        "doubt": saved.repair.doubt,
    }
