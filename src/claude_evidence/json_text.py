"""JSON from strangers: strict, bounded in nesting, and honest about how it ends.

The standard library accepts ``NaN``, refuses integers of many digits with an error of its own, and follows nesting
until the interpreter stops it. Here all three have one answer: a `JsonError`.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 200
_SPACE = " \t\n\r"
_SPACES = re.compile(f"[{_SPACE}]*+")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKET = re.compile(r"[^][{}]+")
# What may be left of a value where a text was cut: a number's tail, an escape, a word (see _is_cut).
_CUT_VALUE = re.compile(r"-|\.|[.0-9]*[eE][+-]?|u[0-9a-fA-F]{0,4}")


class JsonError(ValueError):
    """A text that is no JSON; ``truncated`` where it is the beginning of one and merely ends too early."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


def loads(text: str) -> Any:
    """Return the value of *text*, nested at most `MAX_DEPTH` deep; `JsonError` otherwise.

    Of a key given twice the last value counts, as in JavaScript. Numbers too long for a 64-bit integer become floats.
    """
    if not _within_depth(text):
        raise JsonError(f"nested more than {MAX_DEPTH} deep")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} at character {error.pos}", truncated=_is_cut(text, error)) from error
    except RecursionError as error:
        raise JsonError("nested too deep") from error


def partial_object(text: str) -> dict[str, Any]:
    """Return the complete top-level pairs of an object whose text may end anywhere; empty where it begins otherwise.

    >>> partial_object('{"a": {"b": 1}, "c": "x", "d": [1, 2')
    {'a': {'b': 1}, 'c': 'x'}
    """
    found: dict[str, Any] = {}
    position = _skip(text, 0)
    expected = "{"
    try:
        while text[position : position + 1] == expected:
            key, position = _DECODER.raw_decode(text, _skip(text, position + 1))
            position = _skip(text, position)
            if not isinstance(key, str) or text[position : position + 1] != ":":
                break
            value, position = _DECODER.raw_decode(text, _skip(text, position + 1))
            position, expected = _skip(text, position), ","
            # a number at the very end may be the beginning of a longer one
            if position < len(text) or not isinstance(value, (int, float)):
                found[key] = value
    except (ValueError, RecursionError):
        pass  # the cut: what stands before it is what there is
    return found


def loads_line(line: bytes) -> Any:
    """Return the value of one line of JSON Lines, integers as floats; ValueError or RecursionError otherwise.

    For many small texts of which only strings and booleans matter: it does not look at the nesting beforehand.
    """
    text = line.decode()
    if text[:1] == "{":
        try:
            value, end = _SCAN_LINE(text, 0)
        except StopIteration as error:
            raise JsonError(f"no value at character {error.value}") from error
        if not text[end:].strip(_SPACE):
            return value
    return _LINE_DECODER.decode(text)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def _refuse(constant: str) -> NoReturn:
    raise JsonError(f"{constant} is no JSON number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse)
# float() is fast and, unlike int(), has no limit of digits.
_LINE_DECODER = json.JSONDecoder(parse_int=float, parse_constant=_refuse)
_SCAN_LINE = _LINE_DECODER.scan_once  # type: ignore[attr-defined]  # half the time of decode()


def _skip(text: str, position: int) -> int:
    return _SPACES.match(text, position).end()  # type: ignore[union-attr]


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    tail = text[error.pos :]
    if error.msg.startswith("Unterminated string") or not tail.strip(_SPACE):
        return True
    return bool(_CUT_VALUE.fullmatch(tail)) or any(word.startswith(tail) for word in ("true", "false", "null"))


def _within_depth(text: str) -> bool:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return True
    depth = 0
    for bracket in _NOT_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "{[" else -1
        if depth > MAX_DEPTH:
            return False
    return True
