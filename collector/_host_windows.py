"""A Windows host, this machine or a disk: its drives, its people, its name and system, its time zone."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from claude_evidence.collector import registry, windows_facts
from claude_evidence.collector._host_image import Tree
from claude_evidence.collector._types import User

_NOT_PEOPLE = frozenset(
    {"default", "default user", "public", "all users", "defaultuser0", "defaultaccount", "defaultapppool"}
)
_LOGON = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication\LogonUI"
_FIXED = 3  # DRIVE_FIXED, GetDriveTypeW


class WindowsImage:
    """A disk or tree of a Windows system."""

    system = "windows"
    live = False

    def __init__(self, tree: Tree | None) -> None:
        self._tree = tree

    def drives(self) -> tuple[str, ...]:
        """Return the roots of the drives, the one with Windows first."""
        system = self.system_drive
        return (system, *(drive for drive in self._drives if drive != system))

    def local(self, path: str) -> Path:
        """Return where *path* lies below the tree."""
        assert self._tree
        return self._tree.local(path)

    def users(self) -> tuple[User, ...]:
        """Return everybody with a profile, as the registry and the folders of profiles tell."""
        return self._users

    def facts(self) -> Mapping[str, str]:
        """Return ``name, os, build …`` as far as they are known."""
        return self._facts

    def zone(self) -> tuple[str | None, int | None]:
        """Return the time zone that the registry names, and the offset that held last."""
        return self._zone

    @cached_property
    def system_drive(self) -> str:
        """The root of the drive that Windows lies on."""
        known = (drive for drive in self._drives if self._is_folder(f"{drive}Windows/System32"))
        return next(known, None) or next((d for d in self._drives if self._is_folder(f"{d}Users")), "C:/")

    @cached_property
    def _registry(self) -> registry.Registry:
        return registry.of(self)

    @cached_property
    def _drives(self) -> tuple[str, ...]:
        return self._tree.drives if self._tree else ()

    @cached_property
    def _facts(self) -> dict[str, str]:
        return windows_facts.facts(self._registry) or {"os": "Windows"}

    @cached_property
    def _zone(self) -> tuple[str | None, int | None]:
        return windows_facts.zone(self._registry)

    @cached_property
    def _users(self) -> tuple[User, ...]:
        sids = {path.casefold(): (path, sid) for path, sid in windows_facts.profiles(self._registry).items()}
        found: dict[str, User] = {}
        for path in (*self._profiles(), *(path for path, _ in sids.values())):
            _, sid = sids.get(path.casefold(), ("", ""))
            name = path.rpartition("/")[2]
            if name.casefold() not in _NOT_PEOPLE and self._is_folder(path):
                found.setdefault(path.casefold(), User(self._account(name, path), path, sid, self._full_name(sid)))
        return tuple(found.values())

    def _profiles(self) -> list[str]:
        """Return the folders that profiles usually are."""
        parents = [f"{drive}Users" for drive in self._drives]
        return [f"{parent}/{name}" for parent in parents for name in self._names(parent)]

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self.local(folder)))  # noqa: PTH208
        except OSError:
            return []

    def _account(self, name: str, path: str) -> str:
        return name

    def _full_name(self, sid: str) -> str:
        """Return the name of whoever logged on last, where that was *sid*."""
        last = registry.text(self._registry, _LOGON, "LastLoggedOnUserSID")
        return registry.text(self._registry, _LOGON, "LastLoggedOnDisplayName") if sid and sid == last else ""

    def _is_folder(self, path: str) -> bool:
        try:
            return self.local(path).is_dir()
        except (OSError, ValueError):
            return False


class LiveWindows(WindowsImage):
    """This machine."""

    live = True

    def __init__(self) -> None:
        super().__init__(None)

    def local(self, path: str) -> Path:
        """Return *path* in the form that may be of any length."""
        if path.startswith("//"):
            return Path("\\\\?\\UNC\\" + path[2:].replace("/", "\\"))
        return Path("\\\\?\\" + path.replace("/", "\\"))

    @cached_property
    def system_drive(self) -> str:
        """The root of the drive that Windows lies on."""
        return os.environ.get("SystemDrive", "C:").upper() + "/"  # noqa: SIM112 - so Windows writes it

    @cached_property
    def _drives(self) -> tuple[str, ...]:
        return _fixed_drives() or (self.system_drive,)

    @cached_property
    def _facts(self) -> dict[str, str]:
        told = {"name": platform.node(), "os": "Windows", "build": platform.version()}
        return {key: value for key, value in {**told, **windows_facts.facts(self._registry)}.items() if value}

    @cached_property
    def _zone(self) -> tuple[str | None, int | None]:
        return windows_facts.zone(self._registry)[0], time.localtime().tm_gmtoff

    def _profiles(self) -> list[str]:
        mine = os.environ.get("USERPROFILE", "").replace("\\", "/").rstrip("/")
        folders = [f"{self.system_drive}Users/{name}" for name in self._names(f"{self.system_drive}Users")]
        known = {folder.casefold() for folder in folders}
        return folders if not mine or mine.casefold() in known else [mine, *folders]

    def _account(self, name: str, path: str) -> str:
        mine = os.environ.get("USERPROFILE", "").replace("\\", "/").rstrip("/")
        return os.environ.get("USERNAME", "") or name if mine.casefold() == path.casefold() else name


def _fixed_drives() -> tuple[str, ...]:
    if sys.platform != "win32":
        return ()
    import ctypes

    kernel = ctypes.WinDLL("kernel32")
    mask = kernel.GetLogicalDrives()
    letters = [chr(ord("A") + number) for number in range(26) if mask >> number & 1]
    return tuple(f"{x}:/" for x in letters if kernel.GetDriveTypeW(ctypes.c_wchar_p(f"{x}:\\")) == _FIXED)
