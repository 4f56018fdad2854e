"""Causes and consequences as steps from left to right: of one finding, and of the whole story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claude_evidence.causes import leads
from claude_evidence.messages import gettext
from claude_evidence.model import Finding, Report
from claude_evidence.templates._view import by_id

MOST = 12
"""Findings that one step of a chain shows; a hostile report may name thousands."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A rule that the catalogue links, and why it is no step of this chain."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What led to a finding and what it leads to: the findings of this report, then what else is known to."""

    causes: tuple[Finding, ...]
    absent_causes: tuple[Absent, ...]
    effects: tuple[Finding, ...]
    absent_effects: tuple[Absent, ...]

    def __bool__(self) -> bool:
        return bool(self.causes or self.absent_causes or self.effects or self.absent_effects)


@dataclass(frozen=True, slots=True)
class Link:
    """One finding of the story; ``number`` counts from 1, ``after`` are the numbers of what directly led to it."""

    number: int
    finding: Finding
    after: tuple[int, ...]

    @property
    def said(self) -> str:
        """The number, and those that it follows from: ``3, after 1 and 2``."""
        if not self.after:
            return f"{self.number}"
        first, *rest = self.after
        numbers = f"{first}"
        for number in rest:
            numbers = gettext("%(numbers)s and %(number)s", numbers=numbers, number=number)
        return gettext("%(number)s, after %(numbers)s", number=self.number, numbers=numbers)


def chain(finding: Finding, report: Report) -> Chain:
    """Return the chain around *finding*."""
    causes = _one_per_rule(other for other in report.findings if leads(other, finding))
    effects = _one_per_rule(other for other in report.findings if leads(finding, other))
    return Chain(
        causes[:MOST],
        _absent(finding.because_of, causes, report),
        effects[:MOST],
        _absent(finding.leads_to, effects, report),
    )


def story(report: Report) -> tuple[tuple[Link, ...], ...]:
    """Return the linked findings that the verdict tells, step by step; empty where it tells of none or of one.

    A finding stands one step after the last of its causes. What the verdict tells beside the story is not in it.
    """
    known = by_id(report)
    told = [known[name] for name in dict.fromkeys(report.verdict.findings[:MOST]) if name in known]
    before = _nearest([[n for n in range(place) if leads(told[n], one)] for place, one in enumerate(told)])
    mine = _reached(before)
    steps: list[list[Link]] = []
    step_of: dict[int, int] = {}
    for place in sorted(mine):
        step_of[place] = max((step_of[n] + 1 for n in before[place]), default=0)
        if step_of[place] == len(steps):
            steps.append([])
        steps[step_of[place]].append(Link(place + 1, told[place], tuple(n + 1 for n in before[place])))
    return tuple(map(tuple, steps)) if len(mine) > 1 else ()


def is_plain(steps: Sequence[Sequence[Link]]) -> bool:
    """Return whether each step is one finding that follows from the one before: then no numbers are needed."""
    return all(len(step) == 1 for step in steps)


def beside(names: Sequence[str], steps: Sequence[Sequence[Link]]) -> list[str]:
    """Return which of *names* (ids of findings) are not in *steps*."""
    there = {link.finding.id for step in steps for link in step}
    return [name for name in names if name not in there]


def _nearest(before: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the causes of each without those that led to another of its causes: the arrows that are needed."""
    above: list[set[int]] = []
    for causes in before:
        above.append({*causes}.union(*(above[n] for n in causes)))
    return [[n for n in causes if not any(n in above[other] for other in causes)] for causes in before]


def _reached(before: Sequence[Sequence[int]]) -> set[int]:
    """Return the places that are linked with the first one, over however many steps."""
    seen, waiting = {0} if before else set(), [0] if before else []
    while waiting:
        one = waiting.pop()
        near = {*before[one], *(place for place, causes in enumerate(before) if one in causes)} - seen
        seen |= near
        waiting += near
    return seen


def _one_per_rule(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    by_rule: dict[str, Finding] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, finding)
    return tuple(by_rule.values())


def _absent(names: Sequence[str], linked: Sequence[Finding], report: Report) -> tuple[Absent, ...]:
    """Return what of *names* (rules or ids of findings) is not among *linked*."""
    there = {name for finding in linked for name in (finding.rule, finding.id)}
    elsewhere = {name for finding in report.findings for name in (finding.rule, finding.id)}
    unanswered = {entry.rule for entry in report.not_judged}
    absent = []
    for name in dict.fromkeys(names):
        if name in elsewhere and name not in there:
            absent.append(Absent(_title(name, report), gettext("found, but not at a time that fits")))
        elif name not in there:
            why = gettext("could not be judged") if name in unanswered else gettext("not found here")
            absent.append(Absent(_title(name, report), why))
    return tuple(absent[:MOST])


def _title(name: str, report: Report) -> str:
    """Return what people call the rule *name*, its name where nothing tells."""
    return report.titles.get(name) or next((one.title for one in report.not_judged if one.rule == name), "") or name
