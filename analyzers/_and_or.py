"""Several things in one text, with the word of the language between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claude_evidence.messages import gettext_noop, lazy_gettext

_BOTH, _EITHER = gettext_noop("%(one)s and %(other)s"), gettext_noop("%(one)s or %(other)s")


def both(parts: Iterable[str]) -> str:
    """Return *parts*, of which there is at least one, with "and" between them."""
    return _between(_BOTH, list(parts))


def either(parts: Iterable[str]) -> str:
    """Return *parts*, of which there is at least one, with "or" between them."""
    return _between(_EITHER, list(parts))


def _between(text: str, parts: Sequence[str]) -> str:
    """Return *parts* in *text*, by halves: one by one, thousands would lie too deep in each other to be told."""
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + 1) // 2
    return lazy_gettext(text, one=_between(text, parts[:middle]), other=_between(text, parts[middle:]))
