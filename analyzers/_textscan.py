"""Many texts in Arrow memory, searched without making a Python string of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from claude_evidence.analyzers._bytescan import (
    SHARED_LENGTH,
    Counts,
    Mask,
    Needle,
    Places,
    find,
    frequent,
    same,
    word_counts,
)
from claude_evidence.analyzers._text import Glob, fold

if TYPE_CHECKING:
    import pandas as pd

Array = Any
"""An Arrow array (the stubs want its element type everywhere)."""

FEW = 48
"""Up to so many texts Python strings are faster than arrays."""

_KEY = 8
_MIX = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 1 << 16


class _Chunk:
    """One contiguous piece: ``data`` holds the texts end to end, ``offsets`` says where each begins."""

    def __init__(self, array: Array) -> None:
        array = array if pa.types.is_large_string(array.type) else array.cast(pa.large_string())
        self.array = array
        buffers = array.buffers()
        self.offsets: Places = np.frombuffer(buffers[1], np.int64)[array.offset : array.offset + len(array) + 1]
        self.base = int(self.offsets[0])
        everything = np.frombuffer(buffers[2], np.uint8) if buffers[2] else np.empty(0, np.uint8)
        self.data = everything[self.base : int(self.offsets[-1])]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def standing(self, needle: Needle, *, at_end: bool) -> Places:
        """Return the rows that begin (or end) with *needle*."""
        size = len(needle.text)
        if size <= len(self.data) >= _KEY:
            rows = np.flatnonzero(self._keyed(needle.text, at_end=at_end))
        else:
            rows = np.arange(len(self))
        rows = rows[self.offsets[1:][rows] - self.offsets[rows] >= size]
        places = (self.offsets[1:][rows] - size if at_end else self.offsets[rows]) - self.base
        return rows[same(self.data, places, needle)]

    def starting(self, needles: Sequence[Needle]) -> Places:
        """Return the rows that begin with one of *needles*; those of eight bytes and more are told by one look."""
        long = [needle for needle in needles if len(needle.text) >= _KEY] if len(self.data) >= _KEY else []
        found = [self.standing(needle, at_end=False) for needle in needles if needle not in long]
        if long:
            keys, outside = self._first_keys
            wanted = [int.from_bytes(bytes(byte | 0x20 for byte in needle.text[:_KEY]), "little") for needle in long]
            table = np.zeros(1 << 16, np.bool_)
            table[(np.array(wanted, np.uint64) * _MIX) >> np.uint64(48)] = True
            may = table.take((keys * _MIX) >> np.uint64(48))
            may[outside] = True
            rows = np.flatnonzero(may)
            theirs, edge = keys[rows], np.isin(rows, outside)
            found += [self._beginning(n, rows[(theirs == key) | edge]) for n, key in zip(long, wanted, strict=True)]
        return _each_once(np.sort(np.concatenate(found), kind="stable"))

    def _beginning(self, needle: Needle, rows: Places) -> Places:
        rows = rows[self.offsets[1:][rows] - self.offsets[rows] >= len(needle.text)]
        return rows[same(self.data, self.offsets[rows] - self.base, needle)]

    def _keyed(self, text: bytes, *, at_end: bool) -> Mask:
        """Return which rows may begin (or end) with *text*, judged by eight bytes and without regard to case."""
        count = min(len(text), _KEY)
        part = text[-count:] if at_end else text[:count]
        wanted = int.from_bytes(bytes(byte | 0x20 for byte in part), "little")
        keys, outside = self._last_keys if at_end else self._first_keys
        if count < _KEY:
            keys = keys >> np.uint64(8 * (_KEY - count)) if at_end else keys & np.uint64((1 << 8 * count) - 1)
        may: Mask = keys == np.uint64(wanted)
        may[outside] = True
        return may

    @cached_property
    def _first_keys(self) -> tuple[NDArray[np.uint64], Places]:
        return self._keys(self.offsets[:-1], -self.base)

    @cached_property
    def _last_keys(self) -> tuple[NDArray[np.uint64], Places]:
        return self._keys(self.offsets[1:], -self.base - _KEY)

    def _keys(self, borders: Places, shift: int) -> tuple[NDArray[np.uint64], Places]:
        """Return the eight bytes at each shifted border, letters' case bit set, and the rows whose are not all in the
        data."""
        view = np.ndarray((len(self.data) - _KEY + 1,), "<u8", self.data, strides=(1,))
        keys, outside = np.empty(len(borders), np.uint64), []
        for start in range(0, len(borders), _BLOCK):
            block = slice(start, start + _BLOCK)
            places = borders[block] + shift
            if places[0] < 0 or places[-1] >= len(view):
                outside.append(np.flatnonzero((places < 0) | (places >= len(view))) + start)
                np.clip(places, 0, len(view) - 1, out=places)
            # not take(): it would copy the overlapping view, eight times the data
            np.bitwise_or(view[places], np.uint64(0x2020202020202020), out=keys[block])
        return keys, np.concatenate(outside) if outside else np.empty(0, np.intp)

    def equal(self, needle: Needle) -> Places:
        rows = np.flatnonzero(self.lengths == len(needle.text))
        return rows[same(self.data, self.offsets[rows] - self.base, needle)]

    def containing(self, needles: Sequence[Needle]) -> dict[Needle, Places]:
        """Return the rows that have each needle in them."""
        rows = {}
        for needle, places in find(self.data, needles, self.counts).items():
            owners = np.searchsorted(self.offsets, places + self.base, side="right") - 1
            # texts stand end to end: a match over the border of two is none
            inside = places + self.base + len(needle.text) <= self.offsets[owners + 1]
            rows[needle] = _each_once(owners[inside])
        return rows

    @cached_property
    def counts(self) -> Counts | None:
        """How often each hashed word stands in a sample of the texts; None where they are few."""
        return word_counts(self.data)

    def full_of(self, needle: Needle) -> bool:
        """Return whether *needle* is in so many texts that it is better asked of some of them only."""
        return self.counts is not None and frequent(needle, self.counts)

    @cached_property
    def beyond_ascii(self) -> Places:
        """The rows with a character that is not ASCII."""
        step = 1 << 20
        places = [np.flatnonzero(self.data[i : i + step] >= 0x80) + i for i in range(0, len(self.data), step)]
        if not places:
            return np.empty(0, np.intp)
        return _each_once(np.searchsorted(self.offsets, np.concatenate(places) + self.base, side="right") - 1)


class Texts:
    """A column of texts, some of which may be missing: a missing one fits nothing."""

    def __init__(self, array: Array) -> None:
        pieces = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        self.chunks = [_Chunk(piece) for piece in pieces if len(piece)]
        self.starts: Places = np.cumsum([0, *(len(chunk) for chunk in self.chunks)], dtype=np.intp)
        self.size_bytes = sum(len(chunk.data) for chunk in self.chunks)
        self._wanted: set[Needle] = set()
        self._found: dict[Needle, Places] = {}

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Texts:
        """Return *values* as such a column."""
        # a lone surrogate cannot be stored: it comes from nowhere but hostile JSON
        return cls(pa.array([v and v.encode("utf-8", "replace").decode() for v in values], pa.large_string()))

    @classmethod
    def column(cls, series: pd.Series[Any]) -> Texts:
        """Return *series*, which has dtype ``str``, as it lies in memory."""
        return cls(pa.chunked_array(series.array.__arrow_array__()))

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def present(self) -> Mask:
        """Which texts are there."""
        parts = [np.asarray(chunk.array.is_valid(), np.bool_) for chunk in self.chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)

    def take(self, rows: Places) -> Texts:
        """Return the texts at *rows*, which are in order."""
        bounds = np.searchsorted(rows, self.starts)
        pieces = [
            chunk.array.take(pa.array(rows[low:high] - start))
            for chunk, start, low, high in zip(self.chunks, self.starts[:-1], bounds[:-1], bounds[1:], strict=True)
            if high > low
        ]
        return Texts(pa.chunked_array(pieces, pa.large_string()))

    @cached_property
    def strings(self) -> list[str | None]:
        """All texts as Python strings."""
        return [text for chunk in self.chunks for text in chunk.array.to_pylist()]

    @cached_property
    def folded(self) -> list[str | None]:
        """All texts as Python strings in the form that ignores case."""
        return [text if text is None else fold(text) for text in self.strings]

    def expect(self, glob: Glob) -> bool:
        """Say that *glob* may be asked for, so that its search shares a pass over the data with others.

        Return whether that pass alone answers it: then ask `rows_containing`. What is in every other row is better
        asked of the few rows that rarer questions leave, and is no part of that pass.
        """
        needle = _needle(glob)
        if len(self) <= FEW or len(needle.text) < SHARED_LENGTH:
            return False
        if any(chunk.full_of(needle) for chunk in self.chunks):
            return False
        self._wanted.add(needle)
        return glob.bytewise and glob.simple is not None and glob.simple[0] == "contains"

    def rows_containing(self, glob: Glob) -> Places:
        """Return the rows that have the longest literal of *glob* in them."""
        return self._rows_containing(_needle(glob))

    def fitting(self, glob: Glob) -> Mask:
        """Return which texts fit *glob*."""
        if len(self) <= FEW:
            texts = self.strings if glob.cased else self.folded
            return np.array([text is not None and glob.fits_folded(text) for text in texts], np.bool_)
        if glob.simple and glob.bytewise:
            return self._simple(*glob.simple, glob.cased)
        rows = self._candidates(glob)
        texts = self.take(rows).strings
        return self._mask(rows[[text is not None and glob.fits(text) for text in texts]] if len(rows) else rows)

    def starting(self, prefixes: Sequence[str]) -> Places:
        """Return the rows of the texts that begin with one of *prefixes*, to the letter."""
        needles = [Needle(prefix.encode(), cased=True) for prefix in prefixes]
        return self._each(partial(_Chunk.starting, needles=needles))

    def matching(self, pattern: str) -> Mask:
        """Return which texts have a match of the RE2 *pattern* somewhere in them (`pa.ArrowInvalid`: it is none)."""
        parts = [_filled(pc.match_substring_regex(chunk.array, pattern)) for chunk in self.chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)

    def _simple(self, kind: str, literal: str, cased: bool) -> Mask:
        needle = Needle(literal.encode("utf-8", "surrogatepass"), cased)
        if kind == "any":
            return self.present.copy()
        if kind == "contains":
            return self._mask(self._rows_containing(needle))
        if kind == "equals":
            return self._mask(self._each(lambda chunk: chunk.equal(needle)))
        return self._mask(self._each(lambda chunk: chunk.standing(needle, at_end=kind == "endswith")))

    def _candidates(self, glob: Glob) -> Places:
        needle = _needle(glob)
        if needle.text:
            return self._rows_containing(needle)
        if not glob.bytewise:
            return self._each(lambda chunk: chunk.beyond_ascii)
        return np.flatnonzero(self.present)

    def _rows_containing(self, needle: Needle) -> Places:
        if needle not in self._found:
            shared = {needle, *self._wanted} - self._found.keys() if len(needle.text) >= SHARED_LENGTH else {needle}
            needles = sorted(shared, key=lambda n: (n.text, n.cased))
            rows = [chunk.containing(needles) for chunk in self.chunks]
            for each in needles:
                parts = [found[each] + start for found, start in zip(rows, self.starts, strict=False)]
                self._found[each] = np.concatenate(parts) if parts else np.empty(0, np.intp)
        return self._found[needle]

    def _each(self, rows_of: Callable[[_Chunk], Places]) -> Places:
        parts = [rows_of(chunk) + start for chunk, start in zip(self.chunks, self.starts, strict=False)]
        return np.concatenate(parts) if parts else np.empty(0, np.intp)

    def _mask(self, rows: Places) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[rows] = True
        return mask & self.present


def _needle(glob: Glob) -> Needle:
    return Needle(glob.needle.encode("utf-8", "surrogatepass"), glob.cased)


def _each_once(rows: Places) -> Places:
    """Return *rows*, which are in order, without repetitions (many times faster than `np.unique`)."""
    return rows[np.append(True, rows[1:] != rows[:-1])] if len(rows) else rows


def _filled(answers: Array) -> Mask:
    return np.asarray(answers.fill_null(False), np.bool_)
