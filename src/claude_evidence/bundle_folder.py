"""A folder as evidence: every regular file in it, no link followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from claude_evidence.bundle_entry import FileEntry
from claude_evidence.model import UsageError
from claude_evidence.untrusted import plausible

_LINK_TAGS = (0xA0000003, 0xA000000C)  # IO_REPARSE_TAG_MOUNT_POINT (junction) and _SYMLINK


def walk(root: Path, room: int, note: Callable[[str, str], None]) -> list[FileEntry]:
    """Return the files below *root*, at most *room*, folder by folder in order; *note* hears of what is left out.

    UsageError where *root* itself cannot be read. A path that repeats cannot be met: no link or junction is followed.
    """
    entries: list[FileEntry] = []
    folders = [(root, "")]
    while folders:
        folder, below = folders.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:
            if folder is root:
                raise UsageError(f"{root}: cannot be read: {error.strerror}") from error
            note(below.rstrip("/"), f"this folder cannot be read: {error.strerror}")
            continue
        inner = []
        for item in found:
            name = below + item.name
            if kind := _kind(item, name, note):
                if kind == "folder":
                    inner.append((folder / item.name, f"{name}/"))
                elif len(entries) < room:
                    entries.append(file_entry(folder / item.name, name))
                else:
                    note("", f"holds more than {room:,} files, the limit for members: the rest is not read")
                    return entries
        folders += reversed(inner)
    return entries


def file_entry(path: Path, name: str) -> FileEntry:
    """Return the file at *path*, to be known as *name*."""
    status = path.stat()
    return FileEntry(text=name, size_bytes=status.st_size, modified_at=_time(status.st_mtime_ns), path=path)


def _kind(item: os.DirEntry[str], name: str, note: Callable[[str, str], None]) -> str:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError as error:
        note(name, f"cannot be looked at: {error.strerror}")
        return ""
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _LINK_TAGS:
        note(name, "is a link: not followed")
        return ""
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if not stat.S_ISREG(status.st_mode):
        note(name, "is no regular file: not read")
        return ""
    return "file"


def _time(nanoseconds: int) -> datetime | None:
    try:
        return plausible(datetime.fromtimestamp(nanoseconds // 1000 / 1_000_000, UTC))
    except (ValueError, OverflowError, OSError):
        return None
