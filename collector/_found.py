"""What one file or folder of the host is, told by its directory entry alone: nothing is opened for it.

Attributes: learn.microsoft.com/windows/win32/fileio/file-attribute-constants; reparse tags: [MS-FSCC] 2.1.2.1.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from claude_evidence.collector.reading import open_shared

ATTRIBUTES = {
    0x1: "readonly", 0x2: "hidden", 0x4: "system", 0x10: "directory", 0x20: "archive", 0x40: "device", 0x80: "normal",
    0x100: "temporary", 0x200: "sparse", 0x400: "reparse_point", 0x800: "compressed", 0x1000: "offline",
    0x2000: "not_content_indexed", 0x4000: "encrypted", 0x8000: "integrity_stream", 0x20000: "no_scrub_data",
    0x40000: "recall_on_open", 0x80000: "pinned", 0x100000: "unpinned", 0x400000: "recall_on_data_access",
}  # fmt: skip
PLACEHOLDER = 0x1000 | 0x40000 | 0x400000
RECALL_ON_OPEN = 0x40000
_REPARSE_POINT = 0x400
_DATALESS = 0x40000000  # SF_DATALESS of macOS: the content is in the cloud
# IO_REPARSE_TAG_SYMLINK and IO_REPARSE_TAG_MOUNT_POINT (junctions) lead elsewhere; the others stay where they are.
_LINK_TAGS = frozenset({0xA000000C, 0xA0000003})
Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """One file or folder. ``path`` is its host path, ``local`` where it lies here, links followed.

    ``reparse_target`` is what a link or junction of that path says, as it says it. Times are None where the file
    system keeps none; ``created_at`` is the birth, never the change of the entry.
    """

    path: str
    local: Path
    size_bytes: int
    modified_at: datetime | None = None
    created_at: datetime | None = None
    attributes: tuple[str, ...] = ()
    reparse_target: str = ""
    is_folder: bool = False
    note: str = ""
    is_regular: bool = True
    is_placeholder: bool = False
    identity: Identity | None = None

    def open(self) -> BinaryIO:
        """Return the file, open as `reading.open_shared` opens; OSError where that fails."""
        return open_shared(self.local)


def describe(path: str, local: Path, target: str = "") -> Found:
    """Return what lies at *local*, links followed; *target* is what the link at *path* says. OSError."""
    status = local.stat()
    bits = attribute_bits(local, status)
    return Found(
        path,
        local,
        0 if stat.S_ISDIR(status.st_mode) else status.st_size,
        moment(status.st_mtime_ns),
        _born(status),
        names(bits | (_REPARSE_POINT if target else 0)),
        target,
        is_folder=stat.S_ISDIR(status.st_mode),
        is_regular=stat.S_ISREG(status.st_mode),
        is_placeholder=bool(bits & PLACEHOLDER) or bool(getattr(status, "st_flags", 0) & _DATALESS),
        identity=(status.st_dev, status.st_ino) if status.st_ino else None,
    )


def linked(path: str, entry: Path, local: Path, target: str) -> Found:
    """Return what the link at *entry* leads to, *local*; the link itself where it leads nowhere. OSError."""
    try:
        return describe(path, local, target)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        status = entry.lstat()
        born, bits = _born(status), attribute_bits(entry, status) | _REPARSE_POINT
        note = "a loop of links" if error.errno == errno.ELOOP else "it leads nowhere"
        return Found(
            path, entry, 0, moment(status.st_mtime_ns), born, names(bits), target, note=note, is_regular=False
        )  # fmt: skip


def link_target(local: Path) -> str | None:
    """Return what the link or junction at *local* itself says, None where it is none; "" where it cannot be read."""
    try:
        status = local.lstat()
    except OSError:
        return None
    if not stat.S_ISLNK(status.st_mode) and getattr(status, "st_reparse_tag", 0) not in _LINK_TAGS:
        return None
    try:
        return str(local.readlink())
    except OSError:
        return ""


def names(bits: int) -> tuple[str, ...]:
    """Return the words of Windows' file attributes.

    >>> names(0x4021)
    ('readonly', 'archive', 'encrypted')
    """
    return tuple(word for bit, word in ATTRIBUTES.items() if bits & bit)


_without_attributes: set[int] = set()


def attribute_bits(local: Path, status: os.stat_result) -> int:
    """Return Windows' attributes of a file: its own on Windows, what a mounted NTFS volume tells elsewhere."""
    bits = getattr(status, "st_file_attributes", None)
    if bits is not None:
        return int(bits)
    if not hasattr(os, "getxattr") or status.st_dev in _without_attributes:
        return 0
    try:
        return int.from_bytes(os.getxattr(local, "system.ntfs_attrib_be"), "big")  # ntfs-3g and the kernel's ntfs3
    except OSError:
        _without_attributes.add(status.st_dev)
        return 0


def moment(nanoseconds: int) -> datetime | None:
    """Return a time stamp in UTC, None where no calendar has it (a damaged or hostile file system)."""
    try:
        return datetime.fromtimestamp(nanoseconds // 1000 / 1_000_000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def shown(path: str) -> str:
    r"""Return a host path as its host writes it.

    >>> shown("C:/Users/alice"), shown("/home/alice")
    ('C:\\Users\\alice', '/home/alice')
    """
    return path.replace("/", "\\") if path[1:3] == ":/" else path


def _born(status: os.stat_result) -> datetime | None:
    seconds = getattr(status, "st_birthtime", None)
    if seconds is None and os.name == "nt":
        seconds = status.st_ctime  # until Python 3.12 its only name for the birth
    return None if seconds is None else moment(round(seconds * 1_000_000) * 1000)
