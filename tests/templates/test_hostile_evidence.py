"""Hostile text in real artifacts, from the files to the page: nothing acts, nothing hides, nothing escapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.model import Report
from claude_evidence.templates.render import MARKDOWN, render
from claude_evidence.templates.terminal import summary
from tests.hostile_evidence import hostile_report
from tests.inert import elements, hidden, strange_html, strange_markdown
from tests.templates.browsing import NEEDS_BROWSER, prefer, started

PIECES = (
    "</script><script>window.owned=1</script>",
    "</style></title></textarea><img src=x onerror='window.owned=1'>",
    "'\"><svg/onload=window.owned=1><a href='javascript:window.owned=1'>x</a>",
    "\" autofocus onfocus=window.owned=1 style=\"background:url(https://x.invalid/)",
    "<style>@import 'https://x.invalid/';*{display:none}</style><base href=//x.invalid/><meta http-equiv=refresh>",
    "<!--<![CDATA[<?php {{7*7}} {% raw %} ]]>-->&lt;&#60;&amp",
    "\u202eevil\u2066\u200f\u061c\u200b\ufeff\u2028",
    "\x00\x1b[31m\x1b]0;owned\x07\x08\x7f\x85",
    "\ud800\udfff\ue000",
    "@octocat #1 GH-2 a/b#3 https://x.invalid www.x.invalid deadbeef12345678deadbeef12345678deadbeef",
    "![i](https://x.invalid/p.png) [l](javascript:1) <https://x.invalid> [r]: https://x.invalid",
    "`" * 70 + "~" * 70 + "```",
    "\n```\n~~~\n# out\n\n</details>\n\n@octocat\n",
    "a | b || \\| ` `` \\` \\",
    "|---|\n1. one\n- two\n> three\n    four\n===\n***b*** ~~s~~ $x$ [^1] :smile:",
    "W" * 3000,
    "\\", "%s%n{0}${x}", "שלום عربي", " ",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES) | st.text(st.characters(codec=None), max_size=20), min_size=1, max_size=4)
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SCENARIOS = ("update-breaks-launch", "exdev-one-drive", "crash-catalogue", "stale-autostart")
Plant = Callable[[str, Callable[[str], str]], Report]


def made(scenario: str, text: str, turn: int) -> Report:
    with TemporaryDirectory() as folder:
        return hostile_report(Path(folder), scenario, text, turn)


@cache
def ours() -> set[tuple[str, str]]:
    """The elements and attributes that the templates write, in whatever branch."""
    found = {("details", "open"), ("bdi", "")}
    for path in (*TEMPLATES.glob("*.html.j2"), *TEMPLATES.glob("sections/*.html.j2")):
        found |= elements(re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", " ", path.read_text("utf-8"), flags=re.DOTALL))
    return found


def strange(report: Report, known: set[tuple[str, str]]) -> dict[str, list[str]]:
    found = {
        "html": strange_html(render(report), known),
        "markdown": strange_markdown(render(report, MARKDOWN)),
        "terminal": hidden(summary(report, colour=False, width=80), "\n"),
    }
    return {form: wrong for form, wrong in found.items() if wrong}


@settings(max_examples=4)
@given(st.sampled_from(SCENARIOS), TEXT.map("".join), st.integers(0, 2))
@example("update-breaks-launch", "".join(PIECES[:9]), 0)
@example("exdev-one-drive", "".join(PIECES[9:]), 1)
@example("crash-catalogue", "".join(PIECES), 2)
def test_artifacts(scenario: str, text: str, turn: int) -> None:
    report = made(scenario, text, turn)
    assert strange(report, ours()) == {}


@settings(max_examples=8)
@given(TEXT.map("".join))
@example("".join(PIECES))
def test_reports(plant: Plant, text: str) -> None:
    assert strange(plant("rich", lambda own: own + text), ours()) == {}


def test_the_text_arrives() -> None:
    """A check of the checks: what was planted is there to be seen, in each kind of artifact."""
    reports = [made("update-breaks-launch", "zqx", turn) for turn in range(3)]
    planted = [finding for one in reports for finding in one.findings if finding.rule == "planted"]
    assert planted[0].remedy[0].command == "zqx"
    excerpts = [one.excerpt for report in reports for finding in report.findings for one in finding.evidence]
    texts = {
        "log line": [text for text in excerpts if "Starting app" in text],
        "event": [entry.text for report in reports for entry in report.timeline if entry.lane == "launch"],
        "package": [str(event) for report in reports for event in report.packages],
        "host": [text for report in reports for text in report.manifest.host.values()],
        "acquisition": [one.source for report in reports for one in report.custody.acquisitions],
        "member": [one.name for report in reports for one in report.custody.members],
    }
    assert [kind for kind, found in texts.items() if not any("zqx" in text for text in found)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "<img src=x>",
        "@octocat",
        "![i](p.png)",
        "[l](x)",
        "<b>b</b>",
        "    code",
        "> quote",
        "# h",
        "#12",
        "```\nopen",
        "\u202e",
    ],
)
def test_the_checks_see_what_acts(wrong: str) -> None:
    assert strange_markdown(f"plain\n\n{wrong}\n")
    assert not strange_markdown("## plain\n\n<details><summary>plain</summary>\n\n* `@a <b>`\n\n</details>\n")


def test_the_checks_see_foreign_html() -> None:
    known = {("p", ""), ("a", ""), ("a", "href")}
    assert strange_html("<p><a href='#x'>x</a>", known) == []
    for wrong in ("<p onclick=1>", "<b>", "<a href='javascript:1'>", "<p style=''>", "<!--x-->", "<p>\u202e"):
        assert strange_html(wrong, known)


@NEEDS_BROWSER
def test_in_a_browser_nothing_runs(tmp_path: Path, plant: Plant) -> None:
    page = tmp_path / "report.html"
    driver: Any = started(tmp_path / "profile")
    text = "".join(PIECES)
    try:
        for report in (
            *(made(one, text, turn) for turn, one in enumerate(SCENARIOS[::2])),
            plant("rich", lambda own: own + text),
        ):
            page.write_text(render(report), "utf-8")
            for width in (360, 1280):
                prefer(driver, "light", width)
                driver.get_log("browser")
                driver.get_log("performance")
                driver.get(page.as_uri())
                driver.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
                assert driver.execute_script("return typeof window.owned") == "undefined"
                assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
                asked = [
                    entry for entry in driver.get_log("performance") if "Network.requestWillBeSent" in entry["message"]
                ]
                assert all(page.as_uri() in entry["message"] for entry in asked)
                assert driver.get_log("browser") == []
    finally:
        driver.quit()
