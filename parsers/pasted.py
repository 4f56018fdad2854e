"""A bug report's text as people write it: every line of evidence quoted in it becomes a row of the usual tables.

``Record`` is the line's number, and the member's kind says that its rows were pasted. Times may be missing: a row
without one stands where the text has it. Nothing here judges; one set of rules serves bundles and pasted text alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from claude_evidence.model import Coverage, Member, Problem
from claude_evidence.parsers import _pasted_events as quoted_events
from claude_evidence.parsers import _pasted_log as quoted_log
from claude_evidence.parsers import _pasted_machine as quoted_machine
from claude_evidence.parsers import _pasted_state as quoted_state
from claude_evidence.parsers import app_log, package, registry_value, service, session_registry
from claude_evidence.parsers import events as event_log
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import HEAD, TEXT, Columns, Context, Parsed, rows
from claude_evidence.parsers._json_text import decode_text, read_bytes
from claude_evidence.parsers._pasted_text import paragraphs
from claude_evidence.parsers._state import unreadable

PATHS = ("*.md", "*.markdown", "*issue*.txt", "*report*.txt", "*paste*.txt", "pasted")
TABLES: dict[str, Columns] = {
    table: columns
    for parser in (app_log, event_log, package, session_registry, registry_value, service)
    for table, columns in parser.TABLES.items()
}
ASKED_LAST = True
LIMIT_BYTES = 16 << 20
_WORTH_A_LOOK = re.compile(rb"(?i)c\0?l\0?a\0?u\0?d\0?e|0x8007|cowork")
Found = dict[str, list[dict[str, Any]]]


def sniff(head: bytes) -> bool:
    """Return whether *head* is text in which some paragraph quotes evidence."""
    if not _WORTH_A_LOOK.search(head) or (b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return False
    return any(_found(decode_text(head), Context(Clock())).values())


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return the rows of every table that the text quotes something of; text that quotes nothing is a problem."""
    data, size, first = read_bytes(stream, LIMIT_BYTES)
    if data is None or (size and first is None):
        return unreadable(source, "too long for a report" if data is None else "every byte is null")
    found = _found(decode_text(data), context)
    tables: dict[str, Any] = {}
    for name, values in found.items():
        if values:
            columns = TABLES[name]
            if name == "events":
                columns = {**columns, **{f: TEXT for f in sorted(context.wanted) if f not in columns and f not in HEAD}}
            tables[name] = rows(columns, values, source).frame()
    if not tables:
        return Parsed(problems=[Problem("parse", source.name, "quotes no log line, event, package or session file")])
    return Parsed(tables, [], list(_coverage(found, source)))


def _found(text: str, context: Context) -> Found:
    found: Found = {name: [] for name in TABLES}
    section, events = quoted_events.Section(), []
    for paragraph in paragraphs(text):
        packages = list(quoted_state.packages(paragraph))
        found["package"] += packages
        found["session_registry"] += quoted_state.sessions(paragraph)
        found["registry_value"] += quoted_machine.registry_values(paragraph)
        found["service"] += quoted_machine.services(paragraph)
        if packages:
            continue
        quoted = quoted_events.quoted(paragraph, section)
        events += quoted
        taken = frozenset[int]().union(*(event.lines for event in quoted))
        found["app_log"] += quoted_log.rows([line for line in paragraph if line.number not in taken], context.clock)
    for event in quoted_events.packaged(events):
        found["events"] += [quoted_events.row(event, _time(event, context), context.wanted)] * event.times
    return found


def _time(event: quoted_events.Quoted, context: Context) -> Any:
    if event.time is None or event.time.tzinfo:
        return quoted_events.utc(event.time)
    return quoted_log.utc(event.time, context.clock)


def _coverage(found: Found, source: Member) -> Iterator[Coverage]:
    """Yield what is quoted of each source. It ends with the last quoted line: what came later, nobody knows."""
    keys = {"events": "Channel", "app_log": "Service"}
    for table, values in found.items():
        names = sorted({str(row[keys[table]]) if table in keys else table for row in values})
        for name in names:
            mine = [row for row in values if table not in keys or row[keys[table]] == name]
            yield Coverage(table, name, source.name, *_span(mine, "TimeCreated"), *_span(mine, "LocalTime"))


def _span(values: Sequence[dict[str, Any]], key: str) -> tuple[Any, Any]:
    times = [time for row in values if (time := row.get(key)) is not None]
    return (min(times), max(times)) if times else (None, None)
