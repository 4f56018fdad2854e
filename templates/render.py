"""Report to text: ``report.html.j2`` is one page, ``report.md.j2`` fits a GitHub issue, ``report.json`` has it all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment, FunctionLoader, StrictUndefined, runtime
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from claude_evidence import compiled
from claude_evidence.model import Report, UsageError
from claude_evidence.templates import (
    _bidi,
    _cadence,
    _chain,
    _history,
    _ledger,
    _markdown,
    _strip,
    _textline,
    _view,
    _words,
)
from claude_evidence.templates._clock import Clock, iso
from claude_evidence.templates._fit import Room, fitted, left_out, rooms
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates.report_json import to_json

HTML, MARKDOWN, JSON = "report.html.j2", "report.md.j2", "report.json"
SCRIPTS = ("report", "tables")
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
    "open": 30,
}


def render(report: Report, template: str = HTML, *, zone: str | None = None) -> str:
    """Return *report* as text; *zone* (IANA name) overrides the manifest's. The same report gives the same text.

    Raises ``UsageError`` for an unknown template.
    """
    writers: Mapping[str, Callable[[Report, Clock], str]] = {
        HTML: _html,
        MARKDOWN: _issue_text,
        JSON: lambda report, _: to_json(report),
    }
    if template not in writers:
        raise UsageError(f"no template {template!r}: there are {', '.join(writers)}")
    return writers[template](report, Clock.of(report.manifest, zone))


def _html(report: Report, clock: Clock) -> str:
    style, script = _resource("report.css"), "".join(_resource(f"scripts/{name}.js") for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment(HTML)
        .get_template(HTML)
        .render(
            report=report,
            clock=clock,
            limits=HTML_LIMITS,
            policy=policy,
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            strips=_strip.strips(report),
            anchors=_anchors(report),
            findings_by_id=_by_id(report),
        )
    )


def _issue_text(report: Report, clock: Clock) -> str:
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
    template = _environment(MARKDOWN).get_template(MARKDOWN)
    return template.render(report=cut, full=report, clock=clock, room=room, left_out=left_out(report, cut, room))


def _length(text: str) -> int:
    """Return the length as a browser counts it, in UTF-16 units: never less than the number of characters."""
    return len(text.encode("utf-16-le")) // 2


def _anchors(report: Report) -> dict[str, str]:
    """Return the HTML id of every listed member by its name; the first of two alike keeps it."""
    shown = report.custody.members[: HTML_LIMITS["members"]]
    return {member.name: f"member-{number}" for number, member in reversed(list(enumerate(shown, 1)))}


def _by_id(report: Report) -> dict[str, Any]:
    return {finding.id: finding for finding in reversed(report.findings)}


def _resource(name: str) -> str:
    return files("claude_evidence.templates").joinpath(name).read_text("utf-8")


class _Kept(BytecodeCache):
    """Compiled templates beside the compiled modules of this folder; compiling them takes longer than rendering."""

    def load_bytecode(self, bucket: Bucket) -> None:
        place = self._place(bucket)
        data = compiled.read(place) if place else None
        if data is not None:
            bucket.bytecode_from_string(data)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if place := self._place(bucket):
            compiled.write(place, bucket.bytecode_to_string())

    def _place(self, bucket: Bucket) -> Path | None:
        folder = compiled.folder(__file__)
        return folder / f"template.{_state()}.{bucket.key}.kept" if folder else None


@cache
def _state() -> str:
    """Return a word that changes with this module and with the library, for both decide what is compiled."""
    return compiled.key([Path(__file__), Path(str(runtime.__file__))])[:16]


def _source(name: str) -> str | None:
    try:
        return _resource(name)
    except (FileNotFoundError, KeyError):  # a KeyError from inside a zip application
        return None


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment(template: str) -> Environment:
    """Return the environment for one format: nothing reaches the text that was not made visible and inert."""
    loader: BaseLoader = FunctionLoader(_source)
    environment = Environment(
        autoescape=True,
        optimized=False,  # templates run once here: folding their constants costs more than it saves
        undefined=StrictUndefined,
        loader=loader,
        bytecode_cache=_Kept(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_html_text if template == HTML else _markdown_text,
    )
    environment.filters.update(
        number=_words.number,
        many=_words.many,
        size=_words.size,
        short_hash=_words.short_hash,
        clip=clip,
        isolated=_bidi.isolated,
        iso=iso,
        level_word=_words.level_word,
        issue=_view.issue,
        paragraphs=_view.paragraphs,
        block=_block,
        code=_markdown.code,
        fence=_markdown.fence,
        basename=_basename,
    )
    environment.globals.update(_globals())
    return environment


def _globals() -> dict[str, Any]:
    return {
        "bounded": _view.bounded,
        "bounded_timeline": _view.bounded_timeline,
        "moments": _view.moments,
        "anchor": _view.anchor,
        "related": _view.related,
        "chain": _chain.chain,
        "story": _chain.story,
        "is_plain": _chain.is_plain,
        "beside": _chain.beside,
        "text_timeline": _textline.text_timeline,
        "history": _history.history,
        "cadence": _cadence.cadence,
        "sums": _ledger.sums,
        "unread": _view.unread,
        "looked_at": _view.looked_at,
        "questions": _view.questions,
        "open_rules": _view.open_rules,
        "mismatched": _view.mismatched,
        "many": _words.many,
        "said": _words.said,
        "bins": _strip.BINS,
        "bar_height": _strip.HEIGHT,
        "SHAPES": _words.SHAPES,
        "LANES": _words.LANE_WORDS,
        "REASONS": _words.REASONS,
        "RISKS": _words.RISKS,
        "OUTCOMES": _words.OUTCOMES,
        "STEPS": _history.KINDS,
        "VERSIONS": _words.VERSIONS,
    }


def _html_text(value: Any) -> Any:
    """Make a text visible on its way into the page; the escaping comes after."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown_text(value: Any) -> Any:
    """Make a text inert Markdown, so that a template need not remember it."""
    return _markdown.words(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _block(text: str) -> Markup:
    """Return text for inside ``<pre>``: line breaks and tabs stay."""
    return escape(visible(text, block=True))


def _basename(path: str) -> str:
    return path.rpartition("/")[2] or path
