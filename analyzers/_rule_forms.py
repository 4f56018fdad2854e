"""From pySigma's objects to what is judged: the one way between them, taken when rules are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from sigma.types import SigmaExists, SigmaExpansion, SigmaFieldReference, SigmaNull, SigmaType

from claude_evidence.analyzers._forms import (
    Asked,
    Condition,
    Correlation,
    Detection,
    Expression,
    Joined,
    LogSource,
    Present,
    Refused,
    Related,
    Threshold,
)
from claude_evidence.analyzers._questions import Fits, Matches, Test
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.analyzers._rule_values import question

_WORDS: Mapping[type, Literal["and", "or", "not"]] = {
    ConditionAND: "and",
    ConditionOR: "or",
    ConditionNOT: "not",
    CorrelationConditionAND: "and",
    CorrelationConditionOR: "or",
    CorrelationConditionNOT: "not",
}


def form(rule: SigmaRule | SigmaCorrelationRule, targets: Mapping[str, str] | None = None) -> Detection | Correlation:
    """Return what *rule* asks; *targets* are the names of the documents that a correlation refers to, by reference."""
    return _correlation(rule, targets or {}) if isinstance(rule, SigmaCorrelationRule) else _detection(rule)


def _detection(rule: SigmaRule) -> Detection:
    source = LogSource(rule.logsource.product, rule.logsource.category, rule.logsource.service)
    try:
        return Detection(source, _conditions(rule))
    except UnsupportedError as reason:
        return Detection(source, refused=str(reason))


def _conditions(rule: SigmaRule) -> tuple[Condition, ...]:
    if "timeframe" in rule.detection.detections:
        raise UnsupportedError("timeframe is not supported: write a correlation with a timespan")
    try:
        trees = [condition.parsed for condition in rule.detection.parsed_condition]
        if not trees or None in trees:
            raise UnsupportedError("its condition names no detection")
        return tuple(map(_condition, trees))
    except SigmaError as error:
        raise UnsupportedError(f"its condition cannot be read: {' '.join(str(error).split())[:300]}") from None
    except RecursionError:
        raise UnsupportedError("its condition is nested too deeply") from None


def _condition(tree: object) -> Condition:
    if isinstance(tree, ConditionAND | ConditionOR | ConditionNOT):
        return Joined(_WORDS[type(tree)], tuple(map(_condition, tree.args)))
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        return _asked(tree.field, tree.value)
    if isinstance(tree, ConditionValueExpression):
        return _asked(None, tree.value)
    return Refused(f"conditions of the kind {type(tree).__name__} are not supported")


def _asked(field: str | None, value: SigmaType) -> Condition:
    if isinstance(value, SigmaExpansion):
        return Joined("or", tuple(_asked(field, each) for each in value.values))
    try:
        return Asked(field, _keyword(value) if field is None else _of_field(field, value))
    except UnsupportedError as reason:
        return Asked(field, Refused(str(reason)))


def _of_field(field: str, value: SigmaType) -> Test | Present | Related:
    if isinstance(value, SigmaNull):
        return Present(yes=False)
    if isinstance(value, SigmaExists):
        return Present(yes=value.exists)
    if isinstance(value, SigmaFieldReference):
        if value.starts_with and value.ends_with:
            return Related(value.field, "contains")
        return Related(value.field, "startswith" if value.starts_with else "endswith" if value.ends_with else "equals")
    return question(value, field)


def _keyword(value: SigmaType) -> Test:
    """Return the question whether *value* stands anywhere in a text."""
    test = question(value)
    if isinstance(test, Fits):
        return Fits(test.glob.inside())
    if not isinstance(test, Matches):
        raise UnsupportedError(f"values of the kind {type(value).__name__} need a field")
    return test


def _correlation(rule: SigmaCorrelationRule, targets: Mapping[str, str]) -> Correlation:
    return Correlation(
        kind=rule.type.name.lower(),
        span=rule.timespan.spec,
        span_s=rule.timespan.seconds,
        condition=_wanted(rule.condition),
        names=_names(rule),
        group_by=tuple(rule.group_by or ()),
        aliases={
            alias.alias: {reference.reference: own for reference, own in alias.mapping.items()}
            for alias in rule.aliases
        },
        targets=dict(targets),
    )


def _names(rule: SigmaCorrelationRule) -> tuple[str, ...]:
    if rule.rules:
        return tuple(reference.reference for reference in rule.rules)
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        return tuple(rule.condition.get_referenced_rules())
    return ()


def _wanted(
    condition: SigmaCorrelationCondition | SigmaExtendedCorrelationCondition,
) -> Threshold | Expression:
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        return _expression(condition.parsed)
    fields = condition.fieldref or ()
    return Threshold(
        condition.op.name.lower(), condition.count, (fields,) if isinstance(fields, str) else tuple(fields)
    )


def _expression(node: CorrelationConditionItem | SigmaRuleReference) -> Expression:
    if isinstance(node, SigmaRuleReference):
        return str(node.reference)
    return Joined(_WORDS[type(node)], tuple(map(_expression, node.args)))
