"""The terminal: the verdict within the width, and no control character from anywhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.model import Manifest, NotJudged, Reason, Report, Step, Verdict
from claude_evidence.templates.render import render
from claude_evidence.templates.terminal import columns, summary, wrap

Plant = Callable[[str, Callable[[str], str]], Report]
ANY = st.text(st.characters(codec=None), min_size=1, max_size=60)
SGR = re.compile(r"\x1b\[[0-9;]+m")


def test_verdict_comes_first(rich: Report) -> None:
    lines = summary(rich, colour=False, width=80).split("\n")
    assert lines[0].startswith("◆ critical: Claude was updated while it was running")
    text = " ".join(" ".join(lines).split())
    parts = [
        "four starts in a row",
        "When:",
        "How sure: high",
        "What to do",
        "shutdown /r /t 0",
        "Findings (4)",
        "3,796 records",
        "Could not be judged: 2 rules",
        "2 problems while reading",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_healthy(healthy: Report) -> None:
    text = summary(healthy, colour=False, width=80)
    assert text.startswith("✓ No known failure found\n")
    assert "Could not be judged: 1 rule" in text
    assert summary(Report(Manifest(), Verdict("No known failure found")), colour=False, width=80)


def test_a_rule_counts_once_however_many_of_its_parts_have_no_answer(rich: Report) -> None:
    why = Reason.NOT_EVALUABLE
    entries = [
        NotJudged("a", why, "needs x"),
        NotJudged("a", why, "needs y"),
        NotJudged("b", why, "needs x", "B", True),
    ]
    report = replace(rich, not_judged=tuple(entries))
    words = "1 rule, and 1 more in part"
    assert f"Could not be judged: {words}" in summary(report, colour=False, width=80)
    assert f"{words} could not be judged" in render(report)
    assert f"{words} could not be judged" in render(report, "report.md.j2")


def test_what_reports_say_is_not_said_twice(rich: Report) -> None:
    steps = tuple(Step("Wait.", worked=worked) for worked in ("The reports name it.", "Reporters did.", "Worked once."))
    report = replace(rich, verdict=replace(rich.verdict, what_to_do=steps))
    for text in (summary(report, colour=False, width=200), render(report), render(report, "report.md.j2")):
        assert "eports say: The reports" not in text
        assert "eports say: Reporters" not in text
        assert "Reports say: Worked once" in text


def test_many_findings_take_one_line_each_and_the_story_comes_first(rich: Report) -> None:
    last = replace(rich.findings[-1], id="told", title="The root of it")
    many = tuple(replace(rich.findings[0], id=str(number), title="T" * 300) for number in range(40))
    report = replace(rich, findings=(*many, last), verdict=replace(rich.verdict, findings=("told",)))
    lines = summary(report, colour=False, width=80).split("\n")
    start = lines.index("Findings (41)")
    assert "The root of it" in lines[start + 1]
    assert lines[start + 11] == "  … and 31 more in the report"


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_width(rich: Report, width: int) -> None:
    commands = {line for step in rich.verdict.what_to_do for line in step.command.split("\n")}
    for line in summary(rich, colour=False, width=width).split("\n"):
        assert line.strip() in commands or columns(line) <= max(width, 40), line


def test_commands_are_whole(rich: Report) -> None:
    assert rich.verdict.what_to_do[1].command in summary(rich, colour=False, width=40)


def test_colour_changes_only_colour(rich: Report) -> None:
    painted = summary(rich, colour=True, width=80)
    assert SGR.search(painted)
    assert SGR.sub("", painted) == summary(rich, colour=False, width=80)


@settings(max_examples=60, deadline=None)
@given(ANY, st.booleans())
def test_no_control_character(plant: Plant, text: str, colour: bool) -> None:
    for name in ("rich", "healthy"):
        made = summary(plant(name, lambda own: own + text + "\x1b]0;x\x07\u202e"), colour=colour, width=72)
        made.encode()
        bare = SGR.sub("", made) if colour else made
        assert not {unicodedata.category(char) for char in bare.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@settings(deadline=None)
@given(ANY, st.integers(12, 60))
def test_wrap_keeps_all(text: str, width: int) -> None:
    lines = list(wrap(text, width, "  - "))
    assert "".join("".join(lines)[4:].split()) == "".join(text.split())
    assert all(columns(line) <= width for line in lines)
