"""The verdict: one story from the findings, told from its root, with the one safest step first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.analyzers._basis import Basis
from claude_evidence.analyzers._rows import stamp
from claude_evidence.analyzers._steps import is_over, started_again, steps
from claude_evidence.analyzers._story import Story, contradictions, story
from claude_evidence.messages import gettext_noop, joined, lazy_gettext, lazy_ngettext
from claude_evidence.model import Finding, Level, Verdict

MOST_SENTENCES = 8
MOST_BESIDES = 4
TOLD = {"Transcript": gettext_noop("Its transcript: %(state)s.")}


def verdict(findings: Sequence[Finding], rests_on: Basis, zone: str | None = None) -> Verdict:
    """Return the story of *findings*; without a serious one, nothing is called clean that was not looked at.

    *zone* is the machine's.
    """
    serious = any(finding.level is not Level.INFORMATIONAL for finding in findings)
    told = _told(findings, zone) if serious else _clean(rests_on)
    if not rests_on.altered:
        return told
    warning = lazy_ngettext(
        "Careful: %(num)s file is not as collected. What follows may rest on altered evidence.",
        "Careful: %(num)s files are not as collected. What follows may rest on altered evidence.",
        rests_on.altered,
    )
    return replace(told, what_happened=(warning, *told.what_happened), confidence="low" if told.confidence else "")


def _told(findings: Sequence[Finding], zone: str | None) -> Verdict:
    told = story(findings)
    worst, all_told = told.worst, (*told.told, *told.beside)
    what = [*_sentences(told, zone), *_more(all_told), *_besides(told.beside, zone), *contradictions(all_told)]
    roots = [f for f, cause in zip(told.told, told.causes, strict=True) if cause is None]
    return Verdict(
        headline=lazy_gettext("%(title)s; it has started again since", title=worst.title)
        if is_over(worst)
        else worst.title,
        what_happened=tuple(what),
        when=_when(worst, zone),
        confidence=worst.confidence,
        what_to_do=steps(
            list({f.id: f for f in (worst, *roots, *all_told)}.values()), {f.id for f in told.beside} - {worst.id}
        ),
        level=worst.level,
        findings=tuple(f.id for f in all_told),
    )


def _sentences(told: Story, zone: str | None) -> Iterator[str]:
    """Yield a sentence per finding of the story: one after the other where each led to the next, else numbered."""
    chain = all(cause == number - 1 for number, cause in enumerate(told.causes) if number)
    for number, (finding, cause) in enumerate(zip(told.told, told.causes, strict=True)):
        if number == MOST_SENTENCES and len(told.told) > MOST_SENTENCES + 1:
            yield lazy_ngettext(
                "And %(num)s more finding that is linked with these.",
                "And %(num)s more findings that are linked with these.",
                len(told.told) - number,
            )
            return
        sentence = _sentence(finding, zone)
        if chain:
            yield lazy_gettext("This led to: %(sentence)s", sentence=sentence) if number else sentence
        elif cause is None:
            yield lazy_gettext("%(place)s. %(sentence)s", place=number + 1, sentence=sentence)
        else:
            yield lazy_gettext(
                "%(place)s. %(sentence)s It follows from %(cause)s.",
                place=number + 1,
                sentence=sentence,
                cause=cause + 1,
            )


def _besides(findings: Sequence[Finding], zone: str | None) -> list[str]:
    """Return one sentence for all that stands beside the story, the most serious first."""
    if not findings:
        return []
    if len(findings) == 1:
        return [lazy_gettext("Besides, without a known link: %(sentence)s", sentence=_sentence(findings[0], zone))]
    titles = [f.title for f in sorted(findings, key=lambda f: -f.level.rank)]
    said = joined(titles[:MOST_BESIDES], "; ")
    if len(titles) <= MOST_BESIDES:
        return [lazy_gettext("Besides, without a known link: %(titles)s.", titles=said)]
    return [
        lazy_ngettext(
            "Besides, without a known link: %(titles)s; and %(num)s more.",
            "Besides, without a known link: %(titles)s; and %(num)s more.",
            len(titles) - MOST_BESIDES,
            titles=said,
        )
    ]


def _clean(rests_on: Basis) -> Verdict:
    """Return what an evidence without failures says: clean is only what was looked at, wholly and unaltered."""
    told = (*_short_of(rests_on), *_answers(rests_on))
    if not rests_on.trace:
        headline = lazy_gettext("There is no trace of Claude Desktop in this evidence, so nothing can be said about it")
        return Verdict(headline, told, level=Level.INFORMATIONAL)
    if not rests_on.judged:
        return Verdict(lazy_gettext("Nothing in this evidence can be judged"), told, level=Level.INFORMATIONAL)
    if rests_on.altered:
        headline = lazy_gettext("No known failure was found, but the evidence is not as it was collected")
        return Verdict(headline, told, level=Level.INFORMATIONAL)
    if rests_on.lacking or rests_on.lost:
        headline = lazy_gettext("No known failure was found, but too little was read to rule one out")
        return Verdict(headline, told, level=Level.INFORMATIONAL)
    return Verdict(lazy_gettext("No known failure was found"), told)


def _short_of(rests_on: Basis) -> Iterator[str]:
    if rests_on.lacking:
        kinds = joined(rests_on.lacking, "; ")
        yield lazy_gettext("Not in this evidence: %(kinds)s. Collect again, or add the files.", kinds=kinds)
    if rests_on.lost:
        yield lazy_ngettext(
            "Some of it could not be read as it should be (%(num)s problem, see the report).",
            "Some of it could not be read as it should be (%(num)s problems, see the report).",
            rests_on.lost,
        )


def _answers(rests_on: Basis) -> Iterator[str]:
    if rests_on.partly:
        yield lazy_ngettext(
            "%(num)s rule was answered, if only in part, and found no failure.",
            "%(num)s rules were answered, %(partly)s of them only in part, and found no failure.",
            rests_on.judged,
            partly=rests_on.partly,
        )
    elif rests_on.judged:
        yield lazy_ngettext(
            "%(num)s rule was answered and found no failure.",
            "%(num)s rules were answered and found no failure.",
            rests_on.judged,
        )
    if rests_on.unanswered:
        yield lazy_ngettext(
            "%(num)s rule could not be answered; the report says what would be needed. "
            "What was not looked at may still be broken.",
            "%(num)s rules could not be answered; the report says what would be needed. "
            "What was not looked at may still be broken.",
            rests_on.unanswered,
        )


def _more(told: Sequence[Finding]) -> list[str]:
    """Return the explanation of a finding that is the whole story: its title alone says little."""
    return [told[0].explanation] if len(told) == 1 and told[0].explanation else []


def _sentence(finding: Finding, zone: str | None) -> str:
    title, told = finding.title, []
    if finding.group:
        title = lazy_gettext("%(title)s (%(group)s)", title=title, group=finding.group)
    if finding.count > 1:
        told.append(
            lazy_ngettext("%(title)s: %(num)s record.", "%(title)s: %(num)s records.", finding.count, title=title)
        )
    else:
        told.append(lazy_gettext("%(title)s.", title=title))
    told += [lazy_gettext(TOLD[label], state=value) for label, value in finding.facts if label in TOLD]
    if again := started_again(finding):
        told.append(_restart(_moments(again, again, zone), over=is_over(finding)))
    return joined(told)


def _restart(time: str, *, over: bool) -> str:
    if over:
        return lazy_gettext("It started again at %(time)s.", time=time)
    return lazy_gettext("It started again at %(time)s, and failed once more after that.", time=time)


def _when(finding: Finding, zone: str | None) -> str:
    first, last = finding.first_seen or finding.first_local, finding.last_seen or finding.last_local
    if first is None or last is None:
        return lazy_gettext("at an unknown time")
    if finding.first_seen is None:
        return lazy_gettext("%(span)s local time, zone unknown", span=_span(first, last))
    return _moments(first, last, zone)


def _moments(first: datetime, last: datetime, zone: str | None) -> str:
    local = _zone(zone)
    if local is None:
        return lazy_gettext("%(span)s UTC", span=_span(first, last))
    there, until = first.astimezone(local), last.astimezone(local)
    known_day = first.date() == last.date() == there.date() == until.date()
    local_span = _span(there, until, known_day)
    return lazy_gettext("%(span)s UTC (%(local)s in %(zone)s)", span=_span(first, last), local=local_span, zone=zone)


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _span(first: datetime, last: datetime, known_day: bool = False) -> str:
    """Return *first* to *last*; the day is left out where the reader has just read it."""
    start = f"{first:%H:%M:%S}" if known_day else stamp(first)
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else stamp(last)
    return start if stamp(first) == stamp(last) else lazy_gettext("%(start)s to %(end)s", start=start, end=end)
