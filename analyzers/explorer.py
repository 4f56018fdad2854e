"""The rows of evidence that the report carries: what findings rest on, the rows beside it, and the errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from claude_evidence.analyzers._excerpts import first_and_last, reference, told
from claude_evidence.analyzers._payload import MARK
from claude_evidence.analyzers._rows import Positions, rows_of
from claude_evidence.analyzers._types import Hit
from claude_evidence.evidence_rows import AROUND, EvidenceRow
from claude_evidence.model import Finding

MOST_ROWS = 1000
IN_ORDER = ("events", "app_log")
"""The tables whose rows stand in the order in which things happened: neighbours explain each other there only."""
_WINDOWS_ERROR = 2
Tables = Mapping[str, pd.DataFrame]


@dataclass(slots=True)
class _Chosen:
    """Why each row is told, by table and position, and which findings rest on it."""

    most: int
    why: dict[tuple[str, int], str] = field(default_factory=dict)
    findings: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def add(self, table: str, positions: Iterable[int], why: str) -> None:
        for position in positions:
            if len(self.why) >= self.most:
                return
            self.why.setdefault((table, position), why)


def explorer(
    hits: Iterable[Hit], found: Sequence[Finding], tables: Tables, hashes: Mapping[str, str], most: int = MOST_ROWS
) -> tuple[tuple[EvidenceRow, ...], int]:
    """Return at most *most* rows in the order of their files, and how many there are to tell without that limit.

    What findings rest on comes first (of each the first and last records, the most severe finding first), then the
    `AROUND` rows on each side of it, then the latest errors.
    """
    by_name = {(hit.document.name, hit.group): hit for hit in hits}
    chosen, rests = _Chosen(most), _resting(hits, tables)
    for finding in found:
        hit = by_name[finding.document, finding.group]
        for table, rows in hit.rows.items():
            shown = first_and_last(rows).tolist()
            chosen.add(table, shown, "found")
            for position in shown:
                chosen.findings.setdefault((table, position), []).append(finding.id)
    for table in IN_ORDER:
        centres = sorted(position for name, position in chosen.why if name == table)
        chosen.add(table, _beside(centres, tables[table]), "near")
        errors = _errors(table, tables[table])
        chosen.add(table, errors[: -most - 1 : -1].tolist(), "error")
        rests[table] = np.union1d(rests.get(table, errors), errors)
    return tuple(_rows(chosen, tables, hashes)), sum(map(len, rests.values()))


def _resting(hits: Iterable[Hit], tables: Tables) -> dict[str, Positions]:
    """Return the positions of all rows that findings rest on, by table."""
    rests: dict[str, Positions] = {}
    for hit in hits:
        for table, rows in hit.rows.items():
            rests[table] = np.union1d(rests[table], rows) if table in rests else np.unique(rows)
    return {table: rows for table, rows in rests.items() if table in tables}


def _beside(centres: Iterable[int], table: pd.DataFrame) -> Iterator[int]:
    """Yield the positions next to *centres* that are of the same member."""
    members = table["Member"].array.codes
    for centre in centres:
        for position in range(max(centre - AROUND, 0), min(centre + AROUND + 1, len(table))):
            if members[position] == members[centre]:
                yield position


def _errors(name: str, table: pd.DataFrame) -> Positions:
    """Return the positions of the rows that the app's log, or Windows of Claude's package, calls errors."""
    if name == "app_log":
        return rows_of(table["Level"], ("error",))
    failed = np.flatnonzero((table["Level"] <= _WINDOWS_ERROR).to_numpy(dtype=bool, na_value=False))
    data = table["EventData"].array
    own = [at for at in failed.tolist() if isinstance(data[at], bytes) and MARK.search(data[at])]
    return np.array(own, dtype=np.intp)


def _rows(chosen: _Chosen, tables: Tables, hashes: Mapping[str, str]) -> Iterator[EvidenceRow]:
    for name in dict.fromkeys([*IN_ORDER, *(table for table, _ in chosen.why)]):
        positions = np.array(sorted(at for table, at in chosen.why if table == name), dtype=np.intp)
        if not len(positions):
            continue
        for position, row in zip(positions.tolist(), told(name, tables[name], positions), strict=True):
            key = name, position
            yield EvidenceRow(
                name, position, reference(name, row, hashes), chosen.why[key], tuple(chosen.findings.get(key, ()))
            )


__all__ = ["IN_ORDER", "MOST_ROWS", "explorer"]
