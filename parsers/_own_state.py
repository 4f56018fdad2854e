"""The collector's own JSON files of a machine's state: ``{"format": "claude-evidence/<kind>/1", "entries": […]}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import read_document
from claude_evidence.parsers._state import collected_at, unreadable

_LIMIT_BYTES = 32 << 20
Row = Callable[[Mapping[str, Any]], dict[str, Any]]


def is_format(head: bytes, kind: str) -> bool:
    """Return whether *head* begins an object that names the format of *kind* among its first keys."""
    return (
        re.match(rb'(?:\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"claude-evidence/%s/1"' % kind.encode(), head) is not None
    )


def parse_state(
    stream: BinaryIO, source: Member, context: Context, kind: str, table: tuple[str, Columns], row: Row, needed: str
) -> Parsed:
    """Return one row of *table* per entry of a state file of *kind*, by *row*; without the key *needed* it is none.

    TimeCreated is when the state was taken, as the file says, else the manifest. A file without entries is no evidence
    that there is nothing: of a disk at rest, or where a question was refused, the collector has none either.
    """
    document = read_document(stream, limit=_LIMIT_BYTES)
    state = document.value if document.state == "ok" and isinstance(document.value, dict) else {}
    entries = state.get("entries")
    if state.get("format") != f"claude-evidence/{kind}/1" or not isinstance(entries, list):
        return unreadable(source, document.detail or f"not in the format claude-evidence/{kind}/1")
    made = untrusted.iso_time(state.get("collected_at")) or collected_at(source, context)
    good = [(n, e) for n, e in enumerate(entries, 1) if isinstance(e, dict) and e.get(needed) is not None]
    name, columns = table
    rows = [{"Record": number, "TimeCreated": made, **row(entry)} for number, entry in good]
    lost = len(entries) - len(good)
    problems = [Problem("parse", source.name, f"{lost} entries without {needed}")] if lost else []
    return Parsed({name: table_rows(columns, rows, source)}, problems, blank=not rows)


def words(value: Any) -> str | None:
    """Return a list of short words as one text, in order."""
    if not isinstance(value, list):
        return None
    return ", ".join(text for one in value[:64] if (text := untrusted.text(one, 128))) or None


def at(value: Any) -> datetime | None:
    """Return the UTC time that a state file gives."""
    return untrusted.iso_time(value)
