"""What is said of a rule that cannot be judged."""

from __future__ import annotations

from claude_evidence.messages import lazy_gettext


class UnsupportedError(Exception):
    """A rule uses something that cannot be answered: one sentence that names it."""


class MissingError(Exception):
    """A rule needs evidence that is not there: one sentence that names it."""


def sentence(reason: Exception, place: str) -> str:
    """Return what *reason* says, with *place* (a file and a line) where a rule uses something that is not supported.

    ``str`` of an exception forgets the other languages of its text.
    """
    said: str = reason.args[0]
    if isinstance(reason, UnsupportedError):
        return lazy_gettext("%(reason)s (%(place)s)", reason=said, place=place)
    return said
