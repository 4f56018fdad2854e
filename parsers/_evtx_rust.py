"""Event logs by the Rust ``evtx`` package: fast, and the reference for stored values."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import msgspec
from msgspec import Raw, Struct

from claude_evidence.evtx_format import CHUNK_HEADER_BYTES, RECORDS_OFFSET, file_header
from claude_evidence.parsers._evtx_rows import Rows

_NOTHING = Raw(b"")
_NO_TABLES = bytes(RECORDS_OFFSET - CHUNK_HEADER_BYTES)


class _Event(Struct, gc=False):
    System: Raw
    EventData: Raw = _NOTHING
    UserData: Raw = _NOTHING
    ProcessingErrorData: Raw = _NOTHING
    RenderingInfo: Raw = _NOTHING


class _Document(Struct, gc=False):
    Event: _Event


class _Rendering(Struct):
    Message: str | None = None


_decode = msgspec.json.Decoder(_Document).decode
_decode_rendering = msgspec.json.Decoder(_Rendering).decode


def installed() -> bool:
    """Return whether this engine can be used here."""
    return find_spec("evtx") is not None


def read(chunks: Sequence[bytes], rows: Rows) -> tuple[list[int], list[str]]:
    """Add the records of *chunks* (65,536 bytes each) to *rows*; return their numbers by header, and what went wrong.

    The file header is made anew: nothing a damaged one says can hide a chunk. The hash tables of names and templates
    are blanked: the crate finds both without them, and a chain that leads back to itself would keep it busy for ever.
    """
    from evtx import PyEvtxParser

    parts = [part for chunk in chunks for part in (chunk[:CHUNK_HEADER_BYTES], _NO_TABLES, chunk[RECORDS_OFFSET:])]
    stream = BytesIO(b"".join([file_header(len(chunks), 1), *parts]))
    iterator: Any = PyEvtxParser(stream).records_json()
    numbers: list[int] = []
    errors: list[str] = []
    while True:
        try:
            for record in iterator:
                _add(record["data"], record["event_record_id"], rows)
                numbers.append(record["event_record_id"])
        except RuntimeError as error:
            errors.append(str(error))
        except (msgspec.MsgspecError, UnicodeError) as error:
            errors.append(f"no event: {error}")
        else:
            return numbers, errors


def _add(text: str, number: int, rows: Rows) -> None:
    event = _decode(text).Event
    payload = bytes(event.EventData or event.UserData or event.ProcessingErrorData)
    if event.RenderingInfo and (message := _decode_rendering(event.RenderingInfo).Message):
        rows.rendered[len(rows)] = message
    rows.add(bytes(event.System), b"" if payload == b"null" else payload, number)
