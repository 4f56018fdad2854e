"""Lint: correlations, which pySigma accepts with parts missing."""

from __future__ import annotations

import re
from typing import Any

from claude_evidence.analyzers._lint_common import Complaints, Subject, listed, near, unknown_keys
from claude_evidence.analyzers._lint_detection import allowed_fields
from claude_evidence.analyzers._rule_drafts import Draft

_KEYS = ("aliases", "condition", "generate", "group-by", "rules", "timespan", "type")
_TIMESPAN = re.compile(r"[1-9][0-9]*[smhdwMy]")
_COUNTING = ("event_count", "value_count")


def check_correlation(subject: Subject) -> Complaints:
    """Yield what is wrong with the correlation; nothing where the document is none."""
    correlation = subject.data.get("correlation")
    if not isinstance(correlation, dict):
        return
    yield from unknown_keys(subject, _KEYS, "correlation")
    yield from _check_timespan(subject, correlation)
    yield from _check_rules(subject, correlation)
    if "group-by" not in correlation:
        message = "group-by is missing; name the fields, or write [] if all records belong together"
        yield subject.line("correlation"), message
    if correlation.get("type") in _COUNTING:
        yield from _check_count(subject, correlation)
    yield from _check_fields(subject, correlation)


def _check_timespan(subject: Subject, correlation: dict[str, Any]) -> Complaints:
    timespan = correlation.get("timespan")
    if timespan is None:
        yield subject.line("correlation"), "timespan is missing"
    elif not isinstance(timespan, str) or not _TIMESPAN.fullmatch(timespan):
        message = f"the timespan {timespan} is not a number and one of s, m, h, d, w, M, y"
        yield subject.line("correlation", "timespan"), message


def _check_rules(subject: Subject, correlation: dict[str, Any]) -> Complaints:
    rules = [str(name) for name in listed(correlation.get("rules"))]
    at = subject.line("correlation", "rules")
    for name in sorted({name for name in rules if rules.count(name) > 1}):
        yield at, f"rules names {name} twice"
    if isinstance(correlation.get("type"), str) and correlation["type"].startswith("temporal") and len(rules) == 1:
        yield at, "a temporal correlation needs two rules"


def _check_count(subject: Subject, correlation: dict[str, Any]) -> Complaints:
    condition = correlation.get("condition")
    if not isinstance(condition, dict):
        yield subject.line("correlation", "condition"), f"{correlation['type']} needs a condition such as gte: 10"
        return
    for key in condition:
        if key not in ("eq", "gt", "gte", "lt", "lte", "neq", "field"):
            yield subject.line("correlation", "condition", key), f"the key {key} in condition is not known"
    if correlation["type"] == "value_count" and not condition.get("field"):
        yield subject.line("correlation", "condition"), "value_count needs the field whose values are counted"


def _check_fields(subject: Subject, correlation: dict[str, Any]) -> Complaints:
    """Yield grouping and counting fields that a referenced document does not have, and aliases with gaps."""
    aliases = correlation.get("aliases")
    aliases = aliases if isinstance(aliases, dict) else {}
    names: list[tuple[Any, tuple[str, ...]]] = [
        (name, ("correlation", "group-by")) for name in listed(correlation.get("group-by"))
    ]
    condition = correlation.get("condition")
    if isinstance(condition, dict):
        names += [(name, ("correlation", "condition", "field")) for name in listed(condition.get("field"))]
    for name, path in names:
        for target in subject.draft.targets.values():
            if str(name) in aliases:
                yield from _check_alias(subject, aliases, str(name), target)
            else:
                yield from _check_field(subject, str(name), path, target)


def _check_alias(subject: Subject, aliases: dict[str, Any], alias: str, target: Draft) -> Complaints:
    mapping = aliases[alias]
    path = ("correlation", "aliases", alias)
    known = [name for name in mapping if target.answers_to(str(name))] if isinstance(mapping, dict) else []
    if not known:
        yield subject.line(*path), f"the alias {alias} does not say which field of {target.name} it stands for"
    for name in known:
        yield from _check_field(subject, str(mapping[name]), (*path, name), target)


def _check_field(subject: Subject, name: str, path: tuple[str, ...], target: Draft) -> Complaints:
    allowed = allowed_fields(target.data, subject)
    if allowed is not None and name not in allowed:
        yield subject.line(*path), f"the records of {target.name} have no field {name}{near(name, allowed)}"
