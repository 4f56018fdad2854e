"""A comparison as text for the terminal, as Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from claude_evidence.comparison import Answer, Comparison, FindingChange
from claude_evidence.model import Manifest
from claude_evidence.templates import _markdown
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates._words import SHAPES, many
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
    width = max(width, 40)
    lines = list(wrap(visible(comparison.headline), width))
    lines += wrap(_taken(comparison), width, "  ")
    for heading, rows in _sections(comparison):
        lines += ["", heading]
        for sign, text in rows:
            lines += wrap(visible(clip(text, 600)), width, f"  {sign} ")
    return "\n".join(lines) + "\n"


def to_markdown(comparison: Comparison) -> str:
    """Return the same as Markdown in which nothing of the evidence is markup."""
    lines = [f"## {_markdown.words(comparison.headline)}", "", _markdown.words(_taken(comparison))]
    for heading, rows in _sections(comparison):
        lines += ["", f"### {heading}", "", *(f"- {sign} {_markdown.words(clip(text, 600))}" for sign, text in rows)]
    return "\n".join([*lines, "", "<sub>claude-evidence diff</sub>"]) + "\n"


def to_json(comparison: Comparison) -> str:
    """Return all of *comparison* as JSON; ``schema`` names its version."""
    return plain_json(SCHEMA, comparison)


def _taken(comparison: Comparison) -> str:
    clock = Clock.of(Manifest(timezone=comparison.timezone))
    first, last = (clock.both(t) if t else "unknown" for t in (comparison.taken_before, comparison.taken_after))
    return f"First bundle: {first}. Second bundle: {last}. {many(comparison.boots, 'boot')} of the machine in between."


def _sections(comparison: Comparison) -> Iterator[Section]:
    yield f"Findings ({len(comparison.findings):,})", _cut([(SIGNS[o.answer], _told(o)) for o in comparison.findings])
    pairs = [("·", f"{one.name}: {one.before or 'unknown'} → {one.after or 'unknown'}") for one in comparison.facts]
    if pairs:
        yield f"What else changed ({len(pairs):,})", _cut(pairs)
    rows = [
        ("·", f"{one.session_id}: {one.before or 'not there'} → {one.after or 'not there'}")
        for one in comparison.conversations
    ]
    if rows:
        yield f"Conversations whose state changed ({len(rows):,})", _cut(rows)
    if comparison.notes:
        yield "To keep in mind", [("!", note) for note in comparison.notes]


def _cut(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    more = len(rows) - MOST
    return rows if more <= 0 else [*rows[:MOST], ("…", f"and {more:,} more (-f json has them all)")]


def _told(one: FindingChange) -> str:
    parts = [f"{SHAPES[one.level]} {one.level.value} {one.title}: {one.answer.value}"]
    if one.answer is Answer.STILL:
        parts.append(f"{many(one.since, 'record')} since the first bundle")
    elif one.answer not in (Answer.NEW, Answer.GONE) and one.before != one.after:
        parts.append(f"{one.before:,} → {one.after:,}")
    if one.detail:
        parts.append(one.detail)
    return "; ".join(parts) + (f" [{one.group}]" if one.group else "")
