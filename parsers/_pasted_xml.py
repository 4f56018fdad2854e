"""Events that a report quotes as XML: Event Viewer's «Details» and what its «Copy» adds below the text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

_BEGIN, _END = "<Event", "</Event>"
_HEADING = re.compile(r"\bXML\b[^\n:：]{0,30}[:：]\s*\Z", re.IGNORECASE)
_MOST = 10_000


def events(text: str, wanted: frozenset[str]) -> tuple[str, list[dict[str, Any]]]:
    """Return *text* with empty lines where it quotes an event as XML, and a row of ``events`` for each of these.

    ``Record`` is the line that the event begins on. What cannot be read as an event stays in the text.
    """
    kept: list[str] = []
    found: list[dict[str, Any]] = []
    done = line = 0
    for (begin, end), row in _read(text, wanted):
        line += text.count("\n", done, begin)
        breaks = text.count("\n", begin, end)
        found.append({**row, "Record": line + 1})
        kept += [text[done:begin], "\n" * breaks]
        line, done = line + breaks, end
    return "".join(kept) + text[done:], found


def follows(text: str) -> bool:
    """Return whether *text* ends as Event Viewer's copy of an event does before it repeats the event as XML."""
    return bool(_HEADING.search(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each event begins and ends; the text is gone through once, whatever it holds."""
    done = 0
    for _ in range(_MOST):
        end = text.find(_END, done)
        if end < 0:
            return
        begin = text.rfind(_BEGIN, done, end)
        while begin > done and text[begin + len(_BEGIN) : begin + len(_BEGIN) + 1] not in (" ", ">", "\n", "\r"):
            begin = text.rfind(_BEGIN, done, begin)
        done = end + len(_END)
        if begin >= 0:
            yield begin, done


def _read(text: str, wanted: frozenset[str]) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """Yield where each event of *text* lies, and what it says; all of them are read into one table."""
    spans = list(_spans(text))
    if not spans:
        return
    # here, so that who quotes no XML does not wait for what reads it
    from claude_evidence.parsers import _evtx_xml
    from claude_evidence.parsers._evtx_columns import table
    from claude_evidence.parsers._evtx_rows import ABSENT, Rows

    rows, places = Rows(), []
    for begin, end in spans:
        before = len(rows)
        _evtx_xml.read(text[begin:end].encode("utf-8", "replace"), io.BytesIO(), "", rows)
        places += [(begin, end)] * (len(rows) - before)
    for place, row in zip(places, table(rows, "", wanted).to_dict("records"), strict=True):
        if row["EventID"] != ABSENT:
            yield place, {str(name): value for name, value in row.items() if value is not None and not pd.isna(value)}
