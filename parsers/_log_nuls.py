"""Runs of NUL bytes in a log: what a power loss leaves where text was about to be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# no record's beginning, up to its tag, is longer
_START_BYTES = 400
_NAMED = 20


@dataclass(slots=True)
class Nuls:
    """Each run shrinks to one byte until its line is whole; then it is noted and cut.

    ``found`` holds line and length of the first runs, ``more`` says how many others there were, ``more_bytes`` how long
    they were in all.
    """

    found: list[tuple[int, int]] = field(default_factory=list)
    more: int = 0
    more_bytes: int = 0
    _lengths: list[int] = field(default_factory=list)
    _open: bool = False

    @property
    def pending(self) -> bool:
        """Whether some NUL was seen that is not cut yet."""
        return bool(self._lengths)

    def shrink(self, chunk: bytes) -> bytes:
        """Return *chunk* with every run of NULs as one NUL, or none where the run began in the chunk before."""
        was_open, self._open = self._open, chunk.endswith(b"\0")
        if b"\0" not in chunk:
            return chunk
        buffer = np.frombuffer(chunk, np.uint8)
        nul = np.concatenate([[False], buffer == 0, [False]])
        edges = np.flatnonzero(nul[1:] != nul[:-1])
        keep = buffer != 0
        keep[edges[::2]] = True
        lengths = (edges[1::2] - edges[::2]).tolist()
        if was_open and edges[0] == 0:
            self._lengths[-1] += lengths.pop(0)
            keep[0] = False
        self._lengths += lengths
        kept: bytes = buffer[keep].tobytes()
        return kept

    def trim(self, line: bytes, limit: int, number: int) -> bytes:
        """Return the first *limit* bytes of line *number*, whose end is not seen yet."""
        gone = line.count(b"\0", limit)
        if gone:
            self._note([number] * gone, self._lengths[-gone:])
            del self._lengths[-gone:]
            self._open = False
        return line[:limit]

    def _note(self, lines: list[int], lengths: list[int]) -> None:
        room = _NAMED - len(self.found)
        self.found += zip(lines[:room], lengths[:room], strict=True)
        self.more += len(lengths[room:])
        self.more_bytes += sum(lengths[room:])

    def cut(self, data: bytes, number: int, start: re.Pattern[bytes]) -> tuple[bytes, NDArray[np.int64]]:
        """Return the whole lines *data*, from line *number* on, without NULs, and where line breaks took their place.

        A run becomes a line break where the text after it begins as a record does: the app was started again after
        a crash and wrote on. Elsewhere it is cut, and the text around it stays together.
        """
        buffer = np.frombuffer(data, np.uint8)
        at = np.flatnonzero(buffer == 0)
        lines = number + np.searchsorted(np.flatnonzero(buffer == 10), at)
        self._note(lines.tolist(), self._lengths[: len(at)])
        del self._lengths[: len(at)]
        inside = at[(at > 0) & (buffer[at - 1] != 10)]
        breaks = np.array([p for p in inside.tolist() if _starts(start, data, p + 1)], dtype=np.int64)
        text = buffer.copy()
        text[breaks] = 10
        dropped_before = np.searchsorted(np.setdiff1d(at, breaks), breaks)
        return text[text != 0].tobytes(), breaks - dropped_before


def _starts(start: re.Pattern[bytes], data: bytes, position: int) -> bool:
    """Return whether the text at *position*, up to the next NUL or line end, begins as a record does."""
    segment = re.split(rb"[\0\n]", data[position : position + _START_BYTES], maxsplit=1)[0]
    return start.match(segment.removesuffix(b"\r")) is not None
