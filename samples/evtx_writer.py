"""Writes real binary event logs: what Windows would have stored, for any reader of the format.

Records go into chunks with templates, substitutions of the fields' true types, hash tables and checksums. The same
records give the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, TypeAlias

from claude_evidence import evtx_format as layout
from claude_evidence import evtx_values as values
from claude_evidence.evtx_values import ValueType
from claude_evidence.samples import _evtx_templates as templates
from claude_evidence.samples._evtx_chunk import Chunk, Instance, Template, Value

DataKind: TypeAlias = Literal["EventData", "UserData", "ProcessingErrorData"]
_NULL: Value = (ValueType.NULL, b"")
# Windows keeps the width of a value it has not got
_NULL_WORD: Value = (ValueType.NULL, bytes(2))
_NULL_GUID: Value = (ValueType.NULL, bytes(16))


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event: name (None: positional), type (a name that ``evtx_values`` knows), value (None: null)."""

    name: str | None
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as a host logged it.

    *time* is aware, *ticks* adds 0–9 units of 100 ns. A *record_id* of None is one more than the record's before.
    A provider without *guid* is a classic event source, one with *event_source_name* a classic source with a manifest;
    *qualifiers* (the upper half of a classic identifier) and *binary* (bytes after the data) are theirs alone.
    *user_data_root* names the element in UserData, ``{namespace}name`` or a bare name.
    """

    provider: str
    guid: str | None
    event_id: int
    channel: str
    computer: str
    time: datetime
    record_id: int | None = None
    level: int = 4
    task: int = 0
    opcode: int = 0
    keywords: int = 0
    version: int = 0
    process_id: int = 0
    thread_id: int = 0
    user_sid: str | None = None
    activity_id: str | None = None
    data: Sequence[Field] = field(default=())
    kind: DataKind = "EventData"
    user_data_root: str | None = None
    ticks: int = 0
    qualifiers: int | None = None
    event_source_name: str | None = None
    binary: bytes | None = None


def write_evtx(records: Iterable[EventRecord], *, format_minor: int = 2) -> bytes:
    """Return a clean (not dirty) event log file of format 3.*format_minor* that holds *records* in their order.

    Raises ValueError for a record that no chunk can hold, whose id is not above the id before it, or that has a value
    its type cannot store.
    """
    done: list[bytes] = []
    chunk, number, last_id = Chunk(1), 0, 0
    for record in records:
        record_id = last_id + 1 if record.record_id is None else record.record_id
        if record_id <= last_id:
            raise ValueError(f"record id {record_id} does not follow {last_id}")
        time, event = _instance(record, record_id)
        if not chunk.add(record_id, time, event):
            if chunk.is_empty:
                raise _too_large(record_id)
            done.append(chunk.finish())
            chunk = Chunk(number + 1)
            if not chunk.add(record_id, time, event):
                raise _too_large(record_id)
        number, last_id = number + 1, record_id
    done.append(chunk.finish())
    return layout.file_header(len(done), last_id + 1, minor=format_minor) + b"".join(done)


def _too_large(record_id: int) -> ValueError:
    return ValueError(f"record {record_id} does not fit a chunk of {layout.CHUNK_BYTES} bytes")


def _instance(record: EventRecord, record_id: int) -> tuple[int, Instance]:
    """Return the record's FILETIME and its event, ready to be put into a chunk."""
    time = values.filetime(record.time, record.ticks)
    literal = record.guid is None or record.event_source_name is not None or record.kind == "ProcessingErrorData"
    try:
        head = _system_values(record, record_id, time)
        tail = [_NULL] * 6 if literal else _manifest_values(record.provider, record.guid or "", record.channel)
        return time, Instance(_event_template(record, literal), head + tail, _data(record, literal))
    except (ValueError, struct.error) as error:
        raise ValueError(f"record {record_id}: {error}") from error


def _system_values(record: EventRecord, record_id: int, time: int) -> list[Value]:
    qualifiers = _NULL_WORD if record.qualifiers is None else (ValueType.UINT16, struct.pack("<H", record.qualifiers))
    activity = _NULL_GUID if record.activity_id is None else (ValueType.GUID, _guid(record.activity_id))
    user = _NULL if record.user_sid is None else (ValueType.SID, _sid(record.user_sid))
    return [
        (ValueType.UINT8, struct.pack("<B", record.level)),
        (ValueType.UINT8, struct.pack("<B", record.opcode)),
        (ValueType.UINT16, struct.pack("<H", record.task)),
        (ValueType.UINT16, struct.pack("<H", record.event_id)),
        qualifiers,
        (ValueType.HEX_INT64, struct.pack("<Q", record.keywords)),
        (ValueType.FILETIME, struct.pack("<Q", time)),
        activity,
        (ValueType.UINT32, struct.pack("<I", record.process_id)),
        (ValueType.UINT32, struct.pack("<I", record.thread_id)),
        (ValueType.UINT64, struct.pack("<Q", record_id)),
        (ValueType.UINT8, struct.pack("<B", record.version)),
        user,
    ]


_guid = lru_cache(maxsize=1024)(values.guid)
_sid = lru_cache(maxsize=1024)(values.sid)


@lru_cache(maxsize=1024)
def _manifest_values(provider: str, guid: str, channel: str) -> list[Value]:
    return [
        _NULL,
        (ValueType.STRING, values.utf16(provider)),
        (ValueType.GUID, values.guid(guid)),
        (ValueType.STRING, values.utf16(channel)),
    ]


def _event_template(record: EventRecord, literal: bool) -> Template:
    user_data = record.kind == "UserData"
    if not literal:
        return _manifest_template(record.computer, user_data)
    names = ("Name", record.provider), ("Guid", record.guid), ("EventSourceName", record.event_source_name)
    given = tuple((name, text) for name, text in names if text is not None)
    return _literal_template(given, record.channel, record.computer, user_data)


@lru_cache(maxsize=256)
def _manifest_template(computer: str, user_data: bool) -> Template:
    return Template(templates.manifest_event(computer, user_data))


@lru_cache(maxsize=256)
def _literal_template(names: tuple[tuple[str, str], ...], channel: str, computer: str, user_data: bool) -> Template:
    return Template(templates.literal_event(names, channel, computer, user_data))


def _data(record: EventRecord, literal: bool) -> Instance:
    fields = _joined(record.data) if record.kind == "EventData" else record.data
    encoded = [values.encode(item.type, item.value) for item in fields]
    shape = tuple((item.name, _declared(item)) for item in fields)
    if record.kind == "EventData":
        template = _data_template(shape, record.binary is not None)
        if record.binary is not None:
            encoded.append((ValueType.BINARY, record.binary))
    else:
        root = record.user_data_root if record.kind == "UserData" else record.kind
        template = _elements_template(root, shape)
    return Instance(template, encoded, fragment_header=literal)


def _declared(item: Field) -> int:
    positional_null = item.name is None and item.value is None
    code = values.declared_type(item.type, positional_null or isinstance(item.value, list | tuple))
    return code if item.value is not None else code | templates.MAY_BE_NULL


def _joined(fields: Sequence[Field]) -> Sequence[Field]:
    """Return the fields with each run of positional strings as one array of strings, as classic sources write them."""
    joined: list[Field] = []
    for positional, run in groupby(fields, _is_positional_text):
        items = list(run)
        joined += [Field(None, "UnicodeString", [item.value for item in items])] if positional else items
    return joined


def _is_positional_text(item: Field) -> bool:
    return item.name is None and item.type == "UnicodeString" and isinstance(item.value, str)


@lru_cache(maxsize=4096)
def _data_template(shape: templates.Shape, binary: bool) -> Template:
    return Template(templates.event_data(shape, binary))


@lru_cache(maxsize=1024)
def _elements_template(root: str | None, shape: templates.Shape) -> Template:
    if not root or not all(name for name, _ in shape):
        raise ValueError("UserData needs user_data_root, and every field in it or in ProcessingErrorData a name")
    return Template(templates.own_elements(root, shape))
