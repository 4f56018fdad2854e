"""The records of one chunk, and where in them lie values that may identify: nothing is decoded here.

Values follow a list of sizes and types, so a record is read without its template; the template adds texts of its own,
and tells which values are the event's own data. Each template and each list is worked out once.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from claude_evidence.collector._evtx_binxml import DamagedError, Markup, walk
from claude_evidence.evtx_format import (
    FRAGMENT_HEADER,
    RECORD_ALIGNMENT,
    RECORD_HEADER,
    RECORD_MAGIC,
    RECORDS_OFFSET,
    TEMPLATE_HEADER,
    TEMPLATE_INSTANCE,
    VALUE_DESCRIPTOR,
    Token,
)  # fmt: skip
from claude_evidence.evtx_values import ARRAY, ValueType

OPAQUE: Final = 0x100
"""The code of a stretch that has no type: whatever it holds is found by search."""
LITERAL: Final = 0x101
_SIZES: dict[int, int] = {
    ValueType.INT8: 1, ValueType.UINT8: 1, ValueType.INT16: 2, ValueType.UINT16: 2, ValueType.INT32: 4,
    ValueType.UINT32: 4, ValueType.INT64: 8, ValueType.UINT64: 8, ValueType.FLOAT: 4, ValueType.DOUBLE: 8,
    ValueType.BOOLEAN: 4, ValueType.GUID: 16, ValueType.FILETIME: 8, ValueType.SYSTEMTIME: 16,
    ValueType.HEX_INT32: 4, ValueType.HEX_INT64: 8,
}  # fmt: skip
_TEXTS = frozenset({
    ValueType.STRING, ValueType.ANSI_STRING, ValueType.SID, ValueType.BINARY, ValueType.BINXML,
    ValueType.STRING | ARRAY, ValueType.ANSI_STRING | ARRAY, ValueType.SID | ARRAY,
})  # fmt: skip
PADDING_TEXT = re.compile(rb"[A-Za-z\x80-\xff]{4}|(?:[ -\xff]\0){3}|(?:\0[ -\xff]){3}")
"""Up to seven bytes of what was there before fill a record up: nearly always some, hardly ever text."""
_TEXT_BYTES = 6  # three characters: less says nothing
_U32 = struct.Struct("<I")
_MAX_NESTING = 8
_MIN_RECORD_BYTES = RECORD_HEADER.size + _U32.size
_USUAL_PROVIDER, _USUAL_CHANNEL, _USUAL_EVENT_ID = 14, 16, 3
_WALKS_PER_CHUNK = 1 << 19
"""Bytes of templates walked over in a chunk at most: a real one holds 64 KiB in all."""


class Span(NamedTuple):
    """A value or literal: its place in the chunk, its type's code, whether it is the event's own data, its number."""

    start: int
    end: int
    code: int
    payload: bool
    number: int = -1


@dataclass(slots=True)
class Record:
    """One record: its own place, its spans, and where provider (a span) and event id (offset) are, 0 for nowhere."""

    start: int
    end: int
    spans: list[Span] = field(default_factory=list)
    provider: tuple[int, int] = (0, 0)
    event_id: int = 0
    mentions: list[tuple[int, int]] = field(default_factory=list)
    """Texts of its templates that are content: they are in each event that uses the template."""
    computer: tuple[int, int] = (0, 0)
    """Where the name of the machine lies, as far as a template tells."""
    nested: int = 0
    """How many values are BinXml themselves."""


class Plan(NamedTuple):
    """What a list of value descriptors says: bytes in all, where each begins, and those that may hold text."""

    total: int
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    parts: tuple[tuple[int, int, int, int], ...]
    """Start, end, code and index of each value that may identify."""


@lru_cache(maxsize=8192)
def plan(descriptors: bytes) -> Plan:
    """Return what *descriptors*, four bytes a value, say."""
    starts, sizes, parts, at = [], [], [], 0
    for index, (size, code, _) in enumerate(VALUE_DESCRIPTOR.iter_unpack(descriptors)):
        starts.append(at)
        sizes.append(size)
        if code in _TEXTS and size:
            parts.append((at, at + size, code, index))
        elif size >= _TEXT_BYTES and _SIZES.get(code) != size:
            parts.append((at, at + size, OPAQUE, index))
        at += size
    return Plan(at, tuple(starts), tuple(sizes), tuple(parts))


class Records:
    """Reads the records of *data*, a chunk; ``understood`` are the stretches that they and their templates explain."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._walked = 0
        self.templates: dict[int, Markup | None] = {}
        """Each offset that a record took for a template's, and the template, None where there is none."""
        self.understood: list[tuple[int, int]] = []

    def end(self, start: int) -> tuple[int, bool]:
        """Return where the record that begins at *start*, a magic, ends, and whether its last bytes say so too.

        0 where its size cannot be true. Where the last bytes differ, something else was written over its end.
        """
        data = self._data
        if start + _MIN_RECORD_BYTES > len(data):
            return 0, False
        size: int = _U32.unpack_from(data, start + 4)[0]
        end = start + size
        if not _MIN_RECORD_BYTES <= size <= len(data) - start:
            return 0, False
        return end, data[end - 4 : end] == data[start + 4 : start + 8]

    def read(self, start: int, end: int, closed: bool) -> Record | None:
        """Return the record in data[start:end], None where it does not follow the format.

        One that is not *closed* ends where its event does: what follows may belong to another.
        """
        record = Record(start, end)
        try:
            self._event(record, closed)
        except (DamagedError, struct.error, IndexError):
            return None
        return record

    def _event(self, record: Record, closed: bool) -> None:
        limit = record.end - 4
        at = self._fragment(record.start + RECORD_HEADER.size, limit, record, 0)
        if not closed:
            self._shorten(record, at)
            return
        if limit - at >= RECORD_ALIGNMENT:
            raise DamagedError
        if PADDING_TEXT.search(self._data, at, limit):
            record.spans.append(Span(at, limit, OPAQUE, False))

    def _shorten(self, record: Record, end: int) -> None:
        """Let *record* end at *end*, or where another was written over it, whichever comes first."""
        at = record.start
        while (at := self._data.find(RECORD_MAGIC, at + 1, end)) >= 0:
            if self.end(at)[1]:
                end = at
        end = min([end, *(span.start for span in record.spans if span.end > end)])
        record.spans = [span for span in record.spans if span.end <= end]
        record.end = end

    def _fragment(self, at: int, limit: int, record: Record, depth: int) -> int:
        """Read one fragment into *record*; return where it ends, which is at or before *limit*."""
        data = self._data
        if depth > _MAX_NESTING:
            raise DamagedError
        if data[at : at + 4] == FRAGMENT_HEADER:
            at += 4
        while data[at] == Token.TEMPLATE_INSTANCE:
            at = self._instance(at, limit, record, depth)
        if at >= limit:
            raise DamagedError
        if data[at] == Token.END_OF_FRAGMENT:
            return at + 1
        markup = self._bare(at, limit, depth)
        record.spans += [Span(start, end, LITERAL, payload) for start, end, payload in markup.literals]
        return markup.end

    def _bare(self, at: int, limit: int, depth: int) -> Markup:
        """Return elements that stand for themselves, without a template; where nested they name no dependency."""
        try:
            return walk(self._data, at, limit, dependencies=not depth)
        except DamagedError:
            return walk(self._data, at, limit, dependencies=bool(depth))

    def _instance(self, at: int, limit: int, record: Record, depth: int) -> int:
        data = self._data
        _, _, _, offset = TEMPLATE_INSTANCE.unpack_from(data, at)
        at += TEMPLATE_INSTANCE.size
        template = self.templates[offset] if offset in self.templates else self._define(offset)
        if offset == at:
            if template is None:
                raise DamagedError
            at = template.end
        if template is not None:
            record.mentions += [(start, end) for start, end, payload in template.literals if payload]
        values: int = at + 4 + 4 * _U32.unpack_from(data, at)[0]
        layout = plan(data[at + 4 : values]) if values <= limit else None
        if layout is None or values + layout.total > limit:
            raise DamagedError
        self._values(values, layout, record, template, depth)
        return values + layout.total

    def _values(self, base: int, layout: Plan, record: Record, template: Markup | None, depth: int) -> None:
        spans, system = record.spans, _system(template, depth)
        if not depth:
            _identify(record, template, base, layout)
        for start, end, code, index in layout.parts:
            payload = index not in system
            if code == ValueType.BINXML:
                self._nested(base + start, base + end, record, depth)
            else:
                spans.append(Span(base + start, base + end, code, payload, index))

    def _nested(self, start: int, end: int, record: Record, depth: int) -> None:
        known = len(record.spans)
        record.nested += 1
        try:
            at = self._fragment(start, end, record, depth + 1)
        except (DamagedError, struct.error, IndexError):
            del record.spans[known:]
            at = start
        if at < end:
            record.spans.append(Span(at, end, ValueType.BINARY, True))

    def _define(self, offset: int) -> Markup | None:
        """Return the template whose definition begins at *offset*, None where none does."""
        data = self._data
        start = offset + TEMPLATE_HEADER.size
        template = None
        if offset >= RECORDS_OFFSET and start < len(data):
            end = start + TEMPLATE_HEADER.unpack_from(data, offset)[2]
            self._walked += min(end, len(data)) - start
            if end <= len(data) and self._walked <= _WALKS_PER_CHUNK:
                template = _definition(data, start, end)
        self.templates[offset] = template
        if template is not None:
            self.understood.append((offset, template.end))
        return template


def _definition(data: bytes, start: int, end: int) -> Markup | None:
    try:
        markup = walk(data, start, end)
    except DamagedError:
        return None
    return markup if markup.end == end else None


def _system(template: Markup | None, depth: int) -> set[int] | frozenset[int]:
    if template is not None:
        return template.system
    return _NOTHING if depth else _USUAL_SYSTEM


_NOTHING: frozenset[int] = frozenset()
_USUAL_SYSTEM = frozenset({12, _USUAL_PROVIDER, _USUAL_CHANNEL})


def _identify(record: Record, template: Markup | None, base: int, layout: Plan) -> None:
    provider = _USUAL_PROVIDER if template is None else template.provider
    number = _USUAL_EVENT_ID if template is None else template.event_id
    if 0 <= provider < len(layout.starts):
        start = base + layout.starts[provider]
        record.provider = start, start + layout.sizes[provider]
    elif template is not None:
        record.provider = template.provider_literal
    machine = -1 if template is None else template.computer
    if 0 <= machine < len(layout.starts):
        start = base + layout.starts[machine]
        record.computer = start, start + layout.sizes[machine]
    elif template is not None:
        record.computer = template.computer_literal
    if 0 <= number < len(layout.starts) and layout.sizes[number] == 2:
        record.event_id = base + layout.starts[number]
