"""What passes between the folders when rows become a timeline for other tools."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One time of one row of evidence, for other tools' timelines: what happened then (``meaning``) and the row's text.

    ``table`` is ``finding`` for what we state. ``time`` is None where only the wall clock (``local_time``) is known.
    ``rules`` name the rules that rest on the row.
    """

    time: datetime | None
    meaning: str
    message: str
    table: str
    member: str
    record: int
    sha256: str
    local_time: datetime | None = None
    rules: tuple[str, ...] = ()
