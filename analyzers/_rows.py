"""Rows as plain dicts, for the few that are looked at one by one."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dicts in which every missing value is None."""
    if table.empty:
        return []
    columns = [[None if _missing(value) else value for value in table[name].tolist()] for name in table.columns]
    return [dict(zip(table.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def lower(text: Any) -> str:
    """Return *text* in lower case, or the empty string where it is no text."""
    return text.lower() if isinstance(text, str) else ""
