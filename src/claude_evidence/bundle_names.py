"""Host path to member name and back: ``C:/Users/alice/x%4y.log`` is stored as ``data/files/C/Users/alice/x_4y.log``."""

from __future__ import annotations

import re

from claude_evidence.bundle_paths import collision_key, numbered, posix_path

FILES = "data/files/"
_ROOT = "root"
_SHARE = "UNC"
_LONGEST_BYTES = 200
_DRIVE = re.compile(r"(?://[.?]/)?([A-Za-z]):(?:/|\Z)")
_SHARE_START = re.compile(r"//(?:[.?]/UNC/)?(?=[^/])")
# What Windows refuses in a name, and the percent sign, which RFC 8493 wants encoded and common tools do not decode.
_REFUSED = re.compile(r'[<>:"|?*%\\\x00-\x1f\x7f-\x9f]')
# Windows writes the slash in a channel's name as %4: …AppModel-Runtime%4Admin.evtx.
_CHANNEL_SLASH = re.compile(r"%4(?=[A-Z][^/]*\.evtx\Z)")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)")


class MemberNames:
    """Gives each host path its member name, and never one name to two paths, on no file system.

    Where two paths would meet (``x%4`` and ``x_4``, ``Main.log`` and ``main.log``), the later one gets ``~2`` before
    its extension, in the very part where they would meet. The same path always gets the same name.
    """

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def of(self, source: str) -> str:
        """Return the name for the file at host path *source*."""
        folder = FILES.rstrip("/")
        for part in _parts(source):
            folder = f"{folder}/{self._part(folder, part)}"
        return folder

    def _part(self, folder: str, part: str) -> str:
        if (folder, part) in self._stored:
            return self._stored[folder, part]
        plain = stored = _storable(part)
        number = 2
        while (folder, collision_key(stored)) in self._taken:
            stored = numbered(plain, number)
            number += 1
        self._taken.add((folder, collision_key(stored)))
        self._stored[folder, part] = stored
        return stored


def member_name(source: str) -> str:
    """Return the member name for host path *source*, alone; where there are several, ask one `MemberNames` for all.

    >>> member_name("C:\\\\Users\\\\alice\\\\Microsoft-Windows-AppModel-Runtime%4Admin.evtx")
    'data/files/C/Users/alice/Microsoft-Windows-AppModel-Runtime_Admin.evtx'
    """
    return MemberNames().of(source)


def source_of(name: str) -> str:
    """Return the host path that a member name tells (its replaced characters are lost), else *name*.

    >>> source_of("data/files/C/Users/alice/main.log"), source_of("data/files/root/home/alice/main.log")
    ('C:/Users/alice/main.log', '/home/alice/main.log')
    """
    first, slash, rest = name.removeprefix(FILES).partition("/")
    if not name.startswith(FILES) or not slash:
        return name
    if first == _ROOT:
        return f"/{rest}"
    if first == _SHARE:
        return f"//{rest}"
    return f"{first}:/{rest}" if len(first) == 1 else f"{first}/{rest}"


def _parts(source: str) -> list[str]:
    path = posix_path(source)
    if drive := _DRIVE.match(path):
        first, rest = drive[1].upper(), path[drive.end() :]
    elif share := _SHARE_START.match(path):
        first, rest = _SHARE, path[share.end() :]
    else:
        first, rest = _ROOT, path
    return [first, *([p for p in rest.split("/") if p not in ("", ".", "..")] or ["_"])]


def _storable(part: str) -> str:
    """Return *part* as a name that every file system takes."""
    plain = _REFUSED.sub("_", _CHANNEL_SLASH.sub("_", part))
    if plain[-1] in ". ":
        plain = plain[:-1] + "_"
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    if len(plain.encode()) <= _LONGEST_BYTES:
        return plain
    extension = plain[-16:] if "." in plain[-16:] else ""
    extension = extension[extension.find(".") :] if extension else ""
    return plain.encode()[: _LONGEST_BYTES - len(extension.encode())].decode("utf-8", "ignore").rstrip(". ") + extension
