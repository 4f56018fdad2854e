"""Every line of evidence that a text quotes, as rows of the tables that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from claude_evidence.model import Coverage, Member
from claude_evidence.parsers import _pasted_events as quoted_events
from claude_evidence.parsers import _pasted_log as quoted_log
from claude_evidence.parsers import _pasted_machine as quoted_machine
from claude_evidence.parsers import _pasted_state as quoted_state
from claude_evidence.parsers import _pasted_xml as quoted_xml
from claude_evidence.parsers._contract import Context
from claude_evidence.parsers._pasted_text import paragraphs

Found = dict[str, list[dict[str, Any]]]
"""Rows by the name of their table."""


def found_in(text: str, context: Context, tables: Iterable[str]) -> Found:
    """Return the rows of each of *tables* that *text* quotes."""
    found: Found = {name: [] for name in tables}
    text, found["events"] = quoted_xml.events(text, context.wanted)
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
    twice = {row["EventID"] for row in found["events"]}
    for event in quoted_events.packaged(events):
        if event.event in twice and quoted_xml.follows(event.text):
            continue
        found["events"] += [quoted_events.row(event, _time(event, context), context.wanted)] * event.times
    return found


def _time(event: quoted_events.Quoted, context: Context) -> Any:
    if event.time is None or event.time.tzinfo:
        return quoted_events.utc(event.time)
    return quoted_log.utc(event.time, context.clock)


def coverage(found: Found, source: Member) -> Iterator[Coverage]:
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
