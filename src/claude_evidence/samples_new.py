"""A real bundle as a minimal, anonymous scenario that still gives the same findings.

Redacted first, reduced then, and what the redaction left as tokens is invented anew; in the end the scenario is built,
judged and audited as it will be written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.case import Case
from claude_evidence.case_text import moved, raw_of, renamed
from claude_evidence.delta import Tries
from claude_evidence.invented import Invented
from claude_evidence.minimal import Reduction, minimal, thin
from claude_evidence.model import Level, Report
from claude_evidence.moved_times import days, mover
from claude_evidence.samples_audit import left
from claude_evidence.samples_given import Given, NoSampleError, otherwise, read
from claude_evidence.trial import Trial, told_by

if TYPE_CHECKING:
    from claude_evidence.bundle import Limits

YEARS = range(2025, 2012, -1)
"""When a scenario made here was collected: on a day of the first of these years that leaves no date as it was."""
DAYS = ((7, 9), (1, 8))
"""The month and the day of it: the first on which the machine's clock stands as it did."""
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: ``inputs`` are one machine's evidence; an empty ``name`` is made from the first finding."""

    inputs: Sequence[Path]
    name: str
    limits: Limits
    tries: Tries
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was made: the texts of the scenario and of the test, the bundle, the ``report`` on it and that on the
    ``original``, how many files, text records and events there were ``before`` and ``after``, and whether the tries or
    the time ended first (``stopped``).
    """

    name: str
    scenario: str
    evidence: str
    bundle: bytes
    report: Report
    original: Report
    before: tuple[int, int, int]
    after: tuple[int, int, int]
    stopped: bool


def new_sample(wish: Wish, folder: Path) -> Sample:
    """Return the sample that *wish* asks for; *folder* is a temporary one.

    UsageError where the input cannot be read, `NoSampleError` where it cannot be told as a scenario.
    """
    trial = Trial(folder)
    wish.say("reading")
    given = read(wish.inputs, wish.limits, folder, trial)
    trial.name = wish.name or _name(given.report)

    def holds(case: Case) -> bool:
        told = trial.told_by(case)
        return told is not None and told.is_as(given.told)

    how = Reduction(holds, wish.tries, wish.say)
    small = thin(given.case, how)
    if small is given.case and not holds(small):
        raise NoSampleError(otherwise("told as a scenario, the bundle", given.told, trial.told_by(small)))
    if given.told.shown:
        small = minimal(small, how)
    wish.say("inventing names")
    return _written(wish, folder, trial, given, small, _anonymous(small, given, trial, holds))


def _anonymous(case: Case, given: Given, trial: Trial, holds: Callable[[Case], bool]) -> Case:
    """Return *case* with invented names, identifiers and times: the plainest way that still shows the same."""
    from claude_evidence.samples.scenario import filled

    taken = {*given.mapping.values(), *given.ids}
    candidate = case
    for plain in (False, True):
        invented = Invented(taken, given.forms, filled=lambda text: filled(text, trial.name), plain=plain)
        told = renamed(case, invented.text)
        told = replace(told, host={**told.host, "name": told.host.get("name") or invented.name("host", "")})
        for zone in dict.fromkeys((_plain_zone(case), case.timezone)):
            candidate = replace(_elsewhen(told, zone), timezone=zone)
            if holds(candidate):
                return candidate
    what = "with invented names and times, the bundle"
    raise NoSampleError(otherwise(what, given.told, trial.told_by(candidate)))


def _plain_zone(case: Case) -> str | None:
    """Return a zone that says no more than the offset when the bundle was made; the machine's own where none does."""
    if not case.timezone:
        return None
    try:
        offset = case.collected_at.astimezone(ZoneInfo(case.timezone)).utcoffset() or timedelta()
        hours, rest = divmod(int(offset.total_seconds()), 3600)
        name = f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"
        return name if not rest and ZoneInfo(name) else case.timezone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return case.timezone


def _elsewhen(case: Case, zone: str | None) -> Case:
    """Return *case* with all times moved by one span, to days of which it told none before."""
    told = _days(case)
    at = case.collected_at.replace(microsecond=0)
    for year in YEARS:
        by = _collected(at, zone, year) - at
        candidate = moved(case, by, *mover(by, at))
        if not told & _days(candidate):
            return candidate
    raise NoSampleError("its times reach over so many years that they cannot be moved away from themselves")


def _days(case: Case) -> set[str]:
    return days(json.dumps(raw_of(case, {}), default=str, ensure_ascii=False))


def _collected(at: datetime, zone: str | None, year: int) -> datetime:
    times = [datetime(year, month, day, 12, tzinfo=UTC) for month, day in DAYS]
    try:
        clock = ZoneInfo(zone) if zone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return times[0]
    offset = at.astimezone(clock).utcoffset()
    return next((time for time in times if time.astimezone(clock).utcoffset() == offset), times[0])


def _written(wish: Wish, folder: Path, trial: Trial, given: Given, small: Case, case: Case) -> Sample:
    """Return the sample as it will be written: built from its own text, judged and audited once more."""
    from claude_evidence.samples.writing import plain_text, scenario_text

    name = trial.name
    place, target = folder / f"{name}.yaml", folder / f"{name}.zip"
    raw = raw_of(case, _head(given.report))
    _build(scenario_text(raw), place, target)
    report, judged = trial.of_files([target]), target.read_bytes()
    if not (told := told_by(report)).is_as(given.told):
        raise NoSampleError(otherwise("written and read again, the scenario", given.told, told))
    text = scenario_text(raw | _head(report) | {"expect": _expect(report)})
    _build(text, place, target)
    if target.read_bytes() != judged:
        raise NoSampleError("what is said of the findings changes the bundle that is built")
    finds = {finding.rule: finding.level.value for finding in report.findings}
    evidence = plain_text({"bundle": f"{name}.zip", **({"finds": finds} if finds else {}), "only": True})
    if found := left(given, small, case, {place.name: text, f"{name}.evidence.yaml": evidence}, target):
        raise NoSampleError("\n".join(["something of the original would be left", *found[:20]]))
    sizes = _sizes(given.case), _sizes(case)
    return Sample(name, text, evidence, judged, report, given.report, *sizes, not wish.tries.left)


def _build(text: str, place: Path, target: Path) -> None:
    from claude_evidence.samples.builder import build
    from claude_evidence.samples.scenario import load

    place.write_text(text, "utf-8", newline="\n")
    build(load(place), target)


def _sizes(case: Case) -> tuple[int, int, int]:
    """Return how many files, text records and events *case* holds."""
    files = len(case.pieces) + len({event["channel"] for event in case.events}) + len(case.channels)
    return files, sum(len(p.content) for p in case.pieces if p.form == "lines"), len(case.events)


def _name(report: Report) -> str:
    rule = report.findings[0].rule if report.findings else "nothing-found"
    return rule.replace("_", "-").lower()[:_LONGEST_NAME].strip("-")


def _head(report: Report) -> dict[str, Any]:
    told = [str(finding.title) for finding in report.findings if finding.level is not Level.INFORMATIONAL]
    about = (
        "Made of a real bundle by claude-evidence samples new; people, machines, identifiers and times are invented."
    )
    return {"title": told[0] if told else "Nothing is found", "reports": [], "about": about}


def _expect(report: Report) -> dict[str, Any]:
    """Return what a scenario says of the findings, as the tests of the samples compare it."""
    findings: dict[str, Any] = {}
    for finding in report.findings:
        if finding.level is not Level.INFORMATIONAL:
            document = {"document": finding.document} if finding.document not in ("", finding.rule) else {}
            findings[finding.rule] = {"count": finding.count, "level": finding.level.value, **document}
    context = [finding.document for finding in report.findings if finding.level is Level.INFORMATIONAL]
    return {"findings": findings, **({"context": context} if context else {})}
