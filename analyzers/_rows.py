"""Rows as plain dicts, for the few that are looked at one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._textscan import Texts

Positions = np.ndarray[Any, np.dtype[np.intp]]


def records(table: pd.DataFrame, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the rows as dicts in which every missing value is None; of the *columns* named, else of all."""
    if table.empty:
        return []
    names = tuple(columns) or tuple(table.columns)  # an index of texts is slow to go through
    return [
        dict(zip(names, values, strict=True)) for values in zip(*(_values(table[name]) for name in names), strict=True)
    ]


def _values(series: pd.Series[Any]) -> list[Any]:
    if isinstance(series.dtype, pd.CategoricalDtype) and isinstance(series.cat.categories.dtype, pd.StringDtype):
        words = [*series.cat.categories.tolist(), None]  # the last stands for a missing value
        return [words[code] for code in series.array.codes.tolist()]
    values = series.tolist()
    for place in np.flatnonzero(series.isna().to_numpy()).tolist():
        values[place] = None
    return values


def pick(table: pd.DataFrame, positions: Positions, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the rows at *positions*, in that order.

    As ``iloc``, which first copies every text of a column that lies in many chunks.
    """
    in_order = bool((positions[1:] > positions[:-1]).all())
    order = positions if in_order else np.unique(positions)
    names = table.columns if columns is None else columns
    chosen = pd.DataFrame({name: _taken(table[name], order) for name in names})
    return chosen if in_order else chosen.iloc[np.searchsorted(order, positions)]


def _taken(series: pd.Series[Any], order: Positions) -> Any:
    if isinstance(series.dtype, pd.StringDtype) and len(series):
        return pd.Series(Texts.column(series).take(order).strings, dtype=series.dtype)
    if isinstance(series.dtype, pd.CategoricalDtype):
        words = series.cat.categories
        if len(words) > len(order) and isinstance(words.dtype, pd.StringDtype):
            # what is asked of a category is asked of every word that it could have
            return words.array.take(series.array.codes[order], allow_fill=True)
    return series.array.take(order)


def rows_of(words: pd.Series[Any], wanted: Collection[str]) -> Positions:
    """Return the positions of the rows of a categorical column that hold one of the words *wanted*."""
    codes = words.array.codes
    found = np.zeros(len(codes), dtype=bool)
    for code, word in enumerate(words.cat.categories):
        if word in wanted:
            found |= codes == code
    return np.flatnonzero(found)


def stamp(time: datetime) -> str:
    """Return *time* to the second, as findings tell it; no zone is said."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def moment(value: Any) -> Any:
    """Return a pandas time as the standard library's; any other value, None too, as it is."""
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def lower(text: Any) -> str:
    """Return *text* in lower case, or the empty string where it is no text."""
    return text.lower() if isinstance(text, str) else ""
