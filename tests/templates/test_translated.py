"""All that a report says passes through the message catalogue: shown in a language made by machine, on every sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from claude_evidence.messages import spoken
from claude_evidence.templates.render import HTML, JSON, MARKDOWN, render
from claude_evidence.templates.terminal import summary
from tests import messages
from tests.sample_sides import SAMPLES, sample, side
from tests.templates.browsing import NEEDS_BROWSER, prefer
from tests.templates.hands import press
from tests.templates.pseudo import BACK, SCRIPTS_WORDS, catalogue, plain_words, speaking, untranslated

# The words of what scripts add to the page, for the eye and for the ear.
ADDED = """
const parts = [".chart .tools button", ".chart figcaption", ".span", ".chart .hover", ".filter", ".command button"];
const found = document.querySelectorAll(parts.join(","));
const labels = [...document.querySelectorAll(".chart [aria-label]")].map(one => one.getAttribute("aria-label"));
return [...[...found].map(one => one.textContent), ...labels];
"""


def test_the_catalogue_is_current() -> None:
    with messages.PLACE.open("rb") as file:
        kept = read_po(file)
    # not the files' bytes: how they are wrapped is the library's, and changes with it
    said, there = (
        {text.id: [name for name, _ in text.locations] for text in one} for one in (messages.gathered(), kept)
    )
    assert there == said, "run python -m tests.messages"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_nothing_is_said_past_the_catalogue(path: Path) -> None:
    report = side(path).report
    with speaking():
        assert list(untranslated(report)) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_translation_changes_words_only(path: Path) -> None:
    report = side(path).report
    forms = (HTML, MARKDOWN, JSON)
    english = [*(render(report, form) for form in forms), summary(report, colour=True, width=80)]
    with speaking():
        other = [*(render(report, form) for form in forms), summary(report, colour=True, width=80)]
    assert other[2] == english[2]
    assert other[0] != english[0]
    other[0] = SCRIPTS_WORDS.sub("", other[0])
    for one, two in zip(english, other, strict=True):
        assert two.translate(BACK) == one.translate(BACK)


def test_without_a_translation_english_is_said(tmp_path: Path) -> None:
    report = side(sample("healthy")).report
    before = render(report, HTML)
    place = tmp_path / "accented.mo"
    place.write_bytes(catalogue())
    with spoken(place), spoken(None):
        assert render(report, HTML) != before
    assert render(report, HTML) == before


@NEEDS_BROWSER
def test_scripts_speak_the_language_of_the_page(browser: Any, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    report = side(sample("update-breaks-launch")).report
    with speaking():
        target.write_text(render(report, HTML), "utf-8")
    prefer(browser, "light")
    browser.get(target.as_uri())
    press(browser, "+")
    browser.find_element("css selector", ".plots").send_keys("\ue014")
    browser.find_element("css selector", "#evidence input[type=search]").send_keys("e")
    browser.find_element("css selector", ".command button").click()
    said = browser.execute_script(ADDED)
    assert len(said) > 20
    evidence = {"UTC", "Europe", "Berlin", "Claude"}
    assert [text for text in said if plain_words(text) - evidence] == []
    assert browser.get_log("browser") == []
