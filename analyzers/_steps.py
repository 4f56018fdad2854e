"""What to do first: the steps of all findings in one order in which none makes another one harder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from claude_evidence.model import Finding, Risk, Step

MOST_STEPS = 5
AGAIN = "Started again"
"""The label of the fact that tells when the app ran once more after it had failed."""
_ORDER = {Risk.SAFE: 0, Risk.NEEDS_ADMIN: 1, Risk.LOSES_DATA: 2}
_COPY = re.compile(r"(?:quit claude[^.;]{0,40}\band )?(?:copy|keep)\b.{1,160}\b(?:away|safe place)\b", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
SAVE_FIRST = Step(
    "Before anything else quit Claude completely and copy its data to a safe place: a later step may lose data.",
    'robocopy "$env:USERPROFILE\\.claude" "$env:USERPROFILE\\claude-backup\\.claude" /E /COPY:DAT\n'
    'robocopy "$env:APPDATA\\Claude" "$env:USERPROFILE\\claude-backup\\Claude" /E /COPY:DAT\n'
    'robocopy "$env:LOCALAPPDATA\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude" '
    '"$env:USERPROFILE\\claude-backup\\Claude-package" /E /COPY:DAT',
    Risk.SAFE,
)


def started_again(finding: Finding) -> datetime | None:
    """Return when the app last started again after *finding*, None where nothing tells of it."""
    times = [time for label, value in finding.facts if label == AGAIN for time in _TIME.findall(value)]
    return max((datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times), default=None)


def is_over(finding: Finding) -> bool:
    """Return whether the app ran again after the last record of *finding*: it is told as past."""
    again = started_again(finding)
    return again is not None and finding.last_seen is not None and again >= finding.last_seen


def steps(findings: Sequence[Finding]) -> tuple[Step, ...]:
    """Return the safest step of each of *findings*, the worst given first; of a single one all of its steps.

    Copies come first, and one is added where a step may lose data and none is made before it. What may lose data comes
    last. What is over is told for the next time.
    """
    chosen: list[Step] = []
    for finding in sorted(findings, key=is_over):
        safest = min(finding.remedy, key=lambda step: _ORDER[step.risk], default=None)
        rest = finding.remedy if len(findings) == 1 else ()
        for step in (safest, *rest):
            if step and step.text not in {other.text for other in chosen}:
                chosen.append(step)
    later = {step.text for finding in findings if is_over(finding) for step in finding.remedy}
    chosen.sort(key=lambda step: _place(step, one=len(findings) == 1))
    if any(step.risk is Risk.LOSES_DATA for step in chosen[:MOST_STEPS]) and not _is_copy(chosen[0]):
        chosen.insert(0, SAVE_FIRST)
    return tuple(_next_time(step) if step.text in later else step for step in chosen[:MOST_STEPS])


def _place(step: Step, *, one: bool) -> int:
    if _is_copy(step):
        return 0
    return 2 if step.risk is Risk.LOSES_DATA and not one else 1


def _is_copy(step: Step) -> bool:
    return step.risk is Risk.SAFE and _COPY.match(step.text) is not None


def _next_time(step: Step) -> Step:
    return replace(step, text=f"If it happens again: {step.text}")
