"""Evidence that a scenario holds as it stands: files by their bytes, events without the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from claude_evidence.samples.evtx_writer import EventRecord, Field

EVENT_KEYS = frozenset({"time", "provider", "id", "channel", "level", "user", "data", "repeat"})


def literal_bytes(spec: Mapping[str, Any]) -> bytes:
    """Return the bytes of one entry of ``files:``, which says ``text``, ``json`` (any value) or ``nulls`` (a count).

    With ``encoding`` (``utf-8``, ``utf-16-le``, ``utf-16-be``) the bytes begin with its mark; LookupError for no such.
    """
    if "nulls" in spec:
        return b"\0" * int(spec["nulls"])
    text = str(spec.get("text", ""))
    if "json" in spec:
        text = json.dumps(spec["json"], indent=2, ensure_ascii=False, default=str)
    mark = "\ufeff" if "encoding" in spec else ""
    return (mark + text).encode(str(spec.get("encoding", "utf-8")), "surrogatepass")


def literal_event(spec: Mapping[str, Any], time: datetime, computer: str) -> EventRecord:
    """Return the record of one entry of ``events:`` that names its channel; ``data`` is a mapping, or a list of texts.

    ValueError names a key that no event has.
    """
    if unknown := spec.keys() - EVENT_KEYS:
        raise ValueError(f"an event with a channel has no {', '.join(sorted(unknown))}")
    return EventRecord(
        provider=str(spec["provider"]),
        guid=None,
        event_id=int(spec["id"]),
        channel=str(spec["channel"]),
        computer=computer,
        time=time,
        level=int(spec.get("level", 4)),
        user_sid=spec.get("user"),
        data=tuple(_fields(spec.get("data", {}))),
    )


def _fields(data: Any) -> Iterator[Field]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield _field(str(name), value)
    else:
        yield from (Field(None, "UnicodeString", str(value)) for value in data)


def _field(name: str, value: Any) -> Field:
    """Return a field of the type that shows *value* as it is written here."""
    if isinstance(value, bool):
        return Field(name, "Boolean", value)
    if isinstance(value, int):
        return Field(name, "UInt32" if 0 <= value < 1 << 32 else "Int64", value)
    return Field(name, "UnicodeString", "" if value is None else str(value))
