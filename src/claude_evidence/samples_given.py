"""A bundle read for making a sample of it: as redacted, with what it shows and all that identifies somebody in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claude_evidence.case import Case, case_of
from claude_evidence.case_text import raw_of, texts_of
from claude_evidence.invented import ids
from claude_evidence.model import Report
from claude_evidence.trial import Told, Trial, told_by
from claude_evidence.usage import UsageError

if TYPE_CHECKING:
    from claude_evidence.bundle import Bundle, Limits

REDACTION = "data/redaction.json"


class NoSampleError(Exception):
    """No scenario can be made that shows the same and hides what it must: lines that say why."""


@dataclass(frozen=True, slots=True)
class Given:
    """The input as redacted: ``case``, the ``report`` on the original and what it ``told``, ``mapping`` from tokens to
    true values, ``forms`` from those of equal length to tokens, and every id (`ids`) of the original and the redacted.
    """

    case: Case
    report: Report
    told: Told
    mapping: Mapping[str, str]
    forms: Mapping[str, str]
    ids: frozenset[str]


def read(inputs: Sequence[Path], limits: Limits, folder: Path, trial: Trial) -> Given:
    """Return what *inputs* give, redacted in *folder*.

    UsageError where nothing can be read, `NoSampleError` where the redaction would leave or change something.
    """
    from claude_evidence.bundle import open_bundle

    with open_bundle(inputs, limits) as bundle:
        evidence, original = trial.judged(bundle)
        private, mapping = _redact(bundle, folder)
        forms = _forms(bundle.beside(REDACTION))
        known = {bundle.manifest.bundle_id, *(member.sha256 for member in original.custody.members)}
        known |= _ids(case_of(bundle, evidence, original))
    told = told_by(original)
    with open_bundle([private], limits) as bundle:
        evidence, report = trial.judged(bundle)
        if told_by(report).shown != told.shown:
            raise NoSampleError(otherwise("redacted, the bundle", told, told_by(report)))
        case = case_of(bundle, evidence, report)
        forms |= _forms(bundle.beside(REDACTION))
    return Given(case, original, told, mapping, forms, frozenset((known | _ids(case)) - {""}))


def otherwise(what: str, wanted: Told, told: Told | None) -> str:
    """Return lines that say what *what* shows instead of what is *wanted*."""
    if told is None:
        return f"{what} cannot be built"
    lines = [f"{what} shows something else"]
    lines += [f"lost: {rule} ({level})" for rule, level in sorted(wanted.shown - told.shown)]
    lines += [f"new: {rule} ({level})" for rule, level in sorted(told.shown - wanted.shown)]
    more = told.problems - wanted.problems
    return "\n".join([*lines, *([f"new: problems, {more} more"] if more > 0 else [])])


def _ids(case: Case) -> set[str]:
    return {found for text in texts_of(raw_of(case, {})) for found in ids(text)}


def _redact(bundle: Bundle, folder: Path) -> tuple[Path, Mapping[str, str]]:
    """Redact *bundle* into *folder*, under a key of this run alone; return where, and the true values by token."""
    from claude_evidence.collector import definitions
    from claude_evidence.collector.collect import AuditRefusedError
    from claude_evidence.collector.given import sort_out
    from claude_evidence.collector.redact import redact

    given, left_out = sort_out(bundle, definitions.load(), lambda member: True)
    if not given:
        raise UsageError("the input holds nothing that this program can read: there is nothing to make a sample of")
    target, key = folder / "private.zip", folder / "key"
    try:
        made = redact(given, bundle.manifest, target, left_out=left_out, redact_ips=True, key_path=key)
    except AuditRefusedError as error:
        raise NoSampleError("\n".join(["the redaction would leave something:", *map(str, error.leaks[:20])])) from None
    mapping = json.loads(made.mapping.read_bytes())["tokens"] if made.mapping else {}
    return made.path, mapping


def _forms(redaction: bytes) -> dict[str, str]:
    """Return the token of each form of equal length that ``redaction.json`` lists."""
    try:
        logs = json.loads(redaction or b"{}")["event_logs"]
        return {str(form): str(token) for by in logs.values() for token, forms in by.items() for form in forms}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
