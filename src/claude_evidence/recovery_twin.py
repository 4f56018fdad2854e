"""Apply a recovery kit, or undo it: what apply.ps1 and undo.ps1 do, in Python's standard library alone.

This file is part of the kit as recovery.py, for machines without PowerShell:

    python3 recovery.py apply [--root FOLDER | --this-machine] [--what-if]
    python3 recovery.py undo  [--root FOLDER | --this-machine] [--what-if]

It follows plan.json beside it: nothing is changed that is not as the plan says, every file is copied into backup/
first, every result is checked, nothing is deleted. A conversation is changed wholly or not at all. A second run finds
nothing to do. Exit codes: 0 done or nothing to do, 1 something was refused, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claude_evidence.recovery_twin_files import (
    ELSEWHERE,
    File,
    RefusedError,
    digest,
    host_path,
    is_own,
    is_wild,
    long_path,
    no_link,
    put_new,
    running,
    shown,
    unwritable,
)

FORMAT = "claude-evidence/recovery-plan/1"
READY, DONE, REFUSED = "ready", "done", "refused"


@dataclass(slots=True)
class Kit:
    """A kit that is applied below *root*, or to this machine where *root* is None; *say* hears what is done.

    A kit made from a disk is for another machine unless somebody says that it is *this_machine*.
    """

    folder: Path
    root: Path | None = None
    what_if: bool = False
    say: Callable[[str], None] = print
    this_machine: bool = False
    kit_id: str = ""
    files: list[File] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = None if self.root is None else long_path(self.root)

    def load(self) -> None:
        """Read plan.json; RefusedError where it is none that this program knows."""
        try:
            plan = json.loads((self.folder / "plan.json").read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RefusedError(f"plan.json cannot be read: {error}") from error
        if not isinstance(plan, dict) or plan.get("format") != FORMAT:
            raise RefusedError("plan.json is no plan of a kind that this program knows")
        if self.root is None and plan.get("live") is not True and not self.this_machine:
            raise RefusedError(ELSEWHERE)
        try:
            self.kit_id = str(plan["kit_id"])
            self.files = [self._file(entry) for entry in plan["files"]]
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(f"plan.json is damaged: {error!r}") from error
        if not re.fullmatch(r"[0-9a-f]{8}", self.kit_id):
            raise RefusedError("plan.json is damaged: its kit_id is none")

    def _file(self, entry: dict[str, Any]) -> File:
        if entry["new"] and is_wild(str(entry["new"])):
            raise RefusedError(f"a path of the plan is not one to read: {entry['new']!a}")
        new = self.folder / str(entry["new"]) if entry["new"] else None
        return File(
            int(entry["number"]), int(entry["conversation"]), entry["action"] == "aside", self._path(entry), new,
            entry["before"], entry["after"], entry["modified_ms"],
        )  # fmt: skip

    def _path(self, entry: dict[str, Any]) -> Path:
        place = entry["place"]
        if not isinstance(place, str) or is_wild(place):
            raise RefusedError(f"a path of the plan is not one to write to: {place!a}")
        if self.root is not None:
            return self.root / place
        host = str(entry["host"] or "")
        if not host:
            raise RefusedError("the plan was made from a copy: say with --root where the copy lies")
        return host_path(host)

    def backup(self, file: File, ending: str = "bak") -> Path:
        """Return where the backup of *file* lies."""
        return self.folder / "backup" / f"{file.number:05}.{ending}"

    def apply(self) -> int:
        """Change what the plan says; return the exit code."""
        self._judge(self._before_apply)
        ready = self._chosen()
        if not self.what_if:
            ready = self._each(ready, self._back_up)
            ready = self._each(ready, self._change, self._undone)
        return self._told(len(ready), "is as the plan wants it already: there is nothing to do")

    def undo(self) -> int:
        """Bring back what was there before; return the exit code."""
        self.files.reverse()
        self._judge(self._before_undo)
        ready = self._chosen()
        if not self.what_if:
            ready = self._each(ready, self._undone, self._change)
        return self._told(len(ready), "is as it was before: there is nothing to undo")

    def _each(
        self, files: list[File], action: Callable[[File], None], back: Callable[[File], None] | None = None
    ) -> list[File]:
        """Do *action* per file and return those of conversations that came through whole.

        Where one fails, *back* takes back what was done for its conversation; others get their turn.
        """
        failed: set[int] = set()
        done: list[File] = []
        for file in files:
            if file.conversation in failed:
                continue
            try:
                action(file)
                done.append(file)
            except (OSError, RefusedError) as error:
                failed.add(file.conversation)
                self._failed(file, error)
                self._take_back([one for one in reversed(done) if one.conversation == file.conversation], back)
        return [file for file in done if file.conversation not in failed]

    def _take_back(self, done: list[File], back: Callable[[File], None] | None) -> None:
        try:
            for file in done if back else ():
                back(file)  # type: ignore[misc]
        except (OSError, RefusedError) as error:
            self._failed(file, error)
            self.say(f"conversation {file.conversation} is changed half way: run this again, or undo")

    def _failed(self, file: File, error: OSError | RefusedError) -> None:
        file.state = REFUSED
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self.say(f"left alone: conversation {file.conversation}: {shown(file.path)}: {told}")

    def _judge(self, state_of: Callable[[File], tuple[str, str]]) -> None:
        for file in self.files:
            try:
                no_link(file.path, self.root)
                file.state, file.reason = state_of(file)
            except OSError as error:
                file.state, file.reason = REFUSED, error.strerror or type(error).__name__

    def _before_apply(self, file: File) -> tuple[str, str]:
        there = digest(file.path)
        if there == file.after and (there or digest(self.backup(file)) == file.before):
            return DONE, ""
        if there != file.before:
            return REFUSED, "is not there any more" if there is None else "changed since the plan was made"
        if fixed := unwritable(file.path):
            return REFUSED, fixed
        if file.new is not None and digest(file.new) != file.after:
            return REFUSED, f"{file.new.name} of the kit is not what the plan says"
        return READY, ""

    def _before_undo(self, file: File) -> tuple[str, str]:
        there = digest(file.path)
        if there == file.before:
            return DONE, ""
        if there != file.after:
            return REFUSED, "is not there any more" if there is None else "changed since the plan was applied"
        if file.before is not None and digest(self.backup(file)) != file.before:
            return REFUSED, "its backup is missing or damaged"
        if fixed := unwritable(file.path):
            return REFUSED, fixed
        return READY, ""

    def _chosen(self) -> list[File]:
        """Return the files to change: of a conversation with a file that is refused none is touched."""
        refused = {file.conversation for file in self.files if file.state == REFUSED}
        for file in self.files:
            if file.state == REFUSED:
                self.say(f"left alone: conversation {file.conversation}: {shown(file.path)}: {file.reason}")
        ready = [file for file in self.files if file.state == READY and file.conversation not in refused]
        for file in ready:
            self.say(f"{'would change' if self.what_if else 'changes'} {shown(file.path)}")
        return ready

    def _told(self, count: int, calm: str) -> int:
        refused = any(file.state == REFUSED for file in self.files)
        if count:
            self.say(
                f"{count} {'file' if count == 1 else 'files'} {'would be changed' if self.what_if else 'changed'}."
            )
        elif not refused:
            self.say(f"Everything {calm}.")
        return 1 if refused else 0

    def _back_up(self, file: File) -> None:
        if file.before is None or digest(self.backup(file)) == file.before:
            return
        place = self.backup(file)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy2(file.path, place)
        if digest(place) != file.before:
            raise RefusedError("its backup is not like it: it changed, or the kit's disk is full or failing")

    def _change(self, file: File) -> None:
        if file.after is None:
            self._unchanged(file, file.before)
            self._keep(file.path, file, "moved")
        else:
            self._write(file, file.new, file.before, file.after)

    def _undone(self, file: File) -> None:
        if file.before is None:
            self._unchanged(file, file.after)
            self._keep(file.path, file, "undone")
        else:
            self._write(file, self.backup(file), file.after, file.before)

    def _unchanged(self, file: File, there: str | None) -> None:
        """Raise RefusedError where *file* is not *there* any more: the app may have been started meanwhile."""
        if digest(file.path) != there:
            raise RefusedError("it was written by another program just now")

    def _write(self, file: File, source: Path | None, there: str | None, wanted: str) -> None:
        """Put a copy of *source* in the place of *file*, which is *there* now, at one stroke."""
        if digest(file.path) == wanted:
            return  # a transcript that two entries name is mended with the first
        assert source is not None, "a file to write always has a source"
        partial = file.path.with_name(f"ce-{self.kit_id}.new")
        try:
            self._copied(file, source, partial, wanted)
            self._unchanged(file, there)
            (put_new if there is None else os.replace)(partial, file.path)
        except (OSError, RefusedError):
            with suppress(OSError):
                self._keep(partial, file, "partial")
            raise
        if digest(file.path) != wanted:
            raise RefusedError("it is not what was written: undo, and check the disk")

    def _copied(self, file: File, source: Path, partial: Path, wanted: str) -> None:
        shutil.copy2(source, partial)
        if digest(partial) != wanted:
            raise RefusedError(f"a copy of {source.name} is not like it: is the disk full or failing?")
        if source == file.new and file.path.exists():
            shutil.copymode(file.path, partial)
        if source == file.new and file.modified_ms is not None:
            os.utime(partial, ns=(file.modified_ms * 1_000_000,) * 2)

    def _keep(self, path: Path, file: File, ending: str) -> None:
        place = self._free(file, ending)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, place)

    def _free(self, file: File, ending: str) -> Path:
        numbers = (f"{ending}-{number}" if number else ending for number in range(100_000))
        return next(path for word in numbers if not os.path.lexists(path := self.backup(file, word)))


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line *arguments* on the kit that this file lies in; return the exit code."""
    parser = argparse.ArgumentParser(description="Apply or undo this recovery kit; read plan.md first.")
    parser.add_argument("what", choices=["apply", "undo"])
    parser.add_argument("--root", type=Path, help="the disk or folder that the kit was made from, or a copy of it")
    parser.add_argument(
        "--this-machine", action="store_true", help="this is the machine that the kit's disk belongs to"
    )
    parser.add_argument("--what-if", action="store_true", help="only say what would be changed")
    given = parser.parse_args(None if arguments is None else list(arguments))
    kit = Kit(Path(__file__).resolve().parent, given.root and given.root.resolve(), given.what_if)
    kit.this_machine = given.this_machine
    try:
        if is_own(given.root) and (names := running()):
            raise RefusedError(f"Claude is still running ({', '.join(names)}): quit it first")
        kit.load()
        return kit.apply() if given.what == "apply" else kit.undo()
    except (RefusedError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
