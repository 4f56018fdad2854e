"""What a temporal correlation asks for, as alternatives: these documents, and none of those."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from claude_evidence.analyzers._conditions import UnsupportedError

MAX_CLAUSES = 64


@dataclass(frozen=True)
class Clause:
    """One alternative: each of ``wanted`` (in the order of the rule) and none of ``unwanted``, by reference."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()


def references(rule: SigmaCorrelationRule) -> list[str]:
    """Return what *rule* names, in its order."""
    if rule.rules:
        names = [reference.reference for reference in rule.rules]
    elif isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        names = rule.condition.get_referenced_rules()
    else:
        names = []
    if not names or len(set(names)) < len(names):
        raise UnsupportedError("a correlation that names no document, or one twice, is not supported")
    return names


def clauses(rule: SigmaCorrelationRule) -> list[Clause]:
    """Return the alternatives of a condition in words, or of a least number of different documents."""
    names = references(rule)
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        return _of_expression(rule.condition, names)
    least = {
        SigmaCorrelationConditionOperator.GTE: math.ceil(rule.condition.count),
        SigmaCorrelationConditionOperator.GT: math.floor(rule.condition.count) + 1,
    }.get(rule.condition.op)
    if least is None:
        op = rule.condition.op.name.lower()
        raise UnsupportedError(f"the condition {op} is not supported in a correlation in order (gt and gte are)")
    if not 1 <= least <= len(names) or math.comb(len(names), least) > MAX_CLAUSES:
        raise UnsupportedError(f"a condition of {least} out of {len(names)} documents in order is not supported")
    return [Clause(chosen) for chosen in itertools.combinations(names, least)]


def _of_expression(condition: SigmaExtendedCorrelationCondition, names: Sequence[str]) -> list[Clause]:
    found = {terms for terms in _terms(condition.parsed, positive=True) if not terms[0] & terms[1]}
    if not found:
        raise UnsupportedError("the condition of the correlation can never hold")
    if any(not wanted for wanted, _ in found):
        raise UnsupportedError("a correlation that asks for nothing but absence is not supported")
    ordered = [(tuple(n for n in names if n in a), tuple(n for n in names if n in b)) for a, b in found]
    return [Clause(*each) for each in sorted(ordered)]


Terms = tuple[frozenset[str], frozenset[str]]


def _terms(node: CorrelationConditionItem | SigmaRuleReference, *, positive: bool) -> set[Terms]:
    """Return *node* (or, unless *positive*, its negation) as alternatives of what must and what must not be there."""
    if isinstance(node, SigmaRuleReference):
        name, none = frozenset({node.reference}), frozenset[str]()
        return {(name, none)} if positive else {(none, name)}
    if isinstance(node, CorrelationConditionNOT):
        return _terms(node.args[0], positive=not positive)
    parts = [_terms(arg, positive=positive) for arg in node.args]
    if isinstance(node, CorrelationConditionOR if positive else CorrelationConditionAND):
        return _bounded(set().union(*parts))
    if not isinstance(node, CorrelationConditionAND | CorrelationConditionOR):
        raise UnsupportedError(f"correlation conditions of the kind {type(node).__name__} are not supported")
    result: set[Terms] = {(frozenset(), frozenset())}
    for part in parts:
        result = _bounded({(a | c, b | d) for a, b in result for c, d in part})
    return result


def _bounded(terms: set[Terms]) -> set[Terms]:
    if len(terms) > MAX_CLAUSES:
        raise UnsupportedError("the condition of the correlation has too many alternatives")
    return terms
