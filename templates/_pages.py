"""The report by a template: a page that stands alone, and Markdown that fits a GitHub issue."""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup, escape

from claude_evidence.model import Report
from claude_evidence.templates import _strip
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._environment import environment, resource
from claude_evidence.templates._fit import Room, fitted, left_out, rooms
from claude_evidence.templates._records import row_ids
from claude_evidence.templates._script_words import script_words
from claude_evidence.templates._timeline_data import timeline_data
from claude_evidence.templates._view import by_id

HTML, MARKDOWN = "report.html.j2", "report.md.j2"
STYLES = ("vendor/uplot.css", "report.css")
OWN_SCRIPTS = ("words", "report", "tables", "explorer", "timeline", "moves")
SCRIPTS = ("vendor/uplot.js", *(f"scripts/{name}.js" for name in OWN_SCRIPTS))
MARKDOWN_LIMIT = 60_000
# How much the page shows of lists that have no natural end; what is cut is said, and the JSON has it all.
HTML_LIMITS = {
    "timeline": 500,
    "conversations": 2000,
    "problems": 500,
    "members": 2000,
    "acquisitions": 1000,
    "findings": 500,
    "evidence": 60,
    "packages": 500,
    "boots": 300,
    "not_judged": 500,
    "inputs": 200,
    "moments": 12,
    "rows": 1000,
    "open": 30,
}


def page(report: Report, clock: Clock) -> str:
    """Return the page."""
    style, script = ("".join(map(resource, names)) for names in (STYLES, SCRIPTS))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        environment(html=True)
        .get_template(HTML)
        .render(
            report=report,
            clock=clock,
            limits=HTML_LIMITS,
            policy=policy,
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            words=escape(script_words(script)),  # texts of ours: a joiner that a language needs is no mark
            strips=_strip.strips(report),
            timeline_data=timeline_data(report, clock),
            row_ids=row_ids(report),
            anchors=_anchors(report),
            findings_by_id=by_id(report),
        )
    )


def issue_text(report: Report, clock: Clock) -> str:
    """Return the Markdown for the largest room that fits: all if it can, else found by halving the steps between."""
    large, *smaller = rooms()
    text = _in_room(report, clock, large)
    if _length(text) < MARKDOWN_LIMIT:
        return text
    first, last = 0, len(smaller) - 1
    text = _in_room(report, clock, smaller[last])
    while first < last:
        middle = (first + last) // 2
        candidate = _in_room(report, clock, smaller[middle])
        if _length(candidate) < MARKDOWN_LIMIT:
            text, last = candidate, middle
        else:
            first = middle + 1
    return text


def _in_room(report: Report, clock: Clock, room: Room) -> str:
    cut = fitted(report, room)
    template = environment(html=False).get_template(MARKDOWN)
    return template.render(report=cut, full=report, clock=clock, room=room, left_out=left_out(report, cut, room))


def _length(text: str) -> int:
    """Return the length as a browser counts it, in UTF-16 units: never less than the number of characters."""
    return len(text.encode("utf-16-le")) // 2


def _anchors(report: Report) -> dict[str, str]:
    """Return the HTML id of every listed member by its name; the first of two alike keeps it."""
    shown = report.custody.members[: HTML_LIMITS["members"]]
    return {member.name: f"member-{number}" for number, member in reversed(list(enumerate(shown, 1)))}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
