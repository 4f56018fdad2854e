"""Lint: selections, conditions, modifiers and fields of a plain Sigma document."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from sigma.conditions import ConditionIdentifier, ConditionItem, ConditionSelector, SigmaCondition
from sigma.modifiers import modifier_mapping

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._event_fields import BY_SERVICE, EVENT_COLUMNS
from claude_evidence.analyzers._lint_common import Complaints, Subject, listed, near
from claude_evidence.analyzers._rule_parse import PARSE_ERRORS, detection_items

_HEAD = frozenset({"TimeCreated", "Member", "Record"})


def check_detection(subject: Subject) -> Complaints:
    """Yield what is wrong with the detection; nothing where there is none."""
    detection = subject.data.get("detection")
    if not isinstance(detection, dict):
        return
    yield from _check_items(subject, detection)
    yield from _check_condition(subject, detection)


def allowed_fields(draft_data: Mapping[str, Any], subject: Subject) -> frozenset[str] | None:
    """Return the fields that a plain document of this log source may use; None where they cannot be known."""
    logsource = draft_data.get("logsource")
    if not isinstance(logsource, dict):
        return None
    if logsource.get("product") == taxonomy.PRODUCT:
        columns = (subject.tables or {}).get(str(logsource.get("category")))
        return None if columns is None else columns | _HEAD
    event_data = BY_SERVICE.get(str(logsource.get("service")))
    if event_data is None or "category" in logsource or not subject.draft.file.own:
        return None
    return EVENT_COLUMNS | event_data | (subject.tables or {}).get("events", frozenset())


def check_table(subject: Subject) -> Complaints:
    """Yield our own log source where its category is no table."""
    logsource = subject.data.get("logsource")
    if subject.tables is None or not isinstance(logsource, dict) or logsource.get("product") != taxonomy.PRODUCT:
        return
    category = str(logsource.get("category"))
    if category not in subject.tables:
        yield subject.line("logsource", "category"), f"there is no table {category}{near(category, subject.tables)}"


def _check_items(subject: Subject, detection: dict[Any, Any]) -> Complaints:
    allowed = allowed_fields(subject.data, subject)
    for path, key, value in detection_items(detection):
        name, *modifiers = key.split("|")
        for modifier in modifiers:
            if modifier not in modifier_mapping:
                yield subject.line(*path), f"the modifier {modifier} is not known{near(modifier, modifier_mapping)}"
        yield from _check_field(subject, path, name, allowed)
        if "fieldref" in modifiers:
            for other in listed(value):
                yield from _check_field(subject, path, str(other), allowed)


def _check_field(
    subject: Subject, path: tuple[str | int, ...], name: str, allowed: frozenset[str] | None
) -> Complaints:
    if name and allowed is not None and name not in allowed:
        logsource = subject.data["logsource"]
        source = logsource.get("category") or logsource.get("service")
        yield subject.line(*path), f"{source} has no field {name}{near(name, allowed)}"


def _check_condition(subject: Subject, detection: dict[Any, Any]) -> Complaints:
    names = [str(name) for name in detection if name not in ("condition", "timeframe")]
    at = subject.line("detection", "condition")
    used: set[str] = set()
    for condition in listed(detection.get("condition")):
        try:
            parsed = SigmaCondition(condition, None).parse(postprocess=False)  # type: ignore[arg-type]
        except PARSE_ERRORS:
            return  # the loader says why, with the same line
        for part in _leaves(parsed):
            if isinstance(part, ConditionIdentifier):
                meant = {part.identifier} & set(names)
                missing = f"the condition names {part.identifier}, and there is no such selection"
            else:
                meant = _selected(part.pattern, names)
                missing = f"the condition names {part.pattern}, and no selection is called so"
            if not meant:
                yield at, missing + near(getattr(part, "identifier", part.args[-1]), names)
            used |= meant
    for name in names:
        if name not in used:
            yield subject.line("detection", name), f"the condition never uses the selection {name}"


def _selected(pattern: str, names: list[str]) -> set[str]:
    if pattern == "them":
        return {name for name in names if not name.startswith("_")}
    return {name for name in names if fnmatch.fnmatchcase(name, pattern)}


def _leaves(part: Any) -> Iterator[ConditionIdentifier | ConditionSelector]:
    if isinstance(part, (ConditionIdentifier, ConditionSelector)):
        yield part
    elif isinstance(part, ConditionItem):
        for inner in part.args:
            yield from _leaves(inner)
