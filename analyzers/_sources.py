"""The rows that a Sigma log source names, and the span of time that the evidence covers of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._and_or import either
from claude_evidence.analyzers._basis import evidence_words
from claude_evidence.analyzers._bytescan import Mask, Places
from claude_evidence.analyzers._columns import Column
from claude_evidence.analyzers._refusals import MissingError, UnsupportedError
from claude_evidence.analyzers.taxonomy import EVENTS, LogSource, Rewrite
from claude_evidence.messages import lazy_gettext
from claude_evidence.model import Coverage

Span = tuple[int, int]
"""First and last time, in microseconds since 1970."""

_SERVICE = "Service"
_WALL_CLOCK = "LocalTime"


@dataclass(frozen=True)
class Source:
    """Rows of one table that answer a log source, and the stored names (and values) of a rule's fields in them."""

    table: str
    rows: Places
    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cover: tuple[str, ...] = ()


Columns = Mapping[tuple[str, str], Column]


class Sources:
    """Finds rows and columns; keeps both, since many rules ask for the same."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], coverage: Sequence[Coverage], known: Columns | None = None
    ) -> None:
        self.tables = tables
        self.coverage = coverage
        self._columns = dict(known or {})
        self._mapped: dict[tuple[str, str, str], Column | None] = {}
        self._sources: dict[tuple[str | None, ...], tuple[Source, ...]] = {}
        self._rows: dict[int, Places] = {}

    def of(self, logsource: LogSource) -> tuple[Source, ...]:
        """Return the rows that *logsource* names; `UnsupportedError` or `MissingError` says why there are none."""
        key = (logsource.product, logsource.category, logsource.service)
        if key not in self._sources:
            if reason := taxonomy.unsupported(logsource):
                raise UnsupportedError(reason)
            table = taxonomy.table(logsource)
            self._sources[key] = self._events(logsource) if table == EVENTS else (self._own(logsource, table),)
        return self._sources[key]

    def column(self, source: Source, name: str) -> Column | None:
        """Return the column that holds the rule's field *name*; None where no record has such a field.

        An event has the fields it has; in our own tables an unknown name is a mistake: `UnsupportedError`.
        """
        key = (source.table, source.fields.get(name, name), name if name in source.values else "")
        if key not in self._mapped:
            column = self.stored(source.table, key[1])
            self._mapped[key] = column.mapped(source.values[name]) if column and name in source.values else column
        return self._mapped[key]

    def stored(self, table: str, name: str) -> Column | None:
        """Return the column *name* of *table*; None where an event table has none."""
        if name not in self.tables[table]:
            if table == EVENTS and name == _WALL_CLOCK:
                raise UnsupportedError(lazy_gettext("%(field)s is a time of logs; events have TimeCreated", field=name))
            if table == EVENTS:
                return None
            raise UnsupportedError(lazy_gettext("the table %(table)s has no field %(field)s", table=table, field=name))
        if (table, name) not in self._columns:
            self._columns[table, name] = Column.of(self.tables[table][name])
        return self._columns[table, name]

    def span(self, sources: Iterable[Source], *, local: bool) -> Span | None:
        """Return the time that is covered of all *sources* (by the wall clock if *local*); None where it is unknown."""
        spans = [self._span(source, name, local=local) for source in sources for name in source.cover]
        known = [span for span in spans if span]
        if not known or len(known) < len(spans):
            return None
        return max(first for first, _ in known), min(last for _, last in known)

    def _events(self, logsource: LogSource) -> tuple[Source, ...]:
        wanted = taxonomy.channels(logsource)
        present = [channel for channel in wanted if self._covered(EVENTS, channel)]
        if wanted and not present:
            raise MissingError(
                lazy_gettext("needs the event log %(logs)s, which is not in the evidence", logs=either(wanted))
            )
        if not wanted and not self._covered(EVENTS):
            raise MissingError(lazy_gettext("needs event logs, and none is in the evidence"))
        every = dict.fromkeys(entry.source for entry in self.coverage if entry.table == EVENTS)
        cover = tuple(present or every or [EVENTS])
        sources = [self._part(part, cover) for part in taxonomy.rewrites(logsource)]
        return tuple(source for source in sources if source.cover)

    def _part(self, part: Rewrite, cover: tuple[str, ...]) -> Source:
        known = {channel.casefold() for channel in part.channels}
        mine = tuple(channel for channel in cover if not known or channel.casefold() in known)
        mask: Mask = np.ones(len(self.tables[EVENTS]), np.bool_)
        wanted = {"Channel": part.channels, "EventID": tuple(map(str, part.event_ids)), **part.only}
        for name, values in wanted.items():
            if values:
                column = self.stored(EVENTS, name)
                mask &= column.equals_any(values) if column else False
        return Source(EVENTS, np.flatnonzero(mask), part.fields, part.values, mine)

    def _own(self, logsource: LogSource, table: str) -> Source:
        if table not in self.tables:
            raise UnsupportedError(lazy_gettext("there is no table %(table)s", table=table))
        service = logsource.service
        count = len(self.tables[table])
        if not service:
            if not self._covered(table) and not count:
                needed = evidence_words(table)
                raise MissingError(lazy_gettext("needs %(evidence)s: not in this evidence", evidence=needed))
            cover = tuple(dict.fromkeys(c.source for c in self.coverage if c.table == table))
            return Source(table, self._every(count), cover=cover or (table,))
        if _SERVICE not in self.tables[table]:
            raise UnsupportedError(
                lazy_gettext(
                    "the table %(table)s has no services, and the rule asks for %(service)s",
                    table=table,
                    service=service,
                )
            )
        if not self._covered(table, service):
            raise MissingError(lazy_gettext("needs the log %(service)s, which is not in the evidence", service=service))
        column = self.stored(table, _SERVICE)
        assert column is not None
        mine = column.equals_any([service])
        return Source(table, self._every(count) if mine.all() else np.flatnonzero(mine), cover=(service,))

    def _every(self, count: int) -> Places:
        """Return the positions of all of *count* rows; sources of large tables share them."""
        if count not in self._rows:
            self._rows[count] = np.arange(count)
        return self._rows[count]

    def _covered(self, table: str, source: str | None = None) -> bool:
        entries = [entry for entry in self.coverage if entry.table == table]
        if source is None or any(entry.source.casefold() == source.casefold() for entry in entries):
            return bool(entries) or bool(table in self.tables and len(self.tables[table]))
        name = "Channel" if table == EVENTS else _SERVICE
        if table not in self.tables or name not in self.tables[table]:
            return False
        column = self.stored(table, name)
        return column is not None and bool(column.equals_any([source]).any())

    def _span(self, source: Source, name: str, *, local: bool) -> Span | None:
        entries = [c for c in self.coverage if c.table == source.table and c.source.casefold() == name.casefold()]
        firsts = [c.local_first if local else c.first for c in entries]
        lasts = [c.local_last if local else c.last for c in entries]
        known = [_microseconds(t) for t in (*firsts, *lasts) if t is not None]
        return (min(known), max(known)) if known else self._span_of_rows(source, local=local)

    def _span_of_rows(self, source: Source, *, local: bool) -> Span | None:
        times, known = times_of(self.tables[source.table], source.rows, local=local)
        return (int(times[known].min()), int(times[known].max())) if known.any() else None


def times_of(table: pd.DataFrame, rows: Places, *, local: bool) -> tuple[Places, Mask]:
    """Return the times of *rows* in microseconds since 1970 (by the wall clock if *local*), and which are known."""
    name = _WALL_CLOCK if local else "TimeCreated"
    if name not in table:
        return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
    times = table[name].array[rows].astype("datetime64[us, UTC]" if not local else "datetime64[us]")
    return np.asarray(times.asi8), ~np.asarray(times.isna())


def _microseconds(time: datetime) -> int:
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
