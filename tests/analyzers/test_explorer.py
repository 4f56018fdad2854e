"""The rows that a report carries, and how much fell when: held to the tables they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from claude_evidence.analyzers.density import MOST_BINS, _density
from claude_evidence.analyzers.explorer import IN_ORDER, explorer
from claude_evidence.evidence_rows import AROUND
from claude_evidence.model import Report
from tests.sample_sides import SAMPLES, sample, side

EACH = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def row_of(path: Path, table: str, position: int) -> tuple[str, int]:
    row = side(path).evidence.tables[table].iloc[position]
    return str(row["Member"]), int(row["Record"])


@EACH
def test_each_row_is_the_one_at_its_place(path: Path) -> None:
    report = side(path).report
    hashes = {member.name: member.sha256 for member in report.custody.members}
    for row in report.rows:
        assert row_of(path, row.table, row.position) == (row.evidence.member, row.evidence.record)
        assert row.evidence.sha256 == hashes[row.evidence.member]
    places = [(row.table, row.position) for row in report.rows]
    assert len(set(places)) == len(places)


@EACH
def test_what_findings_rest_on_is_there_with_five_rows_on_each_side(path: Path) -> None:
    report = side(path).report
    places = {(row.table, row.position): row for row in report.rows}
    told = {(row.evidence.member, row.evidence.record, finding) for row in report.rows for finding in row.findings}
    assert {(ref.member, ref.record, one.id) for one in report.findings for ref in one.evidence} <= told
    for row in report.rows:
        if row.why == "found" and row.table in IN_ORDER:
            members = side(path).evidence.tables[row.table]["Member"]
            for beside in range(row.position - AROUND, row.position + AROUND + 1):
                if 0 <= beside < len(members) and members.iloc[beside] == row.evidence.member:
                    assert (row.table, beside) in places


def storm() -> tuple[Path, Report]:
    path = sample("exdev-storm-second-drive")
    return path, side(path).report


def test_errors_fill_the_room_that_is_left_the_latest_first() -> None:
    path, report = storm()
    log = side(path).evidence.tables["app_log"]
    errors = set(np.flatnonzero(log["Level"] == "error").tolist())
    latest = max(errors)
    carried = {row.position for row in report.rows if row.table == "app_log" and row.why == "error"}
    left = errors - {row.position for row in report.rows if row.table == "app_log"}
    assert latest in {row.position for row in report.rows if row.table == "app_log"}
    assert left
    assert max(left) < min(carried)
    assert report.rows_to_tell > len(report.rows) == 1000


def test_in_little_room_what_was_found_comes_first() -> None:
    path, report = storm()
    one = side(path)
    rows, total = explorer(one.hits, report.findings, one.evidence.tables, {}, most=30)
    assert {row.why for row in rows} == {"found", "near"}
    assert len(rows) == 30
    assert total == report.rows_to_tell
    assert {finding for row in rows for finding in row.findings} == {finding.id for finding in report.findings}


@EACH
def test_densities_count_every_row_of_their_lane(path: Path) -> None:
    report, tables = side(path).report, side(path).evidence.tables
    sums = {one.lane: sum(one.counts) for one in report.densities}
    log = tables["app_log"]
    trouble = log[log["Level"].isin(["error", "warn"]) & log["TimeCreated"].notna()]
    assert sums.get("app", 0) == len(trouble)
    assert sums.get("machine", 0) == len(report.boots.entries)
    files = [tables["session_registry"][name] for name in ("CreatedAt", "LastActivityAt", "DeletedAt")]
    files += [tables["transcript"][name] for name in ("FirstTime", "LastTime")]
    assert sums.get("sessions", 0) == sum(int(times.notna().sum()) for times in files)
    for one in report.densities:
        assert list(one.times) == sorted(set(one.times))
        assert all(time % one.step_s == 0 for time in one.times)


def test_a_lane_of_many_seconds_is_told_in_longer_steps_and_nothing_is_lost() -> None:
    seconds = np.arange(0, 3 * 10**6, 20, dtype=np.int64)
    density = _density("app", np.concatenate([seconds, seconds[:7]]))
    assert len(density.times) <= MOST_BINS
    assert sum(density.counts) == len(seconds) + 7
    assert density.step_s > 1
    counted = pd.Series(seconds).floordiv(density.step_s).mul(density.step_s).value_counts()
    assert dict(zip(density.times, density.counts, strict=True))[int(density.times[-1])] == counted[density.times[-1]]
