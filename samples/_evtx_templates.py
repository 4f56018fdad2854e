"""The templates Windows makes for events: System, and the event's own data; values are put in by index."""

from __future__ import annotations

from typing import TypeAlias

from claude_evidence.evtx_format import EVENT_NAMESPACE
from claude_evidence.evtx_values import ValueType
from claude_evidence.samples._evtx_chunk import Element, Slot

# Indexes 0 to 12 of an event's values are the same in every template; the rest depend on how the provider is known.
RELATED_ACTIVITY, PROVIDER_NAME, PROVIDER_GUID, CHANNEL, DATA = 13, 14, 15, 16, 17
CLASSIC_RELATED_ACTIVITY, CLASSIC_DATA = 18, 19
MAY_BE_NULL = 0x100
"""Added to a declared type: only an optional substitution takes a null."""
Shape: TypeAlias = tuple[tuple[str | None, int], ...]
"""Name and declared type of each field."""


def _optional(index: int, code: ValueType) -> Slot:
    return Slot(index, code, optional=True)


def _of(name: str, index: int, code: ValueType) -> Element:
    return Element(name, (_optional(index, code),), depends=index)


def _system(provider: Element, channel: Element, computer: str, related: int) -> Element:
    qualifiers = (("Qualifiers", _optional(4, ValueType.UINT16)),)
    activity = ("ActivityID", _optional(7, ValueType.GUID)), ("RelatedActivityID", _optional(related, ValueType.GUID))
    thread = ("ProcessID", _optional(8, ValueType.UINT32)), ("ThreadID", _optional(9, ValueType.UINT32))
    children = (
        provider,
        Element("EventID", (_optional(3, ValueType.UINT16),), qualifiers, depends=3),
        _of("Version", 11, ValueType.UINT8),
        _of("Level", 0, ValueType.UINT8),
        _of("Task", 2, ValueType.UINT16),
        _of("Opcode", 1, ValueType.UINT8),
        _of("Keywords", 5, ValueType.HEX_INT64),
        Element("TimeCreated", attributes=(("SystemTime", _optional(6, ValueType.FILETIME)),)),
        _of("EventRecordID", 10, ValueType.UINT64),
        Element("Correlation", attributes=activity),
        Element("Execution", attributes=thread),
        channel,
        Element("Computer", (computer,)),
        Element("Security", attributes=(("UserID", _optional(12, ValueType.SID)),)),
    )
    return Element("System", children)


def _event(system: Element, data: int, user_data: bool) -> Element:
    body: Element | Slot = _optional(data, ValueType.BINXML)
    if user_data:
        body = Element("UserData", (body,), depends=data)
    return Element("Event", (system, body), (("xmlns", EVENT_NAMESPACE),), depends=data)


def manifest_event(computer: str, user_data: bool) -> Element:
    """The event of a provider with a manifest: its name, its GUID and the channel are values."""
    name = ("Name", _optional(PROVIDER_NAME, ValueType.STRING))
    provider = Element("Provider", attributes=(name, ("Guid", _optional(PROVIDER_GUID, ValueType.GUID))))
    system = _system(provider, _of("Channel", CHANNEL, ValueType.STRING), computer, RELATED_ACTIVITY)
    return _event(system, DATA, user_data)


def literal_event(names: tuple[tuple[str, str], ...], channel: str, computer: str, user_data: bool) -> Element:
    """The event of a classic source, or one that failed to be read: provider and channel are text in the template.

    *names* are the attributes of Provider: Name, and where known Guid and EventSourceName.
    """
    provider = Element("Provider", attributes=names)
    system = _system(provider, Element("Channel", (channel,)), computer, CLASSIC_RELATED_ACTIVITY)
    return _event(system, CLASSIC_DATA, user_data)


def event_data(shape: Shape, binary: bool) -> Element:
    """EventData with a Data element for each field, and a Binary element after them if wanted.

    Data without a name is what classic sources write: one array of strings, which readers show as several.
    """
    children = [_data(index, name, code) for index, (name, code) in enumerate(shape)]
    if binary:
        children.append(_of("Binary", len(shape), ValueType.BINARY))
    return Element("EventData", tuple(children))


def _field(index: int, code: int) -> Slot:
    return Slot(index, code & ~MAY_BE_NULL, optional=bool(code & MAY_BE_NULL))


def _data(index: int, name: str | None, code: int) -> Element:
    if name is not None:
        return Element("Data", (_field(index, code),), (("Name", name),))
    return Element("Data", (Slot(index, code & ~MAY_BE_NULL, optional=True),), depends=index)


def own_elements(root: str, shape: Shape) -> Element:
    """An element *root*, ``{namespace}name`` or a bare name, with one child element for each named field."""
    namespace, brace, name = root[1:].partition("}") if root.startswith("{") else ("", "", root)
    children = tuple(Element(field or "", (_field(index, code),)) for index, (field, code) in enumerate(shape))
    return Element(name, children, (("xmlns", namespace),) if brace else ())
