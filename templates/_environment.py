"""How templates are read, compiled and filled: nothing reaches a text that was not made visible and inert."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment, FunctionLoader, StrictUndefined, runtime
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from claude_evidence import compiled, messages
from claude_evidence.evidence_rows import MOST_SESSIONS
from claude_evidence.templates import (
    _bidi,
    _cadence,
    _chain,
    _history,
    _ledger,
    _markdown,
    _records,
    _strip,
    _textline,
    _view,
    _words,
)
from claude_evidence.templates._clock import iso
from claude_evidence.templates._visible import clip, visible

_TAGGED = re.compile(f"({messages.MARKUP.pattern})")


def resource(name: str) -> str:
    """Return the text of a file of this folder."""
    return files("claude_evidence.templates").joinpath(name).read_text("utf-8")


class _Kept(BytecodeCache):
    """Compiled templates among compiled modules; compiling them takes longer than rendering."""

    def load_bytecode(self, bucket: Bucket) -> None:
        place = self._place(bucket)
        data = compiled.read(place) if place else None
        if data is not None:
            bucket.bytecode_from_string(data)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if place := self._place(bucket):
            compiled.write(place, bucket.bytecode_to_string())

    def _place(self, bucket: Bucket) -> Path | None:
        folder = compiled.folder()
        return folder / f"claude_evidence.template.{_state()}.{bucket.key}.kept" if folder else None


@cache
def _state() -> str:
    """Return a word that changes with this module and with the library, for both decide what is compiled."""
    return compiled.key([Path(__file__), Path(str(runtime.__file__))])[:16]


def _source(name: str) -> str | None:
    try:
        return resource(name)
    except (FileNotFoundError, KeyError):  # a KeyError from inside a zip application
        return None


@cache
def environment(*, html: bool) -> Environment:
    """Return the environment for one format: nothing reaches the text that was not made visible and inert."""
    loader: BaseLoader = FunctionLoader(_source)
    made = Environment(
        autoescape=True,
        optimized=False,  # templates run once here: folding their constants costs more than it saves
        undefined=StrictUndefined,
        loader=loader,
        bytecode_cache=_Kept(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_html_text if html else _markdown_text,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.filters.update(
        number=_words.number,
        size=_words.size,
        short_hash=_words.short_hash,
        clip=clip,
        isolated=_bidi.isolated,
        iso=iso,
        level_word=_words.level_word,
        capital=_words.capital,
        issue=_view.issue,
        paragraphs=_view.paragraphs,
        block=_block,
        code=_markdown.code,
        fence=_markdown.fence,
        basename=_basename,
        translated=messages.translated,
    )
    made.globals.update(_globals(), **(_said(_html_text, _quoted) if html else _said(_markdown_text, _markdown.framed)))
    return made


def _globals() -> dict[str, Any]:
    return {
        "language": messages.language,
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
        "records": _records.records,
        "sheets": _records.sheets,
        "sums": _ledger.sums,
        "by_wall_clock": _view.by_wall_clock,
        "saving": _ledger.saving,
        "unread": _view.unread,
        "looked_at": _view.looked_at,
        "questions": _view.questions,
        "open_rules": _view.open_rules,
        "mismatched": _view.mismatched,
        "reported": _words.reported,
        "bins": _strip.BINS,
        "bar_height": _strip.HEIGHT,
        "most_sessions": MOST_SESSIONS,
        "SHAPES": _words.SHAPES,
        "LANES": _words.LANE_WORDS,
        "REASONS": _words.REASONS,
        "RISKS": _words.RISKS,
        "OUTCOMES": _words.OUTCOMES,
        "STEPS": _history.KINDS,
    }


def _said(inert: Callable[[Any], Any], framed: Callable[[str, str], str]) -> dict[str, Callable[..., Markup]]:
    """Return the functions that say a text of a template: a translation cannot leave its place, nor can a value."""

    @lru_cache(maxsize=4096)  # rows say the same again and again
    def frame(text: str, said: str) -> Markup:
        return Markup(framed(text, said))  # noqa: S704 - ours

    def fill(text: str, said: str, values: dict[str, Any]) -> Markup:
        return frame(text, said) % {name: inert(value) for name, value in messages.shown(values).items()}

    def gettext(text: str, **values: Any) -> Markup:
        return fill(text, messages.translated(text), values)

    def ngettext(one: str, many: str, num: int, **values: Any) -> Markup:
        text = one if num == 1 else many
        return fill(text, messages.translated_many(one, many, num), {"num": num, **values})

    return {"gettext": gettext, "ngettext": ngettext}


def _quoted(_text: str, said: str) -> str:
    """Return *said* with the quotation marks outside its tags escaped: it may stand in an attribute."""
    return "".join(part if part[:1] == "<" else part.replace('"', "&quot;") for part in _TAGGED.split(said))


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
