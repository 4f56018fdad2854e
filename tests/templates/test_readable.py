"""Zoomed, from right to left, and on paper: the page in a real browser."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from claude_evidence.model import Report
from claude_evidence.templates._bidi import isolated
from claude_evidence.templates._visible import visible
from claude_evidence.templates.render import render
from tests.sample_sides import SAMPLES, side
from tests.templates.browsing import NEEDS_BROWSER, prefer

HEBREW, ARABIC = "שלום לי", "مستخدم"
MOST_PAGES = {"update-breaks-launch": 20, "exdev-one-drive": 35, "noisy-healthy": 75}
WIDER = """
return [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !one.closest('.skip, .defs');
}).map(one => one.outerHTML.slice(0, 120)).slice(0, 3);
"""
PLACES = """
const [selector, texts] = arguments, root = document.querySelector(selector);
for (let one = root; one; one = one.parentElement) if (one.tagName === 'DETAILS') one.open = true;
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
let whole = '', nodes = [];
while (walker.nextNode()) { nodes.push([whole.length, walker.currentNode]); whole += walker.currentNode.data; }
const at = index => nodes.filter(([start]) => start <= index).map(([start, node]) => [node, index - start]).at(-1);
let from = 0;
return texts.map(text => {
  const begin = whole.indexOf(text, from), range = document.createRange();
  from = begin + text.length;
  range.setStart(...at(begin)); range.setEnd(at(from - 1)[0], at(from - 1)[1] + 1);
  const box = range.getBoundingClientRect();
  return [box.left, box.right];
});
"""


def written(folder: Path, report: Report) -> str:
    page = folder / "report.html"
    page.write_text(render(report), "utf-8")
    return page.as_uri()


@NEEDS_BROWSER
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_at_twice_the_size_nothing_is_wider_than_the_window(browser: Any, tmp_path: Path, sample: Path) -> None:
    page = written(tmp_path, side(sample).report)
    for width in (640, 360):
        prefer(browser, "light", width)
        browser.get(page)
        browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.execute_script(WIDER) == []


@NEEDS_BROWSER
@pytest.mark.parametrize("name", [HEBREW, ARABIC])
def test_what_stands_beside_a_name_from_right_to_left_keeps_its_place(
    browser: Any, rich: Report, tmp_path: Path, name: str
) -> None:
    member = f"C:/Users/{name}/{name}"
    evidence = (replace(rich.findings[0].evidence[0], member=member, record=17),)
    first = replace(rich.findings[0], group=f"{name} 1", title=f"Nothing of {name} (2) is saved", evidence=evidence)
    told = replace(rich.verdict, what_happened=(f"Not saved for {name}: 7 records.", "Second."))
    prefer(browser, "light", 1280)
    browser.get(written(tmp_path, replace(rich, verdict=told, findings=(first, *rich.findings[1:]))))
    lines = {
        ".story p": ["Not saved for", name, ":", "7", "records"],
        ".finding h3": ["Nothing of", name, "(2)", "is saved"],
        ".finding .where": ["C:/Users/", name, "·", "record", "17", "·", evidence[0].sha256[:12]],
    }
    for selector, texts in lines.items():
        places = browser.execute_script(PLACES, selector, texts)
        assert all(right <= left + 1 for (_, right), (left, _) in pairwise(places)), selector


def test_only_runs_of_words_with_such_letters_are_set_apart() -> None:
    assert str(isolated("a <b> & c")) == "a &lt;b&gt; &amp; c"
    assert str(isolated(f"for {HEBREW}, ({ARABIC}): 7")) == f"for <bdi>{HEBREW}</bdi>, (<bdi>{ARABIC}</bdi>): 7"
    assert str(isolated(f"C:/{HEBREW}/x 5")) == f"<bdi>C:/{HEBREW}/x</bdi> 5"
    assert str(isolated("é 漢字")) == "é 漢字"


@given(st.text(st.sampled_from("שלמs <>&\"'().:/ 1\u202e") | st.characters(codec=None)))
def test_setting_apart_changes_no_letter(text: str) -> None:
    assert re.sub("</?bdi>", "", str(isolated(text))) == str(escape(visible(text)))


@NEEDS_BROWSER
@pytest.mark.parametrize("name", MOST_PAGES)
def test_on_paper_it_is_whole_and_not_a_book(browser: Any, tmp_path: Path, name: str) -> None:
    (sample,) = [path for path in SAMPLES if path.stem == name]
    prefer(browser, "light", 1280)
    browser.get(written(tmp_path, side(sample).report))
    pdf = base64.b64decode(browser.print_page())
    assert pdf.startswith(b"%PDF-")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", pdf)) <= MOST_PAGES[name]


@NEEDS_BROWSER
def test_no_page_break_cuts_a_record_or_a_step(browser: Any, rich: Report, tmp_path: Path) -> None:
    browser.get(written(tmp_path, rich))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    try:
        for selector in (".record", ".steps > li", "tbody tr", "figure", ".chain", ".first-step"):
            breaks = (
                f"return [...document.querySelectorAll('{selector}')].map(one => getComputedStyle(one).breakInside)"
            )
            assert set(browser.execute_script(breaks)) == {"avoid"}, selector
        hidden = "return [...document.querySelectorAll('button:not(.sort), nav, .filter')]"
        shown = f"{hidden}.filter(one => one.checkVisibility())"
        assert browser.execute_script(shown) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
