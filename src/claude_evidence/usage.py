"""Wrong use and the way out: kept apart from the types, so that ``--help`` loads next to nothing."""

import os
import sys
from typing import NoReturn


class UsageError(Exception):
    """Wrong use or unreadable input: one clear line for the user, exit code 2."""


def printable(text: str) -> str:
    """Make control and bidirectional characters of *text* visible: names come from strangers."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def leave(code: int) -> NoReturn:
    """End the process with *code*, or with 2 where what was said did not arrive.

    Only memory is left to give back then, and doing that piece by piece costs a tenth of a run.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 2
    os._exit(code)
