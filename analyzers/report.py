"""Tables to report: the one function that the rest of this folder serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._types import Judgement, RuleDocument, RuleSet
from claude_evidence.analyzers._versions import host_version
from claude_evidence.analyzers.boots import boots
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.analyzers.findings import findings, findings_of
from claude_evidence.analyzers.joins import join, zone_known
from claude_evidence.analyzers.ledger import ledger
from claude_evidence.analyzers.packages import packages
from claude_evidence.analyzers.timeline import timeline
from claude_evidence.analyzers.verdict import verdict
from claude_evidence.model import Custody, Evidence, Level, Member, NotJudged, Reason, Report
from claude_evidence.tally import tally

NO_ZONE = (
    "The time zone of the machine is not known, so the app's log (local time) and the event log (UTC) "
    "cannot be compared. Pass --tz with the machine's zone, for example --tz Europe/Berlin."
)


def analyze(
    evidence: Evidence,
    rules: RuleSet,
    *,
    tool: str = "",
    created_at: datetime | None = None,
    inputs: Sequence[Member] = (),
) -> Report:
    """Return all that can be said of *evidence* under *rules*; what could not be answered is said too."""
    tables, history = join(evidence)
    hashes = {member.name: member.sha256 for member in evidence.members}
    zoned = zone_known(tables)
    judgement, unmet = _judged(evidence, rules, tables, history, zoned=zoned)
    host = host_version(evidence.manifest, tables["package"])
    found = findings(judgement.hits, rules, tables, hashes, host)
    not_judged = _said_once([*rules.not_judged, *unmet, *judgement.not_judged], rules)
    booted = boots(tables["events"], hashes)
    areas = {document.stem: document.file.parent.name for document in rules.documents}
    return Report(
        manifest=evidence.manifest,
        verdict=verdict(
            found,
            unanswered := _unanswered(rules, not_judged),
            len(areas) - len(unanswered),
            evidence.manifest.timezone,
            sum(member.verified is False for member in evidence.members),
        ),
        findings=found,
        not_judged=not_judged,
        timeline=timeline(tables, history, found, areas, booted, hashes),
        conversations=(rows := ledger(tables, history, hashes, findings_of(judgement.hits, found, tables))),
        packages=packages(tables, hashes),
        boots=booted,
        custody=Custody(evidence.manifest.acquisitions, evidence.members, tuple(inputs)),
        problems=evidence.problems + rules.problems + judgement.problems,
        notes=() if zoned else (NO_ZONE,),
        tool=tool,
        created_at=created_at,
        tally=tally(rows),
    )


def matches(evidence: Evidence, rules: RuleSet) -> tuple[frozenset[tuple[str, Level]], int]:
    """Return rule and level of every finding that `analyze` states, and how many problems it tells."""
    tables, history = join(evidence)
    judgement, _ = _judged(evidence, rules, tables, history, zoned=zone_known(tables))
    found = frozenset((hit.document.stem, hit.document.level) for hit in judgement.hits)
    return found, len(evidence.problems + rules.problems + judgement.problems)


def _judged(
    evidence: Evidence, rules: RuleSet, tables: Mapping[str, pd.DataFrame], history: AppHistory, *, zoned: bool
) -> tuple[Judgement, list[NotJudged]]:
    ready, unmet = _needs(rules, evidence, zoned=zoned)
    return judge(ready, tables, evidence.coverage, {("app_log", "Message"): history.messages}), unmet


def _needs(rules: RuleSet, evidence: Evidence, *, zoned: bool) -> tuple[RuleSet, list[NotJudged]]:
    """Take out the rules whose ``custom.needs`` is not met: ``zone``, or a table that nothing in the evidence gave."""
    present = {entry.table for entry in evidence.coverage}
    met = present | ({"zone"} if zoned else set())
    ready: list[RuleDocument] = []
    not_judged = []
    for document in rules.documents:
        missing = [str(need) for need in document.custom.get("needs", []) if need not in met]
        if missing:
            wants = " and ".join(
                "the machine's time zone (--tz)" if need == "zone" else f"evidence of the kind {need}"
                for need in missing
            )
            not_judged.append(NotJudged(document.stem, Reason.NOT_EVALUABLE, f"needs {wants}", document.title))
        else:
            ready.append(document)
    return replace(rules, documents=tuple(ready)), not_judged


def _unanswered(rules: RuleSet, not_judged: Sequence[NotJudged]) -> list[NotJudged]:
    """Return one entry per rule of which no reported document could be answered."""
    told = {(entry.rule, entry.title) for entry in not_judged}
    answered = {d.stem for d in rules.documents if d.generate and (d.stem, d.title) not in told}
    return list({entry.rule: entry for entry in not_judged if entry.rule not in answered}.values())


def _said_once(entries: Sequence[NotJudged], rules: RuleSet) -> tuple[NotJudged, ...]:
    """Name each rule by its file's stem and say each reason once."""
    stems = {document.name: document.stem for document in rules.documents}
    titles = {document.stem: document.title for document in reversed(rules.documents)}
    named = [replace(e, rule=stems.get(e.rule, e.rule)) for e in entries]
    unique = {(e.rule, e.reason, e.detail): replace(e, title=e.title or titles.get(e.rule, "")) for e in named}
    return tuple(unique[key] for key in sorted(unique))
