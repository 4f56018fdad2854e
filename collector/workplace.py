"""Where a bundle is made: ``<name>.partial``, a private folder beside it, the only thing that a kill leaves behind.

It holds the bundle on its way, what is exported from the host, and the mapping until the bundle has its name. A run
holds a lock on it for as long as it lives; a folder that nobody holds is an earlier run's, and the next one removes it.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from claude_evidence.usage import UsageError

SUFFIX = ".partial"
MAPPING_SUFFIX = ".mapping.json"
DEFAULT_PREFIX = "claude-evidence-"
_LOCK, _BUNDLE, _WORK, _MAPPING = "lock", "bundle.zip", "work", "mapping.json"
_OWN = frozenset({_LOCK, _BUNDLE, _WORK, _MAPPING})


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folder ``<name>.partial`` of a run that is going on."""

    folder: Path
    destination: Path

    @property
    def bundle(self) -> Path:
        """Where the bundle is written."""
        return self.folder / _BUNDLE

    @property
    def work(self) -> Path:
        """The folder for what is exported from the host."""
        return self.folder / _WORK

    def publish(self) -> None:
        """Give the bundle its name; UsageError where something has that name by now."""
        _move(self.bundle, self.destination)

    def publish_mapping(self, data: bytes) -> Path:
        """Write *data* beside the bundle, readable by its owner alone; return where."""
        source, target = self.folder / _MAPPING, mapping_path(self.destination)
        handle = os.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _move(source, target)
        return target


def mapping_path(destination: Path) -> Path:
    """Return where the mapping of the bundle at *destination* lies."""
    return destination.with_name(f"{destination.stem}{MAPPING_SUFFIX}")


@contextmanager
def workplace(destination: Path) -> Iterator[Workplace]:
    """Make the place for a bundle that will be named *destination*, and remove it in the end, whatever happens.

    UsageError where *destination* or its mapping exists, where it cannot be written to, and where another run is making
    the same bundle.
    """
    for path in (destination, mapping_path(destination)):
        if os.path.lexists(path):
            raise UsageError(f"{path} exists already: it is not replaced, give another name with -o")
    if not destination.parent.is_dir():
        raise UsageError(f"{destination}: there is no folder of that name to write to")
    for stale in _stale(destination):
        _remove_stale(stale)
    folder = destination.with_name(f"{destination.name}{SUFFIX}")
    lock = None
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        lock = _prepared(folder)
        yield Workplace(folder, destination)
    finally:
        _remove(folder, lock)


def _prepared(folder: Path) -> IO[bytes]:
    """Make what a run needs in its *folder*; return the lock on it."""
    try:
        lock = _locked(folder / _LOCK, "xb")
        (folder / _WORK).mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return lock


def _stale(destination: Path) -> list[Path]:
    """Return what earlier runs may have left here: under this name, and under names made of another time."""
    own = destination.with_name(f"{destination.name}{SUFFIX}")
    others = destination.parent.glob(f"{DEFAULT_PREFIX}*.zip{SUFFIX}")
    return [path for path in {own, *others} if os.path.lexists(path)]


def _remove_stale(folder: Path) -> None:
    """Remove *folder* where it is an earlier run's; leave alone what is anything else."""
    try:
        entries = set(os.listdir(folder)) if stat.S_ISDIR(folder.lstat().st_mode) else {""}  # noqa: PTH208
    except OSError:
        return
    if not entries <= _OWN:
        return
    try:
        lock = _locked(folder / _LOCK, "r+b") if _LOCK in entries else None
    except OSError:
        return  # a run that is going on holds it
    _remove(folder, lock)


def _locked(path: Path, mode: str) -> IO[bytes]:
    """Return the file at *path*, open and locked until it is closed or the process ends; OSError where it is held."""
    file: IO[bytes] = path.open(mode)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # held, or a file system without locks: nobody can tell then, and nothing is removed
                if mode != "xb":
                    raise
    except BaseException:
        file.close()
        raise
    return file


def _remove(folder: Path, lock: IO[bytes] | None) -> None:
    """Remove *folder*, its lock last, so that what a kill leaves is still known for ours."""
    for name in (_WORK, _BUNDLE, _MAPPING):
        if (path := folder / name).is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
    if lock:
        lock.close()
        with suppress(OSError):
            (folder / _LOCK).unlink()
    with suppress(OSError):
        folder.rmdir()


def _move(source: Path, target: Path) -> None:
    """Rename *source* to *target*, which must not exist: never replacing what does."""
    try:
        if sys.platform == "win32":
            source.rename(target)
        else:
            _link(source, target)
    except FileExistsError:
        raise UsageError(f"{target} came into being meanwhile: it is not replaced, give another name with -o") from None
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror or error}") from error


def _link(source: Path, target: Path) -> None:
    """POSIX renames over what exists; a link does not."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        source.rename(target)
    else:
        source.unlink()
