"""What a temporal correlation asks for, as alternatives: these documents, and none of those."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from claude_evidence.analyzers._forms import Correlation, Expression, Threshold
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.messages import lazy_gettext

MAX_CLAUSES = 64


@dataclass(frozen=True)
class Clause:
    """One alternative: each of ``wanted`` (in the order of the rule) and none of ``unwanted``, by reference."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()


def references(rule: Correlation) -> tuple[str, ...]:
    """Return what *rule* names, in its order."""
    if not rule.names or len(set(rule.names)) < len(rule.names):
        raise UnsupportedError(lazy_gettext("a correlation that names no document, or one twice, is not supported"))
    return rule.names


def clauses(rule: Correlation) -> list[Clause]:
    """Return the alternatives of a condition in words, or of a least number of different documents."""
    names = references(rule)
    if not isinstance(rule.condition, Threshold):
        return _of_expression(rule.condition, names)
    op, bound = rule.condition.op, rule.condition.bound
    least = {"gte": math.ceil(bound), "gt": math.floor(bound) + 1}.get(op)
    if least is None:
        raise UnsupportedError(
            lazy_gettext("the condition %(op)s is not supported in a correlation in order (gt and gte are)", op=op)
        )
    if not 1 <= least <= len(names) or math.comb(len(names), least) > MAX_CLAUSES:
        raise UnsupportedError(
            lazy_gettext(
                "a condition of %(least)s out of %(all)s documents in order is not supported",
                least=least,
                all=len(names),
            )
        )
    return [Clause(chosen) for chosen in itertools.combinations(names, least)]


def _of_expression(condition: Expression, names: Sequence[str]) -> list[Clause]:
    found = {terms for terms in _terms(condition, positive=True) if not terms[0] & terms[1]}
    if not found:
        raise UnsupportedError(lazy_gettext("the condition of the correlation can never hold"))
    if any(not wanted for wanted, _ in found):
        raise UnsupportedError(lazy_gettext("a correlation that asks for nothing but absence is not supported"))
    ordered = [(tuple(n for n in names if n in a), tuple(n for n in names if n in b)) for a, b in found]
    return [Clause(*each) for each in sorted(ordered)]


Terms = tuple[frozenset[str], frozenset[str]]


def _terms(node: Expression, *, positive: bool) -> set[Terms]:
    """Return *node* (or, unless *positive*, its negation) as alternatives of what must and what must not be there."""
    if isinstance(node, str):
        name, none = frozenset({node}), frozenset[str]()
        return {(name, none)} if positive else {(none, name)}
    if node.word == "not":
        return _terms(node.parts[0], positive=not positive)
    parts = [_terms(part, positive=positive) for part in node.parts]
    if (node.word == "or") is positive:
        return _bounded(set().union(*parts))
    result: set[Terms] = {(frozenset(), frozenset())}
    for part in parts:
        result = _bounded({(a | c, b | d) for a, b in result for c, d in part})
    return result


def _bounded(terms: set[Terms]) -> set[Terms]:
    if len(terms) > MAX_CLAUSES:
        raise UnsupportedError(lazy_gettext("the condition of the correlation has too many alternatives"))
    return terms
