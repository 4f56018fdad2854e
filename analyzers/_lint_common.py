"""What every check of the rule lint is given and gives."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claude_evidence.analyzers._rule_drafts import Draft, Words
from claude_evidence.analyzers._rule_parse import line
from claude_evidence.analyzers._yaml_lines import Node

Complaints = Iterator[tuple[int, str]]
"""Line and message, one clear sentence each."""


@dataclass(slots=True)
class Subject:
    """One document under the lint.

    ``house`` says that the rules for our own rules hold: the file is one of the package's, or says something under
    ``custom``. ``words`` includes what the document inherits; ``reported`` is whether its own matches are reported;
    ``stems`` are the names of all rule files and ``tables`` the columns of every table, None where nobody said.
    """

    draft: Draft
    house: bool
    reported: bool
    words: Words
    stems: frozenset[str]
    tables: Mapping[str, frozenset[str]] | None = None

    @property
    def node(self) -> Node:
        """The document's root."""
        return self.draft.node

    @property
    def data(self) -> Mapping[str, Any]:
        """The document's data."""
        return self.draft.data

    def line(self, *path: str | int) -> int:
        """Return the line of *path* in the document."""
        return line(self.draft.node, *path)


def unknown_keys(subject: Subject, known: Iterable[str], *path: str | int) -> Complaints:
    """Yield each key of the mapping at *path* that is not among *known*."""
    found: Any = subject.data
    for step in path:
        found = found[step]
    names = sorted(known)
    for key in found if isinstance(found, dict) else ():
        if key not in names:
            where = f" in {'.'.join(str(step) for step in path)}" if path else ""
            yield subject.line(*path, key), f"the key {key}{where} is not known{near(str(key), names)}"


def near(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` where one of *known* is close to *name*, else an empty text.

    >>> near("levl", ["level", "title"])
    '; did you mean level?'
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def listed(value: object) -> list[Any]:
    """Return *value* as a list: itself, its one item, or nothing for None."""
    return value if isinstance(value, list) else [] if value is None else [value]
