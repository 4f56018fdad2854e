"""Which sessions the log names, and where it does so first."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._excerpts import LOG_FACTS
from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._rows import Positions, pick, records

SESSION = re.compile(r"(?<![A-Za-z0-9])local_[A-Za-z0-9-]{1,64}")
TWO = r"(?s)(?:local|session)_[A-Za-z0-9-]+[^A-Za-z0-9-].*local_"
_SLICE = 1 << 16


def first_rows(log: pd.DataFrame, column: str) -> list[tuple[str, Row]]:
    """Return each value of *column* with the first row of *log* that has it."""
    values = log[column].astype("category").array
    first = _firsts(values.codes, len(values.categories))
    there = first >= 0
    names = values.categories[there]
    return list(zip(map(str, names), records(pick(log, first[there], LOG_FACTS)), strict=True))


def further_names(log: pd.DataFrame, history: AppHistory) -> list[tuple[str, Row]]:
    """Return each session in a record of *log* that names two, with the first such row.

    A record's ``SessionId`` is the one it names first; that it names another is rare, as where a worktree changes
    hands (#95244), but many name the same one twice.
    """
    column = history.messages
    texts = np.flatnonzero(column.texts.matching(TWO))
    rows = texts if column.codes is None else _firsts(column.codes, len(column.texts))[texts]
    found: dict[str, int] = {}
    for row, text in sorted(zip(rows.tolist(), column.texts.take(texts).strings, strict=True), key=itemgetter(0)):
        for name in dict.fromkeys(SESSION.findall(text or "")):
            found.setdefault(name, row)
    return list(zip(found, records(pick(log, np.array([*found.values()], np.intp), LOG_FACTS)), strict=True))


def _firsts(codes: NDArray[Any], size: int) -> Positions:
    """Return where each code from 0 to *size* comes first, -1 where it does not."""
    first = np.full(size + 1, -1, np.intp)
    first[-1] = 0  # what is missing is never new
    for start in range(0, len(codes), _SLICE):
        part = codes[start : start + _SLICE]
        new = np.flatnonzero(first[part] < 0)[::-1]
        first[part[new]] = start + new  # of several the last assignment stays
        if len(new) and (first >= 0).all():
            break
    return first[:-1]
