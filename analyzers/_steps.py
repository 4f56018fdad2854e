"""What to do first: the steps of all findings in one order in which none makes another one harder."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from claude_evidence.messages import lazy_gettext
from claude_evidence.model import Finding, Risk, Step

MOST_STEPS = 5
AGAIN = "Started again"
"""The label of the fact that tells when the app ran once more after it had failed."""
_ORDER = {Risk.SAFE: 0, Risk.NEEDS_ADMIN: 1, Risk.LOSES_DATA: 2}
_COPY = re.compile(
    r"(?:quit claude[a-z ]{0,40} and )?(?:copy|keep)\b(?:(?!\. |, |; ).){1,160}\b(?:away|safe place)"
    r"(?: first| before [a-z ]+)?\.",
    re.IGNORECASE,
)
"""A step that does nothing but copy."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
SAVE = Step(
    lazy_gettext("Before anything else quit Claude completely and copy its data to a safe place."),
    # without /R and /W it tries a file that somebody holds a million times, half a minute apart
    'robocopy "$env:USERPROFILE\\.claude" "$env:USERPROFILE\\claude-backup\\.claude" /E /COPY:DAT /R:1 /W:1\n'
    'robocopy "$env:APPDATA\\Claude" "$env:USERPROFILE\\claude-backup\\Claude" /E /COPY:DAT /R:1 /W:1\n'
    'robocopy "$env:LOCALAPPDATA\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude" '
    '"$env:USERPROFILE\\claude-backup\\Claude-package" /E /COPY:DAT /R:1 /W:1',
    Risk.SAFE,
)
SAVE_FIRST = replace(
    SAVE,
    text=lazy_gettext(
        "Before anything else quit Claude completely and copy its data to a safe place: a later step may lose data."
    ),
)


def started_again(finding: Finding) -> datetime | None:
    """Return when the app last started again after *finding*, None where nothing tells of it."""
    times = [time for label, value in finding.facts if label == AGAIN for time in _TIME.findall(value)]
    return max((datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times), default=None)


def is_over(finding: Finding) -> bool:
    """Return whether the app ran again after the last record of *finding*: it is told as past."""
    again = started_again(finding)
    return again is not None and finding.last_seen is not None and again >= finding.last_seen


def steps(findings: Sequence[Finding], beside: Collection[str] = ()) -> tuple[Step, ...]:
    """Return the safest step of each of *findings*, the worst given first; of a single one all of its steps.

    Where there is room the first one's other steps follow. What several ask for is said once. Copies come first: the
    one that a finding names, or one of all data where several do or where a step may lose data and none is made before
    it. What may lose data comes last, and nothing of what stands *beside* the story (ids) does: read without its
    finding it is misunderstood. Where there is no room for all, what the later of *findings* would add is left out.
    What is over is told for the next time.
    """
    chosen = _chosen(sorted(findings, key=is_over), beside)
    copies = [step for step in chosen if _is_copy(step)]
    rest = [step for step in chosen if not _is_copy(step)]
    if len(copies) > 1 < len(findings) or (not copies and _may_lose(rest[:MOST_STEPS])):
        copies = [SAVE]
    if len(findings) > 1:
        rest = sorted(rest[: MOST_STEPS - len(copies)], key=lambda step: step.risk is Risk.LOSES_DATA)
    told = [*copies, *rest][:MOST_STEPS]
    if copies == [SAVE] and _may_lose(told):
        told[0] = SAVE_FIRST
    later = {step.text for finding in findings if is_over(finding) for step in finding.remedy if not _is_copy(step)}
    return tuple(_next_time(step) if step.text in later else step for step in told)


def _may_lose(chosen: Sequence[Step]) -> bool:
    return any(step.risk is Risk.LOSES_DATA for step in chosen)


def _chosen(findings: Sequence[Finding], beside: Collection[str]) -> list[Step]:
    """Return the copies that *findings* name and the safest step of each, then the others of the first one.

    What cures the first one may lose data: it is not crowded out by what only looks at the others.
    """
    chosen: dict[str, Step] = {}
    first: list[Step] = []
    for finding in findings:
        copies = [step for step in finding.remedy if _is_copy(step)]
        others = [step for step in finding.remedy if not _is_copy(step)]
        safest = sorted(others, key=lambda step: _ORDER[step.risk])[:1]
        if finding.id in beside and safest and safest[0].risk is Risk.LOSES_DATA:
            continue
        for step in (*copies, *safest, *(others if len(findings) == 1 else ())):
            chosen.setdefault(step.command or step.text, step)
        if finding is findings[0]:
            first = [step for step in others if not step.text.startswith(("Or ", "Or,"))]
            for step in [step for step in first if step.risk is Risk.LOSES_DATA][:1]:
                chosen.setdefault(step.command or step.text, step)
    for step in first:
        chosen.setdefault(step.command or step.text, step)
    return list(chosen.values())


def _is_copy(step: Step) -> bool:
    return step.risk is Risk.SAFE and _COPY.fullmatch(step.text) is not None


def _next_time(step: Step) -> Step:
    return replace(step, text=lazy_gettext("If it happens again: %(step)s", step=step.text))
