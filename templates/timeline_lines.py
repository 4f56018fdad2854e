"""Moments as lines for other tools: JSON Lines as Timesketch imports them, and CSV with the same columns.

What Timesketch asks of a line: ``message``, ``datetime`` (ISO 8601 with an offset) and ``timestamp_desc``; ``tag`` is
a list there, further fields are free (timesketch.org, «Create timeline from JSON/JSONL/CSV file»).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from claude_evidence.moment import Moment
from claude_evidence.templates._clock import iso
from claude_evidence.templates._visible import visible

DATA_TYPE = "claude-evidence:"
COLUMNS = (
    "datetime", "timestamp_desc", "message", "data_type", "member", "record", "sha256", "tag", "local_time",
    "timestamp",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula (OWASP, «CSV Injection»).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_timesketch(moments: Iterable[Moment]) -> Iterator[str]:
    """Yield a line of JSON for each of *moments* that has a UTC time: others have no place on a timeline."""
    for one in moments:
        if one.time is not None:
            told = {**_fields(one), "tag": list(one.rules)}
            yield json.dumps({name: told[name] for name in COLUMNS if name != "local_time"}, ensure_ascii=False) + "\n"


def to_csv(moments: Iterable[Moment]) -> Iterator[str]:
    """Yield the header and a line for each of *moments*; a cell that would be a formula begins with an apostrophe."""
    yield _line(COLUMNS)
    for one in moments:
        told = {**_fields(one), "tag": ",".join(one.rules)}
        yield _line([_cell(str(told[name])) for name in COLUMNS])


def _fields(one: Moment) -> dict[str, str | int]:
    return {
        "datetime": iso(one.time) if one.time else "",
        "timestamp_desc": one.meaning,
        "message": visible(one.message),
        "data_type": f"{DATA_TYPE}{one.table}",
        "member": visible(one.member),
        "record": one.record,
        "sha256": one.sha256,
        "local_time": one.local_time.isoformat(" ") if one.local_time else "",
        "timestamp": round(one.time.timestamp() * 1_000_000) if one.time else "",
    }


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
