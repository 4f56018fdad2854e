"""Text from evidence and rules made inert in Markdown: as words, as a code span, or inside a fence.

GitHub acts on text twice: the Markdown parser makes links, images, HTML and tables, and later filters turn what is left
of ``@name``, ``#123``, ``GH-123``, commit hashes and ``:smile:`` into references. Neither touches code, so every word
that is not plainly a word becomes a code span.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from claude_evidence.templates._visible import visible

_EDGE = "[\"'(“‘«]*"
_TAIL = "[\"')”’».,;:!?…]*"
_WORD = re.compile(rf"{_EDGE}(?:[^\W_]+(?:[-.,/'’][^\W_]+)*%?|[+-]?\d\d:\d\d(?::\d\d)?){_TAIL}|[-–—…·×]")
_ACTIVE = re.compile(r"(?i)https?:|www\.|gh-\d|(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])")
_LIST_START = re.compile(r"^(\d{1,9})([.)])$")
_RUN = re.compile(r"(`{64,}|~{64,})")
_SIGNS = re.compile(rf"(?i)[`*_~\[\]{{}}|\\<>#@$&^+=]|:[a-z]\w*:|{_ACTIVE.pattern.removeprefix('(?i)')}")
_TICKS = re.compile("`+")
_TILDES = re.compile("~+")


def words(text: str) -> Markup:
    """Return *text* as one line of prose; words that Markdown or GitHub could act on stand in code spans."""
    parts: list[str] = []
    pending: list[str] = []
    for token in visible(text).split():
        if _WORD.fullmatch(token) and not _ACTIVE.search(token):
            if pending:
                parts.append(_span(pending))
                pending = []
            parts.append(_plain(token))
        else:
            pending.append(token)
    if pending:
        parts.append(_span(pending))
    return Markup(" ".join(parts))  # noqa: S704 - made inert above


def code(text: str) -> Markup:
    """Return *text* as a code span, fit for a table; a backtick or a bar, which would end it, shows as a mark."""
    shown = visible(text).replace("`", "⟨U+0060⟩").replace("|", "⟨U+007C⟩")
    if not shown.strip():
        return Markup("–")
    # a span that begins and ends with a space loses both; trimmed, it shows what it holds
    return Markup(f"`{shown.strip()}`")  # noqa: S704 - made inert above


def fence(text: str, language: str = "text") -> Markup:
    """Return *text* between fences that nothing in it can close.

    Parsers take no more than 255 characters of a fence, so very long runs in the text are counted instead of shown.
    """
    shown = _RUN.sub(lambda match: f"⟨U+{ord(match[0][0]):04X} × {len(match[0])}⟩", visible(text, block=True))
    ticks, tildes = _longest(_TICKS, shown), _longest(_TILDES, shown)
    line = "`" * max(3, ticks + 1) if ticks <= tildes else "~" * max(3, tildes + 1)
    return Markup(f"{line}{language}\n{shown.rstrip(chr(10))}\n{line}")  # noqa: S704 - closed by a longer run


def framed(text: str, said: str) -> str:
    """Return *said*, a translation of *text*, where it has the same Markdown signs, and *text* where it has not."""
    return said if said == text or sorted(_SIGNS.findall(said)) == sorted(_SIGNS.findall(text)) else text


def _longest(pattern: re.Pattern[str], text: str) -> int:
    return max((len(run) for run in pattern.findall(text)), default=0)


def _plain(word: str) -> str:
    """Return *word* with the one thing escaped that Markdown could still see in it: a list's number or dash."""
    return "\\-" if word == "-" else _LIST_START.sub(r"\1\\\2", word)


def _span(tokens: list[str]) -> str:
    """Return tokens as one code span; brackets and stops that belong to the sentence stay outside."""
    text = " ".join(tokens)
    core = text.rstrip(".,;") or text
    core = core[:-1] if core.endswith("):") else core
    start = "(" if _opened(core) else ""
    end = ")" if _closed(core) else ""
    return start + code(core.removeprefix(start).removesuffix(end)) + end + text[len(core) :]


def _opened(text: str) -> bool:
    """Say whether *text* begins with a bracket that closes at its end or in a later word."""
    return len(text) > 2 and text[0] == "(" and text.count("(") == 1 and ")" not in text[:-1]


def _closed(text: str) -> bool:
    """Say whether *text* ends with the bracket that stands at its beginning or in an earlier word."""
    return len(text) > 2 and text[-1] == ")" and text.count(")") == 1 and "(" not in text[1:]
