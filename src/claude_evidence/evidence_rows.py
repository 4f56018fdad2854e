"""What passes between the folders of the evidence itself: rows that a report carries, and how many fell when."""

from __future__ import annotations

from dataclasses import dataclass

from claude_evidence.model import EvidenceRef

AROUND = 5
"""How many rows before and after one that was found are told with it."""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One row of evidence that the report carries.

    ``position`` is the row's place in ``table`` (0-based): rows of one member whose places follow one another stood
    next to one another. ``findings`` are the ids of those that rest on it. ``why`` is ``found``, ``near`` (a
    neighbour of what was found) or ``error`` (the app or Windows called it one).
    """

    table: str
    position: int
    evidence: EvidenceRef
    why: str = "found"
    findings: tuple[str, ...] = ()


MOST_SESSIONS = 20
"""Of a storm: the sessions with the most records are told."""


@dataclass(frozen=True, slots=True)
class Density:
    """How many rows of one lane fell when: ``counts[n]`` in the ``step_s`` seconds from ``times[n]`` (Unix, rising)."""

    lane: str
    step_s: int
    times: tuple[int, ...]
    counts: tuple[int, ...]


__all__ = ["AROUND", "MOST_SESSIONS", "Density", "EvidenceRow"]
