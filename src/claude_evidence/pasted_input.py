"""What a person pastes: standard input as an input like any other."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from claude_evidence.usage import UsageError

LIMIT_BYTES = 16 << 20
NAME = "pasted.md"
_HINT = "Paste the report or log, then press Ctrl-D on an empty line (on Windows Ctrl-Z, then Enter)."


@contextmanager
def with_standard_input(inputs: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield *inputs* with ``-`` as a file that holds what standard input gave and is gone afterwards.

    Raises UsageError where nothing came, too much (over 16 MiB), or ``-`` was given twice.
    """
    places = [number for number, path in enumerate(inputs) if str(path) == "-"]
    if not places:
        yield tuple(inputs)
        return
    if len(places) > 1:
        raise UsageError("- is given twice: standard input can be read once")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_bytes(_read())
        try:
            yield (*inputs[: places[0]], file, *inputs[places[0] + 1 :])
        except UsageError as error:  # of a file that nobody gave
            raise UsageError(str(error).replace(str(file), "standard input").replace(NAME, "standard input")) from None


def _read() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("standard input is closed: give a file instead of -")
    if sys.stdin.isatty():
        print(_HINT, file=sys.stderr, flush=True)  # noqa: T201 - whoever types has to know how to end
    data = sys.stdin.buffer.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise UsageError(f"standard input is longer than {LIMIT_BYTES:,} bytes: give the file instead of -")
    if not data.strip():
        raise UsageError("standard input is empty: paste a report or a log, or give a file")
    return data
