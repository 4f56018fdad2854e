"""What a document gives to a correlation: events, each with a time and the group it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from claude_evidence.analyzers._bytescan import Places
from claude_evidence.analyzers._matching import Matched
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.analyzers._sources import Sources, times_of
from claude_evidence.analyzers._text import fold
from claude_evidence.analyzers._windows import Ints, Line, Ranges
from claude_evidence.messages import lazy_gettext

Key = tuple[str, ...]
Rows = dict[str, dict[str, Places]]
"""Positions by document and table."""


class Groups:
    """Numbers for groups: two keys that differ in case only are one group."""

    def __init__(self) -> None:
        self._codes: dict[Key, int] = {}
        self.keys: list[Key] = []

    def codes(self, keys: Sequence[Key | None]) -> Places:
        """Return the group of each of *keys*, -1 for None: what lacks a field belongs to no group."""
        return np.array([-1 if key is None else self._code(key) for key in keys], np.intp)

    def _code(self, key: Key) -> int:
        folded = tuple(map(fold, key))
        if folded not in self._codes:
            self._codes[folded] = len(self.keys)
            self.keys.append(key)
        return self._codes[folded]


class Events(Protocol):
    """Events in no order yet: those of a plain document are rows, those of a correlation are its matches."""

    @property
    def times(self) -> Ints: ...

    def texts(self, fields: Sequence[str]) -> list[Key | None]:
        """Return the texts of *fields* of each event, None where one is missing."""

    def identities(self) -> list[tuple[str, int]]:
        """Return what each event is: equal where two documents speak of the same."""

    def rows(self, which: Places) -> Rows:
        """Return the rows behind some of the events."""


@dataclass(frozen=True)
class Stream:
    """Events in order of group and time; ``index`` says which event each is."""

    events: Events
    line: Line
    index: Places

    @classmethod
    def of(cls, events: Events, fields: Sequence[str], groups: Groups) -> Stream:
        """Return *events* in the groups that *fields* make; those that lack one are left out."""
        keys: Sequence[Key | None] = events.texts(fields) if fields else [()] * len(events.times)
        codes = groups.codes(keys)
        index = np.flatnonzero(codes >= 0)
        index = index[np.lexsort((index, events.times[index], codes[index]))]
        return cls(events, Line(codes[index], events.times[index]), index)

    def only(self, which: Places) -> Stream:
        """Return the stream of some of the events, given by their place in order."""
        return Stream(self.events, Line(self.line.group[which], self.line.time[which]), self.index[which])


class RowEvents:
    """The rows that a plain document matched and that have a time, each once."""

    def __init__(self, name: str, matches: Sequence[Matched], sources: Sources, *, local: bool) -> None:
        self.name = name
        self._sources = sources
        self._matches = []
        parts = []
        seen = np.empty(0, np.intp)
        for match in matches:
            times, known = times_of(sources.tables[match.source.table], match.rows, local=local)
            known &= ~np.isin(match.rows, seen)
            kept = Matched(match.source, match.rows[known])
            seen = np.concatenate([seen, kept.rows])
            self._matches.append(kept)
            parts.append(times[known])
        self.times: Ints = np.concatenate([np.empty(0, np.int64), *parts])
        self._positions = seen
        self._table = matches[0].source.table if matches else ""

    def texts(self, fields: Sequence[str]) -> list[Key | None]:
        """Return the texts of *fields* of each row, None where one is missing."""
        result: list[Key | None] = []
        for match in self._matches:
            columns = [self._sources.column(match.source, field) for field in fields]
            texts = [column.strings(match.rows) if column else [None] * len(match.rows) for column in columns]
            result += [None if None in values else tuple(map(str, values)) for values in zip(*texts, strict=True)]
        return result

    def identities(self) -> list[tuple[str, int]]:
        """Return each row's table and position."""
        return [(self._table, position) for position in self._positions.tolist()]

    def rows(self, which: Places) -> Rows:
        """Return the positions of some of the rows."""
        return {self.name: {self._table: self._positions[which]}}


@dataclass(frozen=True)
class Members:
    """Events that took part in a correlation's matches, and for each match those that belong to it."""

    stream: Stream
    ranges: Ranges


class MatchEvents:
    """The matches of a correlation as events: each at the time of its last part, with the group of the correlation."""

    def __init__(self, name: str, times: Ints, keys: Sequence[Key], fields: Sequence[str], members: Sequence[Members]):
        self.name = name
        self.times = times
        self._keys = keys
        self._fields = {field: number for number, field in enumerate(fields)}
        self._members = members

    def texts(self, fields: Sequence[str]) -> list[Key | None]:
        """Return the group's texts for *fields*, which must be among those that the correlation groups by."""
        numbers = [self._fields.get(field, -1) for field in fields]
        if -1 in numbers:
            missing = fields[numbers.index(-1)]
            raise UnsupportedError(
                lazy_gettext(
                    "the correlation %(name)s has no field %(field)s: it does not group by it",
                    name=self.name,
                    field=missing,
                )
            )
        return [tuple(key[number] for number in numbers) for key in self._keys]

    def identities(self) -> list[tuple[str, int]]:
        """Return the correlation and a running number for each match."""
        return [(f"\0{self.name}", number) for number in range(len(self.times))]

    def rows(self, which: Places) -> Rows:
        """Return the rows of the parts of some of the matches."""
        result: Rows = {}
        for each in self._members:
            inside = each.ranges.chosen(which).members()
            merge(result, each.stream.events.rows(each.stream.index[inside]))
        return result


def merge(into: Rows, more: Rows) -> None:
    """Add the rows of *more* to *into*, each once."""
    for name, tables in more.items():
        mine = into.setdefault(name, {})
        for table, rows in tables.items():
            mine[table] = np.union1d(mine[table], rows) if table in mine else np.unique(rows)
