"""An event as an XML element into the JSON shape of the Rust crate, so that all sources meet in one form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import msgspec

_PAYLOADS = ("EventData", "UserData", "ProcessingErrorData")
_MAX_DEPTH = 32
_encode = msgspec.json.encode


class NotAnEvent(Exception):  # noqa: N818 - says what the element is, not that the program erred
    """The element has no System section, or is nested deeper than any event."""


@dataclass(frozen=True, slots=True)
class Event:
    """``System`` and payload as JSON (payload b"" where there is none), and the rendered message where there is one."""

    system: bytes
    payload: bytes
    rendered: str | None = None


def event(element: Element) -> Event:
    """Return *element*, an ``Event`` in any namespace, in JSON; raises `NotAnEvent`."""
    parts = {_name(child): child for child in reversed(element)}
    if "System" not in parts:
        raise NotAnEvent("it has no System section")
    payload = next((_value(parts[name], _MAX_DEPTH) for name in _PAYLOADS if name in parts), b"")
    rendering = parts.get("RenderingInfo")
    message = None if rendering is None else next((c.text for c in rendering if _name(c) == "Message"), None)
    return Event(_value(parts["System"], _MAX_DEPTH), b"" if payload == b"null" else payload, message)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _value(element: Element, depth: int) -> bytes:
    """Return *element* as JSON: null, text, or an object of attributes, children and text."""
    if not depth:
        raise NotAnEvent(f"it is nested more than {_MAX_DEPTH} deep")
    pairs: list[tuple[str, bytes]] = []
    if element.attrib and _name(element) != "Data":
        attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
        pairs.append(("#attributes", _encode(attributes)))
    pairs += _children(element, depth)
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    if not pairs:
        return _encode(text) if text else b"null"
    if text.strip():
        pairs.append(("#text", _encode(text)))
    return b"{" + b",".join(_encode(name) + b":" + value for name, value in pairs) + b"}"


def _children(element: Element, depth: int) -> Iterator[tuple[str, bytes]]:
    unnamed: list[str] = []
    for child in element:
        name = _name(child)
        if name == "Data" and "Name" not in child.attrib:
            unnamed.append(child.text or "")
        else:
            yield child.attrib["Name"] if name == "Data" else name, _value(child, depth - 1)
    if unnamed:
        yield "Data", _encode({"#text": unnamed[0] if len(unnamed) == 1 else unnamed})
