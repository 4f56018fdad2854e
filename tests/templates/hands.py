"""A reader's hands on a report in a real browser: open it, press, drag, point, and look at what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from claude_evidence.templates.render import render
from tests.sample_sides import side
from tests.templates.browsing import prefer

RIGHT, ENTER, SHIFT, HOME = "\ue014", "\ue007", "\ue008", "\ue011"
SPAN = "return [chart.from, chart.to]"
WHOLE = "return [chart.whole.from, chart.whole.to]"
SETTLED = """
const done = arguments[0];
const wait = () => {
  const whole = chart.from <= chart.whole.from && chart.to >= chart.whole.to;
  const settled = SPAN.from === (whole ? -Infinity : chart.from * 1000);
  if (settled) requestAnimationFrame(() => done()); else setTimeout(wait, 20);
};
wait();
"""


def opened(browser: Any, path: Path, folder: Path, width: int = 1280) -> str:
    """Open the report on the sample at *path*; return where it lies."""
    target = folder / "report.html"
    target.write_text(render(side(path).report), "utf-8")
    prefer(browser, "light", width)
    browser.get(target.as_uri())
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    return target.as_uri()


@contextmanager
def quiet(browser: Any, path: Path, folder: Path, width: int = 1280) -> Iterator[Any]:
    """Open the report on a sample; at the end nothing may have been asked for, or complained of."""
    browser.get_log("browser"), browser.get_log("performance")
    uri = opened(browser, path, folder, width)
    yield browser
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {one["params"]["request"]["url"] for one in asked if one["method"] == "Network.requestWillBeSent"}
    assert {url.partition("#")[0] for url in urls} <= {uri}
    assert browser.get_log("browser") == []


def span(page: Any) -> tuple[float, float]:
    first, last = page.execute_script(SPAN)
    return first, last


def press(page: Any, name: str) -> None:
    script = "[...document.querySelectorAll('.tools button')].find(one => one.textContent === arguments[0]).click()"
    page.execute_script(script, name)
    page.execute_async_script(SETTLED)


def over(page: Any, lane: int, part: float) -> tuple[float, float]:
    script = "const over = document.querySelectorAll('.u-over')[arguments[0]]; over.scrollIntoView({block: 'center'}); "
    box = page.execute_script(f"{script} return over.getBoundingClientRect().toJSON()", lane)
    return box["x"] + box["width"] * part, box["y"] + box["height"] / 2


def mouse(page: Any, kind: str, x: float, y: float, **more: Any) -> None:
    page.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    mouse(page, "mouseMoved", *start)
    mouse(page, "mousePressed", *start, button="left", clickCount=1)
    for part in (0.5, 1):
        mouse(page, "mouseMoved", start[0] + (end[0] - start[0]) * part, end[1], button="left", buttons=1)
    mouse(page, "mouseReleased", *end, button="left", clickCount=1)
    page.execute_async_script(SETTLED)


def touch(page: Any, *moves: tuple[str, list[tuple[float, float]]]) -> None:
    """Put fingers down, move them and lift them: each step names where every finger is."""
    for kind, fingers in moves:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.execute_async_script(SETTLED)


def shown_times(page: Any, selector: str, attribute: str) -> list[float]:
    find = "[...document.querySelectorAll(arguments[0])].filter(one => !one.hidden)"
    time = "arguments[1] ? one.dataset.time : one.querySelector('td.time time')?.dateTime"
    script = f"return {find}.map(one => {time}).filter(Boolean).map(time => Date.parse(time) / 1000)"
    return list(page.execute_script(script, selector, attribute))
