"""What each kind of Sigma value asks of a text: pySigma has applied the modifiers, their results are told here.

Every value class of pySigma is either told as a question or refused by name (`UnsupportedError`), never ignored.
"""

from __future__ import annotations

from enum import Enum

from sigma.types import (
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
)

from claude_evidence.analyzers._questions import Compares, Fits, HasPart, Matches, Test, Within
from claude_evidence.analyzers._re2 import refusal
from claude_evidence.analyzers._refusals import UnsupportedError
from claude_evidence.analyzers._text import Glob, Wild
from claude_evidence.errors import hresult


def question(value: SigmaType, field: str | None = None) -> Test:
    """Return what *value* asks of the text of *field*; `UnsupportedError` names what cannot be answered.

    Values that ask more than one text (null, exists, fieldref, expansions) are no such questions.
    """
    if isinstance(value, SigmaString):
        return Fits(_glob(value, field))
    if isinstance(value, SigmaTimestampPart):
        return HasPart(_word(value.timestamp_part), "eq", value.number)
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
            return HasPart(_word(inner.timestamp_part), _word(value.op), inner.number)
        return Compares(_word(value.op), inner.number)
    raise UnsupportedError(f"values of the kind {type(value).__name__} are not supported")


def _word(member: Enum) -> str:
    """Return a member of one of pySigma's enumerations as Sigma writes it."""
    return str(member.name).lower()


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
