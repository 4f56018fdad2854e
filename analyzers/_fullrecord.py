"""Keywords: text that may stand anywhere in a record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._bytescan import Mask, Needle, Places, find
from claude_evidence.analyzers._columns import Column
from claude_evidence.analyzers._nodes import Leaf
from claude_evidence.analyzers._questions import Fits, Test
from claude_evidence.analyzers._sources import Source, Sources
from claude_evidence.analyzers._textscan import Texts
from claude_evidence.analyzers.taxonomy import EVENTS

_PAYLOAD = "EventData"
_COLUMNS = {EVENTS: ("RenderedMessage",), "app_log": ("Message",)}
_COST = 1_000
_BATCH = 20_000
_PLAIN = re.compile(r"[A-Za-z0-9 ._:-]{3,}")
"""Text that stands in JSON as it is."""


def text_columns(source: Source, sources: Sources) -> list[Column]:
    """Return the columns that hold a record's text: of a log its message, of other tables everything that is text."""
    table = sources.tables[source.table]
    names = _COLUMNS.get(source.table, [name for name in table.columns if name != "Member" and _is_text(table[name])])
    columns = [sources.stored(source.table, name) for name in names if name in table]
    return [column for column in columns if column is not None]


def payload(test: Test, source: Source, sources: Sources) -> list[Leaf]:
    """Return the question whether any value of an event's payload passes *test*; none for tables without payload."""
    table = sources.tables[source.table]
    if source.table != EVENTS or _PAYLOAD not in table:
        return []
    stored = table[_PAYLOAD].to_numpy(dtype=object)

    def ask(rows: Places) -> Mask:
        parts = [_ask(test, stored[rows[i : i + _BATCH]]) for i in range(0, len(rows), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0, np.bool_)

    return [Leaf(_COST, ask)]


def _ask(test: Test, stored: Any) -> Mask:
    payloads = [each.encode() if isinstance(each, str) else each if isinstance(each, bytes) else b"" for each in stored]
    rows = _possible(test, payloads)
    found = [(row, text) for row in rows.tolist() for text in _values(payloads[row])]
    result = np.zeros(len(payloads), np.bool_)
    if found:
        passed = test.on(Texts.of([text for _, text in found]))
        result[np.array([row for row, _ in found])[passed]] = True
    return result


def _possible(test: Test, payloads: Sequence[bytes]) -> Places:
    """Return the payloads that may pass, judged by raw bytes: decoding all of them costs a hundred times more."""
    plain = max(_PLAIN.findall(test.glob.needle), key=len, default="") if isinstance(test, Fits) else ""
    if not plain:
        return np.arange(len(payloads))
    needle = Needle(plain.encode(), test.glob.cased)  # type: ignore[attr-defined]
    ends = np.cumsum([len(each) + 1 for each in payloads])
    places = find(np.frombuffer(b"\n".join(payloads), np.uint8), [needle])[needle]
    return np.unique(np.searchsorted(ends, places, side="right"))


def _values(raw: bytes) -> Iterator[str]:
    """Yield every value in a JSON text as text; what is no JSON is one value."""
    try:
        pending = [json.loads(raw)] if raw else []
    except (ValueError, RecursionError):
        pending = [raw.decode("utf-8", "replace")]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif value is not None:
            yield str(value).lower() if isinstance(value, bool) else str(value)


def _is_text(series: pd.Series[Any]) -> bool:
    return isinstance(series.dtype, pd.StringDtype | pd.CategoricalDtype)
