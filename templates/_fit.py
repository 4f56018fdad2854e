"""A report cut down to a given room, the least important first, and what was left out said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from claude_evidence.each_text import each_text
from claude_evidence.messages import gettext, gettext_noop
from claude_evidence.model import Boots, Custody, EvidenceRef, Finding, Report, Step, Verdict
from claude_evidence.templates._view import bounded_timeline, questions
from claude_evidence.templates._visible import clip, visible

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Room:
    """How many of each thing are shown, and how many characters of a text, an excerpt and a command."""

    problems: int = 50
    members: int = 60
    acquisitions: int = 40
    inputs: int = 20
    timeline: int = 80
    moments: int = 24
    excerpt: int = 700
    evidence: int = 6
    boots: int = 30
    months: int = 24
    packages: int = 40
    conversations: int = 100
    detailed: int = 20
    findings: int = 60
    not_judged: int = 60
    notes: int = 20
    items: int = 12
    text: int = 1200
    command: int = 2000


# Each step is taken only when all before it were not enough: problems, custody, timelines, excerpts, details.
_STEPS: tuple[Mapping[str, int], ...] = (
    {"problems": 15},
    {"problems": 5, "acquisitions": 10, "members": 15, "moments": 12},
    {"members": 0, "acquisitions": 0, "problems": 3},
    {"moments": 0},
    {"timeline": 40},
    {"timeline": 15, "boots": 5},
    {"excerpt": 300, "evidence": 4},
    {"excerpt": 160, "evidence": 2},
    {"conversations": 40, "packages": 15},
    {"evidence": 0, "timeline": 0, "boots": 0},
    {"detailed": 10, "not_judged": 20},
    {"text": 500, "conversations": 10, "packages": 5, "inputs": 3},
    {"detailed": 3, "items": 6, "findings": 30},
    {"detailed": 0, "conversations": 0, "packages": 0, "months": 0, "not_judged": 8, "problems": 0},
    {"findings": 12, "not_judged": 3, "notes": 2, "items": 3, "text": 100, "command": 300, "inputs": 1},
)


def rooms() -> Iterator[Room]:
    """Yield ever smaller rooms; the last holds any report in far less than a GitHub issue."""
    room = Room()
    yield room
    for step in _STEPS:
        room = replace(room, **step)
        yield room


def fitted(report: Report, room: Room) -> Report:
    """Return *report* with its lists and texts cut to *room*; every text is already visible."""
    custody = Custody(
        report.custody.acquisitions[: room.acquisitions],
        report.custody.members[: room.members],
        report.custody.inputs[: room.inputs],
    )
    boots = Boots(
        report.boots.entries[: room.boots],
        report.boots.months[-room.months :] if room.months else (),
        report.boots.tightening,
        report.boots.summary,
    )
    cut = replace(
        report,
        manifest=replace(report.manifest, acquisitions=(), host=_few(report.manifest.host, room.items)),
        verdict=_verdict(report.verdict, room),
        findings=tuple(_finding(f, room) for f in report.findings[: room.findings]),
        not_judged=report.not_judged[: room.not_judged],
        timeline=tuple(bounded_timeline(report.timeline, room.timeline).shown),
        conversations=report.conversations[: room.conversations],
        packages=report.packages[: room.packages],
        boots=boots,
        custody=custody,
        problems=report.problems[: room.problems],
        notes=report.notes[: room.notes],
        extra={},
    )
    return each_text(cut, lambda text, name: _shown(text, name in _BLOCKS, _limit(name, room)))


def left_out(report: Report, cut: Report, room: Room) -> list[str]:
    """Return what *cut* shows less of than *report*, one phrase each, least important first."""
    pairs = (
        (gettext_noop("%(less)s of %(total)s problems"), report.problems, cut.problems),
        (gettext_noop("%(less)s of %(total)s members"), report.custody.members, cut.custody.members),
        (gettext_noop("%(less)s of %(total)s acquisitions"), report.custody.acquisitions, cut.custody.acquisitions),
        (gettext_noop("%(less)s of %(total)s input files"), report.custody.inputs, cut.custody.inputs),
        (gettext_noop("%(less)s of %(total)s timeline rows"), report.timeline, cut.timeline),
        (gettext_noop("%(less)s of %(total)s boots"), report.boots.entries, cut.boots.entries),
        (gettext_noop("%(less)s of %(total)s months of boots"), report.boots.months, cut.boots.months),
        (gettext_noop("%(less)s of %(total)s package events"), report.packages, cut.packages),
        (gettext_noop("%(less)s of %(total)s conversations"), report.conversations, cut.conversations),
        (
            gettext_noop("%(less)s of %(total)s rules not judged"),
            questions(report.not_judged),
            questions(cut.not_judged),
        ),
        (gettext_noop("%(less)s of %(total)s notes"), report.notes, cut.notes),
        (gettext_noop("%(less)s of %(total)s findings"), report.findings, cut.findings),
    )
    said = [
        gettext(text, less=len(own) - len(kept), total=len(own)) for text, own, kept in pairs if len(kept) < len(own)
    ]
    if room.moments < min(len(report.timeline), Room().moments):
        said.append(gettext("some of the timeline in text") if room.moments else gettext("the timeline in text"))
    records = sum(len(finding.evidence) for finding in report.findings)
    shown = sum(len(finding.evidence) for finding in cut.findings[: room.detailed])
    if shown < records:
        said.append(gettext("%(less)s of %(total)s evidence excerpts", less=records - shown, total=records))
    if len(cut.findings) > room.detailed:
        brief, total = len(cut.findings) - room.detailed, len(report.findings)
        said.append(gettext("the details of %(less)s of %(total)s findings", less=brief, total=total))
    return said


_BLOCKS = frozenset({"excerpt", "command", "explanation", "for_developers"})
_WHOLE = frozenset({"sha256"})


def _shown(text: str, block: bool, limit: int) -> str:
    """Return the beginning of *text*, visible; cut before as well, for marks only make it longer."""
    return clip(visible(clip(text, limit + 1), block=block), limit)


def _limit(name: str, room: Room) -> int:
    if name in {"excerpt", "command"}:
        return room.excerpt if name == "excerpt" else room.command
    return 64 if name in _WHOLE else min(room.text, 400) if name in _SHORT else room.text


_SHORT = frozenset(
    {
        "member",
        "name",
        "path",
        "source",
        "where",
        "title",
        "rule",
        "document",
        "group",
        "session_id",
        "cli_session_id",
        "package",
        "version",
        "state",
        "tool",
        "bundle_id",
        "id",
        "lane",
        "kind",
        "account",
    }
)


def _few(mapping: Mapping[str, str], limit: int) -> dict[str, str]:
    return dict(sorted(mapping.items())[:limit])


def _verdict(verdict: Verdict, room: Room) -> Verdict:
    return replace(
        verdict,
        what_happened=verdict.what_happened[: room.items],
        findings=verdict.findings[: room.items],
        what_to_do=_steps(verdict.what_to_do, room),
    )


def _finding(finding: Finding, room: Room) -> Finding:
    return replace(
        finding,
        evidence=_ends(finding.evidence, room.evidence),
        facts=finding.facts[: room.items],
        remedy=_steps(finding.remedy, room),
        does_not_work=finding.does_not_work[: room.items],
        false_positives=finding.false_positives[: room.items],
        because_of=finding.because_of[: room.items],
        leads_to=finding.leads_to[: room.items],
        versions=_few(finding.versions, room.items),
        references=finding.references[: room.items],
    )


def _ends(evidence: tuple[EvidenceRef, ...], limit: int) -> tuple[EvidenceRef, ...]:
    """Return at most *limit* records, the last one among them."""
    return (*evidence[: limit - 1], evidence[-1]) if 1 < limit < len(evidence) else evidence[:limit]


def _steps(steps: tuple[Step, ...], room: Room) -> tuple[Step, ...]:
    """Return the first steps; a command too long to show whole is not shown at all, for half a command may do harm."""
    return tuple(
        step
        if len(_shown(step.command, True, room.command + 1)) <= room.command
        else replace(
            step,
            command="",
            text=gettext("%(step)s (the command is too long for this text)", step=clip(step.text, room.text // 2)),
        )
        for step in steps[: room.items]
    )
