"""Lint: what our own rules say under ``custom``, and what a reported rule must say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from claude_evidence.analyzers._lint_common import Complaints, Subject, listed, near, unknown_keys
from claude_evidence.analyzers._lint_detection import allowed_fields
from claude_evidence.model import Risk

_CONFIDENCE = ("low", "medium", "high")
_SHOW = ("values", "distinct", "min", "max")
_REQUIRED = ("explanation", "confidence", "remedy", "issues")
_FACT = ("label", "field", "show")
_STEP = ("step", "command", "risk", "worked")


def check_custom(subject: Subject) -> Complaints:
    """Yield what is wrong under ``custom``, and what is missing in a rule of ours whose matches are reported."""
    if not subject.house:
        return
    custom = subject.data.get("custom")
    if isinstance(custom, dict):
        yield from unknown_keys(subject, _CHECKS, "custom")
        for key, check in _CHECKS.items():
            if key in custom:
                yield from check(subject, key, custom[key])
    elif custom is not None:
        yield subject.line("custom"), "custom is no mapping"
    if subject.reported:
        yield from _check_required(subject)


def _check_required(subject: Subject) -> Complaints:
    at = subject.line("custom")
    for key in _REQUIRED:
        if subject.words.custom.get(key) is None:
            hint = "; write [] if there is none" if key in ("remedy", "issues") else ""
            yield at, f"custom.{key} is missing{hint}"
    if not subject.words.false_positives:
        yield subject.line("falsepositives"), "falsepositives is empty; say when a match is no failure"
    for number in listed(subject.words.custom.get("issues")):
        if isinstance(number, int) and not any(re.search(rf"/{number}\b", text) for text in subject.words.references):
            yield subject.line("custom", "issues"), f"references has no link to issue {number}"
    for place, text in enumerate(listed(subject.data.get("references"))):
        if not re.match(r"https?://\S+$", str(text)):
            yield subject.line("references", place), f"the reference {text} is no link"


def _text(subject: Subject, key: str, value: Any) -> Complaints:
    if not isinstance(value, str) or not value.strip():
        yield subject.line("custom", key), f"custom.{key} is no text"


def _texts(subject: Subject, key: str, value: Any) -> Complaints:
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        yield subject.line("custom", key), f"custom.{key} is no list of texts"


def _confidence(subject: Subject, key: str, value: Any) -> Complaints:
    if value not in _CONFIDENCE:
        yield subject.line("custom", key), f"the confidence {value} is not one of {', '.join(_CONFIDENCE)}"


def _facts(subject: Subject, key: str, value: Any) -> Complaints:
    yield from _entries(subject, key, value, _FACT, required=("label", "field"))
    for place, fact in enumerate(listed(value)):
        if not isinstance(fact, dict):
            continue
        if fact.get("show", "values") not in _SHOW:
            yield subject.line("custom", key, place), f"show {fact['show']} is not one of {', '.join(_SHOW)}"
        yield from _field(subject, str(fact.get("field")), ("custom", key, place))


def _remedy(subject: Subject, key: str, value: Any) -> Complaints:
    yield from _entries(subject, key, value, _STEP, required=("step", "risk"))
    risks = [str(risk) for risk in Risk]
    for place, step in enumerate(listed(value)):
        if isinstance(step, dict) and "risk" in step and step["risk"] not in risks:
            message = f"the risk {step['risk']} is not one of: {', '.join(risks)}"
            yield subject.line("custom", key, place, "risk"), message


def _entries(subject: Subject, key: str, value: Any, known: tuple[str, ...], required: tuple[str, ...]) -> Complaints:
    if not isinstance(value, list):
        yield subject.line("custom", key), f"custom.{key} is no list"
        return
    for place, entry in enumerate(value):
        if not isinstance(entry, dict):
            yield subject.line("custom", key, place), f"an entry of custom.{key} is no mapping"
            continue
        yield from unknown_keys(subject, known, "custom", key, place)
        for name in required:
            if not entry.get(name):
                yield subject.line("custom", key, place), f"an entry of custom.{key} has no {name}"
        for name, text in entry.items():
            if not isinstance(text, str):
                yield subject.line("custom", key, place, name), f"{name} in custom.{key} is no text"


def _stems(subject: Subject, key: str, value: Any) -> Complaints:
    yield from _texts(subject, key, value)
    for place, stem in enumerate(listed(value)):
        if str(stem) not in subject.stems:
            yield (
                subject.line("custom", key, place),
                f"{key} names {stem}, and no rule is called so{near(str(stem), subject.stems)}",
            )


def _versions(subject: Subject, key: str, value: Any) -> Complaints:
    if not isinstance(value, dict):
        yield subject.line("custom", key), "custom.versions is no mapping"
        return
    yield from unknown_keys(subject, ("first", "last", "fixed"), "custom", key)
    for name, text in value.items():
        if not isinstance(text, str):
            yield subject.line("custom", key, name), f"the version {text} is no text; put it in quotes"


def _issues(subject: Subject, key: str, value: Any) -> Complaints:
    if not isinstance(value, list):
        yield subject.line("custom", key), "custom.issues is no list of numbers"
    for place, number in enumerate(listed(value)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            yield subject.line("custom", key, place), f"the issue {number} is no number"


def _needs(subject: Subject, key: str, value: Any) -> Complaints:
    yield from _texts(subject, key, value)
    for place, need in enumerate(listed(value)):
        table, _, column = str(need).partition(".")
        known = subject.tables is None or need == "zone" or table in subject.tables
        if not known:
            yield subject.line("custom", key, place), f"needs names {need}, which is neither zone nor a table"
        elif column and subject.tables is not None and column not in subject.tables.get(table, ()):
            yield subject.line("custom", key, place), f"needs names {need}, and the table {table} has no {column}"


def _fields(subject: Subject, key: str, value: Any) -> Complaints:
    if key == "group_by":
        yield from _texts(subject, key, value)
    else:
        yield from _text(subject, key, value)
    if "correlation" in subject.data:
        yield subject.line("custom", key), f"custom.{key} is for plain documents; a correlation has group-by"
    for name in listed(value):
        yield from _field(subject, str(name), ("custom", key))


def _field(subject: Subject, name: str, path: tuple[str | int, ...]) -> Complaints:
    """Yield a field that no record of the document, or for a correlation of its parts, has."""
    sources: list[Mapping[str, Any]] = [target.data for target in subject.draft.targets.values()]
    sources = sources or [subject.data]
    allowed = [allowed_fields(source, subject) for source in sources]
    if all(names is not None and name not in names for names in allowed):
        yield subject.line(*path), f"no record of this rule has the field {name}"


_CHECKS: dict[str, Callable[[Subject, str, Any], Complaints]] = {
    "explanation": _text,
    "confidence": _confidence,
    "facts": _facts,
    "remedy": _remedy,
    "does_not_work": _texts,
    "for_developers": _text,
    "because_of": _stems,
    "leads_to": _stems,
    "versions": _versions,
    "issues": _issues,
    "needs": _needs,
    "group_by": _fields,
    "count_by": _fields,
}
