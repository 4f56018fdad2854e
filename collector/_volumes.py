"""The file systems of this machine: kind, size and free space of each, as any user may ask."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_evidence.collector import commands

# GetDriveTypeW (fileapi.h), in the words of this collector
_TYPES = ("unknown", "no root", "removable", "fixed", "network", "optical", "ram disk")
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afpfs", "webdav", "sshfs", "fuse.sshfs"})
_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
_MOUNTS = Path("/proc/self/mounts")
_ESCAPE = re.compile(r"\\(\d{3})")
_BSD_LINE = re.compile(r"(?P<device>.+?) on (?P<place>/.*) \((?P<kind>\w+)[,)].*")
# of volume flags: FILE_READ_ONLY_VOLUME, FILE_VOLUME_IS_COMPRESSED, FILE_SUPPORTS_REPARSE_POINTS (winnt.h)
_FLAGS = {0x80000: "read-only", 0x8000: "compressed", 0x80: "reparse points"}


@dataclass(frozen=True, slots=True)
class Volume:
    """One file system; ``place`` is where it is mounted (``C:/``, ``/home``), sizes are None where nobody says."""

    place: str
    type: str = "unknown"
    file_system: str = ""
    size_bytes: int | None = None
    free_bytes: int | None = None
    flags: tuple[str, ...] = ()
    error: str = ""


def of_windows(drives: Iterable[str]) -> list[Volume]:
    """Return what Windows says of *drives* (``C:/`` …); what it refuses is said in ``error``."""
    return [_of_drive(drive) for drive in drives]


def of_paths(paths: Iterable[str], timeout_s: float) -> list[Volume]:
    """Return the file systems that *paths* of this machine lie on, each once."""
    table = mounts(timeout_s)
    found: dict[str, Volume] = {}
    for path in paths:
        here = Path(path)
        while not here.exists() and here != here.parent:
            here = here.parent
        real = os.path.realpath(here)
        place = max((one for one in table if _within(real, one)), key=len, default="/")
        if place not in found:
            found[place] = _of_mount(place, table.get(place, ""))
    return list(found.values())


def mounts(timeout_s: float) -> dict[str, str]:
    """Return the kind of file system by the place where it is mounted; the last one mounted there counts."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        found = map(_BSD_LINE.fullmatch, commands.run(["mount"], timeout_s).text.splitlines())
        return {match["place"]: match["kind"] for match in found if match}
    rows = [line.split(" ") for line in lines]
    return {_ESCAPE.sub(lambda m: chr(int(m[1], 8)), row[1]): row[2] for row in rows if len(row) > 2}


def _within(path: str, place: str) -> bool:
    return place == "/" or path == place or path.startswith(f"{place}/")


def _of_mount(place: str, kind: str) -> Volume:
    sort = "network" if kind in _NETWORK else "memory" if kind in _MEMORY else "fixed" if kind else "unknown"
    try:
        usage = shutil.disk_usage(place)
        read_only = bool(os.statvfs(place).f_flag & os.ST_RDONLY) if sys.platform != "win32" else False
    except OSError as error:
        return Volume(place, sort, kind, error=error.strerror or "refused")
    return Volume(place, sort, kind, usage.total, usage.free, ("read-only",) if read_only else ())


def _of_drive(drive: str) -> Volume:
    kernel: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - only Windows has it
    root = drive.replace("/", "\\")
    number = kernel.GetDriveTypeW(ctypes.c_wchar_p(root))
    sort = _TYPES[number] if number < len(_TYPES) else "unknown"
    name, flags = ctypes.create_unicode_buffer(64), ctypes.c_uint32()
    known = kernel.GetVolumeInformationW(
        ctypes.c_wchar_p(root), None, 0, None, None, ctypes.byref(flags), name, len(name)
    )
    words = tuple(word for bit, word in _FLAGS.items() if known and flags.value & bit)
    try:
        usage = shutil.disk_usage(root)
    except OSError as error:
        return Volume(drive, sort, name.value, flags=words, error=error.strerror or "refused")
    return Volume(drive, sort, name.value, usage.total, usage.free, words)
