"""A mounted disk or an extracted tree: its system, its drives, and where a host path lies in it.

Links are followed here and never by this machine: what they say holds on the other machine, so that an absolute one
begins at the tree's own root, and none leads out of it.
"""

from __future__ import annotations

import os
import re
from collections import deque
from pathlib import Path

from claude_evidence.bundle_paths import collision_key
from claude_evidence.collector._found import link_target
from claude_evidence.collector._walk import split
from claude_evidence.collector.reading import long_path
from claude_evidence.usage import UsageError

_DRIVE = re.compile(r"([A-Za-z]):?")
_PREFIX = re.compile(r"\A(?:/\?\?/|//[?.]/)")
# ntfs-3g shows a junction to another drive as a link below this folder: ntfs-3g(8), «junction points».
_OTHER_DRIVE = re.compile(r"(?:\A|/)\.NTFS-3G/([A-Za-z]):?(?:/|\Z)")
_WINDOWS = ("windows/system32", "programdata", "program files", "wpsystem", "windowsapps")
_MACOS = ("system/library/coreservices", "library/preferences", "private/var", "applications")
_LINUX = ("etc", "home", "usr", "var")
_MOST_LINKS = 40
_NOWHERE = "there is no such place"


def layout(root: Path) -> tuple[str, dict[str, str]]:
    """Return the system of the tree at *root* and its drives: the root of each and its folder below *root*.

    UsageError where nothing there looks like a system.
    """
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208
    except OSError as error:
        raise UsageError(f"{root}: cannot be listed: {error.strerror or error}") from error
    drives = {
        f"{match[1].upper()}:/": name
        for name in names
        if (match := _DRIVE.fullmatch(name)) and _system(root / name) == "windows"
    }
    if drives:
        others = {f"{m[1].upper()}:/": n for n in names if (m := _DRIVE.fullmatch(n)) and (root / n).is_dir()}
        return "windows", dict(sorted({**others, **drives}.items()))
    if system := _system(root):
        return system, {"C:/" if system == "windows" else "/": ""}
    inner = next((name for name in names if name.lower() == "root"), "")
    if inner and (system := _system(root / inner)) and system != "windows":
        return system, {"/": inner}
    raise UsageError(
        f"{root} holds no system that is known: --root wants a drive's content (Users, Windows), a folder for each "
        "drive (C, D), or the root of a macOS or Linux system"
    )


def _system(folder: Path) -> str:
    """Return the system whose drive *folder* looks like, nothing where it looks like none."""
    if _profiles(folder, "AppData") or any(_inside(folder, path) for path in _WINDOWS):
        return "windows"
    if _profiles(folder, "Library") or _inside(folder, _MACOS[0]):
        return "macos"
    if _inside(folder, "users") and any(_inside(folder, path) for path in _MACOS):
        return "macos"
    if any((folder / name).is_dir() for name in _LINUX) or (folder / "root" / ".claude").is_dir():
        return "linux"
    return ""


def _profiles(folder: Path, name: str) -> bool:
    users = _inside(folder, "users")
    if users is None:
        return False
    try:
        return any(_inside(profile, name) for profile in sorted(users.iterdir())[:500])
    except OSError:
        return False


def _inside(folder: Path, path: str) -> Path | None:
    """Return the folder at *path* below *folder*, without regard to case, None where there is none."""
    for part in path.split("/"):
        try:
            found = sorted(child for child in folder.iterdir() if child.name.casefold() == part.casefold())
            folder = next(child for child in found if child.is_dir())
        except (OSError, StopIteration):
            return None
    return folder


class Tree:
    """Host paths led to places below *root*; *folders* are the folders of the drives, by the drives' roots."""

    def __init__(self, root: Path, folders: dict[str, str], *, folds: bool, drives: bool) -> None:
        self._given = root
        self.root = Path(long_path(Path(os.path.realpath(root))))
        self.drives = tuple(folders)
        self._folders = {drive: [name] if name else [] for drive, name in folders.items()}
        self._folds, self._has_drives = folds, drives
        self._listings: dict[Path, dict[str, str] | None] = {}
        self._links: dict[Path, str | None] = {}

    def local(self, path: str) -> Path:
        """Return where host *path* lies, links followed; a place that does not exist where they lead nowhere."""
        folder, found = self._follow(path, last=True)
        return folder if found else folder / _NOWHERE

    def link(self, path: str) -> str:
        """Return what the link at host *path* says, nothing where it is none."""
        entry, found = self._follow(path, last=False)
        return (link_target(entry) or "") if found else ""

    def _follow(self, path: str, *, last: bool) -> tuple[Path, bool]:
        drive, parts = split(path.replace("\\", "/") if self._has_drives else path)
        drive = drive.upper() if self._has_drives else drive
        if drive not in self._folders:
            return self.root, False
        done: list[str] = []
        pending = deque([*self._folders[drive], *parts])
        hops = 0
        while pending:
            part = pending.popleft()
            here = self.root.joinpath(*done)
            if part == "..":
                done = done[:-1]
                continue
            name = self._spelt(here, part)
            target = self._link(here / name) if pending or last else None
            if target is None:
                done.append(name)
                continue
            hops += 1
            where = self._target(target, done) if hops <= _MOST_LINKS else None
            if where is None:
                return here, False
            done, rest = where
            pending.extendleft(reversed(rest))
        return self.root.joinpath(*done), True

    def _target(self, target: str, done: list[str]) -> tuple[list[str], list[str]] | None:
        """Return where the way goes on and the parts that follow, None where *target* leads out of what is here."""
        text = target.replace("\\", "/") if self._has_drives else target
        text = _PREFIX.sub("", text) if self._has_drives else text
        if self._has_drives and (drive := _OTHER_DRIVE.search(text) or re.match(r"([A-Za-z]):(?:/|\Z)", text)):
            folder = self._folders.get(f"{drive[1].upper()}:/")
            return None if folder is None else ([], [*folder, *_parts(text[drive.end() :])])
        if not text.startswith("/"):
            return list(done), _parts(text)
        inside = self._below_root(text)
        if inside is not None:
            return [], inside
        own = next((f for f in self._folders.values() if f == done[: len(f)]), [])
        return [], [*own, *_parts(text)]

    def _below_root(self, text: str) -> list[str] | None:
        """Return the parts below the tree's root where *text* names a place there, as whoever mounted it may write."""
        for root in {str(self._given.absolute()), str(self.root)}:
            if len(root) > 1 and (text == root or text.startswith(f"{root}/")):
                return _parts(text[len(root) :])
        return None

    def _spelt(self, folder: Path, name: str) -> str:
        if not self._folds:
            return name
        if (listing := self._listings.get(folder)) is None and folder not in self._listings:
            listing = self._listings[folder] = _listing(folder)
        if not listing or name in listing:
            return name
        return listing.get(f"\0{collision_key(name)}", name)

    def _link(self, entry: Path) -> str | None:
        if entry not in self._links:
            self._links[entry] = link_target(entry)
        return self._links[entry]


def _listing(folder: Path) -> dict[str, str] | None:
    """Return the names in *folder* as they are, and by what their spellings share after a null byte."""
    try:
        names = sorted(os.listdir(folder), reverse=True)  # noqa: PTH208
    except OSError:
        return None
    return {**{f"\0{collision_key(name)}": name for name in names}, **{name: name for name in names}}


def _parts(text: str) -> list[str]:
    return [part for part in text.split("/") if part not in ("", ".")]
