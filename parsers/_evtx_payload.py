"""What an event says for itself: the fields of EventData, UserData and ProcessingErrorData, out of their raw JSON.

Values are given as stored, as text: a number in decimal, a boolean as ``true`` or ``false``, an empty value as "".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from claude_evidence.errors import hresult
from claude_evidence.parsers import _appx_maps as maps

_CODE_FIELDS = ("ErrorCode", "Error", "HResult", "hresult")
_OPERATION, _OPTIONS, _LOW, _HIGH = "DeploymentOperation", "DeploymentOptions", "Flags", "FlagsHigh"
"""The fields that the derived columns are made from: needed whatever rules want."""
_ATTRIBUTES, _TEXT = "#attributes", "#text"
_MAX_DEPTH = 16
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def fields(payload: bytes) -> dict[str, str]:
    """Return all fields of *payload*; several values under one name are joined by line feeds.

    Unnamed ``Data`` elements are ``Data`` and, one by one, ``param1``, ``param2`` …, as log shippers call
    them, unless the event has fields so named itself. A damaged payload has no fields.
    """
    if not payload:
        return {}
    try:
        decoded = _decode(payload)
        if len(_encode(decoded)) != len(payload):  # a name that comes twice is there once only
            decoded = json.loads(payload, object_pairs_hook=_grouped)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for name, value in _leaves(decoded, "", _MAX_DEPTH):
        found.setdefault(name, value)
    return found


def _grouped(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in groups.items()}


def _leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth:
        for key, child in value.items():
            if key == _TEXT:
                yield from _positional(child) if name == "Data" else _leaves(child, name, depth - 1)
            elif key != _ATTRIBUTES:
                yield from _leaves(child, key, depth - 1)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _leaves(item, name, depth - 1)
    elif name:
        yield name, _text(value)


def _positional(value: Any) -> Iterator[tuple[str, str]]:
    values = [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
    yield "Data", _text(values)
    for number, text in enumerate(values, 1):
        yield f"param{number}", text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    return str(value)


def error_code(stored: Mapping[str, str]) -> str | None:
    """Return the normal form of the first field that holds an error code, None where none does."""
    return next((code for name in _CODE_FIELDS if name in stored and (code := hresult(stored[name]))), None)


def operation(stored: Mapping[str, str]) -> str | None:
    """Return the name of the deployment operation, None where the event names none."""
    return maps.operation(stored[_OPERATION]) if _OPERATION in stored else None


def options(stored: Mapping[str, str]) -> str | None:
    """Return the names of the deployment options, None where the event holds none.

    ``Flags`` alone means other things in other events (trust labels, volumes), so it counts only beside
    ``FlagsHigh`` or ``DeploymentOperation``.
    """
    if _OPTIONS in stored:
        return maps.stored_deployment_options(stored[_OPTIONS])
    if _LOW in stored and (_HIGH in stored or _OPERATION in stored):
        return maps.options(stored[_LOW], stored.get(_HIGH, "0"))
    return None
