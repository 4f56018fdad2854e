"""The variables in the paths of artifacts: what ``%%users.appdata%%`` and its like stand for on a host.

Names: the ForensicArtifacts style guide. ``%%fixed_drives%%`` is ours: every fixed drive (``C:``, ``D:``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from claude_evidence.collector._types import Host, User

VARIABLE = re.compile(r"%%([a-z_.]+)%%")
_OF_USER = {
    "users.userprofile": "",
    "users.homedir": "",
    "users.appdata": "/AppData/Roaming",
    "users.localappdata": "/AppData/Local",
    "users.temp": "/AppData/Local/Temp",
}
_EVERYWHERE = frozenset({"users.userprofile", "users.homedir"})
# What this machine says of the person who collects: a folder may have been moved out of the profile.
_ENVIRONMENT = {"users.appdata": "APPDATA", "users.localappdata": "LOCALAPPDATA", "users.temp": "TEMP"}
_OF_MACHINE = {
    "environ_systemdrive": ("SystemDrive", ""),
    "environ_systemroot": ("SystemRoot", "/Windows"),
    "environ_windir": ("SystemRoot", "/Windows"),
    "environ_programdata": ("ProgramData", "/ProgramData"),
    "environ_allusersappdata": ("ProgramData", "/ProgramData"),
    "environ_programfiles": ("ProgramFiles", "/Program Files"),
}
NAMES = frozenset({*_OF_USER, *_OF_MACHINE, "fixed_drives"})


def expand(name: str, host: Host) -> tuple[str, ...]:
    """Return the paths that *name* stands for on *host*, each once; none where a variable means nothing there."""
    match = VARIABLE.search(name)
    if not match:
        return (name,)
    variable = match[1].lower()
    values = _unique(_values(variable, host))
    whole = (name[: match.start()] + value + name[match.end() :] for value in values)
    return _unique(path for text in whole for path in expand(text, host))


def _values(variable: str, host: Host) -> list[str]:
    windows = host.system == "windows"
    if variable in _OF_USER and (windows or variable in _EVERYWHERE):
        return [value for user in host.users() for value in _of_user(variable, user, host)]
    if variable == "fixed_drives":
        return [drive.rstrip("/") for drive in host.drives()]
    if variable in _OF_MACHINE and windows:
        return [_of_machine(variable, host)]
    return []


def _of_user(variable: str, user: User, host: Host) -> list[str]:
    usual = user.profile + _OF_USER[variable]
    moved = _said(_ENVIRONMENT.get(variable, "")) if host.live and _is_me(user) else ""
    return [usual, moved] if moved and moved.casefold() != usual.casefold() else [usual]


def _of_machine(variable: str, host: Host) -> str:
    word, below = _OF_MACHINE[variable]
    drives = host.drives()
    system = getattr(host, "system_drive", "") or (drives[0] if drives else "C:/")
    return (_said(word) if host.live else "") or system.rstrip("/") + below


def _is_me(user: User) -> bool:
    return _said("USERPROFILE").casefold() == user.profile.casefold()


def _said(word: str) -> str:
    """Return a folder that the environment names, with ``/``; nothing where it says none or a short (8.3) name."""
    value = os.environ.get(word, "").replace("\\", "/").rstrip("/") if word else ""
    return "" if "~" in value or not re.match(r"[A-Za-z]:", value) else value


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple({value.casefold(): value for value in reversed([*values])}.values())[::-1]
