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
    done = 0
    for begin, end in _spans(text):
        if row := _row(text[begin:end], wanted):
            found.append({**row, "Record": text.count("\n", 0, begin) + 1})
            kept += [text[done:begin], "\n" * text.count("\n", begin, end)]
            done = end
    return "".join(kept) + text[done:] if found else text, found


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


def _row(text: str, wanted: frozenset[str]) -> dict[str, Any] | None:
    from claude_evidence.parsers import _evtx_xml
    from claude_evidence.parsers._evtx_columns import table
    from claude_evidence.parsers._evtx_rows import ABSENT, Rows

    rows = Rows()
    _evtx_xml.read(text.encode("utf-8", "replace"), io.BytesIO(), "", rows)
    if len(rows) != 1:
        return None
    (row,) = table(rows, "", wanted).to_dict("records")
    told = {str(name): value for name, value in row.items() if value is not None and not pd.isna(value)}
    return told if told.get("EventID") != ABSENT else None
