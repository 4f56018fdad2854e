"""The page: one file, strict policy, the same structure whatever the evidence says."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.model import Level, Manifest, Problem, Report, TimelineEntry, UsageError, Verdict
from claude_evidence.templates._strip import strips
from claude_evidence.templates._view import main_finding
from claude_evidence.templates.render import HTML, render
from tests.sample_sides import SAMPLES, side

Plant = Callable[[str, Callable[[str], str]], Report]
URLS = {"href", "src", "action", "formaction", "data", "xlink:href", "poster", "srcset"}
LINK = re.compile(r"#[A-Za-z0-9_-]+|https://github\.com/anthropics/claude-code/issues/[0-9]+")
HOSTILE = (
    "</title></style></script><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)//",
    '" onmouseover="alert(1)" style="background:url(//x.invalid)',
    "</pre></code></details><iframe srcdoc='<b>'>",
    "{{ 7 * 7 }}{% for x in y %}{# <!-- ]]> -->",
    "\x1b[2J\x00\u202e\ud800\u2028]]>&lt;&#60;&amp;",
    "#59934",
)
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), min_size=1, max_size=60))


class Structure(HTMLParser):
    """Every element with its attribute names, the targets of its links, and all text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.links |= {value or "" for name, value in attrs if name in URLS}
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("/" + tag,))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")


@settings(max_examples=25, deadline=None)
@given(TEXT)
@example("".join(HOSTILE))
def test_hostile_text_changes_no_structure(plant: Plant, text: str) -> None:
    """Planted after the true text, so that links between parts stay what they are."""
    bad = Structure(render(plant("rich", lambda own: own + text)))
    good = Structure(render(plant("rich", lambda own: own + re.sub(r"[^\n0-9]", "x", text))))
    names = {("bdi",), ("/bdi",)}  # set apart where the text has letters from right to left
    assert [one for one in bad.elements if one not in names] == good.elements
    assert all(LINK.fullmatch(link) for link in bad.links)


@settings(max_examples=10, deadline=None)
@given(TEXT)
def test_hostile_text_alone(plant: Plant, text: str) -> None:
    for name in ("rich", "healthy"):
        page = render(plant(name, lambda _: text))
        page.encode()
        assert page.count("<script") == 1
        assert not re.search(r"\son\w+=|javascript:", re.sub(r">[^<]*<|\"[^\"]*\"", "", page))


def test_policy_names_exactly_what_is_inlined(rich: Report) -> None:
    page = render(rich)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    for tag in ("style", "script"):
        (inlined,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1].replace("'", "&#39;").replace("&#43;", "+")
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_ids_are_unique_and_links_lead_somewhere(rich: Report) -> None:
    page = Structure(render(rich))
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "finding-3f2a9c1d77e0" in page.ids


def test_everything_is_told(rich: Report) -> None:
    text = " ".join(" ".join(Structure(render(rich)).text).split())
    launch = rich.findings[1]
    told = [launch.title, *launch.does_not_work, *launch.false_positives, launch.for_developers]
    told += [launch.evidence[0].member, launch.evidence[0].excerpt, launch.evidence[0].sha256[:12]]
    told += [step.command for step in launch.remedy]
    told += ["#59934", "#53247", "3,796 records", "the CodeIntegrity Operational log is not in the bundle", "chunk 17"]
    told += ["No parser reads these", "000003.log", "not as promised", "2026-05-17 07:27:31 +02:00"]
    assert [one for one in told if " ".join(one.split()) not in text] == []


def test_healthy_is_reassuring_and_honest(healthy: Report) -> None:
    text = " ".join(Structure(render(healthy)).text)
    assert "No known failure found" in text
    assert "1 rule could not be judged" in text
    assert "absence of evidence is not evidence of absence" in text


def test_empty_report() -> None:
    page = render(Report(Manifest(), Verdict("No known failure found")))
    assert "No row of this evidence carries a time" in page
    assert Structure(page).elements


def test_long_lists_are_cut_and_it_is_said(rich: Report) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = tuple(TimelineEntry(start + timedelta(hours=n), "app", f"row {n}.") for n in range(2000))
    worst = TimelineEntry(start + timedelta(days=90), "app", "the worst", Level.CRITICAL)
    problems = tuple(Problem("parse", "main.log", f"problem {n}.", n) for n in range(1, 700))
    page = render(replace(rich, timeline=(*rows, worst), problems=problems))
    assert "500 of 2,001 rows are shown here" in page
    assert "500 of 699 problems are shown here" in page
    assert "the worst" in page
    assert "problem 501." not in page


def test_local_time_needs_a_known_zone(rich: Report) -> None:
    bad = ("localtime", "posix/localtime", "../etc/passwd", "/etc/localtime", "x\0y", "Nowhere/At_All", "a" * 5000)
    for name in (None, *bad):
        assert 'class="local">2026' not in render(replace(rich, manifest=replace(rich.manifest, timezone=name)))
    page = render(replace(rich, manifest=replace(rich.manifest, timezone=None)), HTML, zone="Asia/Kolkata")
    assert "2026-05-17 10:57:31 +05:30" in page


def test_names_that_are_true_are_announced_at_the_top(rich: Report) -> None:
    for redacted in (True, False):
        page = render(replace(rich, manifest=replace(rich.manifest, redacted=redacted)))
        assert ("not redacted" in page[: page.index("<main>")]) is not redacted


def test_rows_without_a_zone_are_not_said_to_have_no_time(rich: Report) -> None:
    untimed = [replace(row, evidence=replace(row.evidence, time=None, local_time=None)) for row in rich.rows]
    wall = [replace(row, evidence=replace(row.evidence, local_time=datetime(2026, 5, 17, 7, 27))) for row in untimed]  # noqa: DTZ001
    for rows, told in ((wall, "the machine's own clock"), (untimed, "No row of this evidence carries a time")):
        text = "".join(Structure(render(replace(rich, timeline=(), densities=(), rows=tuple(rows)))).text)
        assert told in text


def test_extreme_times_do_not_fail(rich: Report) -> None:
    ends = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    rows = tuple(TimelineEntry(time, "machine", "odd") for time in ends)
    for zone in ("America/New_York", "Asia/Tokyo"):
        assert "9999-12-31 23:59:59" in render(replace(rich, timeline=rows), zone=zone)


@pytest.mark.parametrize("template", ["report.html.j2", "report.md.j2"])
def test_same_text_anywhere(rich: Report, template: str, tmp_path: object) -> None:
    """Another zone of the machine, locale, hash seed and working directory change nothing."""
    code = (
        "import importlib.util as u, hashlib, sys;"
        "s = u.spec_from_file_location('c', sys.argv[1]); c = u.module_from_spec(s);"
        "s.loader.exec_module(c); from claude_evidence.templates.render import render;"
        "print(hashlib.sha256(render(c.build_rich(), sys.argv[2]).encode()).hexdigest())"
    )
    sample = os.path.join(os.path.dirname(__file__), "conftest.py")  # noqa: PTH118, PTH120
    seen = {hashlib.sha256(render(rich, template).encode()).hexdigest()}
    for zone, seed in (("Asia/Tokyo", "1"), ("America/New_York", "2")):
        env = {**os.environ, "TZ": zone, "LC_ALL": "C", "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, sample, template]
        run = subprocess.run(command, env=env, cwd=str(tmp_path), capture_output=True, text=True, check=True)
        seen.add(run.stdout.strip())
    assert len(seen) == 1


def test_unknown_template(rich: Report) -> None:
    with pytest.raises(UsageError, match=r"report\.pdf"):
        render(rich, "report.pdf")


def test_the_minutes_around_the_main_finding_hold_it() -> None:
    """The verdict names several findings, and the first of the list is not always the one of its headline."""
    drawn = 0
    for path in SAMPLES:
        report = side(path).report
        main = main_finding(report)
        for strip in strips(report)[1:]:
            assert main is not None
            assert main.first_seen is not None
            assert strip.first - timedelta(seconds=1) <= main.first_seen <= strip.last, path.stem
            drawn += 1
    assert drawn
