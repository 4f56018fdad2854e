"""One story out of many findings: which of them the catalogue links, what it began with, what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claude_evidence.causes import leads
from claude_evidence.messages import lazy_gettext
from claude_evidence.model import Finding, Level

_FLAG = re.compile(r"(?<![\w-])-[A-Z][A-Za-z]{4,40}\b")
_MOST = 3


@dataclass(frozen=True, slots=True)
class Story:
    """``told`` are the linked findings, causes before effects; ``causes`` the place of the cause of each, or None.

    ``worst`` is what the report is about; ``beside`` are the serious findings without a known link to it.
    """

    told: tuple[Finding, ...]
    causes: tuple[int | None, ...]
    worst: Finding
    beside: tuple[Finding, ...]


def story(findings: Sequence[Finding]) -> Story:
    """Return the story of *findings*, of which at least one is serious (above informational).

    It is about the worst finding, of equals about the one that explains most. Context that explains nothing is left
    out.
    """
    ordered = in_order(findings)
    serious = [f for f in ordered if f.level is not Level.INFORMATIONAL]
    groups = {id(f): _linked(f, ordered) for f in serious}
    worst = max(serious, key=lambda f: (f.level.rank, len(groups[id(f)]), -serious.index(f)))
    mine = groups[id(worst)]
    told = [f for f in ordered if id(f) in mine and (f in serious or any(leads(f, other) for other in serious))]
    causes = [
        max((place for place in range(number) if leads(told[place], told[number])), default=None)
        for number in range(len(told))
    ]
    return Story(tuple(told), tuple(causes), worst, tuple(f for f in serious if id(f) not in mine))


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return *findings* so that causes come before what they lead to, and by time where the catalogue knows no link."""
    left = sorted(findings, key=lambda f: (str(f.first_seen or f.first_local or "9"), -f.level.rank, f.rule))
    ordered: list[Finding] = []
    while left:
        free = next((f for f in left if not any(leads(other, f) for other in left if other is not f)), left[0])
        left.remove(free)
        ordered.append(free)
    return ordered


def contradictions(findings: Iterable[Finding]) -> list[str]:
    """Return what one finding's remedy advises and another finding says did not work, one sentence each.

    They meet in an option that the remedy's command has and the other text names, such as ``-Register``.
    """
    found = list(findings)
    tried = [(other, text, set(_FLAG.findall(text))) for other in found for text in other.does_not_work]
    sentences: dict[str, None] = {}
    for advising in found:
        flags = {flag for step in advising.remedy for flag in _FLAG.findall(step.command)}
        for other, text, named in tried:
            for flag in sorted(flags & named) if other is not advising else ():
                said = lazy_gettext(
                    "Careful, %(flag)s is advised for “%(title)s”, but not for “%(other)s”: %(why)s",
                    flag=flag,
                    title=advising.title,
                    other=other.title,
                    why=text,
                )
                sentences[said] = None
    return list(sentences)[:_MOST]


def _linked(start: Finding, findings: Sequence[Finding]) -> set[int]:
    """Return the ids of all that is linked with *start*, over however many steps."""
    seen, waiting = {id(start)}, [start]
    while waiting:
        one = waiting.pop()
        for other in findings:
            if id(other) not in seen and (leads(one, other) or leads(other, one)):
                seen.add(id(other))
                waiting.append(other)
    return seen
