"""The page in a real browser: no error, no broken policy, no request, nothing wider than the window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.model import Report
from claude_evidence.templates.render import render
from tests.templates.browsing import NEEDS_BROWSER

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
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.get(page)
            browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.title.startswith(("Claude was updated", "No known failure"))
    assert [url for url in requests(browser) if url != page] == []
    assert browser.get_log("browser") == []


def test_colours_follow_the_scheme(browser: Any, page: str) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
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
