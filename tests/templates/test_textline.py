"""The timeline as plain text in Markdown: days, lanes, storms, the main finding; it goes early where room is short."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.model import Level, Manifest, Problem, Report, TimelineEntry, Verdict
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._pages import MARKDOWN_LIMIT
from claude_evidence.templates._textline import text_timeline
from claude_evidence.templates._view import main_finding
from claude_evidence.templates.render import MARKDOWN, render
from tests.sample_sides import SAMPLES, side

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
LINE = re.compile(r"[► ] (?:\d\d:\d\d:\d\d|--:--:--)  (?:package|launch|app|sessions|machine|other) +  [◆▲■●○] .*|")
DAY = re.compile(r"\d{4}-\d\d-\d\d (?:UTC|local time, zone unknown)|at an unknown time")


def lines(*entries: TimelineEntry, limit: int = 24) -> list[str]:
    return text_timeline(Report(Manifest(), Verdict("x"), timeline=entries), Clock(), limit).split("\n")


def test_a_line_says_when_where_what_and_how_often(rich: Report) -> None:
    text = text_timeline(rich, Clock(), 60).split("\n")
    assert text[0] == "2026-03-24 UTC"
    assert "  21:27:31  app       ▲ Failed to save session (EXDEV)  ×199 until 22:27:31" in text
    assert "  05:27:19  package   ○ Register started, with ForceApplicationShutdownOption" in text
    assert "► 05:27:31  launch    ▲ Start failed: 0x80070020" in text
    assert text.count("2026-05-17 UTC") == 1


def test_a_storm_over_days_says_its_last_day() -> None:
    storm = TimelineEntry(NOON, "app", "storm", Level.HIGH, 3796, NOON + timedelta(days=2))
    assert lines(storm)[1] == "  12:00:00  app       ▲ storm  ×3,796 until 2026-05-19 12:00:00"


def test_times_of_an_unknown_zone_are_never_called_utc() -> None:
    wall = TimelineEntry(None, "app", "wall", local_time=NOON.replace(tzinfo=None))
    made = lines(TimelineEntry(NOON, "app", "known"), wall, TimelineEntry(None, "no such lane", "never"))
    assert made == [
        *("2026-05-17 UTC", "  12:00:00  app       ○ known", ""),
        *("2026-05-17 local time, zone unknown", "  12:00:00  app       ○ wall", ""),
        *("at an unknown time", "  --:--:--  other     ○ never"),
    ]


def test_the_main_finding_is_the_one_of_the_headline(rich: Report) -> None:
    launch, orphan = rich.findings[1:3]
    assert main_finding(rich) is launch
    named = replace(rich.verdict, headline=f"{orphan.title}; it has started again since")
    assert main_finding(replace(rich, verdict=named)) is orphan
    assert main_finding(replace(rich, verdict=replace(rich.verdict, findings=()))) is None


@given(st.lists(st.text(st.characters(codec=None)), max_size=30))
def test_whatever_the_evidence_says_a_row_stays_one_line(texts: list[str]) -> None:
    entries = [TimelineEntry(NOON, text[:9], text, until=NOON, count=2) for text in texts]
    made = lines(*entries, limit=30)
    assert len(made) == len(texts) + 1
    assert all(LINE.fullmatch(line) or DAY.fullmatch(line) for line in made)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_it_is_in_the_issue_text_or_said_to_be_missing(sample: Path) -> None:
    made = render(side(sample).report, MARKDOWN)
    assert len(made) < MARKDOWN_LIMIT
    assert ("### What happened when" in made) != ("the timeline in text" in made)


def test_it_goes_before_what_is_more(rich: Report) -> None:
    entries = tuple(TimelineEntry(NOON + timedelta(hours=n), "app", f"row {n}.") for n in range(400))
    full = replace(rich, timeline=entries, problems=())
    assert "The 24 most telling of 400 rows" in render(full, MARKDOWN)
    long = tuple(replace(one, excerpt="word " * 130) for one in rich.findings[1].evidence) * 2
    findings = tuple(replace(rich.findings[1], id=f"f{n}", evidence=long) for n in range(16))
    made = render(replace(full, findings=findings), MARKDOWN)
    assert "What happened when" not in made
    assert "; the timeline in text; " in made
    assert made.count("word word") > 20


def test_problems_go_first(rich: Report) -> None:
    problems = tuple(Problem("parse", "main.log", "broken " * 60, n) for n in range(1, 200))
    made = render(replace(rich, problems=problems, notes=("long " * 220,) * 20, findings=rich.findings[:3]), MARKDOWN)
    assert "of 199 problems" in made
    assert "What happened when" in made
