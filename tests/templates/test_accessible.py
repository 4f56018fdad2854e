"""The page held to WCAG 2.2 AA by axe-core, on every sample, light and dark, narrow and wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claude_evidence.templates.render import render
from tests.sample_sides import SAMPLES, side
from tests.templates.browsing import NEEDS_BROWSER, prefer

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK = """
const done = arguments[1];
axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then(
  found => done(found.violations.map(one => [one.id, one.help, one.nodes.length, one.nodes[0].html.slice(0, 200),
                                             one.nodes[0].failureSummary])),
  error => done([['error', String(error), 0, '', '']]));
"""
# of a thousand rows that are alike thirty tell as much
SHORTENED = """
for (const one of document.querySelectorAll('details')) one.open = true;
for (const list of document.querySelectorAll('tbody, ol.lines'))
  for (const row of [...list.children].slice(30)) row.remove();
"""
pytestmark = NEEDS_BROWSER


@pytest.fixture(params=SAMPLES, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    target = tmp_path / "report.html"
    target.write_text(render(side(request.param).report), "utf-8")
    return target.as_uri()


def violations(driver: Any) -> list[Any]:
    driver.execute_script(AXE.read_text("utf-8"))
    driver.set_script_timeout(60)
    return list(driver.execute_async_script(ASK, RULES))


def test_axe_finds_nothing(browser: Any, page: str) -> None:
    for scheme, width in (("light", 1280), ("dark", 360)):
        prefer(browser, scheme, width)
        browser.get(page)
        browser.execute_script(SHORTENED)
        assert violations(browser) == []


def test_axe_finds_what_is_wrong(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(
        "<!doctype html><title>x</title><main><img src='x.png'><p style='color:#ccc'>faint</p></main>", "utf-8"
    )
    browser.get(page.as_uri())
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {one[0] for one in violations(browser)}
