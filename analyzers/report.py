"""Tables to report: the one function that the rest of this folder serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._basis import basis, needs, said_once
from claude_evidence.analyzers._types import Hit, Judgement, RuleSet
from claude_evidence.analyzers._versions import host_version
from claude_evidence.analyzers.boots import boots
from claude_evidence.analyzers.density import densities
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.analyzers.explorer import explorer
from claude_evidence.analyzers.findings import findings, findings_of
from claude_evidence.analyzers.joins import at_rest, join, zone_known
from claude_evidence.analyzers.ledger import ledger
from claude_evidence.analyzers.packages import packages
from claude_evidence.analyzers.timeline import package_steps, timeline
from claude_evidence.analyzers.verdict import verdict
from claude_evidence.messages import lazy_gettext
from claude_evidence.model import Custody, Evidence, Finding, Level, Member, NotJudged, Report
from claude_evidence.tally import tally

NO_ZONE = lazy_gettext(
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
    return examine(evidence, rules, tool=tool, created_at=created_at, inputs=inputs)[0]


def examine(
    evidence: Evidence,
    rules: RuleSet,
    *,
    tool: str = "",
    created_at: datetime | None = None,
    inputs: Sequence[Member] = (),
) -> tuple[Report, tuple[Hit, ...]]:
    """Return what `analyze` returns, and the rows that its findings rest on, all of them."""
    tables, history = join(evidence)
    hashes = {member.name: member.sha256 for member in evidence.members}
    zoned = zone_known(tables)
    judgement, unmet = _judged(evidence, rules, tables, history, zoned=zoned)
    host = host_version(evidence.manifest, tables["package"])
    found = findings(judgement.hits, rules, tables, hashes, host)
    not_judged = said_once([*rules.not_judged, *unmet, *judgement.not_judged], rules, judgement.answered)
    steps = package_steps(tables["events"])
    booted = boots(tables["events"], hashes)
    links = findings_of(judgement.hits, found, tables)
    areas = {document.stem: document.file.parent.name for document in rules.documents}
    report = Report(
        manifest=evidence.manifest,
        verdict=verdict(found, basis(evidence, rules, not_judged), evidence.manifest.timezone),
        findings=found,
        not_judged=not_judged,
        timeline=timeline(tables, steps, history, found, areas, booted, hashes),
        conversations=(rows := ledger(_aged(evidence, tables), history, hashes, links)),
        packages=packages(tables, hashes),
        boots=booted,
        custody=Custody(evidence.manifest.acquisitions, evidence.members, tuple(inputs)),
        problems=evidence.problems + rules.problems + judgement.problems,
        notes=() if zoned else (NO_ZONE,),
        tool=tool,
        created_at=created_at,
        tally=tally(rows),
        rows=(carried := explorer(judgement.hits, found, tables, hashes))[0],
        rows_to_tell=carried[1],
        densities=densities(tables, steps, booted),
        titles=_titles(found, rules),
    )
    return report, judgement.hits


def _titles(found: Sequence[Finding], rules: RuleSet) -> dict[str, str]:
    """Return the titles of the rules that causes and consequences of *found* name; each file's first document tells."""
    named = {name for finding in found for name in (*finding.because_of, *finding.leads_to)}
    return {stem: lazy_gettext(main.title) for stem, main in sorted(rules.mains().items()) if stem in named}


def _aged(evidence: Evidence, tables: Mapping[str, pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """Return *tables* without the age of files where nobody says when they were taken from a running machine.

    All files of a folder that was copied can be of one minute: no save is under way in any of them.
    """
    manifest = evidence.manifest
    live = manifest.finished_at and manifest.host.get("collected_from") != "disk"
    return tables if live else at_rest(tables)


def matches(evidence: Evidence, rules: RuleSet) -> tuple[frozenset[tuple[str, Level]], int]:
    """Return rule and level of every finding that `analyze` states, and how many problems it tells."""
    tables, history = join(evidence)
    judgement, _ = _judged(evidence, rules, tables, history, zoned=zone_known(tables))
    found = frozenset((hit.document.stem, hit.document.level) for hit in judgement.hits)
    return found, len(evidence.problems + rules.problems + judgement.problems)


def _judged(
    evidence: Evidence, rules: RuleSet, tables: Mapping[str, pd.DataFrame], history: AppHistory, *, zoned: bool
) -> tuple[Judgement, list[NotJudged]]:
    covered = {entry.table for entry in evidence.coverage} | ({"zone"} if zoned else set())
    ready, unmet = needs(rules, tables, covered)
    return judge(ready, tables, evidence.coverage, {("app_log", "Message"): history.messages}), unmet
