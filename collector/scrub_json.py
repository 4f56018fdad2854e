"""JSON made private where it stands: known keys keep their scrubbed values, other strings become a length and a token.

The text is rewritten string by string, so that what makes a broken file evidence stays: one that ends too early still
does, null bytes stay where they are, and the size stays the same wherever the result is not longer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from claude_evidence.collector import _json_keys as keys
from claude_evidence.collector._json_keys import Rule
from claude_evidence.collector._json_repeats import Repeats, inner
from claude_evidence.collector._json_scan import Level, Lexeme, escape, exact_decoder, scan, without_halves
from claude_evidence.collector._path_parts import HIDDEN, TOKEN, UUID
from claude_evidence.collector._types import Kind

_KEPT_BYTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BAD_UTF8 = re.compile("[\udc80-\udcff]")
_OWN_URL = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*(?:claude\.ai|claude\.com|anthropic\.com|localhost|127\.0\.0\.1)(?::\d+)?(?:/|\Z)"
)
_LONG = 256
_DECODER = exact_decoder()


class Texts(Protocol):
    """What replaces the values: see `scrub_text.Scrubber`."""

    def text(self, text: str) -> str:
        """Return *text* with what identifies replaced."""

    def path(self, path: str) -> str:
        """Return a *path* scrubbed part by part."""

    def token(self, kind: Kind, value: str) -> str:
        """Return the token of *value*."""


@dataclass(frozen=True, slots=True)
class Place:
    """What holds within one object or array: the rule of its strings, and how its keys are taken.

    ``names`` says of what sort the names are that its keys are; ``path`` is dotted, kept for an allow-list.
    """

    rule: Rule | None = None
    hidden: Rule | None = None
    error: bool = False
    names: str = ""
    unknown: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class JsonScrub:
    """Scrubs JSON texts; *allowed* are the dotted paths whose values are kept at all, empty for all known keys.

    In a document of our *own* making, which holds no more than was chosen, the values of other keys are scrubbed like
    text rather than hidden.
    """

    texts: Texts
    allowed: frozenset[str] = frozenset()
    repeats: Repeats[str] = field(default_factory=Repeats)
    own: bool = False

    def document(self, text: str) -> str:
        """Return a whole document scrubbed, of the same length where it is not longer."""
        out = self._whole(text, [], 0)
        missing = len(text.encode("utf-8", "surrogatepass")) - len(out.encode("utf-8", "surrogatepass"))
        bracket = re.search(r"[{\[]", out)
        if missing > 0 and bracket:
            return out[: bracket.end()] + " " * missing + out[bracket.end() :]
        return out

    def _whole(self, text: str, stack: list[Level], depth: int) -> str:
        """Return *text* scrubbed, which begins where *stack* stands; long values in it are looked up if they repeat."""
        pieces: list[str] = []
        at = 0
        for start, end in inner(text, depth, self.repeats.latest):
            pieces += self.pieces(text[at:start], 0, stack, Place())
            pieces.append(self._repeated(text[start:end], stack[-1], depth + 1))
            at = end
        return "".join([*pieces, *self.pieces(text[at:], 0, stack, Place())])

    def _repeated(self, text: str, parent: Level, depth: int) -> str:
        def make() -> str:
            return self._whole(text, [Level(parent.is_object, parent.key, parent.wants_key, parent.state)], depth)

        under = (parent.is_object, parent.key, parent.state, self.allowed)
        return self.repeats.of(text, under, make)

    def value_at(self, text: str, start: int, *, error: bool) -> tuple[str, int]:
        """Return the value that begins at *start* scrubbed, and where it ends; *error*: it tells of a failure.

        In a log its form does not matter: what is sound JSON is read by its values, which is much faster.
        """
        try:
            value, end = _DECODER.raw_decode(text, start)
            new = self._value(value, None, Place(error=error))
            close = '":' in text[start:end] and '": ' not in text[start:end]
            signs = (",", ":") if close else (", ", ": ")
            return without_halves(json.dumps(new, ensure_ascii=text.isascii(), separators=signs)), end
        except (ValueError, RecursionError):
            return self._broken_at(text, start, error=error)

    def _value(self, value: Any, level: Level | None, outer: Place) -> Any:
        """Return a decoded *value* scrubbed; what was said, and secrets, as one text each."""
        if isinstance(value, str):
            place = level.state if level else outer
            assert isinstance(place, Place)
            return self._string(value, level, place)
        if not isinstance(value, dict | list):
            return value
        place = self._entered(level, outer)
        if place.hidden and value:
            kind = Kind.SECRET if place.hidden is Rule.SECRET else Kind.VALUE
            return self._hide(kind, json.dumps(value, ensure_ascii=False))
        inner_level = Level(isinstance(value, dict), state=place)
        if isinstance(value, list):
            return [self._value(item, inner_level, outer) for item in value]
        new = {}
        for key, item in value.items():
            shown = self._key(key, place)
            inner_level.key = key
            new[shown] = self._value(item, inner_level, outer)
        if len(new) < len(value):
            raise ValueError("two keys have one token")
        return new

    def _broken_at(self, text: str, start: int, *, error: bool) -> tuple[str, int]:
        end = start
        stack: list[Level] = []
        pieces = []
        for lexeme, piece in self._scan(text, start, stack, Place(error=error), one=True):
            end = lexeme.start + len(lexeme.text)
            pieces.append(piece)
        return "".join(pieces), end

    def fragment(self, text: str, *, error: bool) -> str:
        """Return one line out of the middle of an object scrubbed."""
        stack = [Level(is_object=True, wants_key=True, state=Place(error=error))]
        return "".join(piece for _, piece in self._scan(text, 0, stack, Place(error=error)))

    def pieces(self, text: str, start: int, stack: list[Level], outer: Place) -> Iterator[str]:
        """Yield *text* from *start* in scrubbed pieces."""
        for _, piece in self._scan(text, start, stack, outer):
            yield piece

    def _scan(
        self, text: str, start: int, stack: list[Level], outer: Place, *, one: bool = False
    ) -> Iterator[tuple[Lexeme, str]]:
        def enter(parent: Level | None, level: Level) -> None:
            level.state = self._entered(parent, outer)

        for lexeme in scan(text, start, stack, enter, one=one):
            yield lexeme, self._piece(lexeme, stack[-1] if stack else None, outer)

    def _entered(self, parent: Level | None, outer: Place) -> Place:
        if parent is None:
            return outer
        above = parent.state
        assert isinstance(above, Place)
        if not parent.is_object:
            return above
        rule = keys.rule_of(parent.key)
        hidden = above.hidden or (rule if rule in (Rule.SECRET, Rule.HIDE_ALL) else None)
        error = above.error or "error" in parent.key.casefold() or rule is Rule.ERROR
        named = keys.NAMED.get(parent.key.casefold(), "")
        unknown = above.unknown or (rule is None and not above.names)
        path = f"{above.path}.{parent.key}" if above.path else parent.key
        return Place(rule, hidden, error, named, unknown, path if self.allowed and len(path) < _LONG else above.path)

    def _piece(self, lexeme: Lexeme, level: Level | None, outer: Place) -> str:
        if lexeme.sort == "sign":
            return lexeme.text
        place = level.state if level else outer
        assert isinstance(place, Place)
        if lexeme.sort == "scalar":
            return lexeme.text if self._is_allowed(level, place) else "null"
        if lexeme.sort == "junk":
            return self._junk(lexeme.text)
        value = lexeme.value
        if lexeme.sort == "key":
            assert level is not None
            level.key = value
            level.wants_key = False
            new = self._key(value, place)
        else:
            new = self._string(value, level, place)
        return lexeme.text if new == value else _quoted(lexeme, new)

    def _junk(self, text: str) -> str:
        if len(text) == 1 and not text.isalnum():
            return text
        return self.texts.token(Kind.VALUE, text) + "".join(_BAD_UTF8.findall(text)[:1])

    def _key(self, key: str, place: Place) -> str:
        if not key or TOKEN.fullmatch(key):
            return key
        if place.names == keys.ACCOUNTS or (UUID.fullmatch(key) and place.rule is Rule.ACCOUNT):
            return self.texts.token(Kind.ACCOUNT, key)
        if key.casefold() in keys.RULES and place.hidden is not Rule.SECRET:
            return key
        if place.hidden or place.unknown:
            return key if keys.is_plain(key) and not place.hidden else self.texts.token(Kind.VALUE, key)
        if place.names or keys.is_identifier(key) or keys.is_plain(key):
            return self.texts.text(key)
        if "/" in key or "\\" in key:
            return self.texts.path(key)
        return self.texts.token(Kind.VALUE, key)

    def _string(self, value: str, level: Level | None, place: Place) -> str:
        if not value or HIDDEN.fullmatch(value):
            return value
        if place.hidden:
            return self._hide(Kind.SECRET if place.hidden is Rule.SECRET else Kind.VALUE, value)
        if not self._is_allowed(level, place):
            return self._hide(Kind.VALUE, value)
        rule = keys.rule_of(level.key) if level and level.is_object else place.rule
        return self._ruled(rule, value, place)

    def _ruled(self, rule: Rule | None, value: str, place: Place) -> str:
        if rule in keys.KINDS:
            kind = keys.KINDS[rule]
            return self._hide(kind, value) if rule in (Rule.TITLE, Rule.SECRET) else self.texts.token(kind, value)
        if rule is Rule.HIDE and not self.own:
            return self._hide(Kind.VALUE, value)
        if rule is Rule.KEEP or keys.is_plain(value):
            return self.texts.text(value) if len(value) <= _LONG else self._hide(Kind.VALUE, value)
        if rule is Rule.PATH:
            return self._path(value)
        if rule is Rule.BRANCH and keys.is_own_branch(value):
            return self.texts.text(value)
        if (rule is Rule.ERROR and place.error) or (self.own and rule in (None, Rule.ERROR)):
            return self.texts.text(value)
        return self._hide(Kind.VALUE, value)

    def _path(self, value: str) -> str:
        if "://" in value and not value.startswith("file:"):
            return self.texts.text(value) if _OWN_URL.match(value) else self._hide(Kind.VALUE, value)
        return self.texts.path(value)

    def _hide(self, kind: Kind, value: str) -> str:
        return f"{self.texts.token(kind, value)} ({len(value)})"

    def _is_allowed(self, level: Level | None, place: Place) -> bool:
        if not self.allowed:
            return True
        own = level.key if level and level.is_object else ""
        path = f"{place.path}.{own}".strip(".").casefold()
        return any(_covers(entry.casefold(), path) for entry in self.allowed)


def _covers(entry: str, path: str) -> bool:
    wanted, given = entry.split("."), path.split(".")
    return len(given) >= len(wanted) and all(w in ("*", g) for w, g in zip(wanted, given, strict=False))


def _quoted(lexeme: Lexeme, new: str) -> str:
    """Return *new* as the string that *lexeme* was: as little closed, as little UTF-8, and with its null bytes."""
    kept = "".join(_KEPT_BYTES.findall(lexeme.text)) if _KEPT_BYTES.search(lexeme.text) else ""
    if (bad := _BAD_UTF8.search(lexeme.text)) and not _BAD_UTF8.search(new):
        kept += bad[0]
    return f'"{escape(new)}{kept}{chr(34) if lexeme.is_closed else ""}'
