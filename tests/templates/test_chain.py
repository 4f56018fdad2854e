"""Chains of cause and consequence: around each finding, and through the whole story."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.model import Finding, Level, Manifest, NotJudged, Reason, Report, Verdict
from claude_evidence.templates._chain import Absent, beside, chain, is_plain, story
from claude_evidence.templates.render import render
from tests.sample_sides import SAMPLES, side
from tests.templates.browsing import NEEDS_BROWSER, prefer


def found(rule: str, because_of: tuple[str, ...] = (), leads_to: tuple[str, ...] = (), name: str = "") -> Finding:
    identity = name or f"id-{rule}"
    return Finding(rule, "", identity, f"Title of {rule}", Level.HIGH, because_of=because_of, leads_to=leads_to)


def told(*findings: Finding) -> Report:
    return Report(Manifest(), Verdict("x", findings=tuple(one.id for one in findings)), findings)


def shape(report: Report) -> list[list[tuple[str, tuple[int, ...]]]]:
    return [[(link.finding.rule, link.after) for link in step] for step in story(report)]


def test_a_link_that_either_rule_names_is_drawn_from_both_ends() -> None:
    one, two, three = found("one", leads_to=("two",)), found("two"), found("three", because_of=("two", "one"))
    report = told(one, two, three)
    middle = chain(two, report)
    assert [f.rule for f in middle.causes] == ["one"]
    assert [f.rule for f in middle.effects] == ["three"]
    assert not middle.absent_causes + middle.absent_effects
    assert [f.rule for f in chain(one, report).effects] == ["two", "three"]
    assert not chain(found("alone"), report)


def test_what_is_not_drawn_says_why(rich: Report) -> None:
    launch, orphan = rich.findings[1:3]
    unanswered = NotJudged("session_json_all_null", Reason.NOT_EVALUABLE, "needs x", "A file of zeros")
    assert chain(orphan, rich).absent_causes == (Absent("session_json_all_null", "not found here"),)
    titled = replace(rich, titles={"session_json_all_null": "A session file of nothing but zeros"})
    assert chain(orphan, titled).absent_causes == (Absent("A session file of nothing but zeros", "not found here"),)
    report = replace(rich, not_judged=(unanswered,))
    assert chain(orphan, report).absent_causes == (Absent("A file of zeros", "could not be judged"),)
    long_ago = replace(launch, first_seen=launch.first_seen and launch.first_seen + timedelta(days=3))
    report = replace(rich, findings=(long_ago, orphan))
    assert chain(orphan, report).causes == ()
    assert chain(orphan, report).absent_causes[0].why == "found, but not at a time that fits"


def test_the_story_has_a_step_per_cause() -> None:
    one, two = found("one", leads_to=("two",)), found("two", leads_to=("three",))
    plain = told(one, two, found("three"))
    assert shape(plain) == [[("one", ())], [("two", (1,))], [("three", (2,))]]
    assert is_plain(story(plain))
    forked = told(one, found("other", leads_to=("three",)), two, found("three", because_of=("one",)), found("else"))
    assert shape(forked) == [[("one", ()), ("other", ())], [("two", (1,))], [("three", (2, 3))]]
    assert not is_plain(story(forked))
    assert beside(forked.verdict.findings, story(forked)) == ["id-else"]
    assert story(told(found("else"), found("more"))) == ()
    assert story(told()) == ()


def test_rules_that_lead_in_a_circle_end() -> None:
    one, two = found("one", ("two",), ("two",)), found("two", ("one",), ("one",))
    assert shape(told(one, two)) == [[("one", ())], [("two", (1,))]]
    assert len(chain(one, told(one, two)).causes) == 1


def test_a_thousand_links_stay_a_small_picture() -> None:
    crowd = [found(f"r{n}", leads_to=("end",)) for n in range(1000)]
    end = found("end", because_of=tuple(f"gone{n}" for n in range(1000)))
    made = chain(end, told(*crowd, end))
    assert len(made.causes) == len(made.absent_causes) == 12
    assert sum(map(len, story(told(*crowd, end)))) <= 12


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_each_box_leads_to_its_finding(sample: Path) -> None:
    report = side(sample).report
    page = render(report)
    for finding in report.findings:
        for one in (*chain(finding, report).causes, *chain(finding, report).effects):
            assert f'href="#finding-{one.id}"' in page
    drawn = [chain(one, report) for one in report.findings] + ([story(report)] if story(report) else [])
    assert page.count('<ol class="chain"') == sum(map(bool, drawn))


@NEEDS_BROWSER
def test_it_reads_from_left_to_right_and_on_a_phone_downwards(browser: Any, rich: Report, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(rich), "utf-8")
    places = (
        "return [...document.querySelectorAll('#finding-0c9d5521be43 .step')].map(one => "
        "{ const at = one.getBoundingClientRect(); return [at.left, at.top]; })"
    )
    for width, across in ((1280, True), (360, False)):
        prefer(browser, "light", width)
        browser.get(page.as_uri())
        (left, top), (next_left, next_top) = browser.execute_script(places)
        assert (next_left > left and next_top == top) if across else (next_left == left and next_top > top)
