"""Host paths that were met, each with the folders that it leads through."""

from __future__ import annotations

import re

from claude_evidence.collector import _path_text

MOST_PATHS = 20_000
LONGEST = 8192
"""Characters that a value may have; what is longer is text."""
_LONGEST_PATH = 4096
_PREFIX = re.compile(r".*?(?P<path>(?:[A-Za-z]:|~)?[\\/].*)\Z", re.DOTALL)


class MetPaths:
    """Remembers paths, and their folders as paths, until they are `MOST_PATHS`."""

    def __init__(self) -> None:
        self._met: dict[str, None] = {}

    def new(self, path: str) -> list[str]:
        """Return the pieces of *path*, its parts at odd places; nothing where it was met before or is no path."""
        match = _PREFIX.match(path[:_LONGEST_PATH])
        if not match or match["path"] in self._met or len(self._met) >= MOST_PATHS:
            return []
        pieces = _path_text.split(match["path"])
        for end in range(3, len(pieces) + 1, 2):
            self._met["".join(pieces[:end]).rstrip("\\/")] = None
        return pieces

    def all(self) -> frozenset[str]:
        """Return every path that was met."""
        return frozenset(self._met)
