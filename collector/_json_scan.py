"""JSON read as it is written, whole or broken: its strings with what they stand under, everything else in between.

Nothing is parsed into values, so that a text that ends too early, or is no JSON at all, keeps its form and its size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LEXEME = re.compile(
    r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[ \t\r\n\x00\ufeff]++|[^"{}\[\],:\s\x00]++|.', re.DOTALL
)
_SCALAR = re.compile(r"-?\d{1,400}(?:\.\d{0,400})?(?:[eE][+-]?\d{0,9})?|true|false|null|-|\.")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))')
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(slots=True)
class Level:
    """One open object or array: its last key, whether a key comes next, and what the reader keeps about it."""

    is_object: bool
    key: str = ""
    wants_key: bool = False
    state: object = None


@dataclass(frozen=True, slots=True)
class Lexeme:
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
    value = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SIMPLE.get(m[2], m[2]), body)
    if any("\ud800" <= c <= "\udbff" for c in value):
        return re.sub("[\ud800-\udbff][\udc00-\udfff]", _joined, value)
    return value


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def escape(value: str) -> str:
    """Return *value* as the body of a JSON string; what is no character stays for the encoder to write back."""
    out = value.replace("\\", "\\\\").replace('"', '\\"')
    return re.sub(r"[\x00-\x1f]", lambda m: f"\\u{ord(m[0]):04x}", out)
