"""What can be asked of a text, as plain values: a pattern, a regular expression, a network, a number, a part of a time.

Rules are loaded without numpy: only an answer needs it.
"""

from __future__ import annotations

import ipaddress
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from claude_evidence.analyzers._text import Glob

if TYPE_CHECKING:
    from claude_evidence.analyzers._bytescan import Mask
    from claude_evidence.analyzers._textscan import Texts

Number = int | float
Compare = Callable[[Any, Any], Any]

OPERATORS: dict[str, Compare] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}
"""By Sigma's words."""

PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda time: time.minute,
    "hour": lambda time: time.hour,
    "day": lambda time: time.day,
    "week": lambda time: time.isocalendar().week,
    "month": lambda time: time.month,
    "year": lambda time: time.year,
}


class Test(Protocol):
    """What a rule asks of a text; ``key`` is equal for equal questions."""

    @property
    def key(self) -> Hashable: ...

    def on(self, texts: Texts) -> Mask:
        """Return which of *texts* pass; a missing one never does."""


@dataclass(frozen=True)
class Fits:
    """The text fits a pattern."""

    glob: Glob

    @property
    def key(self) -> Hashable:
        return self.glob

    def on(self, texts: Texts) -> Mask:
        return texts.fitting(self.glob)


@dataclass(frozen=True)
class Matches:
    """The text has a match of a regular expression (RE2: time is linear in the text) somewhere in it."""

    pattern: str

    @property
    def key(self) -> Hashable:
        return self

    def on(self, texts: Texts) -> Mask:
        return texts.matching(self.pattern)


class _OneByOne(ABC):
    """A question that is put to each distinct text by itself."""

    @property
    def key(self) -> Hashable:
        return self

    def on(self, texts: Texts) -> Mask:
        import numpy as np

        return np.array([text is not None and self._holds(text) for text in texts.strings], np.bool_)

    @abstractmethod
    def _holds(self, text: str) -> bool:
        """Return whether *text* passes."""


@dataclass(frozen=True)
class Within(_OneByOne):
    """The text is an address in a network."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network

    def _holds(self, text: str) -> bool:
        try:
            return ipaddress.ip_address(text.strip()) in self.network
        except ValueError:
            return False


@dataclass(frozen=True)
class Compares(_OneByOne):
    """The text is a decimal number that compares so with a number; hexadecimal text is no number here."""

    op: str
    number: Number

    def _holds(self, text: str) -> bool:
        value = number(text)
        return value is not None and bool(OPERATORS[self.op](value, self.number))


@dataclass(frozen=True)
class HasPart(_OneByOne):
    """The text is a time (UTC unless it says otherwise) of which a part, a number, compares so; weeks are ISO weeks."""

    part: str
    op: str
    number: Number

    def _holds(self, text: str) -> bool:
        try:
            time = datetime.fromisoformat(text.strip())
        except ValueError:
            return False
        part = PARTS[self.part](time.astimezone(UTC) if time.tzinfo else time)
        return bool(OPERATORS[self.op](part, self.number))


def number(text: str) -> Number | None:
    """Return *text* as a number, exactly; None where it is no decimal number.

    >>> number("17"), number("-1.5"), number("0x11"), number("1_0"), number("nan")
    (17, -1.5, None, None, None)
    """
    text = text.strip()
    if not text.isascii() or len(text) > 400 or not text[-1:].isdigit() or "_" in text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
