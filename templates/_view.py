"""What a report shows and what it leaves out: choices that HTML, Markdown and the terminal share."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from claude_evidence.evidence_rows import EvidenceRow
from claude_evidence.messages import english, ngettext
from claude_evidence.model import Finding, Member, NotJudged, Reason, Report, TimelineEntry

T = TypeVar("T")
_ISSUE = re.compile(r"(?:#|https://github\.com/anthropics/claude-code/issues/)?([0-9]{1,7})", re.ASCII)
_AROUND_A_FAILURE = timedelta(minutes=5)
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """The part of a long list that is shown, and how many there were."""

    shown: Sequence[T]
    total: int

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.total - len(self.shown)


def bounded(items: Sequence[T], limit: int) -> Cut[T]:
    """Return the first *limit* of *items*."""
    return Cut(items[:limit], len(items))


def bounded_timeline(entries: Sequence[TimelineEntry], limit: int) -> Cut[TimelineEntry]:
    """Return at most *limit* entries in their order, chosen by finding, then by severity, then the earliest."""
    if len(entries) <= limit:
        return Cut(entries, len(entries))
    order = sorted(range(len(entries)), key=lambda n: (not entries[n].finding, -entries[n].level.rank, n))
    return Cut([entries[n] for n in sorted(order[:limit])], len(entries))


def moments(report: Report, limit: int) -> Sequence[TimelineEntry]:
    """Return the timeline's entries of the verdict's findings, at most *limit*: the story in short.

    Where a launch failed, the package's steps around it and the first sign of life after it belong to the story.
    """
    wanted = set(report.verdict.findings)
    failures = [f for f in report.timeline if f.finding in wanted and f.lane == "launch" and f.time is not None]
    after = _next_life(report.timeline, failures)
    chosen = [
        entry
        for entry in report.timeline
        if entry.finding in wanted or entry is after or any(_is_step(entry, failure) for failure in failures)
    ]
    return bounded_timeline(chosen, limit).shown


def _is_step(entry: TimelineEntry, failure: TimelineEntry) -> bool:
    assert failure.time is not None
    return entry.lane == "package" and entry.time is not None and abs(entry.time - failure.time) <= _AROUND_A_FAILURE


def _next_life(timeline: Iterable[TimelineEntry], failures: Sequence[TimelineEntry]) -> TimelineEntry | None:
    """Return the app's next start after the last of *failures*, as its own log tells it."""
    last = max((one.until or one.time for one in failures if one.time), default=None)
    if last is None:
        return None
    started = (entry for entry in timeline if entry.lane == "app" and english(entry.text).startswith("App started"))
    return next((entry for entry in started if entry.time and entry.time > last), None)


def main_finding(report: Report) -> Finding | None:
    """Return the finding that the verdict is about: the one that its headline names, else the most severe it tells."""
    told = [finding for finding in report.findings if finding.id in set(report.verdict.findings)]
    headline = english(report.verdict.headline)
    named = (finding for finding in told if headline.startswith(english(finding.title)))
    return next(named, max(told, key=lambda finding: finding.level.rank, default=None))


@dataclass(frozen=True, slots=True)
class Question:
    """A rule without an answer, or without a whole one (``partly``), and all that it would need."""

    rule: str
    title: str
    partly: bool
    reasons: tuple[Reason, ...]
    details: tuple[str, ...]


def questions(not_judged: Iterable[NotJudged]) -> list[Question]:
    """Return the rules of *not_judged*, each once, those without any answer first."""
    rules: dict[str, list[NotJudged]] = {}
    for entry in not_judged:
        rules.setdefault(entry.rule, []).append(entry)
    found = [
        Question(
            rule,
            next((entry.title for entry in entries if entry.title), ""),
            all(entry.partly for entry in entries),
            tuple(dict.fromkeys(entry.reason for entry in entries)),
            tuple(dict.fromkeys(entry.detail for entry in entries)),
        )
        for rule, entries in rules.items()
    ]
    return sorted(found, key=lambda one: one.partly)


def open_rules(not_judged: Iterable[NotJudged]) -> str:
    """Return ``3 rules, and 4 more in part``: how many rules are without an answer, each file counted once."""
    partly = [one.partly for one in questions(not_judged)]
    none, some = partly.count(False), sum(partly)
    if not some:
        return ngettext("%(num)s rule", "%(num)s rules", none)
    if not none:
        return ngettext("%(num)s rule in part", "%(num)s rules in part", some)
    return ngettext(
        "%(num)s rule, and %(some)s more in part", "%(num)s rules, and %(some)s more in part", none, some=some
    )


def by_id(report: Report) -> dict[str, Finding]:
    """Return the findings by their ids; the first of two alike keeps it."""
    return {finding.id: finding for finding in reversed(report.findings)}


def anchor(prefix: str, name: str) -> str:
    """Return an HTML id made of *prefix* and *name*: the name itself where it is a plain one, else a hash of it."""
    if _PLAIN_ID.fullmatch(name):
        return f"{prefix}-{name}"
    return f"{prefix}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def issue(reference: str) -> str:
    """Return the number of a claude-code issue that *reference* names (``#59934``, its URL), else an empty text."""
    match = _ISSUE.fullmatch(reference)
    return match[1] if match else ""


def related(findings: Iterable[Finding], names: Sequence[str]) -> list[tuple[str, Finding | None]]:
    """Return each of *names* (rule stems or finding ids) with the first finding that it means, if any."""
    by_name: dict[str, Finding] = {}
    for finding in findings:
        by_name.setdefault(finding.rule, finding)
        by_name.setdefault(finding.id, finding)
    return [(name, by_name.get(name)) for name in names]


def unread(members: Iterable[Member]) -> list[Member]:
    """Return the members that no parser reads."""
    return [member for member in members if member.kind is None]


def looked_at(report: Report) -> list[tuple[str, int]]:
    """Return how many members each parser read, by its name."""
    return sorted(Counter(member.kind for member in report.custody.members if member.kind).items())


def by_wall_clock(rows: Iterable[EvidenceRow]) -> bool:
    """Return whether some of *rows* have a time of day and no place in time."""
    return any(row.evidence.time is None and row.evidence.local_time is not None for row in rows)


def paragraphs(text: str) -> list[str]:
    """Return the parts of *text* between blank lines."""
    return [part for part in text.split("\n\n") if part]


def mismatched(members: Iterable[Member]) -> list[Member]:
    """Return the members whose hash is not the one that the bundle promises."""
    return [member for member in members if member.verified is False]
