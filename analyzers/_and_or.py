"""Several things in one text, with the word of the language between them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from claude_evidence.messages import lazy_gettext


def both(parts: Iterable[str]) -> str:
    """Return *parts*, of which there is at least one, with "and" between them."""
    return reduce(lambda one, other: lazy_gettext("%(one)s and %(other)s", one=one, other=other), parts)


def either(parts: Iterable[str]) -> str:
    """Return *parts*, of which there is at least one, with "or" between them."""
    return reduce(lambda one, other: lazy_gettext("%(one)s or %(other)s", one=one, other=other), parts)
