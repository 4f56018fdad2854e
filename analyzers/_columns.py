"""A table's columns as text: distinct values and which row holds which."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.analyzers._bytescan import Mask, Places
from claude_evidence.analyzers._questions import Test
from claude_evidence.analyzers._text import fold
from claude_evidence.analyzers._textscan import Array, Texts

if TYPE_CHECKING:
    Series = pd.Series[Any]

_SAMPLE = 2_000
_SMALL_BYTES = 1 << 16
_LARGE_BYTES = 1 << 25
"""To tell distinct texts apart then costs more than to search them all."""
_WHOLE = 8
"""A test on more than one in so many rows is made on all of them, once."""


class Column:
    """One column: ``codes`` into ``texts``, -1 where the value is missing; without codes each row has its own text."""

    def __init__(self, texts: Texts, codes: NDArray[Any] | None = None, times: Series | None = None) -> None:
        self.texts = texts
        self.codes = codes
        self.times = times
        self._asked: dict[Hashable, Mask] = {}
        self._begun: dict[tuple[str, ...], Places] = {}

    @classmethod
    def of(cls, series: Series) -> Column:
        """Return *series* as such a column: numbers, times and booleans become the text that rules compare."""
        if isinstance(series.dtype, pd.CategoricalDtype):
            words = series.cat.categories
            plain = isinstance(words.dtype, pd.StringDtype)
            texts = Texts(pa.chunked_array(words.array.__arrow_array__())) if plain else Texts.of(texts_of(words))
            return cls(texts, series.array.codes)  # type: ignore[attr-defined]
        if isinstance(series.dtype, pd.StringDtype):
            return cls._of_strings(pa.chunked_array(series.array.__arrow_array__()))  # type: ignore[attr-defined]
        if series.dtype == object:
            return cls._of_strings(pa.chunked_array([pa.array(texts_of(series), pa.large_string())]))
        codes, values = _factorized(series)
        times = series if isinstance(series.dtype, pd.DatetimeTZDtype) or series.dtype.kind == "M" else None
        return cls(Texts.of(texts_of(values)), codes, times)

    @classmethod
    def _of_strings(cls, array: Array) -> Column:
        texts = Texts(array)
        if array.nbytes > _LARGE_BYTES or (array.nbytes > _SMALL_BYTES and not _repeats(texts)):
            return cls(texts)
        encoded: Array = array.combine_chunks().dictionary_encode()
        encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
        return cls(Texts(encoded.dictionary), encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False))

    def __len__(self) -> int:
        return len(self.texts) if self.codes is None else len(self.codes)

    @property
    def wide(self) -> bool:
        """Whether the rows' texts are mostly different: a question then costs as much as there is text."""
        return self.codes is None

    def mapped(self, values: Mapping[str, str]) -> Column:
        """Return this column with the texts that *values* names replaced."""
        replaced = [text if text is None else values.get(text, text) for text in self.texts.strings]
        return Column(Texts.of(replaced), self.codes)

    def passing(self, test: Test, rows: Places) -> Places:
        """Return those of *rows* (in order, each once) that pass *test*."""
        if test.key in self._asked:
            return self._chosen(self._asked[test.key], rows)
        if self.codes is None:
            few = len(rows) * _WHOLE < len(self)
            return rows[test.on(self.texts.take(rows))] if few else self._chosen(test.on(self.texts), rows)
        answers = np.append(test.on(self.texts), False)  # code -1: missing
        self._asked[test.key] = answers
        return self._chosen(answers, rows)

    def starting(self, prefixes: Sequence[str]) -> Places:
        """Return the rows that begin with one of *prefixes*, to the letter."""
        key = tuple(prefixes)
        if key not in self._begun:
            begins = np.zeros(len(self.texts) + 1, np.bool_)  # the last stands for a missing value
            begins[self.texts.starting(key)] = True
            every = begins[:-1] if self.codes is None else begins
            self._begun[key] = np.flatnonzero(self._lifted(every))
        return self._begun[key]

    def present(self, rows: Places) -> Mask:
        """Return in which of *rows* there is a value."""
        if self.codes is None:
            return self._lifted(self.texts.present, rows)
        return self._lifted(np.append(self.texts.present, False), rows)

    def strings(self, rows: Places) -> list[str | None]:
        """Return the texts of *rows*, which are in order."""
        if self.codes is None:
            return self.texts.take(rows).strings
        values = [*self.texts.strings, None]
        return [values[code] for code in self.codes[rows].tolist()]

    def folded(self, rows: Places) -> list[str | None]:
        """Return the texts of *rows* in the form that ignores case."""
        if self.codes is None:
            return self.texts.take(rows).folded
        values = [*self.texts.folded, None]
        return [values[code] for code in self.codes[rows].tolist()]

    def equals_any(self, values: Sequence[str]) -> Mask:
        """Return which rows hold one of *values*, in any case."""
        wanted = {fold(value) for value in values}
        fits: Mask = np.array([*(text in wanted for text in self.texts.folded), False], np.bool_)
        return self._lifted(fits[:-1] if self.codes is None else fits)

    def _chosen(self, answers: Mask, rows: Places) -> Places:
        """Return those of *rows* whose answer is yes; mostly no text fits, and then no row is looked at."""
        if not answers.any():
            return rows[:0]
        mask = self._lifted(answers, rows)
        return np.flatnonzero(mask) if len(rows) == len(self) else rows[mask]

    def _lifted(self, answers: Mask, rows: Places | None = None) -> Mask:
        """Return the answer of each of *rows*, of every row without them."""
        if rows is not None and len(rows) == len(self):
            rows = None
        if self.codes is None:
            return answers if rows is None else answers[rows]
        codes = self.codes if rows is None else self.codes[rows]
        passing = np.flatnonzero(answers)
        if not len(passing):
            return np.zeros(len(codes), np.bool_)
        if len(passing) == 1:  # never the last, which stands for a missing value
            return np.asarray(codes == passing[0])  # twenty times faster than the way for any number
        return np.asarray(answers[codes])


def _factorized(series: Series) -> tuple[NDArray[Any], Any]:
    """Return codes (-1: missing) and distinct values.

    Joined columns are mostly missing, so only the rest is looked at.
    """
    there = series.notna().to_numpy()
    codes = np.full(len(series), -1, np.int64)
    codes[there], values = pd.factorize(series[there])
    return codes, values


def _repeats(texts: Texts) -> bool:
    # at random (the same each time): a storm may come in any rhythm; chunk by chunk, or all of them would be copied
    chosen = np.sort(np.random.default_rng(1).integers(0, len(texts), _SAMPLE))
    return len(set(texts.take(chosen).strings)) * 2 <= _SAMPLE


def texts_of(values: Any) -> list[str | None]:
    """Return each value as the text that rules compare: ``true``, ``4688``, ``2026-05-17T07:27:00Z``, or None."""
    return [_text_of(value) for value in values]


def _text_of(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
