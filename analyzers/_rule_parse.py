"""One Sigma document: from plain data to pySigma's object, or the reason why not, with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition, SigmaRuleReference
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem, SigmaRule

from claude_evidence.analyzers._re2 import refusal
from claude_evidence.analyzers._yaml_lines import Node

Path = tuple[str | int, ...]
"""The way to a value: keys, and places in lists."""

CORRELATION_TYPES = ("event_count", "value_count", "temporal", "temporal_ordered")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAX_CONDITION = 4_000
_MAX_PARENTHESES = 25
_KEPT = ("name", "status", "taxonomy", "logsource", "detection", "correlation", "custom")

# pySigma's own errors are ValueErrors; the others get out where a value has a type it does not expect
PARSE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError)


class RejectedError(Exception):
    """A document that cannot be used; ``broken`` says that it is no valid Sigma at all."""

    def __init__(self, reason: str, line: int, *, broken: bool = False) -> None:
        super().__init__(" ".join(reason.split())[:400])
        self.line = line
        self.broken = broken


def parse(data: dict[str, Any], node: Node) -> SigmaRule | SigmaCorrelationRule:
    """Return *data* as pySigma's object; *node* is the document it was read from and gives the lines.

    Raises `RejectedError` for what is no Sigma rule and for constructs that are not supported: a document that comes
    back is complete, its conditions included.
    """
    if "correlation" in data:
        _check_correlation(data, node)
        correlation: SigmaCorrelationRule = _built(SigmaCorrelationRule, data, node, "correlation")
        return correlation
    if "detection" not in data:
        raise RejectedError("it has neither detection nor correlation, so it is no Sigma rule", node.line, broken=True)
    _check_detection(data, node)
    rule: SigmaRule = _built(SigmaRule, data, node, "detection")
    try:
        for condition in rule.detection.parsed_condition:
            condition.parse()
    except PARSE_ERRORS as error:
        at = line(node, "detection", "condition")
        raise RejectedError(f"the condition cannot be parsed: {one_line(error)}", at) from None
    return rule


def line(node: Node, *path: str | int) -> int:
    """Return the line where *path* stands in *node*, or of the last part of it that is there."""
    found = node.line
    for step in path:
        if isinstance(step, int) and not node.is_mapping:
            inner = node.items[step] if step < len(node.items) else None
            key = inner
        else:
            inner, key = node.get(step), node.key(step)
        if inner is None or key is None:
            break
        node, found = inner, key.line
    return found


def detection_items(data: Any, path: Path = ("detection",)) -> Iterator[tuple[Path, str, Any]]:
    """Yield path, key (field with modifiers) and value of every item below a detection section or selection."""
    if isinstance(data, dict):
        for key, value in data.items():
            if len(path) > 1:
                yield (*path, key), str(key), value
            elif key not in ("condition", "timeframe"):
                yield from detection_items(value, (*path, key))
    elif isinstance(data, list):
        for number, item in enumerate(data):
            if isinstance(item, (dict, list)):
                yield from detection_items(item, (*path, number))


def _check_detection(data: dict[str, Any], node: Node) -> None:
    detection = data["detection"]
    if not isinstance(detection, dict):
        raise RejectedError("detection is no mapping", line(node, "detection"), broken=True)
    if not isinstance(data.get("logsource"), dict):
        raise RejectedError("it has no logsource", line(node, "logsource"), broken=True)
    for key in ("product", "category", "service"):
        if not isinstance(data["logsource"].get(key), str | None):
            raise RejectedError(f"the {key} of the log source is no text", line(node, "logsource", key))
    check_items(detection, node, "detection")
    conditions = detection.get("condition")
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        _check_condition(condition, line(node, "detection", "condition"))
    if "timeframe" in detection:
        at = line(node, "detection", "timeframe")
        raise RejectedError("timeframe is not supported: write a correlation with a timespan", at)


def check_items(section: Any, node: Node, name: str) -> None:
    """Raise `RejectedError` for the first modifier, or value under one, that is not supported in section *name*."""
    for path, key, value in detection_items(section, (name,)):
        modifiers = key.split("|")[1:]
        for modifier in modifiers:
            if modifier == "expand":
                raise RejectedError(f"placeholders ({key}) are not supported: nothing fills them", line(node, *path))
            if modifier not in modifier_mapping:
                raise RejectedError(f"the modifier {modifier} ({key}) is not supported", line(node, *path))
        values = value if isinstance(value, list) else [value]
        if "re" in modifiers and not all(isinstance(pattern, str) for pattern in values):
            raise RejectedError(f"a regular expression ({key}) is no text; put it in quotes", line(node, *path))
        if "re" in modifiers and (why := next(filter(None, map(refusal, values)), "")):
            raise RejectedError(f"{why} ({key})", line(node, *path))


def _check_condition(condition: Any, at: int) -> None:
    if not isinstance(condition, str):
        raise RejectedError("detection has no condition", at, broken=True)
    if "|" in condition:
        raise RejectedError("an aggregation in the condition (|) is not supported: write a correlation", at)
    if len(condition) > _MAX_CONDITION or _depth(condition) > _MAX_PARENTHESES:
        raise RejectedError("the condition is too long or too deeply nested", at)


def _depth(condition: str) -> int:
    """Return how deep the parentheses nest."""
    return max(accumulate((char == "(") - (char == ")") for char in condition), default=0)


def _check_correlation(data: dict[str, Any], node: Node) -> None:
    correlation = data["correlation"]
    if not isinstance(correlation, dict):
        raise RejectedError("correlation is no mapping", line(node, "correlation"), broken=True)
    kind = correlation.get("type")
    if kind not in CORRELATION_TYPES:
        raise RejectedError(f"the correlation type {kind} is not supported", line(node, "correlation", "type"))
    rules = correlation.get("rules")
    names = rules if isinstance(rules, list) else [rules] if rules is not None else []
    if not all(isinstance(name, str) for name in names):
        raise RejectedError("rules holds something that is no name", line(node, "correlation", "rules"), broken=True)
    condition = correlation.get("condition")
    if isinstance(condition, str):
        _check_condition(condition, line(node, "correlation", "condition"))


def _built(kind: Any, data: dict[str, Any], node: Node, section: str) -> Any:
    try:
        rule = kind.from_dict(essential(data))
    except PARSE_ERRORS as error:
        raise RejectedError(one_line(error), _blamed(data, node, section), broken=section == "correlation") from None
    if isinstance(rule, SigmaCorrelationRule):
        rule.referenced_rules = _references(rule)
    return rule


def _references(rule: SigmaCorrelationRule) -> list[SigmaRuleReference]:
    if rule.rules is not None:
        return list(rule.rules)
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        return [SigmaRuleReference(name) for name in rule.condition.get_referenced_rules()]
    return []


def essential(data: dict[str, Any]) -> dict[str, Any]:
    """Return the parts that decide what matches: a bad date or tag must not cost the rule."""
    kept = {key: data[key] for key in _KEPT if data.get(key) is not None}
    kept["title"] = str(data.get("title") or "")[:256]
    for key in ("references", "falsepositives"):
        kept[key] = texts(data.get(key))
    if isinstance(data.get("id"), str) and UUID.fullmatch(data["id"]):
        kept["id"] = data["id"]
    for key in ("name", "status", "taxonomy"):
        if not isinstance(kept.get(key), str) or not kept[key]:
            kept.pop(key, None)
    kept.pop("status", None)
    return kept


def texts(value: Any) -> list[str]:
    """Return *value*, a list or one item, as texts."""
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]


def _blamed(data: dict[str, Any], node: Node, section: str) -> int:
    """Return the line of the first detection item that pySigma refuses, else of the section."""
    for path, key, value in detection_items(data.get("detection")):
        try:
            SigmaDetectionItem.from_mapping(key, value)
        except PARSE_ERRORS:
            return line(node, *path)
    return line(node, section)


def one_line(error: BaseException) -> str:
    """Return pySigma's message as one line."""
    return " ".join(str(error.args[0] if error.args else type(error).__name__).split())[:300]
