"""What a run leaves behind: one file under the name asked for, whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from claude_evidence.usage import UsageError

# How a report of ours says that it is one, in its first or last bytes: HTML, JSON, Markdown, Timesketch, CSV, Parquet.
OWN_MARKS = (
    b"Claude Desktop evidence</title>",
    b'; base-uri &#39;none&#39;; form-action &#39;none&#39;">\n<meta name="viewport"',  # the title has a language
    b'"schema": "claude-evidence/report/',
    b'"schema": "claude-evidence/comparison/',
    b"<sub>claude-evidence",
    b'"data_type": "claude-evidence:',
    b"datetime,timestamp_desc,message,data_type,member,",
    b"claude-evidence/timeline/1",
)
_LOOKED_AT_BYTES = 8192
SUFFIXES = {
    ".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".json": "json", ".jsonl": "timesketch",
    ".csv": "csv", ".parquet": "parquet",
}  # fmt: skip


def now() -> datetime:
    """Return the report's own time; SOURCE_DATE_EPOCH fixes it for reproducible builds; UsageError if it is no time."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError("SOURCE_DATE_EPOCH is no number of seconds since 1970 that a date can hold") from None


def form_of(output: Path | None) -> str:
    """Return the format that the ending of *output* asks for, html where it has none; UsageError for another one."""
    suffix = output.suffix.lower() if output else ""
    if suffix and suffix not in SUFFIXES:
        raise UsageError(
            f"{output}: {suffix} is no format of a report;"
            " end the name in .html, .md, .json, .jsonl, .csv or .parquet, or give -f"
        )
    return SUFFIXES.get(suffix, "html")


def check_target(output: Path, kept: Iterable[Path | None], *, chosen: bool = True, force: bool = False) -> bool:
    """Return whether a file at *output* will be replaced; UsageError where writing there would harm anything.

    *kept* are the files and folders that are read, None for one that was not given. A link is refused, for whoever made
    the folder chose where it leads; so is a file that is no report of ours, unless *force* is set. With *chosen* False
    the name is our own: an earlier report of that name may be replaced even where it lies in a folder that is read.
    """
    if str(output) == "-":
        return False
    if output.is_symlink():
        raise UsageError(f"{output} is a link: name the file itself (- is standard output)")
    if output.is_dir():
        raise UsageError(f"{output} is a folder: name a file to write the report to")
    if not output.parent.is_dir():
        raise UsageError(f"{output}: there is no folder of that name to write to")
    if not output.exists():
        return False
    _refuse_read(output, filter(None, kept), chosen=chosen)
    if _is_special(output):
        return False
    if not force and not is_own_report(output):
        raise UsageError(f"{output} exists and is no report of this program: name another file, or give --force")
    return True


def _refuse_read(output: Path, kept: Iterable[Path], *, chosen: bool) -> None:
    for path in kept:
        if path.is_dir() and chosen and path.resolve() in output.resolve().parents:
            raise UsageError(f"{output} lies in {path}, which is read: the report would take its place")
        if path.exists() and output.samefile(path):
            raise UsageError(f"{output} is read itself: the report would take its place")


def is_own_report(path: Path) -> bool:
    """Return whether the file at *path* is a report of ours, or empty; UsageError where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT_BYTES)
            file.seek(max(0, path.stat().st_size - _LOOKED_AT_BYTES))
            tail = file.read(_LOOKED_AT_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from error
    return not head or any(mark in head or mark in tail for mark in OWN_MARKS)


def write(pieces: Iterable[str | bytes], output: Path, *, private: bool = False) -> None:
    """Write *pieces* to *output* (``-`` is standard output) under a temporary name, renamed when complete.

    A *private* file is its owner's alone, where the system knows of such a thing.
    A device or a pipe is written to as it is. UsageError where that fails; a reader that went away is no failure.
    """
    data = (piece if isinstance(piece, bytes) else piece.encode("utf-8") for piece in pieces)
    try:
        if str(output) == "-":
            sys.stdout.buffer.writelines(data)
            sys.stdout.buffer.flush()
        elif _is_special(output):
            with output.open("wb") as file:
                file.writelines(data)
        else:
            _write_whole(data, output, private=private)
    except BrokenPipeError:
        let_go(sys.stdout)
    except OSError as error:
        name = "standard output" if str(output) == "-" else output
        raise UsageError(f"{name}: cannot be written: {error.strerror or type(error).__name__}") from error


def let_go(stream: TextIO) -> None:
    """Send what may still be written to *stream* nowhere: its reader went away."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _is_special(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _write_whole(data: Iterable[bytes], output: Path, *, private: bool) -> None:
    """Write to a new file beside *output*, whose name nobody can have prepared, and rename it."""
    partial = output.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            if private:
                partial.chmod(0o600)
            file.writelines(data)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
