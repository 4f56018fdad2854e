"""Versions over time and boots per month: what is drawn is what the rows say, gaps in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.model import BootMonth, Manifest, PackageEvent, Report, Verdict
from claude_evidence.templates._axis import MOST_TICKS, lasting, place, ticks
from claude_evidence.templates._cadence import COLUMN_HEIGHT, MOST_MONTHS, cadence
from claude_evidence.templates._history import MOST_ROWS, MOST_WORDS, History, history
from claude_evidence.templates.render import render
from tests.sample_sides import SAMPLES, side
from tests.templates.browsing import NEEDS_BROWSER, prefer

START = datetime(2026, 4, 1, 8, tzinfo=UTC)
ADD, REMOVE, STAGE, WAIT = "Add finished", "Remove finished", "Stage finished", "deployment deferred: still running"
TIME = st.datetimes(timezones=st.just(UTC))
WHAT = st.sampled_from([ADD, REMOVE, STAGE, WAIT, "Add failed"])
STEP = st.tuples(st.integers(0, 400), st.sampled_from("1234"), WHAT)


def event(days: float | None, version: str, what: str, status: str = "") -> PackageEvent:
    name = f"Claude_{version}_x64__pzs8sxrjxfjjc"
    return PackageEvent(None if days is None else START + timedelta(days=days), name, version, what, status)


def told(*events: PackageEvent, collected: float | None = None) -> Report:
    end = None if collected is None else START + timedelta(days=collected)
    return Report(Manifest(finished_at=end), Verdict("x"), packages=events)


def drawn(*events: PackageEvent, collected: float | None = None) -> History:
    made = history(told(*events, collected=collected))
    assert made is not None
    return made


def bars(made: History) -> dict[str, list[tuple[str, float, float]]]:
    return {row.version: [(bar.kind, bar.x, bar.width) for bar in row.bars] for row in made.rows}


def test_a_bar_lasts_from_a_registration_to_the_next() -> None:
    made = drawn(event(0, "1.0", ADD), event(25, "1.1", "RegisterByPackageFamilyName finished"), collected=100)
    assert bars(made) == {"1.0": [("registered", 0, 25)], "1.1": [("registered", 25, 75)]}
    assert made.words == ()


def test_a_removal_leaves_a_hole_until_the_next_registration() -> None:
    made = drawn(event(0, "1.0", ADD), event(40, "1.0", REMOVE), event(43, "1.1", ADD), collected=100)
    assert [(hole.x, hole.width) for hole in made.holes] == [(40, 3)]
    assert "For 3 days no version was registered, between the removal of 1.0 and the registration of 1.1." in made.words
    late = drawn(event(0, "1.0", ADD), event(40, "1.0", REMOVE), collected=100)
    assert late.words == ("1.0 was removed, and no version was registered after it in this evidence.",)
    swept = drawn(event(0, "1.0", ADD), event(40, "1.1", ADD), event(41, "1.0", REMOVE), collected=100)
    assert (swept.holes, swept.words) == ((), ())


def test_what_was_staged_waits() -> None:
    made = drawn(event(0, "1.0", ADD), event(50, "1.1", WAIT), event(60, "1.1", STAGE), event(54.125, "1.1", ADD))
    assert "1.1 waited 4 days 3 hours from staged to registered." in made.words
    open_end = drawn(event(0, "1.0", ADD), event(50, "1.1", STAGE), collected=100)
    assert bars(open_end)["1.1"] == [("waits", 50, 50)]
    assert open_end.words == ("1.1 was staged and waited. This evidence has no registration of it after that.",)


def test_failures_are_marks_of_their_own_and_say_whether_it_came_at_last() -> None:
    failed = [event(10 + n / 1000, "1.1", "Add failed", "0x80073d02") for n in range(30)]
    there = event(None, "1.1", "as collected")
    made = drawn(event(0, "1.0", ADD), *failed, event(20, "1.1", ADD), there, collected=100)
    (fault, *_) = [mark for row in made.rows for mark in row.marks if mark.kind == "failed"]
    assert (fault.count, fault.status) == (30, "0x80073d02")
    assert made.words == ("1.1 was registered 10 days after its first failure.",)
    assert made.kinds == ["registered", "failed", "collected"]
    never = drawn(event(0, "1.0", ADD), *failed)
    assert never.words == ("1.1 failed (30 failures recorded). This evidence has no registration of it after that.",)


def test_fewer_than_two_dated_steps_are_not_drawn() -> None:
    assert history(told()) is None
    one = told(event(0, "1.0", ADD), event(None, "1.0", "as collected"), collected=9)
    assert history(one) is None
    assert 'class="history"' not in render(one)


def test_many_versions_and_gaps_stay_few() -> None:
    steps = [event(n + part, f"1.{n}", what) for n in range(300) for part, what in ((0, STAGE), (0.5, ADD))]
    made = drawn(*steps)
    assert (len(made.rows), made.left_out, len(made.words)) == (MOST_ROWS, 300 - MOST_ROWS, MOST_WORDS)
    assert made.words[-1] == "And 293 more gaps like these: see the table."
    assert "288 earlier versions not drawn here" in render(told(*steps))


@given(st.lists(STEP, min_size=2, max_size=40), st.none() | st.integers(0, 500))
def test_whatever_the_order_nothing_leaves_the_axis(steps: list[tuple[int, str, str]], collected: int | None) -> None:
    made = drawn(*(event(days, version, what) for days, version, what in steps), collected=collected)
    for bar in (*made.holes, *(bar for row in made.rows for bar in row.bars)):
        assert 0 <= bar.x <= 100
        assert bar.x + bar.width <= 100.31
        assert bar.first <= bar.last
    assert sum(mark.count for row in made.rows for mark in row.marks) == len(steps)
    registered = sorted((bar.first, bar.last) for row in made.rows for bar in row.bars if bar.kind == "registered")
    assert all(one[1] <= other[0] for one, other in pairwise(registered))


def test_the_samples_say_their_gaps() -> None:
    words = {path.stem: history(side(path).report) for path in SAMPLES}
    again, waits = words["update-breaks-launch"], words["launch-catalogue"]
    assert again and again.words == ("1.7196.0.0 was registered again after 41 minutes 19 seconds.",)
    assert waits and waits.words[0].startswith("1.49585.0.0 was staged and waited.")
    assert waits.words[2] == "1.52386.6.0 failed (2 failures recorded). It was there when collected."
    assert words["healthy"] is None


@given(TIME, TIME)
def test_an_axis_has_few_round_times_in_their_order(one: datetime, other: datetime) -> None:
    first, last = min(one, other), max(one, other)
    made = ticks(first, last)
    assert len(made) <= MOST_TICKS
    assert [tick.x for tick in made] == sorted(tick.x for tick in made)
    assert all(0 <= tick.x <= 100 for tick in made)
    assert place(first, first, last) == 0


def test_spans_in_words() -> None:
    spans = {0: "less than a second", 1: "1 second", 60: "1 minute", 3601: "1 hour", 90_000: "1 day 1 hour"}
    assert {seconds: lasting(timedelta(seconds=seconds)) for seconds in spans} == spans


def months(*rows: tuple[str, int, float | None]) -> tuple[BootMonth, ...]:
    return tuple(BootMonth(*row) for row in rows)


def test_months_without_a_boot_have_their_place() -> None:
    made = cadence(months(("2025-11", 2, None), ("2026-02", 4, 3.5)))
    assert made is not None
    assert [(one.month, one.boots, one.height) for one in made.columns] == [
        ("2025-11", 2, COLUMN_HEIGHT / 2),
        ("2025-12", 0, 0),
        ("2026-01", 0, 0),
        ("2026-02", 4, COLUMN_HEIGHT),
    ]
    assert (made.empty, made.earlier, made.said) == (2, 0, "2025-11: 2, 2025-12: 0, 2026-01: 0, 2026-02: 4")
    assert [one.year for one in made.columns] == ["2025", "", "2026", ""]


def test_the_line_of_medians_breaks_where_there_is_none() -> None:
    made = cadence(months(("2026-01", 1, 10.0), ("2026-02", 1, 5.0), ("2026-04", 1, 0.0)))
    assert made is not None
    assert made.line == "M12.5 0.0L37.5 14.0M87.5 28.0"


@pytest.mark.parametrize("rows", [(), (("2026-05", 3, None),), (("2026-13", 1, None), ("x", 2, None))])
def test_what_is_no_cadence_is_not_drawn(rows: tuple[tuple[str, int, float | None], ...]) -> None:
    assert cadence(months(*rows)) is None


def test_a_clock_that_was_decades_off_does_not_hide_the_rest(rich: Report) -> None:
    rows = months(("1980-01", 1, None), ("2026-04", 2, 3.0), ("2026-05", 1, 9.0))
    made = cadence(rows)
    assert made is not None
    assert (len(made.columns), made.earlier) == (MOST_MONTHS, 1)
    page = render(replace(rich, boots=replace(rich.boots, months=rows)))
    assert "1 earlier month not drawn" in page
    assert "<td>1980-01</td>" in page


@NEEDS_BROWSER
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pictures_keep_their_shape(browser: Any, tmp_path: Path, width: int, rich: Report) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(rich), "utf-8")
    prefer(browser, "light", width)
    browser.get(page.as_uri())
    sizes = "return [...document.querySelectorAll(arguments[0])].map(one => one.getBoundingClientRect().toJSON())"
    marks = browser.execute_script(sizes, ".history .row path.registered")
    assert len(marks) == 2
    assert all(abs(mark["width"] - mark["height"]) < 0.5 for mark in marks)
    columns = browser.execute_script(sizes, ".cadence svg:not(.median) rect")
    assert [round(column["height"]) for column in columns] == [17, 17, 34, 0, 84]
    assert all(box["left"] >= 0 and box["right"] <= width for box in (*marks, *columns))
