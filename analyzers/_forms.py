"""What a rule asks, in plain values: made of pySigma's objects once (`_rule_forms`), judged and kept without them.

Named tuples, because every run makes and reads them: a dataclass takes five times as long to be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from claude_evidence.analyzers._questions import Test

Part = TypeVar("Part")


class Joined(NamedTuple, Generic[Part]):
    """Parts of a condition joined by a word; ``not`` has one part."""

    word: Literal["and", "or", "not"]
    parts: tuple[Part | Joined[Part], ...]


class Present(NamedTuple):
    """The field has a value, or (``yes`` is False) has none."""

    yes: bool


class Related(NamedTuple):
    """The field's text stands in a relation (``equals`` …) to that of the field ``other``."""

    other: str
    how: Literal["equals", "startswith", "endswith", "contains"]


class Refused(NamedTuple):
    """What cannot be answered, as the sentence that says so."""

    reason: str


class Asked(NamedTuple):
    """A question to one field, or, where ``field`` is None, to every text of the record."""

    field: str | None
    what: Test | Present | Related | Refused


Condition = Joined[Asked | Refused] | Asked | Refused
Expression = Joined[str] | str
"""Which documents a temporal correlation wants, by reference."""


class LogSource(NamedTuple):
    """Which records a rule is about (a `taxonomy.LogSource`)."""

    product: str | None = None
    category: str | None = None
    service: str | None = None


class Detection(NamedTuple):
    """A plain document: records of ``logsource`` for which one of ``conditions`` holds.

    ``refused`` says why it cannot be judged at all, "" where it can.
    """

    logsource: LogSource
    conditions: tuple[Condition, ...] = ()
    refused: str = ""


class Threshold(NamedTuple):
    """How many events or documents, or what of ``fields``, compares as ``op`` (``gte`` …) with ``bound``."""

    op: str
    bound: int | float
    fields: tuple[str, ...] = ()


class Correlation(NamedTuple):
    """A document over the matches of others, which ``names`` lists as the rule refers to them.

    ``kind`` is Sigma's word (``event_count`` …), ``span`` the time span as it is written. ``aliases`` maps a name for a
    field to the names that it has in the documents, by reference; ``targets`` references to the names of documents.
    """

    kind: str
    span: str
    span_s: int
    condition: Threshold | Expression
    names: tuple[str, ...]
    group_by: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    targets: Mapping[str, str]

    @property
    def temporal(self) -> bool:
        """Whether it asks which documents come together, rather than how many events."""
        return self.kind in ("temporal", "temporal_ordered")
