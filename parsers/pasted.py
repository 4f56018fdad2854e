"""A bug report's text as people write it: every line of evidence quoted in it becomes a row of the usual tables.

``Record`` is the line's number, and the member's kind says that its rows were pasted. Times may be missing: a row
without one stands where the text has it. Nothing here judges; one set of rules serves bundles and pasted text alike.
What is quoted is found by `_pasted_rows`, which is loaded only where there is such a text: most runs have none.
"""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from claude_evidence.model import Member, Problem
from claude_evidence.parsers import app_log, package, registry_value, service, session_registry
from claude_evidence.parsers import events as event_log
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import HEAD, TEXT, Columns, Context, Parsed, rows
from claude_evidence.parsers._json_text import decode_text, read_bytes
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


def sniff(head: bytes) -> bool:
    """Return whether *head* is text in which some paragraph quotes evidence."""
    if not _WORTH_A_LOOK.search(head) or (b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return False
    from claude_evidence.parsers._pasted_rows import found_in

    return any(found_in(decode_text(head), Context(Clock()), TABLES).values())


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return the rows of every table that the text quotes something of; text that quotes nothing is a problem."""
    from claude_evidence.parsers._pasted_rows import coverage, found_in

    data, size, first = read_bytes(stream, LIMIT_BYTES)
    if data is None or (size and first is None):
        return unreadable(source, "too long for a report" if data is None else "every byte is null")
    found = found_in(decode_text(data), context, TABLES)
    tables: dict[str, Any] = {}
    for name, values in found.items():
        if values:
            columns = TABLES[name]
            if name == "events":
                columns = {**columns, **dict.fromkeys(sorted(context.wanted - HEAD.keys() - columns.keys()), TEXT)}
            tables[name] = rows(columns, values, source).frame()
    if not tables:
        return Parsed(problems=[Problem("parse", source.name, "quotes no log line, event, package or session file")])
    return Parsed(tables, [], list(coverage(found, source)))
