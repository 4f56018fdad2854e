"""What a run made and the next one may read: kept among Python's own compiled modules, under the same conditions.

It lies beside the compiled modules of the folder that holds this package, not in the package: an installer leaves what
it did not install, and a folder of the package that it leaves would hide the package that is installed next.

Nothing is kept where Python keeps nothing (``-B``, PYTHONDONTWRITEBYTECODE, a zip application, a folder that cannot be
written to). Trust and place are those of ``.pyc`` files: whoever can write there can change the program itself.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

# What a damaged disk makes of a pickle or of code may still load, as something else: a digest stands before it.
_DIGEST_BYTES = 32


def folder() -> Path | None:
    """Return the folder where things are kept, None where Python keeps nothing of this package."""
    own = Path(__file__)
    if sys.dont_write_bytecode or not own.is_file() or not _compiled_beside(own).is_dir():
        return None
    kept = _compiled_beside(own.parent)
    with suppress(OSError):
        kept.mkdir(exist_ok=True)
    return kept if kept.is_dir() and os.access(kept, os.W_OK) else None


def _compiled_beside(path: Path) -> Path:
    """Return the folder of compiled modules for the folder that holds *path*."""
    return Path(cache_from_source(str(path.with_suffix(".py")))).parent


def key(files: Iterable[Path], *versions: str) -> str:
    """Return 32 hex digits that change when one of *files* (by path, size and time of writing) or *versions* does."""
    states = ((str(path), path.stat()) for path in files)
    told = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
    return hashlib.sha256(repr((told, versions, sys.version)).encode()).hexdigest()[:32]


def read(place: Path) -> bytes | None:
    """Return what was kept at *place*, None where nothing was, or where it is not what was written."""
    try:
        data = place.read_bytes()
    except OSError:
        return None
    digest, kept = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return kept if hashlib.sha256(kept).digest() == digest else None


def write(place: Path, data: bytes, older: str = "") -> None:
    """Keep *data* at *place*, whole or not at all, in the stead of its siblings that match the pattern *older*."""
    partial = place.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        partial.write_bytes(hashlib.sha256(data).digest() + data)
        for old in place.parent.glob(older) if older else ():
            old.unlink(missing_ok=True)
        partial.replace(place)
    except OSError:
        partial.unlink(missing_ok=True)
