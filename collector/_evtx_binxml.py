"""One walk over BinXml that is written out, in a template or bare: where its texts lie and which values are whose.

Names are skipped: they belong to the manifest of the provider. Raises `DamagedError` for whatever is no BinXml.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from claude_evidence.evtx_format import NAME_HEADER, Token
from claude_evidence.evtx_values import ValueType

MAX_DEPTH = 64
_U16, _U32 = struct.Struct("<H"), struct.Struct("<I")
_FLAG_MASK = 0xFF ^ Token.MORE
_SYSTEM, _EVENT_ID, _PROVIDER, _NAME, _COMPUTER = (
    word.encode("utf-16-le") for word in ("System", "EventID", "Provider", "Name", "Computer")
)  # fmt: skip


class DamagedError(Exception):
    """Bytes that do not follow the format."""


@dataclass(slots=True)
class Markup:
    """What a stretch of BinXml holds; offsets count from the chunk's beginning."""

    end: int = 0
    literals: list[tuple[int, int, bool]] = field(default_factory=list)
    """Start and end of each text, and whether it is content outside System."""
    system: set[int] = field(default_factory=set)
    """Substitutions that stand in System: all others are the event's own data."""
    event_id: int = -1
    """The substitution that says the event id, -1 where none does."""
    provider: int = -1
    provider_literal: tuple[int, int] = (0, 0)
    computer: int = -1
    """The substitution that says which machine it is, -1 where none does."""
    computer_literal: tuple[int, int] = (0, 0)


def walk(data: bytes, start: int, limit: int, *, dependencies: bool = True) -> Markup:
    """Return what the elements from *start* up to their end-of-fragment token hold; none lies at or behind *limit*.

    *dependencies*: whether elements name the substitution they depend on, as they do in templates.
    """
    try:
        return _Walk(data, limit, dependencies).run(start)
    except (struct.error, IndexError) as error:
        raise DamagedError from error


class _Walk:
    """The state of one walk: open elements, whether it is inside System, the attribute whose value comes next."""

    def __init__(self, data: bytes, limit: int, dependencies: bool) -> None:
        self._data, self._limit, self._dependencies = data, limit, dependencies
        self._open: list[bytes] = []
        self._system_depth = 0
        self._attribute = b""
        self.markup = Markup()

    def run(self, at: int) -> Markup:
        steps: dict[int, _Step] = _STEPS
        while at < self._limit:
            token = self._data[at]
            if token == Token.END_OF_FRAGMENT:
                if self._open:
                    raise DamagedError
                self.markup.end = at + 1
                return self.markup
            step = steps.get(token & _FLAG_MASK)
            if step is None:
                raise DamagedError
            at = step(self, at, token)
        raise DamagedError

    def element(self, at: int, token: int) -> int:
        at += 7 if self._dependencies else 5
        name, at = self._name(at)
        self._open.append(name)
        if len(self._open) > MAX_DEPTH:
            raise DamagedError
        if name == _SYSTEM and not self._system_depth:
            self._system_depth = len(self._open)
        self._attribute = b""
        return at + 4 if token & Token.MORE else at

    def close_start(self, at: int, token: int) -> int:
        self._attribute = b""
        return at + 1

    def end_element(self, at: int, token: int) -> int:
        if not self._open:
            raise DamagedError
        if len(self._open) == self._system_depth:
            self._system_depth = 0
        self._open.pop()
        self._attribute = b""
        return at + 1

    def attribute(self, at: int, token: int) -> int:
        self._attribute, at = self._name(at + 1)
        return at

    def value(self, at: int, token: int) -> int:
        if self._data[at + 1] != ValueType.STRING:
            raise DamagedError
        return self.text(at + 1, token)

    def text(self, at: int, token: int) -> int:
        start = at + 3
        end: int = start + 2 * _U16.unpack_from(self._data, at + 1)[0]
        if end > self._limit:
            raise DamagedError
        outside = not self._system_depth and not self._attribute
        self.markup.literals.append((start, end, outside))
        if self._is_provider():
            self.markup.provider_literal = start, end
        elif self._system_depth and self._open[-1] == _COMPUTER and not self._attribute:
            self.markup.computer_literal = start, end
        return end

    def character(self, at: int, token: int) -> int:
        return at + 3

    def named(self, at: int, token: int) -> int:
        return self._name(at + 1)[1]

    def substitution(self, at: int, token: int) -> int:
        index = _U16.unpack_from(self._data, at + 1)[0]
        if self._system_depth:
            self.markup.system.add(index)
            if self._open[-1] == _EVENT_ID and not self._attribute:
                self.markup.event_id = index
            elif self._open[-1] == _COMPUTER and not self._attribute:
                self.markup.computer = index
            elif self._is_provider():
                self.markup.provider = index
        return at + 4

    def fragment(self, at: int, token: int) -> int:
        return at + 4

    def _is_provider(self) -> bool:
        return bool(self._system_depth) and self._attribute == _NAME and self._open[-1] == _PROVIDER

    def _name(self, at: int) -> tuple[bytes, int]:
        """Return the name that is referred to at *at*, and where to go on: behind it where it is written there."""
        offset = _U32.unpack_from(self._data, at)[0]
        start = offset + NAME_HEADER.size
        end = start + 2 * _U16.unpack_from(self._data, start - 2)[0]
        at += 4
        if offset == at:
            at = end + 2
            if at > self._limit:
                raise DamagedError
        return self._data[start:end], at


_Step: TypeAlias = Callable[[_Walk, int, int], int]
_STEPS: dict[int, _Step] = {
    Token.OPEN_ELEMENT: _Walk.element,
    Token.CLOSE_START: _Walk.close_start,
    Token.CLOSE_EMPTY: _Walk.end_element,
    Token.END_ELEMENT: _Walk.end_element,
    Token.VALUE: _Walk.value,
    Token.ATTRIBUTE: _Walk.attribute,
    Token.CDATA: _Walk.text,
    Token.CHARACTER: _Walk.character,
    Token.ENTITY: _Walk.named,
    Token.INSTRUCTION_NAME: _Walk.named,
    Token.INSTRUCTION_TEXT: _Walk.text,
    Token.SUBSTITUTION: _Walk.substitution,
    Token.OPTIONAL_SUBSTITUTION: _Walk.substitution,
    Token.FRAGMENT: _Walk.fragment,
}
