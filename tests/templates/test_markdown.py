"""Markdown: nothing from evidence or rules acts, and it always fits a GitHub issue."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.model import (
    Conversation,
    Manifest,
    Member,
    NotJudged,
    Problem,
    Reason,
    Report,
    TimelineEntry,
    Verdict,
)
from claude_evidence.templates import _markdown
from claude_evidence.templates._pages import MARKDOWN_LIMIT
from claude_evidence.templates.render import MARKDOWN, render

Plant = Callable[[str, Callable[[str], str]], Report]
HOSTILE = (
    "```\n# out\n````` ~~~\n~~~~~~\n",
    "@octocat #1 GH-2 owner/repo#3 a@b.example deadbeef1234",
    "![x](https://x.invalid/p.png) [y](javascript:alert(1)) <https://x.invalid>",
    "<img src=x onerror=alert(1)> <!-- --> </details> &lt; &#64;octocat",
    "a | b || \\| ` `` \\` \\",
    "www.x.invalid http://x.invalid :smile: $x$ [^1] [ref]: x",
    "1. one\n- two\n> three\n    four\n===\n---\n***bold*** __b__ ~~s~~",
    "-",
    "1)",
    "\x1b[31m\u202e\ud800\u2028\x00",
    "`" * 300,
    "~" * 300,
    "\\",
    " ",
    "\n\n# h\n\n@octocat\n",
)
CHARACTER = st.one_of(st.sampled_from("`~|\\@#<>[]()!*_-=+:&$\n 1ae."), st.characters(codec=None))
ANY = st.text(CHARACTER, min_size=1, max_size=50)
TEXT = st.one_of(st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE)).map("".join).filter(bool), ANY)
TAGS = re.compile(r"</?details>|</?summary>|</?sub>")
ACTIVE = re.compile(  # a "!" acts only before a "["
    r"(?i)[@#<>\[\]`~_&$^{}|+=]|https?:|www\.|gh-\d|:[a-z+]\w*:|(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])|\\(?![-.)])"
)


def outside(text: str) -> list[str]:
    """Return what Markdown may act on: the lines outside fences, without their code spans and without our own marks."""
    lines, fence = [], ""
    for line in text.split("\n"):
        run = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            closes = run and run[1][0] == fence[0] and len(run[1]) >= len(fence) and line.strip() == run[1]
            fence = "" if closes else fence
        elif run and (run[1][0] == "~" or "`" not in line.strip()[len(run[1]) :]):
            fence = run[1]
        else:
            lines.append(line)
    assert not fence, "a fence is left open"
    return [re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line) for line in lines]


def check(text: str) -> list[str]:
    """Return the lines outside fences after asserting that none acts and that tables have even rows."""
    text.encode()
    lines, cells = outside(text), 0
    for line in lines:
        bare = re.sub(r"^#{2,3} |^\* |\*\*[^*]*\*\*", "", TAGS.sub("", line))
        if line.startswith("| "):
            cells = cells or line.count("|")
            assert line.count("|") == cells, line
            bare = "x" + line.replace("|", "") if not re.fullmatch(r"[|\-: ]+", line) else ""
        else:
            cells = 0
        assert not ACTIVE.search(bare), (ACTIVE.search(bare), line)
        assert not re.match(r"\s*(?:[-+*]|\d+[.)])(?:\s|$)|    ", bare), line
    return lines


def skeleton(lines: list[str]) -> list[str]:
    return [tag for line in lines for tag in (*TAGS.findall(line), *re.findall(r"^#+ |^\* |^\|", line))]


@settings(max_examples=30, deadline=None)
@given(TEXT)
@example("".join(HOSTILE))
@example("!")
@example("`" * 300 + "~" * 300)
def test_hostile_text_stays_inside(plant: Plant, text: str) -> None:
    bad = render(plant("rich", lambda own: own + text), MARKDOWN)
    good = render(plant("rich", lambda own: own + re.sub(r"[^\n]", "x", text)), MARKDOWN)
    lines, expected = check(bad), check(good)
    if "**Left out" not in bad + good:
        assert skeleton(lines) == skeleton(expected)
    check(render(plant("rich", lambda _: text), MARKDOWN))


def test_checker_sees_an_escape() -> None:
    uneven = "| a | b |\n| --- | --- |\n| a | b | c |"
    for bad in ("@octocat", "#12", "![x](y)", "<b>", "```\nx\n```\n@a\n```\nx\n```", "```\nx", uneven):
        with pytest.raises(AssertionError):
            check(bad)


@settings(deadline=None)
@given(ANY)
def test_fence_cannot_be_closed(text: str) -> None:
    assert "".join(outside(str(_markdown.fence(text)))) == ""


@settings(deadline=None)
@given(ANY)
def test_words_and_code_are_one_line(text: str) -> None:
    for made in (_markdown.words(text), _markdown.code(text)):
        assert "\n" not in made
        assert "|" not in made
        check(f"x {made}")


def test_words_read_well() -> None:
    assert _markdown.words("Sign out (or restart), then see C:/x y_z.") == "Sign out (or restart), then see `C:/x y_z`."
    plain = "2026-05-17 05:27:31 UTC, 0x80070020, 19.96 MB"
    assert _markdown.words(plain) == plain
    assert _markdown.words("1. @a") == "1\\. `@a`"
    assert _markdown.words("see http:…") == "see `http:…`"
    assert _markdown.words("it hangs (#59934); a file (ending in .jsonl).") == (
        "it hangs (`#59934`); a file (ending in `.jsonl`)."
    )
    assert _markdown.words("f(x) (see a_b) and b(c") == "`f(x)` (see `a_b`) and `b(c`"


def test_is_complete_where_there_is_room(rich: Report) -> None:
    text = render(rich, MARKDOWN)
    assert "Left out" not in text
    for told in ("Add-AppxPackage", "`#59934`", "Known not to work", "chunk 17", "no parser reads it"):
        assert told in text


def huge(text: str, rich: Report) -> Report:
    """Return a report with thousands of everything, each with *text*."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    evidence = tuple(replace(ref, excerpt=text) for ref in rich.findings[1].evidence) * 9
    steps = tuple(replace(step, text=text, command=text, worked=text) for step in rich.findings[1].remedy) * 9
    finding = replace(
        rich.findings[1],
        title=text,
        explanation=text,
        for_developers=text,
        does_not_work=(text,) * 50,
        facts=((text, text),) * 90,
        evidence=evidence,
        remedy=steps,
    )
    verdict = replace(
        rich.verdict,
        headline=text,
        what_happened=(text,) * 30,
        when=text,
        findings=(finding.id,) * 40,
        what_to_do=steps,
    )
    return replace(
        rich,
        verdict=verdict,
        findings=(finding,) * 300,
        notes=(text,) * 99,
        not_judged=(NotJudged(text, Reason.INCONCLUSIVE, text),) * 400,
        problems=(Problem(text, text, text, 1),) * 3000,
        timeline=tuple(TimelineEntry(start + timedelta(seconds=n), "app", text) for n in range(5000)),
        conversations=(Conversation(text, text, text, text),) * 2000,
        custody=replace(rich.custody, members=(Member(text, text, 1, sha256="0" * 64),) * 9000),
    )


LONG = ("word " * 9, "|" * 3000, "`@a " * 900, "\U0001f600" * 2000, "- \n\n\u202e" * 700)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_always_fits(rich: Report, text: str) -> None:
    made = render(huge(text, rich), MARKDOWN)
    check(made)
    assert len(made.encode("utf-16-le")) // 2 < MARKDOWN_LIMIT
    assert "**Left out to keep this short enough for a GitHub issue:**" in made


def test_least_important_goes_first(rich: Report) -> None:
    problems = tuple(Problem("parse", "main.log", f"line {n} is damaged", n) for n in range(1, 3000))
    made = render(replace(rich, problems=problems), MARKDOWN)
    assert "2,949 of 2,999 problems. The HTML and JSON reports have them." in made
    assert rich.findings[1].evidence[3].sha256[:12] in made


def test_half_a_command_is_never_shown(rich: Report) -> None:
    long = rich.verdict.what_to_do[0].command + " ; Remove-Item x" * 400
    step = replace(rich.verdict.what_to_do[0], command=long)
    made = render(replace(rich, verdict=replace(rich.verdict, what_to_do=(step,)), findings=()), MARKDOWN)
    assert "Remove-Item" not in made
    assert "the command is too long for this text" in made


def test_empty_report() -> None:
    assert "No known failure found" in render(Report(Manifest(), Verdict("No known failure found")), MARKDOWN)
