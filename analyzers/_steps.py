"""What to do first: the steps of all findings in one order in which none makes another one harder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

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


def steps_of(remedy: Any) -> tuple[Step, ...]:
    """Return the steps that a rule's ``custom.remedy`` names; what is none is left out."""
    risks = {risk.value: risk for risk in Risk}
    return tuple(
        Step(
            lazy_gettext(str(s.get("step", ""))),
            str(s.get("command", "")).strip(),
            risks.get(str(s.get("risk", "")), Risk.NEEDS_ADMIN),
            lazy_gettext(str(s.get("worked", ""))),
        )
        for s in (remedy if isinstance(remedy, list) else [])
        if isinstance(s, Mapping)
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
    if len(copies) > 1 < len(findings) or not _covered(copies, rest[:MOST_STEPS], findings):
        copies = [SAVE]
    if len(findings) > 1:
        rest = sorted(rest[: MOST_STEPS - len(copies)], key=lambda step: step.risk is Risk.LOSES_DATA)
    told = [*copies, *rest][:MOST_STEPS]
    if copies == [SAVE] and any(step.risk is Risk.LOSES_DATA for step in told):
        told[0] = SAVE_FIRST
    later = {step.text for finding in findings if is_over(finding) for step in finding.remedy if not _is_copy(step)}
    return tuple(_next_time(step) if step.text in later else step for step in told)


def _covered(copies: Sequence[Step], others: Sequence[Step], findings: Sequence[Finding]) -> bool:
    """Return whether each finding that one of *others*, which may lose data, is of names one of *copies* too."""
    risky = {step.text for step in others if step.risk is Risk.LOSES_DATA}
    mine = [finding for finding in findings if any(step.text in risky for step in finding.remedy)]
    return all(any(step in finding.remedy for step in copies) for finding in mine)


def _chosen(findings: Sequence[Finding], beside: Collection[str]) -> list[Step]:
    """Return the copies that *findings* name and the safest step of each, then the others of the first one.

    What cures the first one may lose data. That and its next step are not crowded out by what only looks at what stands
    *beside* it.
    """
    chosen: dict[str, Step] = {}
    if len(findings) == 1:
        copies, others, risky = _sorted(findings[0])
        _add(chosen, (*copies, *(others[:1] or risky[:1]), *findings[0].remedy))
        return list(chosen.values())
    linked = [_sorted(finding) for finding in findings if finding.id not in beside]
    _, further, cures = linked[0] if linked else ([], [], [])
    for number, (copies, others, risky) in enumerate(linked):
        _add(chosen, (*copies, *(others[:1] or risky[:1]), *(() if number else cures[:1])))
    _add(chosen, further[:2])
    for finding in findings:
        if finding.id in beside:
            copies, safe, _ = _sorted(finding)
            _add(chosen, (*copies, *safe[:1]) if safe else ())
    _add(chosen, (*further, *cures))
    return list(chosen.values())


def _sorted(finding: Finding) -> tuple[list[Step], list[Step], list[Step]]:
    """Return the copies of *finding*, its other steps, the safest first, and those that may lose data.

    What is another way to do a step before it ("Or …") is only told with its finding.
    """
    steps = [step for step in finding.remedy if not _is_copy(step)]
    safest = sorted(steps, key=lambda step: _ORDER[step.risk])[:1]
    own = [step for step in steps if step in safest or not step.text.startswith(("Or ", "Or,"))]
    kept = [step for step in own if step.risk is not Risk.LOSES_DATA]
    return (
        [step for step in finding.remedy if _is_copy(step)],
        sorted(kept, key=lambda step: step not in safest),
        [step for step in own if step.risk is Risk.LOSES_DATA],
    )


def _add(chosen: dict[str, Step], steps: Iterable[Step]) -> None:
    for step in steps:
        chosen.setdefault(step.command or step.text, step)


def _is_copy(step: Step) -> bool:
    return step.risk is Risk.SAFE and _COPY.fullmatch(step.text) is not None


def _next_time(step: Step) -> Step:
    return replace(step, text=lazy_gettext("If it happens again: %(step)s", step=step.text))
