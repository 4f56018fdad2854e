"""A macOS or Linux host, this machine or a disk: its people, its name and system, its time zone.

Sources: passwd(5), os-release(5), localtime(5); ``SystemVersion.plist`` and ``dslocal`` of macOS.
"""

from __future__ import annotations

import os
import platform
import plistlib
import struct
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from zoneinfo import ZoneInfo

from claude_evidence.collector._host_image import Tree
from claude_evidence.collector._types import User

_NOT_PEOPLE = frozenset({"shared", "guest", "nobody", "deleted users"})
_NO_HOMES = ("/", "/nonexistent", "/dev/null", "/bin", "/sbin", "/usr", "/var/empty", "/var/lib", "/var/run", "/run")
_NOBODY = 65534
_LEAST_ID = {"linux": 1000, "macos": 500}
_VERSION = "/System/Library/CoreServices/SystemVersion.plist"
_NAMES = "/Library/Preferences/SystemConfiguration/preferences.plist"
_LIMIT_BYTES = 4 << 20
# What plistlib trips over in damaged or hostile lists.
_BAD_PLIST = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, MemoryError,
              ExpatError, struct.error)  # fmt: skip


class PosixImage:
    """A disk or tree of a macOS or Linux system."""

    live = False

    def __init__(self, system: str, tree: Tree | None) -> None:
        self.system = system
        self._tree = tree

    def drives(self) -> tuple[str, ...]:
        """Return ``/``."""
        return ("/",)

    def local(self, path: str) -> Path:
        """Return where *path* lies below the tree."""
        return self._tree.local(path) if self._tree else Path(path)

    def users(self) -> tuple[User, ...]:
        """Return everybody with a home: of the list of accounts, and of the folders that homes lie in."""
        return self._users

    def facts(self) -> Mapping[str, str]:
        """Return ``name, domain, os, build`` as far as they are known."""
        return self._facts

    def zone(self) -> tuple[str | None, int | None]:
        """Return the time zone that ``/etc/localtime`` leads to, and its offset now."""
        name = _zone_name(self._link("/etc/localtime")) or self._text("/etc/timezone").strip() or None
        return _known_zone(name)

    @cached_property
    def _users(self) -> tuple[User, ...]:
        found = {user.profile: user for user in self._accounts()}
        for parent in ("/Users",) if self.system == "macos" else ("/home",):
            for name in self._folders(parent):
                found.setdefault(f"{parent}/{name}", User(name, f"{parent}/{name}", "", self._real_name(name)))
        if self._is_folder("/root"):
            found.setdefault("/root", User("root", "/root"))
        return tuple(user for user in found.values() if user.name.casefold() not in _NOT_PEOPLE)

    def _accounts(self) -> list[User]:
        rows = [line.split(":") for line in self._text("/etc/passwd").splitlines()]
        return [
            User(row[0], row[5].rstrip("/"), "", _gecos(row[4]))
            for row in rows
            if len(row) >= 6 and row[2].isdecimal() and self._is_person(int(row[2]), row[5])
        ]

    def _is_person(self, number: int, home: str) -> bool:
        if not (number == 0 or _LEAST_ID[self.system] <= number != _NOBODY):
            return False
        home = home.rstrip("/")
        return bool(home) and not home.startswith(_NO_HOMES[1:]) and self._is_folder(home)

    def _real_name(self, name: str) -> str:
        values = self._plist(f"/var/db/dslocal/nodes/Default/users/{name}.plist").get("realname")
        return str(values[0]) if isinstance(values, list) and values else ""

    @cached_property
    def _facts(self) -> dict[str, str]:
        told = self._macos() if self.system == "macos" else self._linux()
        name, _, domain = self._name().partition(".")
        told |= {"name": name, "domain": "" if domain == "local" else domain}
        return {key: value for key, value in told.items() if value}

    def _linux(self) -> dict[str, str]:
        text = self._text("/etc/os-release") or self._text("/usr/lib/os-release")
        values = dict(line.partition("=")[::2] for line in text.splitlines())
        plain = {key: value.strip().strip("\"'") for key, value in values.items()}
        named = " ".join(filter(None, (plain.get("NAME"), plain.get("VERSION_ID"))))
        return {"os": plain.get("PRETTY_NAME") or named or "Linux", "build": plain.get("BUILD_ID", "")}

    def _macos(self) -> dict[str, str]:
        told = self._plist(_VERSION)
        words = (str(told.get("ProductName") or "macOS"), str(told.get("ProductVersion") or ""))
        return {"os": " ".join(filter(None, words)), "build": str(told.get("ProductBuildVersion") or "")}

    def _name(self) -> str:
        if self.system == "linux":
            return (self._text("/etc/hostname").split() or [""])[0]
        system = self._plist(_NAMES).get("System")
        names = system.get("Network", {}).get("HostNames", {}) if isinstance(system, dict) else {}
        return str(names.get("LocalHostName", "")) if isinstance(names, dict) else ""

    def _link(self, path: str) -> str:
        return self._tree.link(path) if self._tree else ""

    def _folders(self, parent: str) -> list[str]:
        try:
            names = sorted(os.listdir(self.local(parent)))  # noqa: PTH208
        except OSError:
            return []
        return [name for name in names if self._is_folder(f"{parent}/{name}")]

    def _is_folder(self, path: str) -> bool:
        try:
            return self.local(path).is_dir()
        except (OSError, ValueError):
            return False

    def _bytes(self, path: str) -> bytes:
        from claude_evidence.collector.reading import open_shared

        try:
            with open_shared(self.local(path)) as file:
                return file.read(_LIMIT_BYTES)
        except (OSError, ValueError):
            return b""

    def _text(self, path: str) -> str:
        return self._bytes(path).decode("utf-8", "surrogateescape")

    def _plist(self, path: str) -> dict[str, Any]:
        try:
            value = plistlib.loads(self._bytes(path))
        except _BAD_PLIST:
            return {}
        return value if isinstance(value, dict) else {}


class LivePosix(PosixImage):
    """This machine."""

    live = True

    def __init__(self, system: str) -> None:
        super().__init__(system, None)

    def zone(self) -> tuple[str | None, int | None]:
        """Return the machine's time zone and the offset that holds now."""
        return super().zone()[0], time.localtime().tm_gmtoff

    def _accounts(self) -> list[User]:
        import pwd

        mine = os.getuid()
        return [
            User(entry.pw_name, entry.pw_dir.rstrip("/"), "", _gecos(entry.pw_gecos))
            for entry in pwd.getpwall()
            if self._is_person(entry.pw_uid, entry.pw_dir) or (entry.pw_uid == mine and self._is_folder(entry.pw_dir))
        ]

    def _name(self) -> str:
        return platform.node()

    def _link(self, path: str) -> str:
        try:
            return os.path.realpath(path) if os.path.lexists(path) else ""
        except OSError:
            return ""


def _gecos(text: str) -> str:
    return text.split(",", 1)[0].strip()


def _zone_name(link: str) -> str:
    """Return the zone that a link below a ``zoneinfo`` folder names."""
    return link.rpartition("zoneinfo/")[2].removeprefix("posix/").removeprefix("right/") if "zoneinfo/" in link else ""


def _known_zone(name: str | None) -> tuple[str | None, int | None]:
    try:
        offset = datetime.now(UTC).astimezone(ZoneInfo(name or "")).utcoffset()
    except (OSError, ValueError, KeyError):  # no name, a hostile one, or one that nobody knows here
        return None, None
    return name, int(offset.total_seconds()) if offset is not None else None
