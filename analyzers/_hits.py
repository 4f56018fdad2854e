"""From matches to what is told: one hit per group, and per group only the strongest document of a rule file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from claude_evidence.analyzers._bytescan import Places
from claude_evidence.analyzers._forms import Correlation
from claude_evidence.analyzers._matching import Matched
from claude_evidence.analyzers._sources import Sources, times_of
from claude_evidence.analyzers._streams import Key, Rows
from claude_evidence.analyzers._text import fold
from claude_evidence.analyzers._types import Hit, RuleDocument
from claude_evidence.messages import lazy_ngettext

MOST_GROUPS = 200


def plain_hits(document: RuleDocument, matches: Sequence[Matched], sources: Sources) -> list[Hit]:
    """Return the hits of a plain document: one, or one per value of its ``custom.group_by`` fields."""
    if not matches:
        return []
    table = matches[0].source.table
    hits = []
    for label, found in _groups(document, matches, sources):
        rows = in_order(sources, table, np.unique(found))
        hits.append(Hit(document, counted(document, {table: rows}, sources), {table: rows}, label))
    return hits


def _groups(document: RuleDocument, matches: Sequence[Matched], sources: Sources) -> list[tuple[str, Places]]:
    """Return each group's label and rows; rows that lack one of the fields are a group without label."""
    fields: Any = document.custom.get("group_by") or []
    names = [fields] if isinstance(fields, str) else [str(name) for name in fields]
    if not names:
        rows = np.concatenate([match.rows for match in matches])
        return [("", rows)] if len(rows) else []
    groups: dict[Key, tuple[str, list[int]]] = {}
    for match in matches:
        for row, key in zip(match.rows.tolist(), _keys(names, match, sources), strict=True):
            groups.setdefault(tuple(map(fold, key)), (", ".join(key), []))[1].append(row)
    return [(label, np.array(found, np.intp)) for label, found in groups.values()]


def correlation_hits(document: RuleDocument, groups: Iterable[tuple[Key, Rows]], sources: Sources) -> list[Hit]:
    """Return one hit per group of a correlation; its count is of different rows, of whatever document."""
    hits = []
    for key, parts in groups:
        union: dict[str, Places] = {}
        for tables in parts.values():
            for table, rows in tables.items():
                union[table] = np.union1d(union[table], rows) if table in union else rows
        every = {table: in_order(sources, table, rows) for table, rows in union.items()}
        own = {name: in_order(sources, table, rows) for name, tables in parts.items() for table, rows in tables.items()}
        hits.append(Hit(document, counted(document, every, sources), every, ", ".join(key), own))
    return hits


def in_order(sources: Sources, table: str, rows: Places) -> Places:
    """Return *rows* in order of time: of TimeCreated, where that is unknown of LocalTime, else as they stand."""
    unknown = np.iinfo(np.int64).max
    keys = [rows]
    for local in (True, False):
        times, known = times_of(sources.tables[table], rows, local=local)
        keys.append(np.where(known, times, unknown))
    return rows[np.lexsort(keys)]


def counted(document: RuleDocument, rows: Mapping[str, Places], sources: Sources) -> int:
    """Return the number that the finding states: of rows, or of distinct values of the field ``custom.count_by``."""
    values: set[str] = set()
    if field := document.custom.get("count_by"):
        for table, positions in rows.items():
            if field in sources.tables[table] and (column := sources.stored(table, str(field))):
                values.update(value for value in column.folded(np.sort(positions)) if value is not None)
    # rows without any value still happened
    return len(values) or sum(len(positions) for positions in rows.values())


def strongest(hits: Iterable[Hit], order: Mapping[str, int]) -> tuple[Hit, ...]:
    """Return *hits* without those that a stronger document of their file covers.

    Stronger is the higher level, then a correlation, then the document that comes first (*order*, by name). A hit
    without a group covers, and is covered by, every group of its file.
    """
    chosen: set[int] = set()
    best: dict[tuple[str, str | None], tuple[int, bool, int]] = {}
    given = list(hits)
    for hit in sorted(given, key=lambda hit: _strength(hit, order), reverse=True):
        mine, stem, group = _strength(hit, order), hit.document.stem, fold(hit.group)
        # kept under their group and, for hits without one, under None: the first kept is the strongest
        covering = (best.get((stem, key), mine) for key in ((group, "") if group else (None,)))
        if not any(strength > mine for strength in covering):
            chosen.add(id(hit))
            for key in (group, None):
                best.setdefault((stem, key), mine)
    return tuple(hit for hit in given if id(hit) in chosen)


def bounded(hits: Sequence[Hit], sources: Sources) -> tuple[Hit, ...]:
    """Return *hits* with at most `MOST_GROUPS` of one file: beyond, the smallest groups of it become one hit.

    Whoever writes the evidence chooses how many groups there are; nobody reads ten thousand findings of one kind.
    """
    by_stem: dict[str, list[Hit]] = {}
    for hit in hits:
        by_stem.setdefault(hit.document.stem, []).append(hit)
    folded: dict[int, Hit | None] = {}
    for group in by_stem.values():
        if len(group) > MOST_GROUPS:
            largest = sorted(group, key=lambda hit: (-hit.document.level.rank, -hit.count))
            rest = largest[MOST_GROUPS - 1 :]
            folded |= dict.fromkeys(map(id, rest))
            folded[id(rest[0])] = _together(rest, sources)
    return tuple(kept for hit in hits if (kept := folded.get(id(hit), hit)))


def _together(hits: Sequence[Hit], sources: Sources) -> Hit:
    """Return *hits* of one file as one; the strongest, the first, gives the document."""
    rows: dict[str, list[Places]] = {}
    for hit in hits:
        for table, found in hit.rows.items():
            rows.setdefault(table, []).append(found)
    union = {table: in_order(sources, table, np.unique(np.concatenate(found))) for table, found in rows.items()}
    label = lazy_ngettext("%(num)s more group", "%(num)s more groups", len(hits))
    return Hit(hits[0].document, sum(hit.count for hit in hits), union, label)


def _strength(hit: Hit, order: Mapping[str, int]) -> tuple[int, bool, int]:
    document = hit.document
    return document.level.rank, isinstance(document.asks, Correlation), -order[document.name]


def _keys(names: Sequence[str], match: Matched, sources: Sources) -> list[Key]:
    """Return the texts of the fields *names* of each row, none at all where one is missing."""
    columns = [sources.column(match.source, name) for name in names]
    texts = [column.strings(match.rows) if column else [None] * len(match.rows) for column in columns]
    return [tuple(map(str, values)) if None not in values else () for values in zip(*texts, strict=True)]
