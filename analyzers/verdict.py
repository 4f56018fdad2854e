"""The verdict: one story from the findings, told from its root, with the one safest step first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.model import Finding, Level, NotJudged, Risk, Step, Verdict

MOST_STEPS = 4
TOLD = {"Started again": "It started again at {}.", "Transcript": "Its transcript: {}."}


def verdict(
    findings: Sequence[Finding],
    not_judged: Sequence[NotJudged],
    judged: int,
    zone: str | None = None,
    altered: int = 0,
) -> Verdict:
    """Return the story of *findings*.

    *judged* is the number of rules that could be answered, *zone* the machine's, *altered* the number of files that
    are not
    what their bundle promises.
    """
    serious = [finding for finding in findings if finding.level.rank > Level.INFORMATIONAL.rank]
    told = _told(serious, zone) if serious else _clean(not_judged, judged)
    if not altered:
        return told
    files = "1 file is" if altered == 1 else f"{altered:,} files are"
    warning = f"Careful: {files} not as collected. What follows may rest on altered evidence."
    return replace(told, what_happened=(warning, *told.what_happened), confidence="low" if told.confidence else "")


def _told(serious: Sequence[Finding], zone: str | None) -> Verdict:
    story = _story(serious)
    worst = max(story, key=lambda f: (f.level.rank, -story.index(f)))
    return Verdict(
        headline=worst.title,
        what_happened=(*(_sentence(f) for f in story), *_more(story)),
        when=_when(worst, zone),
        confidence=worst.confidence,
        what_to_do=_steps([worst, *(f for f in story if f is not worst)]),
        level=worst.level,
        findings=tuple(f.id for f in story),
    )


def _clean(not_judged: Sequence[NotJudged], judged: int) -> Verdict:
    """Return what an evidence without failures says; one that answers no rule at all is not called clean."""
    unanswered = _rules(len(not_judged))
    if not judged:
        said = f"{unanswered} could not be answered from it; the report says what they would need."
        return Verdict("Nothing in this evidence can be judged", (said,), level=Level.INFORMATIONAL)
    told = [f"{_rules(judged)} {'was' if judged == 1 else 'were'} answered and found no failure."]
    if not_judged:
        told.append(
            f"{unanswered} could not be answered; the report says what would be needed. "
            "What was not looked at may still be broken."
        )
    return Verdict("No known failure was found", tuple(told))


def _rules(count: int) -> str:
    return f"{count} {'rule' if count == 1 else 'rules'}"


def _more(story: Sequence[Finding]) -> list[str]:
    """Return the explanation of a finding that is the whole story: its title alone says little."""
    return [story[0].explanation] if len(story) == 1 and story[0].explanation else []


def _story(findings: Sequence[Finding]) -> list[Finding]:
    """Order *findings* so that causes come before what they lead to, and by time where the catalogue knows no link."""
    left = sorted(findings, key=lambda f: (str(f.first_seen or f.first_local or "9"), -f.level.rank, f.rule))
    story: list[Finding] = []
    while left:
        waiting = {f.rule for f in left}
        free = next((f for f in left if not _causes(f, left) & (waiting - {f.rule})), left[0])
        left.remove(free)
        story.append(free)
    return story


def _causes(finding: Finding, others: Iterable[Finding]) -> set[str]:
    return set(finding.because_of) | {other.rule for other in others if finding.rule in other.leads_to}


def _sentence(finding: Finding) -> str:
    records = f": {finding.count:,} records" if finding.count > 1 else ""
    group = f" ({finding.group})" if finding.group else ""
    told = [TOLD[label].format(value) for label, value in finding.facts if label in TOLD]
    return " ".join([f"{finding.title}{group}{records}.", *told])


def _when(finding: Finding, zone: str | None) -> str:
    first, last = finding.first_seen or finding.first_local, finding.last_seen or finding.last_local
    if first is None or last is None:
        return "at an unknown time"
    if finding.first_seen is None:
        return f"{_span(first, last)} local time, zone unknown"
    local = _zone(zone)
    if local is None:
        return f"{_span(first, last)} UTC"
    there, until = first.astimezone(local), last.astimezone(local)
    return f"{_span(first, last)} UTC ({_span(there, until, there.date() == first.date())} in {zone})"


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _span(first: datetime, last: datetime, known_day: bool = False) -> str:
    """Return *first* to *last*; the day is left out where the reader has just read it."""
    start = f"{first:%H:%M:%S}" if known_day else _stamp(first)
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else _stamp(last)
    return start if _stamp(first) == _stamp(last) else f"{start} to {end}"


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _steps(findings: Sequence[Finding]) -> tuple[Step, ...]:
    """Return the safest step of each finding, the worst finding first; of a single finding all of its steps."""
    order = {Risk.SAFE: 0, Risk.NEEDS_ADMIN: 1, Risk.LOSES_DATA: 2}
    steps: list[Step] = []
    for finding in findings:
        safest = min(finding.remedy, key=lambda s: order[s.risk], default=None)
        rest = finding.remedy if len(findings) == 1 else ()
        for step in (safest, *rest):
            if step and step.text not in {s.text for s in steps}:
                steps.append(step)
    return tuple(steps[:MOST_STEPS])
