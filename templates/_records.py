"""Rows of evidence as a reader follows them: by file, in order, with what stood beside them and what is between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from claude_evidence.evidence_rows import AROUND, EvidenceRow
from claude_evidence.model import EvidenceRef, Finding, Report


@dataclass(frozen=True, slots=True)
class Line:
    """A row in its place, with its HTML id: ``gap`` rows of the same file stand before it that are not shown."""

    id: str
    row: EvidenceRow
    gap: int
    found: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The shown rows of one member, in their order."""

    member: str
    sha256: str
    table: str
    lines: tuple[Line, ...]


def row_id(row: EvidenceRow) -> str:
    """Return the HTML id of *row*: of what it is, so that another report on the same evidence has it too."""
    told = f"{row.table}\0{row.evidence.member}\0{row.evidence.record}"
    return f"row-{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def sheets(rows: Iterable[EvidenceRow], finding: str = "") -> list[Sheet]:
    """Return *rows* by member; what rests on them is said of *finding*, or of any where it is empty."""
    ordered = sorted(rows, key=lambda row: (row.table, row.position))
    groups = ((key, list(group)) for key, group in groupby(ordered, lambda row: (row.table, row.evidence.member)))
    return [
        Sheet(member, group[0].evidence.sha256, table, tuple(_lines(group, finding)))
        for (table, member), group in groups
    ]


def _lines(rows: Sequence[EvidenceRow], finding: str) -> Iterator[Line]:
    before = -1
    for row in rows:
        gap = row.position - before - 1 if before >= 0 else 0
        yield Line(row_id(row), row, gap, finding in row.findings if finding else bool(row.findings))
        before = row.position


def records(report: Report, finding: Finding, limit: int) -> tuple[list[Sheet], list[EvidenceRef]]:
    """Return the first *limit* records that *finding* rests on with their neighbours, and those not among the rows."""
    shown = {(ref.member, ref.record, ref.excerpt) for ref in finding.evidence[:limit]}
    found = [row for row in report.rows if finding.id in row.findings and _key(row.evidence) in shown]
    places = {(row.table, row.evidence.member, row.position + n) for row in found for n in range(-AROUND, AROUND + 1)}
    beside = [row for row in report.rows if (row.table, row.evidence.member, row.position) in places]
    told = {_key(row.evidence) for row in found}
    return sheets(beside, finding.id), [ref for ref in finding.evidence[:limit] if _key(ref) not in told]


def _key(ref: EvidenceRef) -> tuple[str, int, str]:
    return ref.member, ref.record, ref.excerpt


def row_ids(report: Report) -> dict[tuple[str, int], str]:
    """Return the HTML id of every row that the report carries, by member and record."""
    return {(row.evidence.member, row.evidence.record): row_id(row) for row in report.rows}


__all__ = ["Line", "Sheet", "records", "row_id", "row_ids", "sheets"]
