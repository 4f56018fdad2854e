"""Boots per month as columns, months without one among them: geometry for the template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from claude_evidence.messages import gettext_noop, translated
from claude_evidence.model import BootMonth

MOST_MONTHS, MOST_LABELS = 36, 12
COLUMN_HEIGHT, LINE_HEIGHT = 84.0, 28.0
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_NAMES = (
    *(gettext_noop("Jan"), gettext_noop("Feb"), gettext_noop("Mar"), gettext_noop("Apr")),
    *(gettext_noop("May"), gettext_noop("Jun"), gettext_noop("Jul"), gettext_noop("Aug")),
    *(gettext_noop("Sep"), gettext_noop("Oct"), gettext_noop("Nov"), gettext_noop("Dec")),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One month: ``x``, ``width`` and ``middle`` in per cent, ``height`` and ``median_y`` (from above) in pixels.

    ``label`` and ``year`` are empty where there is no room for them.
    """

    month: str
    boots: int
    median_days: float | None
    x: float
    width: float
    middle: float
    height: float
    median_y: float | None
    label: str
    year: str


@dataclass(frozen=True, slots=True)
class Cadence:
    """Columns of the latest months; ``earlier`` months are not drawn, in ``empty`` of those drawn there was no boot.

    ``line`` is the path of the medians in a box of 100 by `LINE_HEIGHT`, interrupted where a month has none.
    """

    columns: tuple[Column, ...]
    line: str
    earlier: int
    empty: int

    @property
    def said(self) -> str:
        """The whole chart in words."""
        return ", ".join(f"{column.month}: {column.boots}" for column in self.columns)


def cadence(months: Sequence[BootMonth]) -> Cadence | None:
    """Return a column for each month from the first to the last of *months*; None where there are fewer than two."""
    known = {number: month for month in months if (number := _number(month.month)) is not None}
    if not known or min(known) == max(known):
        return None
    last = max(known)
    first = max(min(known), last - MOST_MONTHS + 1)
    numbers = range(first, last + 1)
    shown = [known[number] for number in numbers if number in known]
    most, longest = max(month.boots for month in shown), max((month.median_days or 0 for month in shown), default=0)
    columns = tuple(_column(known.get(n), n, n - first, len(numbers), most, longest) for n in numbers)
    earlier, empty = sum(number < first for number in known), sum(column.boots == 0 for column in columns)
    return Cadence(columns, _line(columns), earlier, empty)


def _number(month: str) -> int | None:
    match = _MONTH.fullmatch(month)
    return int(match[1]) * 12 + int(match[2]) - 1 if match else None


def _column(month: BootMonth | None, number: int, place: int, count: int, most: int, longest: float) -> Column:
    boots = month.boots if month else 0
    year, name = f"{number // 12:04}", translated(_NAMES[number % 12])
    each = 100 / count
    median = month.median_days if month else None
    labelled = place % -(-count // MOST_LABELS) == 0
    return Column(
        month=f"{year}-{number % 12 + 1:02}",
        boots=boots,
        median_days=median,
        x=round((place + 0.18) * each, 2),
        width=round(0.64 * each, 2),
        middle=round((place + 0.5) * each, 2),
        height=round(COLUMN_HEIGHT * boots / most, 1) if most else 0.0,
        median_y=None if median is None else round(LINE_HEIGHT * (1 - median / longest), 1) if longest else LINE_HEIGHT,
        label=name if labelled else "",
        year=year if place == 0 or (labelled and number % 12 < -(-count // MOST_LABELS)) else "",
    )


def _line(columns: Sequence[Column]) -> str:
    path, pen = "", "M"
    for column in columns:
        path += f"{pen}{column.middle} {column.median_y}" if column.median_y is not None else ""
        pen = "M" if column.median_y is None else "L"
    return path
