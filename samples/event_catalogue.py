"""Makes event records from the catalogue of what Windows logs: ``event("AppModel-Runtime", 208, time, …)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from claude_evidence.evtx_values import empty_value
from claude_evidence.samples.evtx_writer import EventRecord, Field

SYSTEM_NAMES = frozenset(field.name for field in fields(EventRecord))


@dataclass(frozen=True, slots=True)
class EventKind:
    """One entry of the catalogue: System values, and type by field name in order; *positional* is None or a count."""

    system: Mapping[str, Any]
    fields: Mapping[str, str]
    positional: int | None


def event(
    provider: str,
    event_id: int,
    time: datetime,
    *,
    computer: str = "DESKTOP-SAMPLE",
    data: Sequence[str] = (),
    **values: Any,
) -> EventRecord:
    """Return the record of *event_id* from *provider* (full or short name), filled from the catalogue.

    *values* are the event's fields by name, or System values by the names of ``EventRecord`` (``user_sid`` …). A field
    not given gets its type's empty value. *data* holds the strings of an event with positional data; it is filled up
    with empty ones. Raises ValueError for what the catalogue does not know.
    """
    kind = _kind(provider, event_id)
    unknown = values.keys() - kind.fields.keys() - SYSTEM_NAMES
    if unknown or (data and kind.positional is None):
        names = ", ".join(sorted(unknown)) or "data"
        raise ValueError(f"{provider} {event_id} has no {names}; its fields: {', '.join(kind.fields) or 'positional'}")
    system = {**kind.system, **{name: value for name, value in values.items() if name not in kind.fields}}
    filled = tuple(_data(kind, data, values))
    return EventRecord(event_id=event_id, computer=computer, time=time, data=filled, **system)


def known_events() -> Mapping[tuple[str, int], EventKind]:
    """Return the catalogue by short provider name and event id."""
    return _catalogue()


def _data(kind: EventKind, data: Sequence[str], values: Mapping[str, Any]) -> Iterator[Field]:
    if kind.positional is not None:
        texts: list[str | None] = [*data, *[""] * (kind.positional - len(data))]
        yield from (Field(None, "UnicodeString", text) for text in texts or [None])
    for name, code in kind.fields.items():
        yield Field(name, code, values.get(name, empty_value(code)))


def _kind(provider: str, event_id: int) -> EventKind:
    short = _short_names().get(provider.lower(), "")
    if found := _catalogue().get((short, event_id)):
        return found
    raise ValueError(f"the catalogue has no event {event_id} of {provider!r}")


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files(__package__).joinpath("event_catalogue.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return document


@lru_cache(maxsize=1)
def _short_names() -> Mapping[str, str]:
    entries = _document().items()
    return {name.lower(): short for short, entry in entries for name in (short, entry["provider"])}


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[tuple[str, int], EventKind]:
    return {
        (short, event_id): _parsed({key: value for key, value in entry.items() if key != "events"} | own)
        for short, entry in _document().items()
        for event_id, own in entry["events"].items()
    }


def _parsed(entry: Mapping[str, Any]) -> EventKind:
    """Split an entry into System values and fields; each of its other keys must be a name of ``EventRecord``."""
    system = {"guid": None} | {key: value for key, value in entry.items() if key not in {"fields", "positional"}}
    if unknown := system.keys() - SYSTEM_NAMES:
        raise ValueError(f"unknown keys in the event catalogue: {', '.join(sorted(unknown))}")
    words = [item.split() for item in entry["fields"].split(",")] if "fields" in entry else []
    types = {item[-1]: item[0] if len(item) == 2 else "UnicodeString" for item in words}
    return EventKind(system, types, entry.get("positional"))
