"""JSON read as it is written, whole or broken: its strings with what they stand under, everything else in between.

Nothing is parsed into values, so that a text that ends too early, or is no JSON at all, keeps its form and its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json import decoder
from typing import Any, NamedTuple

_LEXEME = re.compile(
    r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[ \t\r\n\x00\ufeff]++|[^"{}\[\],:\s\x00]++|.', re.DOTALL
)
_SCALAR = re.compile(r"-?\d{1,400}(?:\.\d{0,400})?(?:[eE][+-]?\d{0,9})?|true|false|null|-|\.")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))')
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # those between stand for bytes that are no UTF-8
_UNWRITTEN = re.compile(f"[\x00-\x1f]|{_HALF.pattern}")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(slots=True)
class Level:
    """One open object or array: its last key, whether a key comes next, and what the reader keeps about it."""

    is_object: bool
    key: str = ""
    wants_key: bool = False
    state: object = None


class Lexeme(NamedTuple):
    """One piece of the text. ``sort`` is key, string, scalar, junk (no JSON at all) or sign (brackets, space, …)."""

    sort: str
    text: str
    start: int

    @property
    def value(self) -> str:
        """The string that is written, without its quotes and escapes."""
        body = self.text[1:-1] if self.is_closed else self.text[1:]
        return unescape(body) if "\\" in body else body

    @property
    def is_closed(self) -> bool:
        """Whether a string has its closing quote."""
        text = self.text
        if len(text) < 2 or text[-1] != '"':
            return False
        backslashes = len(text) - 1 - len(text[:-1].rstrip("\\"))
        return backslashes % 2 == 0


def scan(
    text: str, start: int, stack: list[Level], enter: Callable[[Level | None, Level], None], *, one: bool = False
) -> Iterator[Lexeme]:
    """Yield the lexemes of *text* from *start*; *stack* always holds what is open, *enter* fills a new level's state.

    With *one* the scan ends after the value that begins at *start*.
    """
    depth = len(stack)
    for match in _LEXEME.finditer(text, start):
        piece = match[0]
        first = piece[0]
        top = stack[-1] if stack else None
        if first == '"':
            is_key = bool(top and top.is_object and top.wants_key)
            yield Lexeme("key" if is_key else "string", piece, match.start())
        elif first in "{}[],:":
            yield Lexeme("sign", piece, match.start())
            _sign(first, stack, enter)
            if one and first in "}]" and len(stack) <= depth:
                return
        elif piece.isspace() or first in "\0\ufeff":
            yield Lexeme("sign", piece, match.start())
        else:
            is_scalar = _SCALAR.fullmatch(piece) or (match.end() == len(text) and _begins_word(piece))
            yield Lexeme("scalar" if is_scalar else "junk", piece, match.start())


def _sign(sign: str, stack: list[Level], enter: Callable[[Level | None, Level], None]) -> None:
    top = stack[-1] if stack else None
    if sign in "{[":
        level = Level(sign == "{", "", sign == "{")
        enter(top, level)
        stack.append(level)
    elif sign in "}]":
        if stack:
            stack.pop()
    elif top and top.is_object:
        top.wants_key = sign == ","


def _begins_word(piece: str) -> bool:
    return any(word.startswith(piece) for word in ("true", "false", "null"))


def unescape(body: str) -> str:
    """Return what a JSON string's *body* says; a broken escape stays as it is."""
    try:
        value, _ = _string(f'{body}"', 0, False)
        return value
    except ValueError:
        pass
    value = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SIMPLE.get(m[2], m[2]), body)
    return value if value.isascii() else _PAIR.sub(_joined, value)


def exact_decoder() -> json.JSONDecoder:
    """Return a decoder whose values, encoded again, say the same; ValueError where they could not."""
    return json.JSONDecoder(strict=False, object_pairs_hook=_object, parse_float=_float, parse_constant=_float)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands there twice")
    return value


def _float(text: str) -> float:
    value = float(text)
    if repr(value) != text:
        raise ValueError("a number would be written otherwise")
    return value


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def escape(value: str) -> str:
    """Return *value* as the body of a JSON string; what is no character stays for the encoder to write back."""
    return _UNWRITTEN.sub(_written, value.replace("\\", "\\\\").replace('"', '\\"'))


def without_halves(text: str) -> str:
    """Return JSON *text* with halves of surrogate pairs escaped: no encoder takes them."""
    return text if text.isascii() else _HALF.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
