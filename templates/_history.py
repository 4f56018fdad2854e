"""The package's versions over time: geometry for the template, and the gaps between them in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from claude_evidence.messages import english, gettext_noop, ngettext
from claude_evidence.model import PackageEvent, Report
from claude_evidence.templates._axis import Tick, place, ticks
from claude_evidence.templates._versions_told import Family, Span, Version

MOST_ROWS, MOST_WORDS, SLOTS = 12, 8, 100
_FULL_NAME = re.compile(r"([^_]+)_[0-9.]+_[^_]*_[^_]*_([0-9a-z]+)", re.IGNORECASE)
_REGISTERS = (
    "Add",
    "Update",
    "Register",
    "RegisterByPackageFullName",
    "RegisterByPackageFamilyName",
    "OnDemandRegisterOperation",
    "AddByPackageFamilyNameOperation",
    "AddFromAppInstallerOperation",
    "UpdateUsingAppInstallerOperation",
    "RegisterPackageOnLogonForUserOperation",
)
_MEANINGS = {
    **{f"{operation} finished": "registered" for operation in _REGISTERS},
    **{f"{operation} finished": "staged" for operation in ("Stage", "PreRegisterPackage")},
    **{f"{operation} finished": "removed" for operation in ("Remove", "Delete all files of the package")},
}
KINDS = {
    "registered": gettext_noop("registered"),
    "staged": gettext_noop("staged, waits"),
    "failed": gettext_noop("failed"),
    "removed": gettext_noop("removed"),
    "other": gettext_noop("another step"),
    "collected": gettext_noop("there when collected"),
}
"""What a mark means, in the order of the key."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span in per cent of the axis; ``kind`` is ``registered``, ``waits`` or ``hole``."""

    x: float
    width: float
    kind: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """One step, or ``count`` alike ones in about the same place; ``status`` is that of the first."""

    x: float
    kind: str
    time: datetime
    count: int
    status: str


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one package."""

    package: str
    version: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Versions between two times: in ``holes`` there was none, ``words`` tell the gaps, ``left_out`` is not drawn."""

    first: datetime
    last: datetime
    rows: tuple[Row, ...]
    holes: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    words: tuple[str, ...]
    left_out: int

    @property
    def kinds(self) -> list[str]:
        """The kinds of mark that are drawn, in the order of the key."""
        drawn = {mark.kind for row in self.rows for mark in row.marks}
        return [kind for kind in KINDS if kind in drawn]


def history(report: Report) -> History | None:
    """Return the versions of all packages over time, None where fewer than two steps carry a time."""
    dated = sorted(((event.time, event) for event in report.packages if event.time is not None), key=lambda one: one[0])
    if len(dated) < 2:
        return None
    first, last = dated[0][0], dated[-1][0]
    collected = report.manifest.finished_at or report.manifest.started_at
    if collected is not None and collected > last:
        last = collected
    families = _families(dated, [event for event in report.packages if event.time is None], last)
    versions = [version for family in families for version in family.versions.values()]
    words = [text for family in families for text in family.words]
    return History(
        first,
        last,
        tuple(_row(version, first, last) for version in versions[-MOST_ROWS:]),
        tuple(_bar(hole, first, last) for family in families for hole in family.holes),
        tuple(ticks(first, last)),
        tuple(_few(words)),
        max(len(versions) - MOST_ROWS, 0),
    )


def _few(words: list[str]) -> list[str]:
    more = len(words) - MOST_WORDS + 1
    if more <= 1:
        return words
    rest = ngettext(
        "And %(num)s more gap like these: see the table.", "And %(num)s more gaps like these: see the table.", more
    )
    return [*words[: MOST_WORDS - 1], rest]


def _families(
    dated: Iterable[tuple[datetime, PackageEvent]], state: Sequence[PackageEvent], last: datetime
) -> list[Family]:
    """Return each package with the steps of its versions taken, up to *last*, when *state* was seen."""
    families: dict[str, Family] = {}
    for time, event in dated:
        family = families.setdefault(_family(event.package), Family())
        family.step(time, _kind(english(event.what)), event.status, event.package, event.version)
    for event in state:
        if (name := _family(event.package)) in families:
            families[name].seen(last, event.status, event.package, event.version)
    for family in families.values():
        family.end(last)
    return list(families.values())


def _family(package: str) -> str:
    match = _FULL_NAME.fullmatch(package)
    return f"{match[1]}_{match[2]}".casefold() if match else package


def _kind(what: str) -> str:
    if what.endswith(" failed"):
        return "failed"
    return "staged" if " deferred" in what else _MEANINGS.get(what, "other")


def _row(version: Version, first: datetime, last: datetime) -> Row:
    groups: dict[tuple[str, int], list[Mark]] = {}
    for time, kind, status in version.steps:
        x = place(time, first, last)
        groups.setdefault((kind, int(x * SLOTS / 100)), []).append(Mark(x, kind, time, 1, status))
    marks = tuple(replace(alike[0], count=len(alike)) for alike in groups.values())
    return Row(version.package, version.name, tuple(_bar(span, first, last) for span in version.spans), marks)


def _bar(span: Span, first: datetime, last: datetime) -> Bar:
    x = place(span.first, first, last)
    return Bar(x, round(max(place(span.last, first, last) - x, 0.3), 2), span.kind, span.first, span.last)
