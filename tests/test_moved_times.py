"""Times in texts move together, whatever they are written like, and what is no time stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.moved_times import days, mover

AT = datetime(2026, 5, 17, 16, tzinfo=UTC)
BY = timedelta(days=-400, hours=-3, minutes=-1, seconds=-2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-05-17 02:46:14 [info] x", "2025-04-11 23:45:12 [info] x"),
        ("2026-05-17T02:46:14.123Z", "2025-04-11T23:45:12.123Z"),
        ("2026/05/17 02:46", "2025/04/11 23:44"),
        ("main-20260517-024614.log", "main-20250411-234512.log"),
        ("Sun, 17 May 2026 02:46:14 GMT", "Fri, 11 Apr 2025 23:45:12 GMT"),
        ("Sun May 17 2026 02:46:14", "Fri Apr 11 2025 23:45:12"),
        ("17.5.2026", "12.4.2025"),
        ("\u200e5/\u200e17/\u200e2026", "4/12/2025"),
        ("02:46:14", "23:45:12"),
        ("at 1779000000000 ms", "at 1744429138000 ms"),
        ("until 1779000000", "until 1744429138"),
        ("2026-02-31 99:99:99", "2026-02-31 99:99:99"),
        ("1.52386.6.0 and 20480000 bytes", "1.52386.6.0 and 20480000 bytes"),
        ("size 1499999999", "size 1499999999"),
    ],
)
def test_times_of_every_form_are_moved(before: str, after: str) -> None:
    assert mover(BY, AT)[0](before) == after


def test_numbers_that_are_times_are_moved_and_others_stay() -> None:
    number = mover(timedelta(seconds=-10), AT)[1]
    assert number(1_779_000_000_000) == 1_778_999_990_000
    assert number(134_200_000_000_000_000) == 134_199_999_900_000_000
    assert [number(value) for value in (0, 215, 2_147_942_432, 144_258)] == [0, 215, 2_147_942_432, 144_258]


@given(
    first=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    gap=st.integers(0, 10**7),
    by=st.integers(-(10**8), 10**8),
)
def test_intervals_hold(first: datetime, gap: int, by: int) -> None:
    text = mover(timedelta(seconds=by), AT)[0]
    pair = [datetime.fromisoformat(text(f"{time:%Y-%m-%d %H:%M:%S}")) for time in (first, first + timedelta(0, gap))]
    assert pair[1] - pair[0] == timedelta(seconds=gap)


def test_dates_are_known_in_every_form() -> None:
    text = "2026-05-01 20260502 3 May 2026 4.5.2026 5/5/2026 1778025600000 20261399"
    assert days(text) == {f"2026-05-0{day}" for day in range(1, 7)}
