"""What is said of a rule that cannot be judged."""

from __future__ import annotations


class UnsupportedError(Exception):
    """A rule uses something that cannot be answered: one sentence that names it."""


class MissingError(Exception):
    """A rule needs evidence that is not there: one sentence that names it."""
