"""What the page's timeline is given: where local time changes, whatever strays among the rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from claude_evidence.evidence_rows import Density
from claude_evidence.model import Manifest, Report, Verdict
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._timeline_data import timeline_data
from claude_evidence.templates.render import render


def unix(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


def report(*times: int) -> Report:
    density = Density("app", 1, tuple(sorted(times)), (1,) * len(times))
    return Report(Manifest(timezone="Europe/Berlin"), Verdict("Nothing"), densities=(density,))


def test_a_stray_row_hides_no_change_of_local_time() -> None:
    near = [unix(2026, 3, 28), unix(2026, 3, 30), unix(2026, 10, 24), unix(2026, 10, 26)]
    for strays in ([], [unix(9999, 12, 31)], [unix(1, 1, 1)]):
        one = report(*near, *strays)
        offsets = json.loads(timeline_data(one, Clock.of(one.manifest)))["offsets"]
        for time, hours in zip(near, (1, 2, 2, 1), strict=True):
            assert [offset for begin, offset in offsets if begin <= time][-1] == hours * 3600


def test_rows_that_are_only_counted_are_not_denied() -> None:
    page = render(report(unix(2026, 3, 28), unix(2026, 3, 30)))
    assert "No row of this evidence carries a time" not in page
    assert "the lanes above count what fell when" in page
    assert "lanes above" not in render(Report(Manifest(), Verdict("Nothing")))
