"""What the discovery learns from text and from JSON: values in the places where only an identity stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from claude_evidence.collector import _conversation, _fields, _path_text, secret_shapes
from claude_evidence.collector import _json_keys as keys
from claude_evidence.collector._json_keys import Rule
from claude_evidence.collector._json_repeats import Repeats, inner
from claude_evidence.collector._json_scan import Level, exact_decoder, scan
from claude_evidence.collector._path_parts import UUID, roles
from claude_evidence.collector._spellings import plain
from claude_evidence.collector._types import Kind
from claude_evidence.collector._vocabulary import is_message
from claude_evidence.collector.scrub_text import EMAIL, SIDS

Note = Callable[[Kind, str], None]
_COMMON_VALUE = re.compile(
    r"(?:production|development|staging|debug|verbose|info|warning|error|true|false|enabled|disabled|default|stdio|utf-?8"
    r"|[a-z]{2}[_-][a-z]{2}(?:\.utf-?8)?|[\d.:,/ -]+|https?://(?:localhost|127\.0\.0\.1)[:/\d]{0,8})\Z", re.IGNORECASE
)  # fmt: skip
_SECRET_NAME = re.compile(r"key|token|secret|pass|pwd|auth|cred|bearer|cookie|pat\b|dsn|conn", re.IGNORECASE)
_FLAG = re.compile(
    r"--?[A-Za-z-]{0,32}(?:key|token|secret|password|auth|header)[A-Za-z-]{0,16}(?:=(?P<value>.{4,4096}))?\Z",
    re.IGNORECASE,
)
SAID = "\0said"
_DECODER = exact_decoder()
SHORTEST_VALUE, SHORTEST_TITLE, LONGEST_VALUE = 8, 12, 4096


class Learning:
    """Reads text and JSON and tells *note* each value that identifies, *path* each path, *user* names of profiles."""

    def __init__(self, note: Note, path: Callable[[str], None]) -> None:
        self._note, self._path = note, path
        self._repeats: Repeats[None] = Repeats()

    def text(self, text: str) -> None:
        """Learn from one line of a log, or any other short text: from JSON in it by its keys."""
        position = 0
        while (found := _conversation.JSON.search(text, position)) or position < len(text):
            self._prose(text[position : found.start() if found else None])
            if not found:
                break
            position = max(self._value_at(text, found.start()), found.end())

    def _value_at(self, text: str, start: int) -> int:
        """Learn from the JSON value that begins at *start* in a line of a log; return where it ends."""
        try:
            value, end = _DECODER.raw_decode(text, start)
            self._tree(value, None)
        except (ValueError, RecursionError):
            return self._strings(text, start, [], one=True)
        return end

    def _tree(self, value: dict[str, Any] | list[Any], parent: Level | None) -> None:
        level = Level(isinstance(value, dict))
        _enter(parent, level)
        pairs = value.items() if isinstance(value, dict) else (("", item) for item in value)
        flagged, under = False, str(level.state or "")
        for key, item in pairs:
            level.key = key
            if key:
                self._key(key, under)
            if isinstance(item, dict | list):
                self._tree(item, level)
            elif isinstance(item, str) and item and _is_said(level):
                self._shallow(item)
            elif isinstance(item, str) and item:
                flagged = self._value(item, key, keys.rule_of(key) if key else None, under, flagged)

    def _prose(self, text: str) -> None:
        self._shapes(text)
        self._fields(text)
        for match in SIDS.finditer(text):
            self._note(Kind.SID, match[0].upper())
        self._paths(text)
        for match in _conversation.FIELD.finditer(text):
            if match["title"]:
                self.title(text[match.end() : _conversation.closing(text, match.end(), match["quote"])])

    def _shapes(self, text: str) -> None:
        secrets = list(secret_shapes.find(text))
        for start, end in secrets:
            self._note(Kind.SECRET, text[start:end])
        for match in EMAIL.finditer(text) if "@" in text or "%40" in text else ():
            if not any(start < match.end() and match.start() < end for start, end in secrets):
                self._note(Kind.EMAIL, plain(match[0]))

    def _fields(self, text: str) -> None:
        for kind, value in _fields.found(text):
            self._note(kind, value)

    def _paths(self, text: str) -> None:
        for found in _path_text.find(text):
            parts = found.parts[1:] if found.host else found.parts
            if found.host and len(found.parts) > 1 and UUID.fullmatch(found.parts[0]) is None:
                self.parts([*parts], root=True)
                continue
            self.parts(list(parts), root=found.root)
            start, end = found.spans[0][0], found.spans[-1][1]
            self._path(plain(text[max(0, start - 4) : end]))

    def parts(self, parts: list[str], *, root: bool = True) -> None:
        """Learn from the parts of a path: whose profile it is, whose registry, whose SID."""
        for part, role in zip(parts, roles(parts, root=root), strict=True):
            if isinstance(role, Kind) and role is not Kind.PATH:
                self._note(role, plain(part).upper() if role is Kind.SID else plain(part))

    def title(self, title: str) -> None:
        """Learn the title of a conversation where it is long enough to be nobody's everyday words."""
        title = title.strip()
        words = title.split()
        if len(title) >= SHORTEST_TITLE and len(words) > 1 and not is_message(title):
            self._note(Kind.TITLE, title)

    def json(self, text: str) -> None:
        """Learn from the JSON document *text*, whole or broken."""
        self._whole(text, [], 0)

    def _whole(self, text: str, stack: list[Level], depth: int) -> None:
        """Learn from *text*, which begins where *stack* stands; from long values that repeat, once."""
        at = 0
        for start, end in inner(text, depth, self._repeats.latest):
            self._strings(text[at:start], 0, stack)
            self._repeated(text[start:end], stack[-1], depth + 1)
            at = end
        self._strings(text[at:], 0, stack)

    def _repeated(self, text: str, parent: Level, depth: int) -> None:
        def learn() -> None:
            self._whole(text, [Level(parent.is_object, parent.key, parent.wants_key, parent.state)], depth)

        self._repeats.of(text, (parent.is_object, parent.key, parent.state), learn)

    def _strings(self, text: str, start: int, stack: list[Level], *, one: bool = False) -> int:
        """Learn from the strings of *text* from *start* on; return where the reading ended."""
        flagged, end = False, start
        for lexeme in scan(text, start, stack, _enter, one=one):
            end = lexeme.start + len(lexeme.text)
            top = stack[-1] if stack else None
            if lexeme.sort not in ("key", "string"):
                continue
            value = lexeme.value
            if lexeme.sort == "key":
                assert top is not None
                top.key, top.wants_key = value, False
                self._key(value, str(top.state or ""))
            elif value and top is not None and _is_said(top):
                self._shallow(value)
            elif value and top is not None:
                rule = keys.rule_of(top.key) if top.is_object else None
                flagged = self._value(value, top.key if top.is_object else "", rule, str(top.state or ""), flagged)
        return end

    def _key(self, key: str, under: str) -> None:
        if under == "bypasspermissionsgatebyaccount":
            self._note(Kind.ACCOUNT, key)

    def _value(self, value: str, key: str, rule: Rule | None, under: str, flagged: bool) -> bool:
        """Learn one string; return whether the next one is the value of a flag that takes a secret."""
        if under.startswith("secret") or rule is Rule.SECRET or flagged:
            self._secret(value, key)
        elif under == "args":
            match = _FLAG.match(value)
            if match and match["value"]:
                self._secret(match["value"], "token")
            if match:
                return match["value"] is None
        if rule in (Rule.ACCOUNT, Rule.ORGANISATION, Rule.EMAIL, Rule.NAME, Rule.USER, Rule.HOST):
            if value.casefold() not in _fields.NOBODY and len(value) <= 256:
                self._note(keys.KINDS[rule], value)
        elif rule is Rule.TITLE:
            self.title(value)
        elif rule is Rule.PATH and len(value) <= LONGEST_VALUE:
            self._path(value)
        self._shallow(value)
        return False

    def _shallow(self, value: str) -> None:
        self._shapes(value)
        self._fields(value)
        self._paths(value)

    def _secret(self, value: str, key: str) -> None:
        """Learn a value out of an environment, a header or a token cache: where it is no everyday word."""
        value = value.strip()
        named = bool(_SECRET_NAME.search(key))
        if not SHORTEST_VALUE <= len(value) <= LONGEST_VALUE or _COMMON_VALUE.match(value):
            return
        if re.match(r"[A-Za-z]:[\\/]|/|~", value) and not named:
            self._path(value)
            return
        self._note(Kind.SECRET if named else Kind.VALUE, value)
        scheme, _, rest = value.partition(" ")
        if scheme.casefold() in ("bearer", "basic", "token") and len(rest) >= SHORTEST_VALUE:
            self._note(Kind.SECRET, rest)


def _is_said(level: Level) -> bool:
    """Return whether the texts of *level* are what people and tools said: their keys are no evidence of anything."""
    if level.state == SAID:
        return True
    return level.is_object and level.key != "args" and keys.rule_of(level.key) is Rule.HIDE_ALL


def _enter(parent: Level | None, level: Level) -> None:
    """Keep with each level what its texts are: secrets, arguments, or the key they stand under."""
    if parent is None:
        return
    above, key = str(parent.state or ""), parent.key.casefold() if parent.is_object else ""
    if above.startswith("secret") or (key and keys.rule_of(key) is Rule.SECRET):
        level.state = "secret"
    elif above == SAID or (key != "args" and keys.rule_of(key) is Rule.HIDE_ALL):
        level.state = SAID
    else:
        level.state = key or above
