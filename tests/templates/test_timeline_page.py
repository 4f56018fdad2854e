"""The timeline and the evidence under a reader's hands: real Chromium, every sample, mouse, touch, keys and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.templates.render import render
from tests.sample_sides import SAMPLES, sample, side
from tests.templates.browsing import NEEDS_BROWSER, prefer
from tests.templates.hands import (
    ENTER,
    HOME,
    RIGHT,
    SETTLED,
    SHIFT,
    WHOLE,
    drag,
    mouse,
    opened,
    over,
    press,
    quiet,
    shown_times,
    span,
    touch,
)  # fmt: skip

pytestmark = NEEDS_BROWSER
DATED = "return document.querySelectorAll('tr[id^=moment-]').length"


@pytest.fixture(params=SAMPLES, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    with quiet(browser, request.param, tmp_path) as shown:
        yield shown


@pytest.fixture
def story(browser: Any, tmp_path: Path) -> Any:
    opened(browser, sample("update-breaks-launch"), tmp_path)
    return browser


def test_every_move_on_every_sample(page: Any) -> None:
    assert page.execute_script("return document.querySelectorAll('figure.strip:not([hidden])').length") == 0
    whole = tuple(page.execute_script(WHOLE))
    assert span(page) == whole
    drag(page, over(page, 4, 0.5), over(page, 4, 0.9))
    brushed = span(page)
    assert (brushed[1] - brushed[0]) / (whole[1] - whole[0]) == pytest.approx(0.4, abs=0.02)
    left = "return [...document.querySelectorAll('.u-select')].map(one => one.offsetWidth)"
    assert set(page.execute_script(left)) == {0}, "a lane still shows the span that was brushed"
    for times in (shown_times(page, "tr[id^=moment-]", ""), shown_times(page, "#evidence li.line", "time")):
        assert all(brushed[0] <= time <= brushed[1] for time in times)
    press(page, "+")
    assert span(page)[1] - span(page)[0] == pytest.approx((brushed[1] - brushed[0]) / 2)
    press(page, "←")
    assert span(page)[0] < brushed[0] + (brushed[1] - brushed[0]) / 4
    press(page, "Whole period")
    assert span(page) == whole
    assert (
        page.execute_script(
            "return document.querySelectorAll('tr[id^=moment-][hidden], #evidence li.line[hidden]').length"
        )
        == 0
    )
    area = page.find_element("css selector", ".plots")
    page.execute_script("arguments[0].focus()", area)
    area.send_keys("++")
    assert span(page)[1] - span(page)[0] == pytest.approx((whole[1] - whole[0]) / 4)
    area.send_keys(SHIFT + RIGHT)
    area.send_keys(HOME)
    assert span(page) == whole
    area.send_keys(RIGHT)
    assert page.find_element("css selector", ".hover").text
    area.send_keys(ENTER)
    assert page.execute_script("return location.hash")
    assert page.execute_script("return document.querySelector(location.hash).checkVisibility()")


def test_the_wheel_zooms_with_ctrl_only(story: Any) -> None:
    whole, at = span(story), over(story, 2, 0.5)
    mouse(story, "mouseWheel", *at, deltaX=0, deltaY=-200, modifiers=2)
    story.execute_async_script(SETTLED)
    zoomed = span(story)
    assert zoomed[1] - zoomed[0] < 0.9 * (whole[1] - whole[0])
    mouse(story, "mouseWheel", *at, deltaX=0, deltaY=200)
    story.execute_async_script(SETTLED)
    assert span(story) == zoomed


def test_two_fingers_spread_the_span_and_one_moves_it(story: Any) -> None:
    press(story, "The moments that matter")
    before = span(story)
    x, y = over(story, 2, 0.5)
    touch(
        story,
        ("touchStart", [(x - 40, y), (x + 40, y)]),
        ("touchMove", [(x - 120, y), (x + 120, y)]),
        ("touchEnd", []),
    )
    spread = span(story)
    assert spread[1] - spread[0] < 0.6 * (before[1] - before[0])
    touch(
        story,
        ("touchStart", [(x, y)]),
        ("touchMove", [(x - 60, y)]),
        ("touchMove", [(x - 90, y)]),
        ("touchEnd", []),
    )
    moved = span(story)
    assert moved[0] > spread[0]
    assert moved[1] - moved[0] == pytest.approx(spread[1] - spread[0])


def test_fingers_are_told_what_fingers_do(story: Any) -> None:
    assert "Ctrl and the wheel" in story.find_element("css selector", ".chart figcaption").text
    story.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        story.refresh()
        assert "One finger moves" in story.find_element("css selector", ".chart figcaption").text
    finally:
        story.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_hovering_tells_and_a_click_goes_to_the_evidence(story: Any) -> None:
    press(story, "The moments that matter")
    place = "const one = chart.entries.find(e => e.level === 'critical'); return chart.plots[1].valToPos(one.time, 'x')"
    left, y = over(story, 1, 0)
    x = left + story.execute_script(place)
    mouse(story, "mouseMoved", x, y)
    assert "could not start right after" in story.find_element("css selector", ".hover").text
    mouse(story, "mousePressed", x, y, button="left", clickCount=1)
    mouse(story, "mouseReleased", x, y, button="left", clickCount=1)
    row = story.execute_script("return document.querySelector(location.hash)")
    assert row.get_attribute("id").startswith("row-")
    assert '"DeploymentOperation"' in row.text
    assert row.is_displayed()


def test_the_upgrade_is_told_in_its_order(story: Any) -> None:
    told = story.execute_script(
        "return [...document.querySelectorAll('tr[id^=story-]')].map(one => one.cells[2].textContent.trim())"
    )
    order = [
        "Deployment started: Register",
        "Running sessions were ended",
        "Package folder moved",
        "0x80070020",
        "App started, version 1.7196.0",
    ]
    places = [next(n for n, text in enumerate(told) if words in text) for words in order]
    assert places == sorted(places)
    numbers = story.execute_script("return chart.story.map(one => one.number)")
    assert numbers == list(range(1, len(told) + 1))


def test_local_time_and_back(story: Any) -> None:
    utc = story.find_element("css selector", ".span").text
    press(story, "Local time (Europe/Berlin)")
    local = story.find_element("css selector", ".span").text
    assert utc.endswith("2026-05-17 06:10:02 UTC.")
    assert "Europe/Berlin" in local
    assert local != utc
    size = "return getComputedStyle(document.querySelector('tr[id^=moment-] time .local')).fontSize"
    large = story.execute_script(size)
    press(story, "UTC")
    assert story.execute_script(size) < large
    # summer time began in between
    assert story.execute_script("return chart.offsets.map(one => one[1])") == [3600, 7200]


def test_a_zone_that_is_utc_in_winter_has_its_winter(browser: Any, tmp_path: Path) -> None:
    path = sample("update-breaks-launch")
    target = tmp_path / "report.html"
    target.write_text(render(side(path).report, zone="Europe/London"), "utf-8")
    browser.get(target.as_uri())
    script = "return ['2025-12-24', '2026-01-15', '2026-05-17'].map(day => chart.offsetAt(Date.parse(day) / 1000))"
    assert browser.execute_script(script) == [0, 0, 3600]


@pytest.mark.parametrize(("years", "tick"), [(0, "05-1"), (30, "2035"), (6000, "4966")])
def test_any_period_has_its_ticks(browser: Any, tmp_path: Path, years: int, tick: str) -> None:
    report = side(sample("update-breaks-launch")).report
    entries = [entry for entry in report.timeline if entry.time and entry.time.year == 2026]
    late = entries[-1].time.replace(year=2026 + years) + timedelta(days=1)  # type: ignore[union-attr]
    entries.append(replace(entries[-1], time=late))
    target = tmp_path / "report.html"
    target.write_text(render(replace(report, timeline=tuple(entries), densities=())), "utf-8")
    prefer(browser, "light")
    browser.get(target.as_uri())
    script = "const { _splits, _values } = chart.plots.at(-1).axes[0]; return _splits.map((_, n) => _values[n])"
    ticks = browser.execute_script(script)
    assert len(ticks) > 2
    assert any(tick in text for text in ticks), ticks


def test_words_find_rows_of_evidence(story: Any) -> None:
    field = story.find_element("css selector", "#evidence input[type=search]")
    field.send_keys("0x80070020 217")
    assert "0 of" in story.find_element("css selector", "#evidence output").text
    field.clear()
    field.send_keys("pty process")
    found = [one for one in story.find_elements("css selector", "#evidence li.line") if one.is_displayed()]
    assert ["Killing 3 PTY process" in one.text for one in found] == [True]
    assert "1 of" in story.find_element("css selector", "#evidence output").text


def test_a_link_to_a_row_survives_sending_the_file(story: Any, tmp_path: Path) -> None:
    row = story.execute_script("return [...document.querySelectorAll('#evidence li.line')].at(-1).id")
    sent = tmp_path / "sent by mail (1).html"
    sent.write_bytes((tmp_path / "report.html").read_bytes())
    story.get(f"{sent.as_uri()}#{row}")
    assert story.find_element("id", row).is_displayed()
    # at once: smooth scrolling is for a reader's own steps
    inside = "const { top, bottom } = arguments[0].getBoundingClientRect(); return top >= 0 && bottom <= innerHeight"
    assert story.execute_script(inside, story.find_element("id", row))


def test_paper_says_that_rows_are_left_out(story: Any) -> None:
    press(story, "The moments that matter")
    field = story.find_element("css selector", "#evidence input[type=search]")
    field.send_keys("pty process")
    story.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert "this span only" in story.find_element("css selector", ".chart").text
        assert "1 of" in story.find_element("css selector", "#evidence .filter").text
        assert not field.is_displayed()
        assert not story.find_element("css selector", ".plots").is_displayed()
        assert story.find_element("css selector", "figure.strip").is_displayed()
    finally:
        story.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_the_strips_and_every_row_are_there(story: Any) -> None:
    rows = story.execute_script(DATED)
    story.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        story.refresh()
        assert story.find_elements("css selector", "figure.strip svg rect")
        assert story.find_elements("css selector", ".chart") == []
        assert len(story.find_elements("css selector", "tr[id^=moment-]")) == rows
    finally:
        story.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
