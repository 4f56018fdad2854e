from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.model import Manifest, UsageError
from claude_evidence.parsers._clock import Clock

ZONES = [
    "Europe/Berlin",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
    "UTC",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
]
BERLIN = Clock.of(Manifest(timezone="Europe/Berlin"))


def times(*texts: str | None) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array([text or "NaT" for text in texts], dtype="datetime64[us]")


def wall(zone: str, moments: list[datetime]) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array([m.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in moments], dtype="datetime64[us]")


@given(st.sampled_from(ZONES), st.lists(st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 28)), max_size=40))  # noqa: DTZ001
def test_every_time_is_what_zoneinfo_says_of_its_first_pass(zone: str, moments: list[datetime]) -> None:
    moments.sort()
    expected = [m.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for m in moments]
    got = Clock.of(Manifest(timezone=zone)).to_utc(np.array(moments, dtype="datetime64[us]"))
    assert got.tolist() == expected


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2025, 11, 2, 9, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ],
)
@given(data=st.data())
def test_a_log_running_through_a_change_comes_back(zone: str, change: datetime, data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.integers(1, 900), min_size=30, max_size=60))
    seconds = np.cumsum(gaps) - sum(gaps) // 2
    # one record on each side of the change, so that the step backwards is there to be seen
    moments = sorted({change + timedelta(seconds=int(s)) for s in seconds} | {change, change - timedelta(seconds=1)})
    got = Clock.of(Manifest(timezone=zone)).to_utc(wall(zone, moments))
    assert got.tolist() == [m.replace(tzinfo=None) for m in moments]


def test_the_hour_that_does_not_exist_moves_forward() -> None:
    assert (
        BERLIN.to_utc(times("2026-03-29T01:59:59", "2026-03-29T02:30", "2026-03-29T03:00")).tolist()
        == times("2026-03-29T00:59:59", "2026-03-29T01:30", "2026-03-29T01:00").tolist()
    )


def test_the_hour_shown_twice_is_told_apart_by_order() -> None:
    local = times("2026-10-25T02:10", None, "2026-10-25T02:50", "2026-10-25T02:05", "2026-10-25T02:55")
    assert (
        BERLIN.to_utc(local).tolist()
        == times("2026-10-25T00:10", None, "2026-10-25T00:50", "2026-10-25T01:05", "2026-10-25T01:55").tolist()
    )


def test_noise_in_the_hour_shown_twice_is_not_its_end() -> None:
    local = times(
        "2026-10-25T02:10:30",
        "2026-10-25T02:10:05",
        "2024-01-01T00:00",
        "2026-10-25T02:59",
        "2026-10-25T02:20",
        "2026-10-25T02:59:50",
        "2026-10-25T02:00:01",
        "2026-10-25T02:30",
        "2026-10-25T02:29:50",
        "2026-10-25T03:00",
    )
    assert (
        BERLIN.to_utc(local).tolist()
        == times(
            "2026-10-25T00:10:30",
            "2026-10-25T00:10:05",
            "2023-12-31T23:00",
            "2026-10-25T00:59",
            "2026-10-25T00:20",
            "2026-10-25T00:59:50",
            "2026-10-25T01:00:01",
            "2026-10-25T01:30",
            "2026-10-25T01:29:50",
            "2026-10-25T02:00",
        ).tolist()
    )


def test_every_autumn_has_its_own_second_pass() -> None:
    local = times("2025-10-26T02:50", "2025-10-26T02:10", "2026-10-25T02:50", "2026-10-25T02:55")
    assert (
        BERLIN.to_utc(local).tolist()
        == times("2025-10-26T00:50", "2025-10-26T01:10", "2026-10-25T00:50", "2026-10-25T00:55").tolist()
    )


@pytest.mark.parametrize("manifest", [Manifest(timezone="Europe/Berlin"), Manifest(utc_offset_s=3600)])
def test_a_zone_leads_to_no_year_that_nothing_can_hold(manifest: Manifest) -> None:
    east, west = Clock.of(manifest), Clock.of(Manifest(utc_offset_s=-3600))
    first, last = "0001-01-01T00:00:01", "9999-12-31T23:59:59"
    assert np.isnat(east.to_utc(times(first, None, "2026-03-01T12:00:00", last))).tolist() == [True, True, False, False]
    assert np.isnat(west.to_utc(times(first, "2026-03-01T12:00:00", last))).tolist() == [False, False, True]


def test_without_a_zone_all_times_are_unknown() -> None:
    clock = Clock.of(Manifest())
    assert not clock.known
    assert "cannot be compared" in clock.note
    assert np.isnat(clock.to_utc(times("2026-01-01T00:00", None))).all()


def test_empty_and_unknown_times_stay() -> None:
    assert BERLIN.to_utc(times()).dtype == np.dtype("datetime64[us]")
    assert BERLIN.to_utc(times(None)).tolist() == [None]


def test_the_zone_asked_for_wins_then_the_name_then_the_offset() -> None:
    both = Manifest(timezone="Asia/Kolkata", utc_offset_s=3600)
    noon = times("2026-01-01T12:00")
    assert Clock.of(both, "UTC").to_utc(noon).tolist() == noon.tolist()
    assert Clock.of(both).to_utc(noon).tolist() == times("2026-01-01T06:30").tolist()
    assert Clock.of(Manifest(utc_offset_s=-3600)).to_utc(noon).tolist() == times("2026-01-01T13:00").tolist()


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "America",
        "W. Europe Standard Time",
        "a\0b",
        "é" * 300,
    ],
)
def test_a_name_that_is_no_zone(name: str) -> None:
    with pytest.raises(UsageError, match="unknown time zone") as caught:
        Clock.of(Manifest(), name)
    assert "\n" not in str(caught.value)
    clock = Clock.of(Manifest(timezone=name, utc_offset_s=7200))
    assert clock.to_utc(times("2026-01-01T12:00")).tolist() == times("2026-01-01T10:00").tolist()
    assert "fixed offset" in clock.note
    assert not Clock.of(Manifest(timezone=name, utc_offset_s=86_400)).known


def test_the_zone_of_this_machine_plays_no_part() -> None:
    code = (
        "import numpy as np; from claude_evidence.model import Manifest;"
        "from claude_evidence.parsers._clock import Clock;"
        "c = Clock.of(Manifest(timezone='Europe/Berlin'));"
        "print(c.to_utc(np.array(['2026-07-01T12:00', '2026-10-25T02:30'], dtype='datetime64[us]')))"
    )
    outputs = set()
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        outputs.add(
            subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
            ).stdout
        )
    assert outputs == {"['2026-07-01T10:00:00.000000' '2026-10-25T00:30:00.000000']\n"}
