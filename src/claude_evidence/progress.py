"""Progress on standard error: shown only on a terminal, and only once a run takes more than two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from claude_evidence.model import Member

QUIET_S = 2.0
EVERY_S = 0.1
NAME_WIDTH = 50
BAR_WIDTH = 20


class Progress:
    """A line that says which member is being read; it cleans itself up."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._start = time.monotonic()
        self._last = 0.0
        self._bytes = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._on and self._last:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal's own line

    def member(self, member: Member, number: int, total: int) -> None:
        """Say that *member* is next, the *number*-th (from 0) of *total*."""
        name = "".join(c if c.isprintable() else "?" for c in member.name)[-NAME_WIDTH:]
        self.say(f"{number + 1}/{total}  {self._bytes / 1e6:,.0f} MB read  {name}")
        self._bytes += member.size_bytes

    def bar(self, what: str, done: int, total: int) -> None:
        """Show how many of *total* bytes are *done*, and *what* is being done."""
        if not self._is_due():
            return
        part = min(done / total, 1.0) if total else 1.0
        filled = "#" * int(part * BAR_WIDTH)
        name = "".join(c if c.isprintable() else "?" for c in what)
        name = name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
        self.say(f"[{filled:-<{BAR_WIDTH}}] {part:4.0%}  {min(done, total) / 1e6:,.0f}/{total / 1e6:,.0f} MB  {name}")

    def say(self, text: str) -> None:
        """Show *text* unless the run is young or the last line is."""
        if self._is_due():
            self._last = time.monotonic()
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201

    def _is_due(self) -> bool:
        now = time.monotonic()
        return self._on and now - self._start > QUIET_S and now - self._last > EVERY_S
