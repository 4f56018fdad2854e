"""One chunk of an event log in the making: BinXml, names, templates, records, until it is full."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import TypeAlias

from claude_evidence import evtx_format as layout
from claude_evidence.evtx_format import Token
from claude_evidence.evtx_values import ValueType, utf16

Value: TypeAlias = tuple[int, bytes]
"""A value's stored type code and bytes."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template that takes the value of this index."""

    index: int
    type: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a template; text and slots as content or as attribute values.

    Like Windows, one without content is written as an empty tag only if it has attributes.
    """

    name: str
    children: tuple[Element | Slot | str, ...] = ()
    attributes: tuple[tuple[str, Slot | str], ...] = ()
    depends: int = layout.NO_DEPENDENCY


class Template:
    """A template definition; its identifier follows from its content, so that equal ones are one."""

    __slots__ = ("bucket", "identifier", "root")

    def __init__(self, root: Element) -> None:
        self.root = root
        self.identifier = uuid.uuid5(uuid.NAMESPACE_URL, f"{layout.EVENT_NAMESPACE} {root!r}").bytes_le
        self.bucket = layout.template_bucket(self.identifier)


@dataclass(slots=True)
class Instance:
    """A template with its values; *nested*, the event's own data, is its last value."""

    template: Template
    values: list[Value]
    nested: Instance | None = None
    fragment_header: bool = False


class Chunk:
    """A chunk that records are added to; ``finish`` gives its 65,536 bytes."""

    def __init__(self, first_number: int) -> None:
        self._data = bytearray(layout.RECORDS_OFFSET)
        self._names: dict[str, int] = {}
        self._name_heads = [0] * layout.STRING_BUCKETS
        self._templates: dict[bytes, int] = {}
        self._template_heads = [0] * layout.TEMPLATE_BUCKETS
        self._first_number = first_number
        self._ids: list[int] = []
        self._last_offset = 0

    @property
    def is_empty(self) -> bool:
        """True until a record has been added."""
        return not self._ids

    def add(self, record_id: int, time: int, event: Instance) -> bool:
        """Add a record written at *time* (FILETIME); False, and nothing is changed, where it does not fit."""
        start = len(self._data)
        self._data += bytes(layout.RECORD_HEADER.size) + layout.FRAGMENT_HEADER
        if not self._instance(event) or not self._close(start, record_id, time):
            self._roll_back(start)
            return False
        self._ids.append(record_id)
        self._last_offset = start
        return True

    def finish(self) -> bytes:
        """Return the chunk with header, checksums and padding."""
        content = bytes(self._data[layout.RECORDS_OFFSET :])
        last_number = self._first_number + len(self._ids) - 1
        records = layout.NO_RECORDS
        if self._ids:
            ids = self._ids[0], self._ids[-1]
            records = layout.RecordRange(self._first_number, last_number, *ids, self._last_offset)
        head = layout.chunk_header(records, content, self._name_heads, self._template_heads)
        return (head + content).ljust(layout.CHUNK_BYTES, b"\0")

    def _close(self, start: int, record_id: int, time: int) -> bool:
        self._data.append(Token.END_OF_FRAGMENT)
        self._data += bytes(-(len(self._data) - start + 4) % layout.RECORD_ALIGNMENT)
        size = len(self._data) - start + 4
        self._data += struct.pack("<I", size)
        layout.RECORD_HEADER.pack_into(self._data, start, layout.RECORD_MAGIC, size, record_id, time)
        # Windows never fills a chunk to its last byte, and two readers fail where one is full
        return len(self._data) < layout.CHUNK_BYTES

    def _roll_back(self, start: int) -> None:
        """Forget all from *start* on; an entry's first field is what its bucket held before it."""
        while self._names and (offset := next(reversed(self._names.values()))) >= start:
            name, _ = self._names.popitem()
            self._name_heads[layout.name_hash(name) % layout.STRING_BUCKETS] = self._uint32(offset)
        while self._templates and (offset := next(reversed(self._templates.values()))) >= start:
            identifier, _ = self._templates.popitem()
            self._template_heads[layout.template_bucket(identifier)] = self._uint32(offset)
        del self._data[start:]

    def _uint32(self, offset: int) -> int:
        return int.from_bytes(self._data[offset : offset + 4], "little")

    def _instance(self, instance: Instance) -> bool:
        """Write a template instance; False where its nested one is longer than the format can say."""
        data, template = self._data, instance.template
        known = self._templates.get(template.identifier)
        here = len(data) + layout.TEMPLATE_INSTANCE.size
        short_id = int.from_bytes(template.identifier[:4], "little")
        data += layout.TEMPLATE_INSTANCE.pack(Token.TEMPLATE_INSTANCE, 1, short_id, known or here)
        if known is None:
            self._define(template)
        count = len(instance.values) + (instance.nested is not None)
        data += struct.pack("<I", count)
        for code, value in instance.values:
            data += layout.VALUE_DESCRIPTOR.pack(len(value), code, 0)
        nested_descriptor = len(data)
        data += bytes(layout.VALUE_DESCRIPTOR.size) if instance.nested else b""
        data += b"".join([value for _, value in instance.values])
        return instance.nested is None or self._nested(instance.nested, nested_descriptor)

    def _nested(self, instance: Instance, descriptor: int) -> bool:
        start = len(self._data)
        self._data += layout.FRAGMENT_HEADER if instance.fragment_header else b""
        self._instance(instance)
        self._data.append(Token.END_OF_FRAGMENT)
        size = len(self._data) - start
        if size > 0xFFFF:
            return False
        layout.VALUE_DESCRIPTOR.pack_into(self._data, descriptor, size, ValueType.BINXML, 0)
        return True

    def _define(self, template: Template) -> None:
        data, start = self._data, len(self._data)
        data += bytes(layout.TEMPLATE_HEADER.size) + layout.FRAGMENT_HEADER
        self._element(template.root)
        data.append(Token.END_OF_FRAGMENT)
        size = len(data) - start - layout.TEMPLATE_HEADER.size
        before = self._template_heads[template.bucket]
        layout.TEMPLATE_HEADER.pack_into(data, start, before, template.identifier, size)
        self._templates[template.identifier] = self._template_heads[template.bucket] = start

    def _element(self, element: Element) -> None:
        data, start = self._data, len(self._data)
        token = Token.OPEN_ELEMENT | (Token.MORE if element.attributes else 0)
        data += bytes(layout.OPEN_ELEMENT.size)
        self._name(element.name)
        self._attributes(element.attributes)
        if element.attributes and not element.children:
            data.append(Token.CLOSE_EMPTY)
        else:
            data.append(Token.CLOSE_START)
            for child in element.children:
                self._node(child)
            data.append(Token.END_ELEMENT)
        size = len(data) - start - layout.OPEN_ELEMENT.size
        layout.OPEN_ELEMENT.pack_into(data, start, token, element.depends, size)

    def _attributes(self, attributes: tuple[tuple[str, Slot | str], ...]) -> None:
        if not attributes:
            return
        start = len(self._data)
        self._data += bytes(4)
        for name, value in attributes:
            last = name == attributes[-1][0]
            self._data.append(Token.ATTRIBUTE | (0 if last else Token.MORE))
            self._name(name)
            self._node(value)
        struct.pack_into("<I", self._data, start, len(self._data) - start - 4)

    def _node(self, node: Element | Slot | str) -> None:
        if isinstance(node, Element):
            self._element(node)
        elif isinstance(node, Slot):
            token = Token.OPTIONAL_SUBSTITUTION if node.optional else Token.SUBSTITUTION
            self._data += layout.SUBSTITUTION.pack(token, node.index, node.type)
        else:
            text = utf16(node)
            self._data += layout.TEXT_VALUE.pack(Token.VALUE, ValueType.STRING, len(text) // 2) + text

    def _name(self, name: str) -> None:
        """Write the offset of *name*, and the name itself right behind it where the chunk has none yet."""
        data, here = self._data, len(self._data) + 4
        known = self._names.get(name)
        data += struct.pack("<I", known or here)
        if known is None:
            value = layout.name_hash(name)
            text, bucket = utf16(name), value % layout.STRING_BUCKETS
            data += layout.NAME_HEADER.pack(self._name_heads[bucket], value & 0xFFFF, len(text) // 2) + text + b"\0\0"
            self._names[name] = self._name_heads[bucket] = here
