"""Windows event logs: ``.evtx`` files, and events exported as XML.

Stored values stay as stored, as text; beside them lie ``HResult``, ``Operation`` and ``Options``. ``EventData`` holds
the raw JSON of what the event says for itself (b"" where it says nothing); only the fields that rules want are columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

import pandas as pd

from claude_evidence.model import Coverage, Member, Problem
from claude_evidence.parsers._contract import CATEGORY, INTEGER, TEXT, Columns, Context, Parsed

PATHS = ("*.evtx",)
TABLES: Mapping[str, Columns] = {
    "events": {
        "EventID": "int64", "Provider_Name": CATEGORY, "Channel": CATEGORY, "Computer": CATEGORY, "Level": INTEGER,
        "Version": INTEGER, "Task": INTEGER, "Opcode": INTEGER, "Keywords": CATEGORY, "ProcessID": INTEGER,
        "ThreadID": INTEGER, "UserID": CATEGORY, "ActivityID": TEXT, "EventData": "object", "HResult": CATEGORY,
        "Operation": CATEGORY, "Options": TEXT,
    },
}  # fmt: skip
DEDUPLICATE = True
_NAMED = 100
"""Records named one by one that cannot be understood; more are counted."""
# «%4» stands for the slash of a channel's name; tools that dislike the sign write «_», tools that encode it «%254»
_SLASH = re.compile(r"%(?:25)?4|_(?=(?:Admin|Operational|Analytic|Analytical|Debug|Diagnostic|Diagnostics|Trace)$)")


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an event log or an export of events."""
    from claude_evidence.evtx_format import FILE_MAGIC
    from claude_evidence.parsers import _evtx_xml

    return head.startswith(FILE_MAGIC) or _evtx_xml.looks_like_events(head)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return the table ``events`` of one member; raises UsageError where the engine asked for is not installed."""
    # here, so that who has no event log does not wait for what reads them
    from claude_evidence.evtx_format import FILE_BLOCK_BYTES, read_exactly
    from claude_evidence.parsers import _evtx_file, _evtx_xml
    from claude_evidence.parsers._evtx_columns import table
    from claude_evidence.parsers._evtx_rows import Rows

    engines = _evtx_file.engines(context.engine)
    head = read_exactly(stream, FILE_BLOCK_BYTES)
    if _evtx_xml.looks_like_events(head):
        rows = Rows()
        problems = _evtx_xml.read(head, stream, source.name, rows)
    else:
        reading = _evtx_file.Reading(source.name, engines)
        reading.read(head, stream)
        rows, problems = reading.rows, reading.problems
    events = table(rows, source.name, context.wanted)
    problems += _nameless(events, source.name)
    return Parsed({"events": events}, problems, _coverage(events, source))


def _nameless(events: pd.DataFrame, member: str) -> list[Problem]:
    """Return a problem for each record whose System section could not be understood or says no EventID."""
    from claude_evidence.parsers._evtx_rows import ABSENT

    records = events.loc[events["EventID"] == ABSENT, "Record"].tolist()
    named = [Problem("parse", member, "the record says no EventID: it is given as -1", n) for n in records[:_NAMED]]
    more = len(records) - len(named)
    return [*named, Problem("parse", member, f"{more:,} more records say no EventID")] if more else named


def _coverage(events: pd.DataFrame, source: Member) -> list[Coverage]:
    """Return one entry per channel; a log without records still covers the channel that its name says."""
    spans = events.groupby("Channel", observed=True)["TimeCreated"].agg(["min", "max"])
    found = [
        Coverage("events", str(channel), source.name, _time(first), _time(last))
        for channel, first, last in zip(spans.index, spans["min"], spans["max"], strict=True)
    ]
    return found or [Coverage("events", channel_of(source.path or source.name), source.name)]


def channel_of(path: str) -> str:
    """Return the channel that a log file's name says.

    >>> channel_of("x/Microsoft-Windows-AppModel-Runtime%4Admin.evtx"), channel_of("System.evtx")
    ('Microsoft-Windows-AppModel-Runtime/Admin', 'System')
    """
    return _SLASH.sub("/", PurePosixPath(path.replace("\\", "/")).stem)


def _time(value: pd.Timestamp) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime(warn=False)
