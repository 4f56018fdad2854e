"""What a report rests on: what rules need, which of them were answered, and what no verdict should go without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from claude_evidence.analyzers._and_or import both
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.messages import gettext_noop, lazy_gettext
from claude_evidence.model import Evidence, NotJudged, Outcome, Reason

TRACES = frozenset(
    {"app_log", "session_registry", "transcript", "config", "package", "cli_session", "worktree", "sessions_index"}
)
PACKAGE_LOGS = frozenset(
    {"microsoft-windows-appmodel-runtime/admin", "microsoft-windows-appxdeploymentserver/operational"}
)
ENTRIES_ARTIFACT = "ClaudeSessionRegistry"
_EVIDENCE = {
    "app_log": gettext_noop("the app's log"),
    "cli_session": gettext_noop("the CLI's notes of what runs"),
    "config": gettext_noop("the app's settings"),
    "events": gettext_noop("Windows' event logs"),
    "file_inventory": gettext_noop("a list of the app's files"),
    "indexed_session": gettext_noop("the CLI's index of conversations"),
    "package": gettext_noop("the list of installed packages"),
    "package.Status": gettext_noop("the list of installed packages with their status"),
    "process": gettext_noop("the list of processes"),
    "registry_value": gettext_noop("values of the registry"),
    "service": gettext_noop("the list of Windows' services"),
    "service.State": gettext_noop("the list of Windows' services with their state"),
    "session_registry": gettext_noop("the app's list of conversations"),
    "sessions_index": gettext_noop("the CLI's index of conversations"),
    "transcript": gettext_noop("the transcripts of conversations"),
    "volume": gettext_noop("the list of drives"),
    "volume.FreeBytes": gettext_noop("the free space of the drives"),
    "worktree": gettext_noop("the leases of worktrees"),
    "zone": gettext_noop("the machine's time zone (--tz)"),
}
"""What a rule can need, as `collect` brings it."""


@dataclass(frozen=True, slots=True)
class Basis:
    """How much a verdict rests on: rules ``judged``, ``partly`` among them, and ``unanswered``; files ``altered``,
    problems by which something was ``lost``, the main evidence that is ``lacking``, and whether there is any ``trace``
    of Claude at all."""

    judged: int
    unanswered: int = 0
    altered: int = 0
    lost: int = 0
    lacking: tuple[str, ...] = ()
    trace: bool = True
    partly: int = 0


def basis(evidence: Evidence, rules: RuleSet, not_judged: Sequence[NotJudged]) -> Basis:
    """Return what the verdict on *evidence* rests on; each rule file counts once."""
    unanswered = {entry.rule for entry in not_judged if not entry.partly}
    known = {document.stem for document in rules.documents} | unanswered
    return Basis(
        judged=len(known - unanswered),
        partly=len({entry.rule for entry in not_judged if entry.partly} - unanswered),
        unanswered=len(unanswered),
        altered=sum(member.verified is False for member in evidence.members),
        lost=sum(problem.is_loss for problem in evidence.problems),
        lacking=lacking(evidence),
        trace=bool(TRACES & {entry.table for entry in evidence.coverage}),
    )


def lacking(evidence: Evidence) -> tuple[str, ...]:
    """Return in words which of the three main kinds of evidence are not there: without one, much cannot be seen."""
    covered = {(entry.table, entry.source.lower()) for entry in evidence.coverage}
    asked = evidence.manifest.acquisitions
    none_there = any(a.artifact == ENTRIES_ARTIFACT and a.outcome is Outcome.MISSING for a in asked)
    there = {
        lazy_gettext("the app's log (main.log)"): ("app_log", "main") in covered,
        lazy_gettext("Windows' event logs of packages"): any(("events", name) in covered for name in PACKAGE_LOGS),
        lazy_gettext("the app's list of conversations (claude-code-sessions)"): none_there
        or any(table == "session_registry" for table, _ in covered),
    }
    return tuple(words for words, present in there.items() if not present)


def needs(rules: RuleSet, tables: Mapping[str, pd.DataFrame], covered: set[str]) -> tuple[RuleSet, list[NotJudged]]:
    """Take out the documents whose ``custom.needs`` is not met.

    A need is ``zone``, a table that must be in *covered*, or ``table.Column``, of which some row must have a value.
    """
    ready: list[RuleDocument] = []
    not_judged = []
    for document in rules.documents:
        wanted = map(str, document.custom.get("needs", []))
        missing = [evidence_words(need) for need in wanted if not _met(need, tables, covered)]
        if missing:
            detail = lazy_gettext("needs %(evidence)s: not in this evidence", evidence=both(missing))
            not_judged.append(NotJudged(document.stem, Reason.NOT_EVALUABLE, detail, document.title))
        else:
            ready.append(document)
    return replace(rules, documents=tuple(ready)), not_judged


def _met(need: str, tables: Mapping[str, pd.DataFrame], covered: set[str]) -> bool:
    table, _, column = need.partition(".")
    if not column:
        return need in covered
    return table in tables and column in tables[table] and bool(tables[table][column].notna().any())


def evidence_words(need: str) -> str:
    """Return in words what a rule needs: a table, or ``table.Column``."""
    table, _, column = need.partition(".")
    if need in _EVIDENCE:
        return lazy_gettext(_EVIDENCE[need])
    if column:
        return lazy_gettext("evidence of the kind %(table)s that says %(column)s", table=table, column=column)
    return lazy_gettext("evidence of the kind %(table)s", table=table)


def said_once(entries: Sequence[NotJudged], rules: RuleSet, answered: frozenset[str]) -> tuple[NotJudged, ...]:
    """Name each rule by its file's stem, say each reason once, and whether another part of the rule was answered."""
    stems = {document.name: document.stem for document in rules.documents}
    mains = rules.mains()
    unique = {}
    for entry in entries:
        stem = stems.get(entry.rule, entry.rule)
        title = lazy_gettext(entry.title or (mains[stem].title if stem in mains else ""))
        unique[stem, entry.reason, entry.detail, title] = replace(
            entry, rule=stem, title=title, partly=stem in answered
        )
    return tuple(unique[key] for key in sorted(unique))
