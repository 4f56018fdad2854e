"""What a rule asks, in plain values: made of pySigma's objects once (`_rule_forms`), judged and kept without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from claude_evidence.analyzers._questions import Test

Part = TypeVar("Part")


@dataclass(frozen=True)
class Joined(Generic[Part]):
    """Parts of a condition joined by a word; ``not`` has one part."""

    word: Literal["and", "or", "not"]
    parts: tuple[Part | Joined[Part], ...]


@dataclass(frozen=True)
class Present:
    """The field has a value, or (``yes`` is False) has none."""

    yes: bool


@dataclass(frozen=True)
class Related:
    """The field's text stands in a relation (``equals`` …) to that of the field ``other``."""

    other: str
    how: Literal["equals", "startswith", "endswith", "contains"]


@dataclass(frozen=True)
class Refused:
    """What cannot be answered, as the sentence that says so."""

    reason: str


@dataclass(frozen=True)
class Asked:
    """A question to one field, or, where ``field`` is None, to every text of the record."""

    field: str | None
    what: Test | Present | Related | Refused


Condition = Joined[Asked | Refused] | Asked | Refused
Expression = Joined[str] | str
"""Which documents a temporal correlation wants, by reference."""


@dataclass(frozen=True)
class LogSource:
    """Which records a rule is about (a `taxonomy.LogSource`)."""

    product: str | None = None
    category: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class Detection:
    """A plain document: records of ``logsource`` for which one of ``conditions`` holds.

    ``refused`` says why it cannot be judged at all, "" where it can.
    """

    logsource: LogSource
    conditions: tuple[Condition, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Threshold:
    """How many events or documents, or what of ``fields``, compares as ``op`` (``gte`` …) with ``count``."""

    op: str
    count: int | float
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correlation:
    """A document over the matches of others, which ``names`` lists as the rule refers to them.

    ``kind`` is Sigma's word (``event_count`` …), ``span`` the time span as it is written. ``aliases`` maps a name for a
    field to the names that it has in the documents, by reference; ``targets`` references to the names of documents.
    """

    kind: str
    span: str
    span_s: int
    condition: Threshold | Expression
    names: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)

    @property
    def temporal(self) -> bool:
        """Whether it asks which documents come together, rather than how many events."""
        return self.kind in ("temporal", "temporal_ordered")
