"""What each kind of Sigma value asks of a text: pySigma has applied the modifiers, their results are answered here.

Every value class of pySigma is either answered or refused by name (`UnsupportedError`), never ignored.
"""

from __future__ import annotations

import ipaddress
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
    TimestampPart,
)

from claude_evidence.analyzers._bytescan import Mask
from claude_evidence.analyzers._columns import Test
from claude_evidence.analyzers._conditions import UnsupportedError
from claude_evidence.analyzers._re2 import refusal
from claude_evidence.analyzers._text import Glob, Wild
from claude_evidence.analyzers._textscan import Texts
from claude_evidence.errors import hresult

Number = int | float
Compare = Callable[[Any, Any], Any]

OPERATORS: dict[CompareOperators, Compare] = {
    CompareOperators.LT: operator.lt,
    CompareOperators.LTE: operator.le,
    CompareOperators.GT: operator.gt,
    CompareOperators.GTE: operator.ge,
    CompareOperators.NEQ: operator.ne,
}

PARTS: dict[TimestampPart, Callable[[datetime], int]] = {
    TimestampPart.MINUTE: lambda time: time.minute,
    TimestampPart.HOUR: lambda time: time.hour,
    TimestampPart.DAY: lambda time: time.day,
    TimestampPart.WEEK: lambda time: time.isocalendar().week,
    TimestampPart.MONTH: lambda time: time.month,
    TimestampPart.YEAR: lambda time: time.year,
}


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
        return _each(texts, self._holds)

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

    op: CompareOperators
    number: Number

    def _holds(self, text: str) -> bool:
        value = number(text)
        return value is not None and bool(OPERATORS[self.op](value, self.number))


@dataclass(frozen=True)
class HasPart(_OneByOne):
    """The text is a time (UTC unless it says otherwise) of which a part, a number, compares so; weeks are ISO weeks."""

    part: TimestampPart
    op: CompareOperators | None
    number: Number

    def _holds(self, text: str) -> bool:
        try:
            time = datetime.fromisoformat(text.strip())
        except ValueError:
            return False
        part = PARTS[self.part](time.astimezone(UTC) if time.tzinfo else time)
        return bool(OPERATORS[self.op](part, self.number)) if self.op else part == self.number

    def of_times(self, times: pd.Series[Any]) -> Mask:
        """Return which of *times* pass."""
        parts = times.dt.isocalendar() if self.part is TimestampPart.WEEK else times.dt
        part = getattr(parts, self.part.name.lower()).to_numpy(dtype=float, na_value=np.nan)
        compare = OPERATORS[self.op] if self.op else operator.eq
        return np.asarray(compare(part, self.number), np.bool_) & times.notna().to_numpy()


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


def question(value: SigmaType, field: str | None = None) -> Test:
    """Return what *value* asks of the text of *field*; `UnsupportedError` names what cannot be answered.

    Values that ask more than one text (null, exists, fieldref, expansions) are the matcher's.
    """
    if isinstance(value, SigmaString):
        return Fits(_glob(value, field))
    if isinstance(value, SigmaTimestampPart):
        return HasPart(value.timestamp_part, None, value.number)
    if isinstance(value, SigmaNumber):
        return Fits(Glob.literal(_normal(str(value.number), field)))
    if isinstance(value, SigmaBool):
        return Fits(Glob.literal("true" if value.boolean else "false"))
    if isinstance(value, SigmaRegularExpression):
        return _regex(value)
    if isinstance(value, SigmaCIDRExpression):
        return Within(value.network)
    if isinstance(value, SigmaCompareExpression):
        inner = value.number
        if isinstance(inner, SigmaTimestampPart):
            return HasPart(inner.timestamp_part, value.op, inner.number)
        return Compares(value.op, inner.number)
    raise UnsupportedError(f"values of the kind {type(value).__name__} are not supported")


def _glob(value: SigmaString, field: str | None) -> Glob:
    parts: list[str | Wild] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise UnsupportedError(f"the placeholder %{part.name}% (modifier expand) is not supported")
        if isinstance(part, SpecialChars):
            parts.append(Wild.ANY if part is SpecialChars.WILDCARD_MULTI else Wild.ONE)
        elif part:
            parts.append(part)
    if len(parts) == 1 and isinstance(parts[0], str):
        parts = [_normal(parts[0], field)]
    return Glob(tuple(parts), isinstance(value, SigmaCasedString))


def _normal(text: str, field: str | None) -> str:
    """Return a rule's value of HResult as the column has it; any other as it is."""
    return hresult(text) or text if field == "HResult" else text


def _regex(value: SigmaRegularExpression) -> Matches:
    if value.contains_placeholder():
        raise UnsupportedError("placeholders in regular expressions (modifier expand) are not supported")
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    pattern = (f"(?{flags})" if flags else "") + str(value.regexp)
    if why := refusal(pattern):
        raise UnsupportedError(why)
    return Matches(pattern)


def _each(texts: Texts, holds: Callable[[str], bool]) -> Mask:
    return np.array([text is not None and holds(text) for text in texts.strings], np.bool_)
