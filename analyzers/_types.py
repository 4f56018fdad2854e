"""What the modules of this folder hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claude_evidence.model import Level, NotJudged, Problem

if TYPE_CHECKING:
    import numpy as np

    from claude_evidence.analyzers._forms import Correlation, Detection


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """One Sigma document, named ``<stem>`` or ``<stem>__part``; ``id`` is its UUID, "" without one.

    ``generate`` says whether its own matches are reported.

    A document that a correlation names is reported only where that correlation says ``generate: true``.
    """

    name: str
    stem: str
    file: Path
    line: int
    asks: Detection | Correlation
    title: str
    level: Level
    generate: bool = True
    custom: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The loaded rules. ``fields`` are the field names they use; ``not_judged`` what could not be loaded, and why."""

    documents: tuple[RuleDocument, ...] = ()
    fields: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()

    def mains(self) -> dict[str, RuleDocument]:
        """Return the first document of each rule file, by the file's stem."""
        return {document.stem: document for document in reversed(self.documents)}


@dataclass(frozen=True, slots=True)
class Hit:
    """What one document matched, in one group.

    ``rows`` maps a table's name to the positions of the matching rows, in order of time; for a correlation these are
    the rows of all its parts. ``count`` is the number the finding states. ``group`` is the group-by value as text,
    ``""`` without one; ``parts`` maps the name of each document of a correlation to its rows.
    """

    document: RuleDocument
    count: int
    rows: Mapping[str, np.ndarray]
    group: str = ""
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of the tables; ``answered`` are the rules (file stems) of which a document could be judged."""

    hits: tuple[Hit, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    problems: tuple[Problem, ...] = ()
    answered: frozenset[str] = frozenset()
