"""What passes between the folders when two bundles of one machine are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from claude_evidence.messages import gettext_noop
from claude_evidence.model import Level


class Answer(StrEnum):
    """What became of one finding between two bundles.

    ``STILL``: it has happened again since the first was taken. ``QUIET``: it has not, though the later evidence goes
    on. ``SAME``, ``MORE``, ``FEWER``: a state that is there in both. ``UNKNOWN``: the later evidence cannot say.
    """

    NEW = gettext_noop("new")
    STILL = gettext_noop("still happening")
    MORE = gettext_noop("more")
    SAME = gettext_noop("unchanged")
    UNKNOWN = gettext_noop("cannot be said")
    FEWER = gettext_noop("fewer")
    QUIET = gettext_noop("not since")
    GONE = gettext_noop("gone")

    @property
    def is_over(self) -> bool:
        """Whether nothing of the finding is left to mend."""
        return self in (Answer.QUIET, Answer.GONE)


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding in one of the bundles or in both; ``since`` counts its records after the first bundle was taken."""

    rule: str
    title: str
    level: Level
    answer: Answer
    group: str = ""
    before: int = 0
    after: int = 0
    since: int = 0
    last_seen: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ConversationChange:
    """A conversation whose state is another one; ``""`` stands for a bundle that does not know it."""

    session_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact of the machine or the app that differs: a version, the zone, a setting."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles of one machine, compared. ``boots`` counts the machine's boots between them.

    It is None where the second one has no System log, or where nothing says when the first was taken.
    ``taken_before`` and ``taken_after`` are when they were taken, None where nothing says.
    """

    headline: str
    taken_before: datetime | None
    taken_after: datetime | None
    findings: tuple[FindingChange, ...] = ()
    conversations: tuple[ConversationChange, ...] = ()
    facts: tuple[FactChange, ...] = ()
    boots: int | None = None
    notes: tuple[str, ...] = ()
    timezone: str | None = None

    def worst(self) -> int:
        """Return the rank of the worst finding that is new, happens again or is more than before; -1 without one."""
        open_ = (Answer.NEW, Answer.STILL, Answer.MORE)
        return max((one.level.rank for one in self.findings if one.answer in open_), default=-1)
