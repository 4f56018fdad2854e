"""Lint: the top level of a Sigma document, its names and its metadata."""

from __future__ import annotations

import re

from sigma import exceptions
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule
from sigma.rule.attributes import SigmaStatus

from claude_evidence.analyzers._lint_common import Complaints, Subject, near, unknown_keys
from claude_evidence.analyzers._rule_parse import PARSE_ERRORS, UUID, one_line
from claude_evidence.model import Level

_METADATA = {
    "author": exceptions.SigmaAuthorError,
    "date": exceptions.SigmaDateError,
    "description": exceptions.SigmaDescriptionError,
    "falsepositives": exceptions.SigmaFalsePositivesError,
    "fields": exceptions.SigmaFieldsError,
    "license": exceptions.SigmaLicenseError,
    "modified": exceptions.SigmaModifiedError,
    "references": exceptions.SigmaReferencesError,
    "related": exceptions.SigmaRelatedError,
    "scope": exceptions.SigmaScopeError,
    "tags": exceptions.SigmaTagError,
}
_KNOWN = {*_METADATA, "action", "correlation", "custom", "detection", "filter", "id", "level", "logsource", "name"}
_KNOWN |= {"regression_tests_path", "simulation", "status", "taxonomy", "title"}
_LOGSOURCE = ("category", "definition", "product", "service")
_STATUS = tuple(str(status) for status in SigmaStatus)
_MAX_TITLE = 120
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_keys(subject: Subject) -> Complaints:
    """Yield what is wrong with the keys of the top level and with the metadata."""
    yield from unknown_keys(subject, _KNOWN)
    if isinstance(subject.data.get("logsource"), dict):
        yield from unknown_keys(subject, _LOGSOURCE, "logsource")
    yield from _check_title(subject)
    yield from _check_choices(subject)
    yield from _check_id(subject)
    yield from _check_metadata(subject)


def check_name(subject: Subject) -> Complaints:
    """Yield what is wrong with the document's name; ours are called after their file."""
    name, stem = subject.data.get("name"), subject.draft.file.path.stem
    at = subject.line("name")
    if name is None and subject.house:
        yield at, f"the document has no name; call it {stem} or {stem}__part"
    elif name is not None and not isinstance(name, str):
        yield at, f"the name {name} is no text; put it in quotes"
    elif name is not None and not _NAME.fullmatch(name):
        yield (
            at,
            f"the name {name} has something else than letters, digits and underscores, so no condition can name it",
        )
    elif name is not None and subject.house and name != stem and not re.fullmatch(re.escape(stem) + "__.+", name):
        yield at, f"the name {name} is not {stem} or {stem}__part, after the file"


def _check_title(subject: Subject) -> Complaints:
    title = subject.data.get("title")
    if not isinstance(title, str) or not title.strip():
        yield subject.line("title"), "the document has no title"
    elif len(title) > _MAX_TITLE:
        yield subject.line("title"), f"the title has {len(title)} characters; {_MAX_TITLE} are the most"


def _check_choices(subject: Subject) -> Complaints:
    for key, choices in (("level", tuple(Level)), ("status", _STATUS)):
        value = subject.data.get(key)
        if value is None:
            if subject.house and key == "level":
                yield subject.line(), "the document has no level"
        elif not isinstance(value, str) or value.lower() not in choices:
            yield subject.line(key), f"the {key} {value} is not one of {', '.join(choices)}{near(str(value), choices)}"


def _check_id(subject: Subject) -> Complaints:
    value = subject.data.get("id")
    if value is None:
        if subject.house and subject.reported:
            yield subject.line(), "the document has no id; give it a UUID"
    elif not isinstance(value, str) or not UUID.fullmatch(value):
        yield subject.line("id"), f"the id {value} is no UUID"


def _check_metadata(subject: Subject) -> Complaints:
    """Yield what pySigma finds in dates, tags and the like, with the line of the key."""
    data = {key: value for key, value in subject.data.items() if key in _METADATA}
    kind = SigmaCorrelationRule if "correlation" in subject.data else SigmaRule
    try:
        _, errors = kind.from_dict_common_params({"title": "-", **data}, collect_errors=True)
    except PARSE_ERRORS as failure:
        yield subject.line(), f"the metadata cannot be read: {one_line(failure)}"
        return
    for error in errors:
        key = next((name for name, known in _METADATA.items() if isinstance(error, known)), "tags")
        yield subject.line(key), f"{key}: {one_line(error)}"
