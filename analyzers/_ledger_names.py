"""Which sessions the log names, and where it does so first."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._rows import Positions, pick, records

SESSION = re.compile(r"(?<![A-Za-z0-9])local_[A-Za-z0-9-]{1,64}")
TWO = r"(?s)(?:local|session)_[A-Za-z0-9-]+[^A-Za-z0-9-].*local_"


def first_rows(log: pd.DataFrame, column: str) -> list[tuple[str, Row]]:
    """Return each value of *column* with the first row of *log* that has it."""
    values = log[column].astype("category").cat
    first = _firsts(np.asarray(values.codes, np.intp), len(values.categories))
    there = first >= 0
    names = values.categories[there]
    return list(zip(map(str, names), records(pick(log, first[there])), strict=True))


def further_names(log: pd.DataFrame, history: AppHistory) -> list[tuple[str, Row]]:
    """Return each session in a record of *log* that names two, with the first such row.

    A record's ``SessionId`` is the one it names first; that it names another is rare, as where a worktree changes
    hands (#95244), but many name the same one twice.
    """
    column = history.messages
    texts = np.flatnonzero(column.texts.matching(TWO))
    rows = texts if column.codes is None else _firsts(column.codes, len(column.texts))[texts]
    found: dict[str, int] = {}
    for row, text in zip(rows.tolist(), column.texts.take(texts).strings, strict=True):
        for name in dict.fromkeys(SESSION.findall(text or "")):
            found.setdefault(name, row)
    return list(zip(found, records(pick(log, np.array([*found.values()], np.intp))), strict=True))


def _firsts(codes: Positions, size: int) -> Positions:
    """Return where each code from 0 to *size* comes first, -1 where it does not."""
    first = np.full(size, -1, np.intp)
    there = np.flatnonzero(codes >= 0)[::-1]
    first[codes[there]] = there  # of several the last assignment stays
    return first
