"""The page in a real browser: no error, no broken policy, no request, nothing wider than the window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.model import Report
from claude_evidence.templates.render import render
from tests.templates.browsing import NEEDS_BROWSER, prefer

pytestmark = NEEDS_BROWSER

ATTACK = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<a href='javascript:1'>" + "W" * 300
)


@pytest.fixture(params=["rich", "healthy", "hostile"])
def page(request: pytest.FixtureRequest, tmp_path: Path, plant: Any) -> str:
    hostile: Report = plant("rich", lambda own: own + ATTACK)
    report = hostile if request.param == "hostile" else request.getfixturevalue(request.param)
    path = tmp_path / "report.html"
    path.write_text(render(report), encoding="utf-8")
    return path.as_uri()


def requests(driver: Any) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def test_page_is_quiet_and_fits(browser: Any, page: str) -> None:
    browser.get_log("browser")
    requests(browser)
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            prefer(browser, scheme, width)
            browser.get(page)
            browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.title.startswith(("Claude was updated", "No known failure"))
    assert [url for url in requests(browser) if url != page] == []
    assert browser.get_log("browser") == []


def test_colours_follow_the_scheme(browser: Any, page: str) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        prefer(browser, scheme)
        browser.get(page)
        colours.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_copy_button_gives_the_command(browser: Any, page: str) -> None:
    browser.get(page)
    buttons = browser.find_elements("css selector", ".command button")
    find = "return [...document.querySelectorAll('.command code')].map(one => one.textContent)"
    commands = browser.execute_script(find)
    assert len(buttons) == len(commands)
    if not buttons:
        assert "No known failure found" in browser.title
        return
    origin = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", origin)
    buttons[0].send_keys("\ue007")
    read = "const done = arguments[0]; navigator.clipboard.readText().then(done, error => done(String(error)))"
    assert browser.execute_async_script(read) == commands[0]
    assert buttons[0].text == "Copied"


def test_evidence_opens_by_keyboard(browser: Any, page: str) -> None:
    browser.get(page)
    for summary in browser.find_elements("css selector", "details.evidence > summary")[:2]:
        summary.send_keys("\ue007")
        assert browser.execute_script("return arguments[0].parentElement.open", summary)
    find = "return [...document.querySelectorAll('a[href], button, summary')].map(one => one.textContent)"
    names = browser.execute_script(find)
    assert all(name.strip() for name in names)


@pytest.mark.parametrize("width", [1280, 360])
def test_tables_are_sorted_and_filtered_by_keyboard(browser: Any, rich: Report, tmp_path: Path, width: int) -> None:
    prefer(browser, "light", width)
    entries = tuple(
        replace(rich.conversations[0], session_id=f"local_{n}", size_bytes=n, state=state, findings=())
        for n, state in (
            (9, "healthy"),
            (10, "orphaned"),
            (100, "null-filled"),
            (2, "healthy"),
            (5, "healthy"),
            (7, "unknown"),
        )
    )
    path = tmp_path / "report.html"
    path.write_text(render(replace(rich, conversations=entries)), "utf-8")
    browser.get(path.as_uri())
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    table = browser.find_element("css selector", "#conversations table")
    column = (
        "return [...arguments[0].tBodies[0].rows].filter(one => one.getClientRects().length)"
        ".map(one => one.cells[1].querySelector('code').textContent)"
    )
    before = browser.execute_script(column, table)
    button = table.find_elements("css selector", "thead button")[1]
    button.send_keys("\ue007")
    assert browser.execute_script(column, table) == [f"local_{n}" for n in (2, 5, 7, 9, 10, 100)]
    button.send_keys("\ue007")
    assert browser.execute_script(column, table) == [f"local_{n}" for n in (100, 10, 9, 7, 5, 2)]
    assert table.find_elements("css selector", "th")[1].get_attribute("aria-sort") == "descending"
    field = browser.find_element("css selector", "#conversations input[type=search]")
    field.send_keys("NULL-filled local")
    assert browser.execute_script(column, table) == ["local_100"]
    assert browser.find_element("css selector", "#conversations output").text == "1 of 6 rows"
    field.send_keys("\ue009a\ue009\ue003")
    assert sorted(browser.execute_script(column, table)) == sorted(before)


def test_a_narrow_table_can_be_sorted_by_who_sees_its_headings(browser: Any, page: str) -> None:
    prefer(browser, "light", 360)
    browser.get(page)
    for one in browser.find_elements("css selector", "details:not([open]) > summary"):
        one.send_keys("\ue007")
    seen = (
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});"
        "const box = arguments[0].getBoundingClientRect();"
        "return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === arguments[0]"
    )
    for button in browser.find_elements("css selector", "thead button"):
        assert browser.execute_script(seen, button), button.get_attribute("textContent")


def test_without_scripts_nothing_promises_what_it_cannot_do(browser: Any, page: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page)
        assert browser.find_elements("css selector", "main button, main input, main output") == []
        assert browser.find_element("css selector", "#verdict").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
