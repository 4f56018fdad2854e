"""A storm told by day and by session: complete sums, and nothing where there is no storm."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from claude_evidence.analyzers._storms import STORM
from claude_evidence.model import Finding
from tests.sample_sides import SAMPLES, side

PATHS = [path for path in SAMPLES if path.stem in ("exdev-storm-second-drive", "exdev-one-drive")]


def exdev(path: Path) -> Finding:
    (finding,) = [one for one in side(path).report.findings if one.rule == "msix_exdev_session_save"]
    return finding


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_storm_is_counted_by_day_and_by_session(path: Path) -> None:
    finding = exdev(path)
    log = side(path).evidence.tables["app_log"]
    failed = log[(log["ErrnoCode"] == "EXDEV") & log["Message"].astype("str").str.contains("save session")]
    assert sum(count for _, count in finding.per_day) == finding.count == len(failed)
    days = Counter(f"{time:%Y-%m-%d}" for time in failed["LocalTime"])
    assert finding.per_day == tuple(sorted(days.items()))
    sessions = Counter(str(session) for session in failed["SessionId"].dropna())
    most = sorted(sessions.items(), key=lambda item: (-item[1], item[0]))
    assert finding.per_session == tuple(most[:20])


def test_a_few_records_are_no_storm() -> None:
    found = [finding for path in SAMPLES for finding in side(path).report.findings]
    assert all(not finding.per_day and not finding.per_session for finding in found if finding.count < STORM)
    assert any(finding.per_day for finding in found)
