"""The records of one chunk, scrubbed. Most of a log repeats itself, so what was worked out once is looked up."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

from claude_evidence.collector._evtx_concern import Event, typed
from claude_evidence.collector._evtx_edit import Editor, Edits
from claude_evidence.collector._evtx_records import LITERAL, OPAQUE, PADDING_TEXT, Record, Records, Span, plan
from claude_evidence.evtx_format import (
    FRAGMENT_HEADER,
    RECORD_ALIGNMENT,
    RECORD_HEADER,
    RECORD_MAGIC,
    RECORDS_OFFSET,
    TEMPLATE_INSTANCE,
    Token,
)  # fmt: skip
from claude_evidence.evtx_values import ARRAY, ValueType

_U16, _U32 = struct.Struct("<H"), struct.Struct("<I")
_WIDE = frozenset({ValueType.STRING, ValueType.STRING | ARRAY, LITERAL})
_INSTANCE = FRAGMENT_HEADER + bytes([Token.TEMPLATE_INSTANCE])
_OFFSET_IN_INSTANCE = TEMPLATE_INSTANCE.size - 4
_EVENT = RECORD_HEADER.size + len(FRAGMENT_HEADER)
_LEAST = _EVENT + TEMPLATE_INSTANCE.size + 8


class Head(NamedTuple):
    """What of an event's outer values matters, where the last of them is the event's own data and no other is."""

    total: int
    parts: tuple[tuple[int, int, int], ...]
    """Start, end and type of the values that may identify."""
    data: int
    """Where the event's own data begin."""
    provider: tuple[int, int]
    event_id: int
    computer: tuple[int, int]


@lru_cache(maxsize=8192)
def _head(descriptors: bytes, system: frozenset[int], provider: int, event_id: int, computer: int) -> Head | None:
    """Return the head with these *descriptors*, None where it is none of the usual kind."""
    layout = plan(descriptors)
    count = len(layout.starts)
    if not layout.parts or not 0 <= event_id < count or layout.sizes[event_id] != 2:
        return None
    if provider >= count or computer >= count:
        return None
    *parts, (data, end, code, _) = layout.parts
    if code != ValueType.BINXML or end != layout.total or any(_unusual(part, system) for part in parts):
        return None
    name, machine = (
        (layout.starts[index], layout.starts[index] + layout.sizes[index]) if index >= 0 else (0, 0)
        for index in (provider, computer)
    )
    plain = tuple((start, end, code) for start, end, code, _ in parts)
    return Head(layout.total, plain, data, name, layout.starts[event_id], machine)


def _unusual(part: tuple[int, int, int, int], system: frozenset[int]) -> bool:
    return part[2] == ValueType.BINXML or part[3] not in system


class Block(NamedTuple):
    """A usual event's own data: where they lie behind the reference to their template, and what decides on them."""

    head: Head
    values: int
    start: int
    stop: int
    key: tuple[bytes, bytes, bytes]
    """The data themselves, the provider, the event id."""


class Chunk:
    """Scrubs the records of *data*, a chunk, with what *editor* remembers of other chunks."""

    def __init__(self, data: bytes, editor: Editor) -> None:
        self._data, self._editor = data, editor
        self._records = Records(data)
        self._usual: dict[int, tuple[frozenset[int], int, int, int] | None] = {}

    def scrub(self, out: bytearray) -> list[tuple[int, int]]:
        """Write what is replaced into *out*, a copy of the chunk; return what is understood of it, in order."""
        data, at, records = self._data, RECORDS_OFFSET, self._records
        while (at := data.find(RECORD_MAGIC, at)) >= 0:
            end, closed = records.end(at)
            edits, end = self._edits(at, end, closed) if end else (None, 0)
            if edits is None:
                at += len(RECORD_MAGIC)
                continue
            for start, new in edits:
                out[start : start + len(new)] = new
            records.understood.append((at, end))
            at = end
        self._literals(out)
        return sorted(records.understood)

    def _edits(self, at: int, end: int, closed: bool) -> tuple[Edits | None, int]:
        """Return what changes in the record data[at:end], None where it does not follow the format, and its end."""
        block = self._block(at, end) if closed else None
        known = self._editor.blocks.get(block.key) if block else None
        if block is None or known is None:
            return self._read(at, end, closed, block)
        data, edits = self._data, []
        first, last = block.head.computer
        self._editor.computers.add(data[block.values + first : block.values + last])
        parts = [(block.values + first, block.values + last, code) for first, last, code in block.head.parts]
        if PADDING_TEXT.search(data, block.stop, end - 4):
            parts.append((block.stop, end - 4, OPAQUE))
        for first, last, code in parts:
            raw = data[first:last]
            new = self._editor.value(code, raw, False)
            if new != raw:
                edits.append((first, new))
        return edits + [(block.start + offset, new) for offset, new in known], end

    def _block(self, at: int, end: int) -> Block | None:
        """Return where the own data of the record data[at:end] are, None where anything of it is unusual."""
        data = self._data
        offset = _U32.unpack_from(data, at + _EVENT + _OFFSET_IN_INSTANCE)[0] if end - at > _LEAST else 0
        descriptors = at + _EVENT + TEMPLATE_INSTANCE.size + 4
        usual = self._usual.get(offset)
        if usual is None or data[at + RECORD_HEADER.size : at + _EVENT + 1] != _INSTANCE or offset == descriptors - 4:
            return None
        values = descriptors + 4 * _U32.unpack_from(data, descriptors - 4)[0]
        head = _head(data[descriptors:values], *usual) if values < end else None
        if head is None:
            return None
        stop, limit = values + head.total, end - 4
        if stop >= limit or limit - stop > RECORD_ALIGNMENT or data[stop]:
            return None
        start = self._own_data(values + head.data, stop)
        name, number = head.provider, values + head.event_id
        key = data[start:stop], data[values + name[0] : values + name[1]], data[number : number + 2]
        return Block(head, values, start, stop, key) if start else None

    def _own_data(self, at: int, stop: int) -> int:
        """Return where the values of the template instance in data[at:stop] begin, 0 where it is an unusual one."""
        data = self._data
        if data[at : at + len(FRAGMENT_HEADER)] == FRAGMENT_HEADER:
            at += len(FRAGMENT_HEADER)
        start = at + TEMPLATE_INSTANCE.size
        if start >= stop or data[at] != Token.TEMPLATE_INSTANCE:
            return 0
        offset = _U32.unpack_from(data, at + _OFFSET_IN_INSTANCE)[0]
        return start if offset != start and offset in self._usual else 0

    def _read(self, at: int, end: int, closed: bool, block: Block | None) -> tuple[Edits | None, int]:
        record = self._records.read(at, end, closed)
        if record is None:
            return None, 0
        functions = self._editor.functions
        event = self._event(record)
        foreign = functions.foreign is not None and not functions.concerns(event)
        said = typed(event)
        self._editor.computers.add(self._data[slice(*record.computer)])
        edits = []
        for span in record.spans:
            start, stop = span.start, span.end
            raw = self._data[start:stop]
            new = self._value(span, raw, foreign) if said < 0 else self._with_said(span, raw, said, foreign)
            if new != raw:
                edits.append((start, new))
        self._note_templates()
        if block and record.nested == 1 and not any(span.start < block.start < span.end for span in record.spans):
            own = [(start - block.start, new) for start, new in edits if block.start <= start < block.stop]
            self._editor.remember_block(block.key, own)
        return edits, record.end

    def _value(self, span: Span, raw: bytes, foreign: bool) -> bytes:
        return self._editor.value(span.code, raw, span.payload and foreign)

    def _with_said(self, span: Span, raw: bytes, said: int, foreign: bool) -> bytes:
        """Return a value of an event whose value number *said* somebody typed: nobody else needs to read that one."""
        if span.payload and span.code == ValueType.STRING | ARRAY:
            parts = raw[: len(raw) & ~1].decode("utf-16-le", "surrogatepass").split("\0")
            stored = (part.encode("utf-16-le", "surrogatepass") for part in parts)
            new = [self._editor.value(ValueType.STRING, p, foreign or n == said) for n, p in enumerate(stored)]
            return b"\0\0".join(new) + raw[len(raw) & ~1 :]
        return self._value(span, raw, foreign or span.number == said or span.code == LITERAL)

    def _event(self, record: Record) -> Event:
        data, editor = self._data, self._editor
        start, end = record.provider
        number = _U16.unpack_from(data, record.event_id)[0] if record.event_id else None
        texts = [
            (editor.text if code in _WIDE else editor.binary_text)(data[first:last])
            for first, last, code, payload, _ in record.spans
            if payload
        ]
        texts += [editor.text(data[first:last]) for first, last in record.mentions]
        return Event(editor.text(data[start:end]), number, texts)

    def _note_templates(self) -> None:
        """Note which templates are usual: those without content of their own that could concern anybody."""
        templates = self._records.templates
        if len(self._usual) == len(templates):
            return
        for offset, template in templates.items():
            if offset not in self._usual and template and not any(content for _, _, content in template.literals):
                system = frozenset(template.system)
                self._usual[offset] = system, template.provider, template.event_id, template.computer

    def _literals(self, out: bytearray) -> None:
        functions = self._editor.functions
        for template in self._records.templates.values():
            for start, end, content in template.literals if template else ():
                raw = self._data[start:end]
                event = Event("", None, (self._editor.text(raw),))
                foreign = content and functions.foreign is not None and not functions.concerns(event)
                out[start:end] = self._editor.value(LITERAL, raw, foreign)
