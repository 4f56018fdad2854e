"""Judging: which rules match the tables, in which rows, and which rules cannot be answered and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from sigma.correlations import SigmaCorrelationRule

from claude_evidence.analyzers._hits import plain_hits, strongest
from claude_evidence.analyzers._matching import Plain
from claude_evidence.analyzers._modifiers import MissingError, UnsupportedError
from claude_evidence.analyzers._sources import Sources
from claude_evidence.analyzers._types import Hit, Judgement, RuleDocument, RuleSet
from claude_evidence.model import Coverage, NotJudged, Reason


def judge(rules: RuleSet, tables: Mapping[str, pd.DataFrame], coverage: Sequence[Coverage]) -> Judgement:
    """Return what *rules* say of *tables*: hits of the documents that are reported, and every rule without an answer.

    *coverage* says which log sources are in the evidence: a rule about another one cannot be answered. A rule that
    matches nothing gives nothing. Rows of a hit are positions in the table, in order of time. The last part of this
    function's work is to keep, per file and group, only the strongest document.
    """
    sources = Sources(tables, coverage)
    refused: dict[str, Exception] = {}
    plain: dict[str, Plain] = {}
    for document in rules.documents:
        if not isinstance(document.sigma, SigmaCorrelationRule):
            try:
                plain[document.name] = Plain(document.sigma, sources)
            except (UnsupportedError, MissingError) as reason:
                refused[document.name] = reason
    hits: list[Hit] = []
    for document in rules.documents:
        if document.generate and document.name in plain:
            hits += plain_hits(document, plain[document.name].matched, sources)
    order = {document.name: number for number, document in enumerate(rules.documents)}
    not_judged = [
        not_answered(document, refused[document.name])
        for document in rules.documents
        if document.generate and document.name in refused
    ]
    return Judgement(strongest(hits, order), tuple(not_judged))


def not_answered(document: RuleDocument, reason: Exception) -> NotJudged:
    """Return that *document* could not be answered; what is not supported is named with file and line."""
    where = f" ({document.file.name}:{document.line})" if isinstance(reason, UnsupportedError) else ""
    return NotJudged(document.stem, Reason.NOT_EVALUABLE, f"{reason}{where}", document.title)
