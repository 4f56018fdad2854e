"""One JSON document out of a stream: how it ends, where its first byte that is not null lies, and what it says.

Read in blocks; a document over its limit is measured but not held.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from claude_evidence import json_text

State = Literal["ok", "empty", "all_null", "truncated", "invalid"]
BLOCK_BYTES = 1 << 20
LIMIT_BYTES = 16 << 20
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Document:
    """What one stream held.

    ``value`` is set where ``state`` is ``ok``, and for a truncated object to the pairs before the cut;
    ``first_non_null`` is None where every byte is null; ``detail`` says in a few words why a state is not ``ok``.
    """

    state: State
    size_bytes: int
    first_non_null: int | None = None
    value: Any = None
    detail: str = ""


def read_document(stream: BinaryIO, *, limit: int = LIMIT_BYTES, utf16: bool = False) -> Document:
    """Return the JSON document of *stream*, of at most *limit* bytes; *utf16* allows what PowerShell's ``>`` writes."""
    data, size, first = read_bytes(stream, limit)
    if size == 0:
        return Document("empty", 0, detail="empty")
    if first is None:
        return Document("all_null", size, detail="every byte is null")
    if data is None:
        return Document("invalid", size, first, detail=f"larger than {limit} bytes: not read")
    state, value, detail = _value(data, utf16)
    return Document(state, size, first, value, detail)


def read_bytes(stream: BinaryIO, limit: int) -> tuple[bytes | None, int, int | None]:
    """Return the bytes of *stream* (None where more than *limit*), their number, and where the first not null lies."""
    held: list[bytes] = []
    size, first = 0, None
    while block := stream.read(BLOCK_BYTES):
        if first is None and (rest := block.lstrip(b"\0")):
            first = size + len(block) - len(rest)
        size += len(block)
        if size <= limit:
            held.append(block)
        else:
            held.clear()
    return (b"".join(held) if size <= limit else None), size, first


def decode_text(data: bytes) -> str:
    """Return text as Windows tools write it: UTF-16 or UTF-8 with or without a mark; other bytes become U+FFFD."""
    for mark, encoding in _UTF16.items():
        if data.startswith(mark):
            return data[2:].decode(encoding, "replace")
    # without a mark, ASCII in UTF-16 has a null in every second byte
    if data[1:64:2].count(0) * 2 > len(data[1:64:2]) > 0:
        return data.decode("utf-16-le", "replace")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def head_object(head: bytes) -> Mapping[str, Any]:
    """Return the complete top-level pairs of the object that begins in *head*; empty where none does."""
    return json_text.partial_object(decode_text(head))


def has_key(head: bytes, key: str) -> bool:
    """Return whether *head* begins a JSON object or array and writes *key* somewhere as a key."""
    text = decode_text(head).lstrip()
    return text[:1] in ("{", "[") and re.search(rf'"{re.escape(key)}"\s*:', text) is not None


def value_of(text: str) -> tuple[State, Any, str]:
    """Return the state of a text that is JSON or was meant to be, its value, and why its state is not ``ok``."""
    try:
        return "ok", json_text.loads(text), ""
    except json_text.JsonError as error:
        if not error.truncated:
            return "invalid", None, str(error)
        return "truncated", json_text.partial_object(text) if text.lstrip()[:1] == "{" else None, "ends too early"


def _value(data: bytes, utf16: bool) -> tuple[State, Any, str]:
    if utf16:
        return value_of(decode_text(data))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return value_of(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return "invalid", None, "not UTF-8"
        # cut in the middle of a character: what stands before it must be the beginning of a document, not a whole one
        state, value, detail = value_of(data[: error.start].decode("utf-8"))
        return (state, value, detail) if state == "truncated" else ("invalid", None, "not UTF-8")
