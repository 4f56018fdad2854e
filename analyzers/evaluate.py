"""Judging: which rules match the tables, in which rows, and which rules cannot be answered and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from claude_evidence.analyzers._chains import Chains, InconclusiveError
from claude_evidence.analyzers._forms import Detection
from claude_evidence.analyzers._hits import bounded, correlation_hits, plain_hits, strongest
from claude_evidence.analyzers._matching import Plain
from claude_evidence.analyzers._refusals import MissingError, UnsupportedError, sentence
from claude_evidence.analyzers._sources import Columns, Sources
from claude_evidence.analyzers._types import Hit, Judgement, RuleDocument, RuleSet
from claude_evidence.model import Coverage, NotJudged, Problem, Reason

REFUSALS = (UnsupportedError, MissingError, InconclusiveError)


def judge(
    rules: RuleSet, tables: Mapping[str, pd.DataFrame], coverage: Sequence[Coverage], known: Columns | None = None
) -> Judgement:
    """Return what *rules* say of *tables*: hits of the documents that are reported, and every rule without an answer.

    *coverage* says which log sources are in the evidence, and until when: a rule about another one cannot be answered,
    nor whether something failed to follow after the end. A rule that matches nothing gives nothing. Rows of a hit are
    positions in the table, in order of time. Per file and group only the strongest document is kept, and of very many
    groups of a file all but the largest are one hit. *known* are columns (by table and name) that were made ready
    before.
    """
    sources = Sources(tables, coverage, known)
    plain, refused = _understood(rules.documents, sources)
    chains = Chains(rules.documents, plain, refused, sources)
    hits: list[Hit] = []
    not_judged: list[NotJudged] = []
    answered: set[str] = set()
    problems: list[Problem] = []
    for document in rules.documents:
        if not document.generate:
            continue
        try:
            hits += _hits(document, plain, refused, chains, sources)
            answered.add(document.stem)
        except REFUSALS as reason:
            not_judged.append(_not_judged(document, reason))
            if isinstance(reason, UnsupportedError):
                where = f"{document.file.name}:{document.line}"
                problems.append(Problem("rules", where, f"{document.name}: {reason}"))
    order = {document.name: number for number, document in enumerate(rules.documents)}
    told = bounded(strongest(hits, order), sources)
    return Judgement(told, tuple(dict.fromkeys(not_judged)), tuple(problems), frozenset(answered))


def _understood(documents: Sequence[RuleDocument], sources: Sources) -> tuple[dict[str, Plain], dict[str, Exception]]:
    """Read all plain documents before any is judged, so that their searches can share a pass over the text."""
    plain: dict[str, Plain] = {}
    refused: dict[str, Exception] = {}
    for document in documents:
        if isinstance(document.asks, Detection):
            try:
                plain[document.name] = Plain(document.asks, sources)
            except REFUSALS as reason:
                refused[document.name] = reason
    return plain, refused


def _hits(
    document: RuleDocument,
    plain: Mapping[str, Plain],
    refused: Mapping[str, Exception],
    chains: Chains,
    sources: Sources,
) -> list[Hit]:
    if document.name in refused:
        raise refused[document.name]
    if document.name in plain:
        return plain_hits(document, plain[document.name].matched, sources)
    found = chains.found(document)
    return correlation_hits(document, found.in_groups(), sources) if found else []


def _not_judged(document: RuleDocument, reason: Exception) -> NotJudged:
    """Return that *document* could not be answered; what is not supported is named with file and line."""
    kind = Reason.INCONCLUSIVE if isinstance(reason, InconclusiveError) else Reason.NOT_EVALUABLE
    detail = sentence(reason, f"{document.file.name}:{document.line}")
    return NotJudged(document.stem, kind, detail, document.title)
