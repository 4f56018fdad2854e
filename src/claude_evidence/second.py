"""A second process of ours: how it is started, and what it does until nobody is there to ask it for more.

It reads nothing but its standard input, in Python's pickle from the process that started it, and ends with that one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any, NoReturn

WORD = "--second-process"
"""What a program that holds its own Python is called with to be the second process."""
_START = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from claude_evidence import second; "
_TOLD_BYTES = 1 << 20


def started() -> subprocess.Popen[bytes] | None:
    """Return another process that will `serve`; None where there is no core for it or it cannot be started."""
    if not sys.executable or cores() < 2:
        return None
    holds_python = bool(getattr(sys, "frozen", False))
    # -P: nothing is imported from the folder that somebody happens to be in
    words = [sys.executable, *([WORD] if holds_python else [*_flags(), "-P", "-c", f"{_START}second.serve()"])]
    try:
        second = subprocess.Popen(  # noqa: S603 - our own program
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # Ctrl-C ends it too, and there is nothing to say about that
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, ValueError):
        return None
    assert second.stdin
    if not holds_python:
        with suppress(OSError):  # one that is gone again answers nothing
            pickle.dump(sys.path, second.stdin)
    return second


def _flags() -> list[str]:
    """Return how this Python was told to trust less of what surrounds it: then the other does not trust it either."""
    flags = {"-I": sys.flags.isolated, "-E": sys.flags.ignore_environment, "-s": sys.flags.no_user_site}
    return [flag for flag, is_set in flags.items() if is_set]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End *process*; it is still to be waited for, once nobody reads its answers."""
    assert process.stdin
    process.kill()
    with suppress(OSError):  # nobody reads what was still to be sent
        process.stdin.close()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve() -> NoReturn:
    """Be the second process: do the jobs that come, until this is ended or nobody is there to send more.

    It is sent the work, a function of a job and of what hears how many bytes were read, then lists of jobs. It answers
    each with the list of what came of them, and before that, now and then, with a job's place and the bytes read.
    """
    received: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, received), daemon=True).start()
    work = received.get()
    while True:
        share, told = received.get(), _Told()
        done = [work(job, told.at(place).read) for place, job in enumerate(share)]
        told.rest()
        _answer(done)


class _Told:
    """Tells how many bytes were read of a share of jobs, a megabyte or more at a time."""

    def __init__(self) -> None:
        self._place, self._held = 0, 0

    def at(self, place: int) -> _Told:
        """Go on with the job at *place*; what is still to be told of the one before is told of this one."""
        self._place = place
        return self

    def read(self, count: int) -> None:
        """Note that *count* bytes were read."""
        self._held += count
        if self._held >= _TOLD_BYTES:
            self.rest()

    def rest(self) -> None:
        """Tell what is not told yet."""
        _answer((self._place, self._held))
        self._held = 0


def _answer(what: object) -> None:
    pickle.dump(what, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _receive(source: IO[bytes], received: SimpleQueue[Any]) -> None:
    """Pass on what is sent; where that ends, so does this process, whatever it is at."""
    try:
        while True:
            received.put(pickle.load(source))  # noqa: S301 - from the process that started this one
    finally:
        os._exit(1)
