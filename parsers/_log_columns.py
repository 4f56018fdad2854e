"""Columns that grow block by block, and the distinct ones among many short byte strings."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_STEP = 1 << 18


class Column:
    """An array to append to. Room is made for the rows expected; what is never written to costs no memory."""

    def __init__(self, dtype: str, expected: int = 0) -> None:
        """Make an empty column of *dtype*."""
        self._buffer: NDArray[Any] = np.empty(max(expected, 64), dtype=dtype)
        self._rows = 0

    def add(self, values: NDArray[Any]) -> None:
        """Append *values*."""
        self.grow(len(values))[:] = values

    def grow(self, rows: int) -> NDArray[Any]:
        """Append *rows* rows, and return them to be filled."""
        start, end = self._rows, self._rows + rows
        if end > len(self._buffer):
            wider = np.empty(max(end, 2 * len(self._buffer)), dtype=self._buffer.dtype)
            wider[:start] = self.values
            self._buffer = wider
        self._rows = end
        return self._buffer[start:end]

    @property
    def values(self) -> NDArray[Any]:
        """The rows so far."""
        return self._buffer[: self._rows]


def positions(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return where *mask* is true. Arrow needs half of numpy's time for it, where about one in a hundred is."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    chosen = pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits])
    found: NDArray[np.int32] = _numbers(-(-len(mask) // _STEP) * _STEP)[: len(mask)].filter(chosen).to_numpy()
    return found


@cache
def _numbers(size: int) -> pa.Int32Array:
    return pa.array(np.arange(size, dtype=np.int32))


def distinct(windows: NDArray[np.uint8]) -> tuple[list[bytes], NDArray[np.int32]]:
    """Return the distinct rows of *windows*, and which of them each row is."""
    rows, width = windows.shape
    buffers = [None, pa.py_buffer(windows)]
    encoded = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, buffers).dictionary_encode()
    words, size = encoded.dictionary.buffers()[1].to_pybytes(), len(encoded.dictionary)
    return [words[at : at + width] for at in range(0, size * width, width)], encoded.indices.to_numpy()
