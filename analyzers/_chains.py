"""Correlations among documents: who refers to whom, on which clock they compare, and what each finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from claude_evidence.analyzers._bytescan import Places
from claude_evidence.analyzers._clauses import clauses, references
from claude_evidence.analyzers._correlate import Correlated, correlate
from claude_evidence.analyzers._forms import Correlation, Threshold
from claude_evidence.analyzers._matching import Plain
from claude_evidence.analyzers._refusals import MissingError, UnsupportedError, sentence
from claude_evidence.analyzers._sources import Sources, Span, times_of
from claude_evidence.analyzers._streams import Events, Groups, Key, MatchEvents, Members, RowEvents, Rows, Stream, merge
from claude_evidence.analyzers._types import RuleDocument
from claude_evidence.messages import lazy_gettext

NO_ZONE = lazy_gettext("log times are local and the zone is unknown: pass --tz")


class InconclusiveError(Exception):
    """Whether a rule matches depends on time that the evidence does not cover: one sentence."""


@dataclass(frozen=True)
class Found:
    """What a correlation found: the events that took part, by reference, and its matches as windows of groups."""

    document: RuleDocument
    groups: Groups
    fields: tuple[str, ...]
    parts: tuple[Stream, ...]
    group: Places
    first: Places
    last: Places

    def in_groups(self) -> list[tuple[Key, Rows]]:
        """Return each group that something was found in, with the rows of each document."""
        result = []
        for code in np.unique(np.concatenate([part.line.group for part in self.parts])).tolist():
            rows: Rows = {}
            for part in self.parts:
                low, high = np.searchsorted(part.line.group, [code, code + 1])
                merge(rows, part.events.rows(part.index[low:high]))
            kept = {name: {t: r for t, r in tables.items() if len(r)} for name, tables in rows.items()}
            result.append((self.groups.keys[code], {name: tables for name, tables in kept.items() if tables}))
        return result

    @cached_property
    def events(self) -> MatchEvents:
        """The matches as events, for a correlation over this one."""
        members = [Members(part, part.line.within(self.group, self.first, self.last)) for part in self.parts]
        keys = [self.groups.keys[code] for code in self.group.tolist()]
        return MatchEvents(self.document.name, self.last, keys, self.fields, members)


class Chains:
    """Judges correlations; each one once, whoever asks."""

    def __init__(
        self,
        documents: Sequence[RuleDocument],
        plain: dict[str, Plain],
        refused: dict[str, Exception],
        sources: Sources,
    ) -> None:
        self._documents = documents
        self._plain = plain
        self._refused = refused
        self._sources = sources
        self._found: dict[tuple[str, bool], Found] = {}

    def found(self, document: RuleDocument) -> Found | None:
        """Return what *document*, a correlation, finds; None where documents that it needs match nothing at all.

        `UnsupportedError`, `MissingError` and `InconclusiveError` say why there is no answer.
        """
        leaves = self._leaves(document, ())
        if not self._possible(document):
            return None
        return self._judged(document, local=self._local(leaves))

    def _judged(self, document: RuleDocument, *, local: bool) -> Found:
        key = (document.name, local)
        if key not in self._found:
            self._found[key] = self._correlated(document, _rule(document), local=local)
        return self._found[key]

    def _correlated(self, document: RuleDocument, rule: Correlation, *, local: bool) -> Found:
        groups, fields = Groups(), rule.group_by
        targets = self._targets(document)
        streams = {
            name: Stream.of(self._events(target, local=local), _aliased(rule, name, fields), groups)
            for name, target in targets.items()
        }
        unwanted = {name for clause in _clauses(rule) for name in clause}
        spans = {name: self._span(target, local=local) for name, target in targets.items() if name in unwanted}
        wanted = rule.condition.fields if isinstance(rule.condition, Threshold) else ()
        result = correlate(rule, streams, spans, {name: _aliased(rule, name, wanted) for name in targets})
        if result.inconclusive:
            raise InconclusiveError(
                lazy_gettext("its window of %(span)s runs past the end of the evidence", span=rule.span)
            )
        parts = tuple(stream.only(np.flatnonzero(result.taking_part[name])) for name, stream in streams.items())
        return Found(document, groups, fields, parts, *_windows(result))

    def _events(self, document: RuleDocument, *, local: bool) -> Events:
        if document.name in self._plain:
            return RowEvents(document.name, self._plain[document.name].matched, self._sources, local=local)
        return self._judged(document, local=local).events

    def _span(self, document: RuleDocument, *, local: bool) -> Span | None:
        sources = [source for leaf in self._leaves(document, ()) for source in leaf.sources]
        span = self._sources.span(sources, local=local)
        if span is None and not local and self._sources.span(sources, local=True):
            raise MissingError(NO_ZONE)
        return span

    def _local(self, leaves: Sequence[Plain]) -> bool:
        """Return whether to compare by the wall clock: only where rows of the app's log have no other time."""
        matches = [match for leaf in leaves for match in leaf.matched]
        lacking, without_local = False, False
        for match in matches:
            table = self._sources.tables[match.source.table]
            _, known = times_of(table, match.rows, local=False)
            _, local = times_of(table, match.rows, local=True)
            lacking |= bool((~known & local).any())
            without_local |= bool((known & ~local).any())
        if not lacking:
            return False
        if without_local or any(source.table != "app_log" for leaf in leaves for source in leaf.sources):
            raise MissingError(NO_ZONE)
        return True

    def _possible(self, document: RuleDocument) -> bool:
        """Return whether *document* could match if time played no part."""
        if document.name in self._plain:
            return any(len(match.rows) for match in self._plain[document.name].matched)
        rule, targets = _rule(document), self._targets(document)
        if not rule.temporal or _by_number(rule):
            return any(map(self._possible, targets.values()))
        # what must be absent, or is dear to find, is not searched for where nothing else is there
        wanted = ([targets[name] for name in clause.wanted] for clause in clauses(rule))
        return any(all(map(self._possible, sorted(each, key=self._cost))) for each in wanted)

    def _cost(self, document: RuleDocument) -> int:
        """Return what it costs to judge *document*, or the dearest of those that it refers to."""
        return max((leaf.cost for leaf in self._leaves(document, ())), default=0)

    def _leaves(self, document: RuleDocument, above: tuple[str, ...]) -> list[Plain]:
        """Return the plain documents below *document*; the reason of one that cannot be answered is raised."""
        if document.name in self._refused:
            raise _passed_on(document, self._refused[document.name])
        if document.name in self._plain:
            return [self._plain[document.name]]
        if document.name in above:
            raise UnsupportedError(lazy_gettext("the correlation %(name)s refers to itself", name=document.name))
        targets = self._targets(document).values()
        return [leaf for target in targets for leaf in self._leaves(target, (*above, document.name))]

    def _targets(self, document: RuleDocument) -> dict[str, RuleDocument]:
        """Return the documents that a correlation names, by reference."""
        rule = _rule(document)
        return {name: self._target(name, rule.targets.get(name)) for name in references(rule)}

    def _target(self, name: str, linked: str | None) -> RuleDocument:
        for document in self._documents:
            if document.name == linked or (linked is None and name in (document.name, document.id)):
                return document
        raise MissingError(lazy_gettext("needs the rule %(name)s, which is not judged", name=name))


def _rule(document: RuleDocument) -> Correlation:
    assert isinstance(document.asks, Correlation)
    return document.asks


def _by_number(rule: Correlation) -> bool:
    return rule.kind == "temporal" and isinstance(rule.condition, Threshold)


def _clauses(rule: Correlation) -> list[tuple[str, ...]]:
    """Return the documents whose absence the alternatives of a temporal correlation ask for."""
    return [clause.unwanted for clause in clauses(rule)] if rule.temporal and not _by_number(rule) else []


def _aliased(rule: Correlation, name: str, fields: Sequence[str]) -> tuple[str, ...]:
    """Return *fields* as the document *name* calls them."""
    return tuple(_field(rule, name, field) for field in fields)


def _field(rule: Correlation, name: str, field: str) -> str:
    alias = rule.aliases.get(field)
    if alias is None:
        return field
    if name not in alias:
        raise UnsupportedError(lazy_gettext("the alias %(alias)s names no field of %(name)s", alias=field, name=name))
    return alias[name]


def _windows(result: Correlated) -> tuple[Places, Places, Places]:
    nothing = np.empty(0, np.int64)
    joined = [np.concatenate([nothing, *parts]) for parts in (result.group, result.first, result.last)]
    _, chosen = np.unique(np.stack(joined), axis=1, return_index=True)
    chosen = np.sort(chosen)
    return joined[0][chosen], joined[1][chosen], joined[2][chosen]


def _passed_on(document: RuleDocument, reason: Exception) -> Exception:
    return MissingError(sentence(reason, f"{document.file.name}:{document.line}"))
