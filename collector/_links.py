"""Links and encrypted entries along the way to a folder and in it, told without following any of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

# winnt.h: FILE_ATTRIBUTE_REPARSE_POINT and _ENCRYPTED, IO_REPARSE_TAG_MOUNT_POINT, _SYMLINK, _APPEXECLINK, _CLOUD
_REPARSE, _ENCRYPTED = 0x400, 0x4000
_TAGS = {0xA0000003: "junction", 0xA000000C: "symbolic link", 0x8000001B: "app execution link"}
_CLOUD_TAG, _CLOUD_MASK = 0x9000001A, 0xFFFF0FFF
_MOST_ENTRIES = 20_000
ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Special:
    """An entry that is a link (``target`` is where it leads, empty where nobody says) or encrypted."""

    path: str
    kind: str
    target: str = ""

    @property
    def is_link(self) -> bool:
        """Whether it leads elsewhere."""
        return self.kind != ENCRYPTED


def along(path: str, local: Callable[[str], Path], *, follow: bool = True) -> Iterator[Special]:
    """Yield what is special on the way to host *path*, from its root on, itself included.

    Nothing behind a loop, and nothing behind the first link unless *follow*.
    """
    root, _, rest = path.partition("/") if path[1:3] == ":/" else ("", "", path.lstrip("/"))
    so_far = root
    for part in filter(None, rest.split("/")):
        so_far = f"{so_far}/{part}"
        try:
            if special := _special(so_far, local(so_far)):
                yield special
                if special.is_link and not follow:
                    return
        except OSError:
            return


def within(folder: str, local: Callable[[str], Path], most: int = _MOST_ENTRIES) -> Iterator[Special]:
    """Yield what is special below host *folder*, among its first *most* entries; links are not gone into."""
    yield from _found(islice(_entries(folder, local(folder)), most))


def _found(entries: Iterable[tuple[str, Path]]) -> Iterator[Special]:
    for name, here in entries:
        try:
            if special := _special(name, here):
                yield special
        except OSError:
            continue


def _entries(folder: str, here: Path) -> Iterator[tuple[str, Path]]:
    for at, names, files in os.walk(here):
        below = Path(at).relative_to(here).as_posix()
        prefix = folder if below == "." else f"{folder}/{below}"
        for name in (*names, *files):
            yield f"{prefix}/{name}", Path(at, name)
        names[:] = [name for name in names if not _is_link(Path(at, name))]


def _is_link(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return True
    return bool(getattr(status, "st_file_attributes", 0) & _REPARSE) or path.is_symlink()


def _special(name: str, here: Path) -> Special | None:
    status = here.lstat()
    attributes, tag = getattr(status, "st_file_attributes", 0), getattr(status, "st_reparse_tag", 0)
    if attributes & _REPARSE or here.is_symlink():
        return Special(name, _kind(tag), _target(here))
    return Special(name, ENCRYPTED) if attributes & _ENCRYPTED else None


def _kind(tag: int) -> str:
    """Return what a link of this *tag* is called; a system without tags knows symbolic links only."""
    if tag & _CLOUD_MASK == _CLOUD_TAG:
        return "cloud file"
    return _TAGS.get(tag, f"0x{tag:08x}") if tag else "symbolic link"


def _target(here: Path) -> str:
    try:
        return str(here.readlink()).removeprefix("\\\\?\\").replace("\\", "/")
    except (OSError, ValueError):
        return ""
