"""A comparison as text for the terminal, as Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from claude_evidence.comparison import Answer, Comparison, FindingChange
from claude_evidence.messages import gettext, ngettext, told, translated
from claude_evidence.model import Manifest
from claude_evidence.templates import _markdown
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates._words import SHAPES
from claude_evidence.templates.report_json import plain_json
from claude_evidence.templates.terminal import wrap

SCHEMA = "claude-evidence/comparison/1"
MOST = 50
SIGNS = {
    Answer.NEW: "+", Answer.STILL: "!", Answer.MORE: "!", Answer.SAME: "=", Answer.FEWER: "-", Answer.UNKNOWN: "?",
    Answer.QUIET: "✓", Answer.GONE: "✓",
}  # fmt: skip
Section = tuple[str, list[tuple[str, str]]]
"""A heading, and lines of a sign and a text."""


def to_text(comparison: Comparison, *, width: int) -> str:
    """Return lines of at most *width* columns (40 at least), with no control character but line breaks."""
    comparison, width = told(comparison), max(width, 40)
    lines = list(wrap(visible(comparison.headline), width))
    lines += wrap(_taken(comparison), width, "  ")
    for heading, rows in _sections(comparison):
        lines += ["", heading]
        for sign, text in rows:
            lines += wrap(visible(clip(text, 600)), width, f"  {sign} ")
    return "\n".join(lines) + "\n"


def to_markdown(comparison: Comparison) -> str:
    """Return the same as Markdown in which nothing of the evidence is markup."""
    comparison = told(comparison)
    lines = [f"## {_markdown.words(comparison.headline)}", "", _markdown.words(_taken(comparison))]
    for heading, rows in _sections(comparison):
        lines += [
            "",
            f"### {_markdown.words(heading)}",
            "",
            *(f"- {sign} {_markdown.words(clip(text, 600))}" for sign, text in rows),
        ]
    return "\n".join([*lines, "", "<sub>claude-evidence diff</sub>"]) + "\n"


def to_json(comparison: Comparison) -> str:
    """Return all of *comparison* as JSON; ``schema`` names its version."""
    return plain_json(SCHEMA, comparison)


def _taken(comparison: Comparison) -> str:
    clock = Clock.of(Manifest(timezone=comparison.timezone))
    first, last = (
        clock.both(t) if t else gettext("unknown") for t in (comparison.taken_before, comparison.taken_after)
    )
    taken = gettext("First bundle: %(first)s. Second bundle: %(last)s.", first=first, last=last)
    if comparison.boots is None:
        return taken
    boots = ngettext(
        "%(num)s boot of the machine in between.", "%(num)s boots of the machine in between.", comparison.boots
    )
    return f"{taken} {boots}"


def _sections(comparison: Comparison) -> Iterator[Section]:
    findings = _cut([(SIGNS[one.answer], _said(one)) for one in comparison.findings])
    yield gettext("Findings (%(num)s)", num=len(comparison.findings)), findings
    unknown, absent = gettext("unknown"), gettext("not there")
    facts = [_change(one.name, one.before or unknown, one.after or unknown) for one in comparison.facts]
    if facts:
        yield gettext("What else changed (%(num)s)", num=len(facts)), _cut(facts)
    states = [
        _change(one.session_id, translated(one.before) or absent, translated(one.after) or absent)
        for one in comparison.conversations
    ]
    if states:
        yield gettext("Conversations whose state changed (%(num)s)", num=len(states)), _cut(states)
    if comparison.notes:
        yield gettext("To keep in mind"), [("!", note) for note in comparison.notes]


def _change(name: str, before: str, after: str) -> tuple[str, str]:
    return "·", f"{name}: {before} → {after}"


def _cut(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    more = len(rows) - MOST
    if more <= 0:
        return rows
    rest = ngettext("and %(num)s more (-f json has them all)", "and %(num)s more (-f json has them all)", more)
    return [*rows[:MOST], ("…", rest)]


def _said(one: FindingChange) -> str:
    level, answer = translated(one.level.value), translated(one.answer.value)
    parts = [
        f"{SHAPES[one.level]} "
        + gettext("%(level)s %(title)s: %(answer)s", level=level, title=one.title, answer=answer)
    ]
    if one.answer is Answer.STILL:
        parts.append(
            ngettext("%(num)s record since the first bundle", "%(num)s records since the first bundle", one.since)
        )
    elif one.answer not in (Answer.NEW, Answer.GONE) and one.before != one.after:
        parts.append(f"{one.before:,} → {one.after:,}")
    if one.detail:
        parts.append(one.detail)
    return "; ".join(parts) + (f" [{one.group}]" if one.group else "")
