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
        names = {name for name in named(draft) if isinstance(name, str) and name}
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
    return [source for target in draft.targets for source in _logsources(target, depth + 1)]


def named(draft: Draft) -> set[object]:
    """Return the field names that one document writes down."""
    custom = {name for key in ("group_by", "count_by") for name in _listed(draft.custom.get(key))}
    custom |= {fact.get("field") for fact in _listed(draft.custom.get("facts")) if isinstance(fact, dict)}
    if isinstance(draft.sigma, SigmaRule):
        return custom | rule_fields(draft.sigma)
    return custom | (correlation_fields(draft.sigma) if draft.sigma is not None else set())


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def rule_fields(rule: SigmaRule) -> set[object]:
    """Return the fields that a plain rule compares, those behind ``fieldref`` included."""
    return {name for detection in rule.detection.detections.values() for name in _detection_fields(detection)}


def correlation_fields(rule: SigmaCorrelationRule) -> set[object]:
    """Return the fields by which a correlation groups and counts; an alias counts as the fields it stands for."""
    aliased = {alias.alias for alias in rule.aliases}
    names: set[object] = {name for name in rule.group_by or () if name not in aliased}
    names.update(name for alias in rule.aliases for name in alias.mapping.values())
    counted = rule.condition.fieldref if isinstance(rule.condition, SigmaCorrelationCondition) else None
    names.update(name for name in (counted if isinstance(counted, list) else [counted]) if name not in aliased)
    return names


def _detection_fields(detection: SigmaDetection | SigmaDetectionItem) -> Iterator[str]:
    if isinstance(detection, SigmaDetection):
        for item in detection.detection_items:
            yield from _detection_fields(item)
        return
    if detection.field:
        yield detection.field
    yield from (value.field for value in detection.value if isinstance(value, SigmaFieldReference))
