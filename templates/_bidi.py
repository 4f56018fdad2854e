"""Names from right to left inside of sentences: set apart, so that what stands beside them keeps its place."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from claude_evidence.templates._visible import visible

_LETTER = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
"""Blocks of the scripts that are written from right to left."""
_WORD = rf"[^\s()“”{_LETTER}]*[{_LETTER}](?:[^\s()“”]*[^\s()“”.,;:!?])?"
_NAME = re.compile(rf"{_WORD}(?: {_WORD})*")


def isolated(text: str) -> Markup:
    """Return *text* for the inside of an element, each run of words with such letters in a ``<bdi>``."""
    shown = visible(text)
    if shown.isascii():
        return escape(shown)
    parts, last = [], 0
    for match in _NAME.finditer(shown):
        parts += [escape(shown[last : match.start()]), Markup("<bdi>{}</bdi>").format(match[0])]
        last = match.end()
    return Markup("").join([*parts, escape(shown[last:])])
