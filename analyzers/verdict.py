"""The verdict: one story from the findings, told from its root, with the one safest step first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.analyzers._basis import Basis
from claude_evidence.analyzers._steps import is_over, started_again, steps
from claude_evidence.analyzers._story import Story, contradictions, story
from claude_evidence.model import Finding, Level, Verdict

MOST_SENTENCES = 8
MOST_BESIDES = 4
TOLD = {"Transcript": "Its transcript: {}."}


def verdict(findings: Sequence[Finding], rests_on: Basis, zone: str | None = None) -> Verdict:
    """Return the story of *findings*; without a serious one, nothing is called clean that was not looked at.

    *zone* is the machine's.
    """
    serious = any(finding.level is not Level.INFORMATIONAL for finding in findings)
    told = _told(findings, zone) if serious else _clean(rests_on)
    if not rests_on.altered:
        return told
    files = "1 file is" if rests_on.altered == 1 else f"{rests_on.altered:,} files are"
    warning = f"Careful: {files} not as collected. What follows may rest on altered evidence."
    return replace(told, what_happened=(warning, *told.what_happened), confidence="low" if told.confidence else "")


def _told(findings: Sequence[Finding], zone: str | None) -> Verdict:
    told = story(findings)
    worst, all_told = told.worst, (*told.told, *told.beside)
    what = [*_sentences(told, zone), *_more(all_told), *_besides(told.beside, zone), *contradictions(all_told)]
    roots = [f for f, cause in zip(told.told, told.causes, strict=True) if cause is None]
    return Verdict(
        headline=worst.title + ("; it has started again since" if is_over(worst) else ""),
        what_happened=tuple(what),
        when=_when(worst, zone),
        confidence=worst.confidence,
        what_to_do=steps(list({f.id: f for f in (worst, *roots, *all_told)}.values())),
        level=worst.level,
        findings=tuple(f.id for f in all_told),
    )


def _sentences(told: Story, zone: str | None) -> Iterator[str]:
    """Yield a sentence per finding of the story: one after the other where each led to the next, else numbered."""
    chain = all(cause == number - 1 for number, cause in enumerate(told.causes) if number)
    for number, (finding, cause) in enumerate(zip(told.told, told.causes, strict=True)):
        if number == MOST_SENTENCES and len(told.told) > MOST_SENTENCES + 1:
            yield f"And {len(told.told) - number} more findings that are linked with these."
            return
        sentence = _sentence(finding, zone)
        if chain:
            yield f"This led to: {sentence}" if number else sentence
        else:
            yield f"{number + 1}. {sentence}" + (f" It follows from {cause + 1}." if cause is not None else "")


def _besides(findings: Sequence[Finding], zone: str | None) -> list[str]:
    """Return one sentence for all that stands beside the story, the most serious first."""
    if not findings:
        return []
    if len(findings) == 1:
        return [f"Besides, without a known link: {_sentence(findings[0], zone)}"]
    titles = [f.title for f in sorted(findings, key=lambda f: -f.level.rank)]
    more = f"; and {len(titles) - MOST_BESIDES} more" if len(titles) > MOST_BESIDES else ""
    return [f"Besides, without a known link: {'; '.join(titles[:MOST_BESIDES])}{more}."]


def _clean(rests_on: Basis) -> Verdict:
    """Return what an evidence without failures says: clean is only what was looked at, wholly and unaltered."""
    answered = f"{_rules(rests_on.judged)} {'was' if rests_on.judged == 1 else 'were'} answered and found no failure."
    unanswered = (
        f"{_rules(rests_on.unanswered)} could not be answered; the report says what would be needed. "
        "What was not looked at may still be broken."
    )
    told = [
        *_short_of(rests_on),
        *([answered] if rests_on.judged else []),
        *([unanswered] if rests_on.unanswered else []),
    ]
    if not rests_on.trace:
        headline = "There is no trace of Claude Desktop in this evidence, so nothing can be said about it"
        return Verdict(headline, tuple(told), level=Level.INFORMATIONAL)
    if not rests_on.judged:
        return Verdict("Nothing in this evidence can be judged", tuple(told), level=Level.INFORMATIONAL)
    if rests_on.lacking or rests_on.lost or rests_on.altered:
        headline = "No known failure was found, but too little was read to rule one out"
        return Verdict(headline, tuple(told), level=Level.INFORMATIONAL)
    return Verdict("No known failure was found", tuple(told))


def _short_of(rests_on: Basis) -> Iterator[str]:
    if rests_on.lacking:
        yield f"Not in this evidence: {'; '.join(rests_on.lacking)}. Collect again, or add the files."
    if rests_on.lost:
        problems = "1 problem" if rests_on.lost == 1 else f"{rests_on.lost:,} problems"
        yield f"Some of it could not be read as it should be ({problems}, see the report)."


def _rules(count: int) -> str:
    return f"{count} {'rule' if count == 1 else 'rules'}"


def _more(told: Sequence[Finding]) -> list[str]:
    """Return the explanation of a finding that is the whole story: its title alone says little."""
    return [told[0].explanation] if len(told) == 1 and told[0].explanation else []


def _sentence(finding: Finding, zone: str | None) -> str:
    records = f": {finding.count:,} records" if finding.count > 1 else ""
    group = f" ({finding.group})" if finding.group else ""
    told = [TOLD[label].format(value) for label, value in finding.facts if label in TOLD]
    if again := started_again(finding):
        after = "." if is_over(finding) else ", and failed once more after that."
        told.append(f"It started again at {_moments(again, again, zone)}{after}")
    return " ".join([f"{finding.title}{group}{records}.", *told])


def _when(finding: Finding, zone: str | None) -> str:
    first, last = finding.first_seen or finding.first_local, finding.last_seen or finding.last_local
    if first is None or last is None:
        return "at an unknown time"
    if finding.first_seen is None:
        return f"{_span(first, last)} local time, zone unknown"
    return _moments(first, last, zone)


def _moments(first: datetime, last: datetime, zone: str | None) -> str:
    local = _zone(zone)
    if local is None:
        return f"{_span(first, last)} UTC"
    there, until = first.astimezone(local), last.astimezone(local)
    known_day = first.date() == last.date() == there.date() == until.date()
    return f"{_span(first, last)} UTC ({_span(there, until, known_day)} in {zone})"


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
