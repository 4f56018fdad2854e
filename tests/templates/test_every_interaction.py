"""Every sample's report on a narrow screen: all that it answers to is used once, and each answer is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sample_sides import SAMPLES
from tests.templates.browsing import NEEDS_BROWSER, prefer
from tests.templates.hands import SETTLED, mouse, over, press, quiet, span, touch

pytestmark = NEEDS_BROWSER
NARROW = 360
# What sorting must do is said once more here, in other words than the page's own.
SORTED = """
const collator = new Intl.Collator("en", { numeric: true });
const wrong = [];
for (const table of document.querySelectorAll("main table")) {
  const rows = () => [...table.tBodies[0].rows];
  const before = rows();
  for (const [column, button] of table.querySelectorAll("thead button").entries()) {
    const words = () => rows().map(row => row.cells[column]?.innerText.trim() ?? "");
    for (const sign of [1, -1]) {
      button.click();
      const now = words();
      const falls = now.some((word, n) => n && sign * collator.compare(now[n - 1], word) > 0);
      if (falls) wrong.push([button.textContent, sign]);
    }
    if (button.closest("th").ariaSort !== "descending") wrong.push([button.textContent, "is not said to be sorted"]);
  }
  if (before.length !== rows().length || before.some(row => !rows().includes(row))) wrong.push("rows were lost");
  table.tBodies[0].append(...before);
}
return [document.querySelectorAll("thead button").length, wrong];
"""
FILTERED = """
const wrong = [];
const fields = [...document.querySelectorAll("main input[type=search]")];
for (const field of fields) {
  const bar = field.closest(".filter"), holder = bar.nextElementSibling;
  const items = [...holder.querySelectorAll(holder.matches("table") ? "tbody tr" : "li.line")];
  const type = words => { field.value = words; field.dispatchEvent(new Event("input", { bubbles: true })); };
  const word = items.at(-1).textContent.trim().split(/\\s+/).at(-1).toLowerCase();
  type(word.toUpperCase());
  const kept = items.filter(one => one.textContent.toLowerCase().includes(word));
  const shown = items.filter(one => !one.hidden);
  if (shown.length !== kept.length || shown.some(one => !kept.includes(one))) wrong.push(word);
  const told = bar.querySelector("output").textContent, count = number => number.toLocaleString("en");
  if (!told.startsWith(`${count(kept.length)} of ${count(items.length)} row`)) wrong.push(told);
  type("no such word anywhere");
  if (items.some(one => !one.hidden)) wrong.push("no word");
  type("");
  if (items.some(one => one.hidden) || bar.querySelector("output").textContent) wrong.push("not all came back");
}
return [fields.length, wrong];
"""
COPIED = """
const done = arguments[0];
(async () => {
  const wrong = [], blocks = [...document.querySelectorAll(".command")];
  for (const block of blocks) {
    const button = block.querySelector("button");
    button.click();
    for (let n = 0; n < 200 && button.textContent === "Copy"; n++) await new Promise(go => setTimeout(go, 5));
    const copied = await navigator.clipboard.readText();
    if (copied !== block.querySelector("code").textContent) wrong.push(copied);
    if (button.textContent !== "Copied") wrong.push(block.textContent);
  }
  done([blocks.length, wrong]);
})();
"""
OPENED = """
const all = [...document.querySelectorAll("details")];
for (const one of all) one.open = true;
return [all.length, document.documentElement.scrollWidth > innerWidth];
"""
FOLDED = """
const wrong = [], all = [...document.querySelectorAll("details")];
for (const one of all) {
  const was = one.open;
  one.querySelector("summary").click();
  if (one.open === was) wrong.push(one.textContent.slice(0, 80));
  one.querySelector("summary").click();
}
return [all.length, wrong];
"""
LINKED = """
const done = arguments[0];
(async () => {
  const ids = [...new Set([...document.querySelectorAll("a[href^='#']")].map(one => one.hash.slice(1)))];
  const wrong = ids.filter(id => !document.getElementById(id));
  const kinds = Map.groupBy(ids, id => id.split("-")[0]);  // a thousand rows: some of each kind are gone to
  const chosen = [...kinds.values()].flatMap(all => all.filter((_, n) => n % Math.ceil(all.length / 25) === 0));
  const folded = [...document.querySelectorAll("details")];
  for (const id of chosen) {
    for (const one of folded) if (one.open) one.open = false;
    const moved = new Promise(resolve => addEventListener("hashchange", resolve, { once: true }));
    if (location.hash !== `#${id}`) { document.querySelector(`a[href="#${id}"]`).click(); await moved; }
    if (!document.getElementById(id)?.checkVisibility()) wrong.push(id);
  }
  done([ids.length, wrong]);
})();
"""
PRINTED = """
const folded = [...document.querySelectorAll("details:not([open])")].filter(one => !one.closest(".sheets"));
dispatchEvent(new Event("beforeprint"));
const shut = folded.filter(one => !one.open).length;
dispatchEvent(new Event("afterprint"));
return [folded.length, folded.filter(one => one.open).length + shut];
"""
POINTS = """
return chart.lanes.map((lane, number) => {
  const entry = chart.entries.find(one => one.lane === lane.lane && one.time >= chart.from && one.time <= chart.to);
  return entry ? [number, chart.plots[number].valToPos(entry.time, "x")] : null;
}).filter(Boolean);
"""


def use_touch_and_wheel(page: Any) -> None:
    whole = span(page)
    x, y = over(page, 2, 0.5)
    touch(
        page,
        ("touchStart", [(x - 30, y), (x + 30, y)]),
        ("touchMove", [(x - 90, y), (x + 90, y)]),
        ("touchEnd", []),
    )
    spread = span(page)
    assert spread[1] - spread[0] < 0.6 * (whole[1] - whole[0])
    touch(page, ("touchStart", [(x, y)]), ("touchMove", [(x - 20, y)]), ("touchMove", [(x - 40, y)]), ("touchEnd", []))
    assert span(page)[0] > spread[0]
    mouse(page, "mouseWheel", *over(page, 2, 0.5), deltaX=0, deltaY=-200, modifiers=2)
    page.execute_async_script(SETTLED)
    assert span(page)[1] - span(page)[0] < spread[1] - spread[0]
    press(page, "Whole period")
    assert span(page) == whole


def point_at_each_lane(page: Any) -> None:
    """Hover over the first entry of each lane and click on it: it is told, and its evidence is opened."""
    for lane, left in page.execute_script(POINTS):
        x, y = over(page, lane, 0)
        page.execute_script("history.replaceState(null, '', location.pathname)")
        mouse(page, "mouseMoved", x + left, y)
        told = page.find_element("css selector", ".hover").text
        assert page.execute_script("return chart.entries.some(one => arguments[0].endsWith(one.text))", told)
        mouse(page, "mousePressed", x + left, y, button="left", clickCount=1)
        mouse(page, "mouseReleased", x + left, y, button="left", clickCount=1)
        assert page.execute_script("return document.querySelector(location.hash).checkVisibility()")


def turn_the_clock(page: Any) -> None:
    names = [button.text for button in page.find_elements("css selector", ".tools button")]
    for name in (one for one in names if one.startswith("Local time")):
        utc = page.find_element("css selector", ".span").text
        press(page, name)
        assert page.find_element("css selector", ".span").text.endswith(f"{name[12:-1]}.")
        press(page, "UTC")
        assert page.find_element("css selector", ".span").text == utc
    if "The moments that matter" in names:
        press(page, "The moments that matter")
        press(page, "Whole period")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_all_that_a_report_answers_to(browser: Any, tmp_path: Path, path: Path) -> None:
    origin = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", origin)
    with quiet(browser, path, tmp_path, NARROW) as page:
        use_touch_and_wheel(page)
        point_at_each_lane(page)
        turn_the_clock(page)
        prefer(browser, "dark", NARROW)
        for script in (PRINTED, OPENED, FOLDED, SORTED, FILTERED):
            used, wrong = page.execute_script(script)
            assert not wrong, script
            assert used or script == SORTED  # a small report has no long table
        for script in (COPIED, LINKED):
            used, wrong = page.execute_async_script(script)
            assert not wrong, script
            assert used or script == COPIED  # a healthy host needs no command
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
