"""The field names that a Sigma document uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaFieldReference

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._rule_drafts import Draft

_MAX_DEPTH = 10


def fields(found: Iterable[Draft]) -> frozenset[str]:
    """Return every stored field that the usable drafts can ask for, the taxonomy's other names included."""
    result: set[str] = set()
    for draft in found:
        sources = _logsources(draft)
        names = named(draft)
        for source in sources:
            result |= taxonomy.filter_fields(source)
            result.update(stored for name in names for stored in taxonomy.stored_names(source, name))
        result |= names
    return frozenset(result)


def _logsources(draft: Draft, depth: int = 0) -> list[taxonomy.LogSource]:
    if isinstance(draft.sigma, SigmaRule):
        return [draft.sigma.logsource]
    if depth > _MAX_DEPTH:
        return []
    return [source for target in draft.targets.values() for source in _logsources(target, depth + 1)]


def named(draft: Draft) -> set[str]:
    """Return the field names that one document writes down."""
    return {name for name in _written(draft) if isinstance(name, str) and name}


def _written(draft: Draft) -> Iterator[object]:
    for key in ("group_by", "count_by"):
        yield from _listed(draft.custom.get(key))
    for fact in _listed(draft.custom.get("facts")):
        yield fact.get("field") if isinstance(fact, dict) else None
    if isinstance(draft.sigma, SigmaRule):
        for detection in draft.sigma.detection.detections.values():
            yield from _detection_fields(detection)
    elif draft.sigma is not None:
        yield from _correlation_fields(draft.sigma)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _correlation_fields(rule: SigmaCorrelationRule) -> Iterator[object]:
    """Yield the fields by which a correlation groups and counts; an alias counts as the fields it stands for."""
    aliased = [alias.alias for alias in rule.aliases]
    counted = rule.condition.fieldref if isinstance(rule.condition, SigmaCorrelationCondition) else None
    yield from (name for name in [*(rule.group_by or ()), *_listed(counted)] if name not in aliased)
    for alias in rule.aliases:
        yield from alias.mapping.values()


def _detection_fields(detection: SigmaDetection | SigmaDetectionItem) -> Iterator[str]:
    if isinstance(detection, SigmaDetection):
        for item in detection.detection_items:
            yield from _detection_fields(item)
        return
    if detection.field:
        yield detection.field
    yield from (value.field for value in detection.value if isinstance(value, SigmaFieldReference))
