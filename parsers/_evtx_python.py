"""Event logs by the pure-Python ``python-evtx`` package: where the Rust one has no wheel, or cannot read a record.

It finds the nodes; they are walked here, and values are rendered as the Rust crate renders them: the XML of
python-evtx drops characters, cuts times with floats and does not know all types.
"""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from claude_evidence.evtx_format import RECORD_HEADER, VALUE_DESCRIPTOR
from claude_evidence.evtx_values import ValueType
from claude_evidence.parsers import _evtx_python_values as values
from claude_evidence.parsers._evtx_element import Event, NotAnEvent, event

_MAX_NODES = 20_000
_COUNT = struct.Struct("<I")
# python-evtx trusts what it reads: damage shows as any of these (RecursionError is a RuntimeError)
_FAILURES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error)


class Slot(NamedTuple):
    """A value to put into a template: its type, and where it lies in the chunk."""

    kind: int
    offset: int
    size: int


class Unreadable(Exception):  # noqa: N818 - says what the record is, not that the program erred
    """This engine cannot read the record; the text says why."""


def installed() -> bool:
    """Return whether this engine can be used here."""
    return find_spec("Evtx") is not None


class _Lazy(dict[int, Any]):
    """Nodes by offset, made when first asked for: the chunk's hash tables, which may be damaged, are not needed."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __missing__(self, offset: int) -> Any:
        self[offset] = node = self._make(offset)
        return node


class Reader:
    """Reads single records of one chunk."""

    def __init__(self, data: bytes) -> None:
        from Evtx import BinaryParser, Nodes
        from Evtx.Evtx import ChunkHeader

        self._nodes, self._data, self._failures = Nodes, data, (*_FAILURES, BinaryParser.ParseException)
        self._chunk = ChunkHeader(data, 0)
        self._chunk._strings = _Lazy(lambda offset: Nodes.NameStringNode(data, offset, self._chunk, self._chunk))
        self._chunk._templates = _Lazy(lambda offset: Nodes.TemplateNode(data, offset, self._chunk, self._chunk))
        self._chunk._load_strings = self._chunk._load_templates = lambda: None
        self._substitutions = (Nodes.NormalSubstitutionNode, Nodes.ConditionalSubstitutionNode)
        self._left = 0

    def read(self, offset: int) -> Event:
        """Return the record that begins at *offset* of the chunk; raises `Unreadable`."""
        self._left = _MAX_NODES
        holder = Element("holder")
        try:
            self._root(offset + RECORD_HEADER.size, holder)
            if len(holder) != 1:
                raise Unreadable("it holds no event")
            return event(holder[0])
        except NotAnEvent as error:
            raise Unreadable(str(error)) from error
        except self._failures as error:
            raise Unreadable(f"{type(error).__name__} {error}".split("\n")[0][:120]) from error

    def _root(self, offset: int, parent: Element) -> None:
        root = self._nodes.RootNode(self._data, offset, self._chunk, self._chunk)
        slots = self._slots(offset + root.tag_and_children_length())
        for node in root.template().children():
            self._node(node, parent, slots)

    def _slots(self, offset: int) -> list[Slot]:
        """Return the values to put into a template: python-evtx knows not all types, so they are not left to it."""
        count: int = _COUNT.unpack_from(self._data, offset)[0]
        if count > _MAX_NODES:
            raise Unreadable(f"it has {count:,} values")
        described = offset + _COUNT.size
        value = described + count * VALUE_DESCRIPTOR.size
        slots = []
        for place in range(described, value, VALUE_DESCRIPTOR.size):
            size, kind, _ = VALUE_DESCRIPTOR.unpack_from(self._data, place)
            slots.append(Slot(kind, value, size))
            value += size
        return slots

    def _node(self, node: Any, parent: Element, slots: list[Slot]) -> None:
        self._left -= 1
        if self._left < 0:
            raise Unreadable("it unfolds into more nodes than any event")
        nodes = self._nodes
        if isinstance(node, nodes.OpenStartElementNode):
            self._element(node, parent, slots)
        elif isinstance(node, self._substitutions):
            self._value(slots[node.index()], parent)
        elif isinstance(node, nodes.ValueNode):
            _append(parent, str(node.value()._string()))
        elif isinstance(node, nodes.CDataSectionNode):
            _append(parent, node.cdata())
        elif isinstance(node, nodes.EntityReferenceNode):
            _append(parent, values.entity(node.entity_reference()))
        elif isinstance(node, nodes.CharacterReferenceNode):
            _append(parent, chr(node.entity()))

    def _element(self, node: Any, parent: Element, slots: list[Slot]) -> None:
        element = Element(node.tag_name())
        contents = []
        for child in node.children():
            if isinstance(child, self._nodes.AttributeNode):
                self._attribute(child, element, slots)
            else:
                contents.append(child)
        substitution = next((child for child in contents if isinstance(child, self._substitutions)), None)
        slot = slots[substitution.index()] if substitution is not None else None
        if slot is not None and slot.kind in values.STRING_ARRAYS:
            for item in values.items(slot.kind, self._data[slot.offset : slot.offset + slot.size]):
                SubElement(parent, element.tag, element.attrib).text = item
            return
        for child in contents:
            self._node(child, element, slots)
        parent.append(element)

    def _attribute(self, node: Any, element: Element, slots: list[Slot]) -> None:
        holder = Element("value")
        self._node(node.attribute_value(), holder, slots)
        if holder.text:
            element.set(node.attribute_name().string(), holder.text)

    def _value(self, slot: Slot, parent: Element) -> None:
        if slot.kind == ValueType.BINXML:
            self._root(slot.offset, parent)
        elif slot.kind != ValueType.NULL:
            _append(parent, values.render(slot.kind, self._data[slot.offset : slot.offset + slot.size]))


def _append(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
