"""What the tests of the event log scrub share: a redaction, readers of other makers, and what may differ."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from claude_evidence.collector import scrub_evtx as evtx
from claude_evidence.evtx_format import CHUNK_BYTES, CHUNK_HEADER_BYTES, FILE_BLOCK_BYTES, RECORDS_OFFSET

CODECS = ("utf-16-le", "utf-16-be", "utf-8", "cp1252", "cp1251", "cp932")


def same(text: str) -> str:
    return text


def same_sid(stored: bytes) -> bytes:
    return stored


def token(kind: str, text: str) -> str:
    """A token as long as *text*, in UTF-16 units."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return evtx.fitted(f"{kind}-{digest.hex()[:6]}", len(text.encode("utf-16-le", "surrogatepass")) // 2, digest)


def replacing(names: Iterable[str]) -> Callable[[str], str]:
    """Replaces *names*, whatever stands around them."""
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)", re.IGNORECASE)
    return lambda text: pattern.sub(lambda match: token("user", match[0]), text)


def foreign(text: str) -> str:
    return token("value", text) if evtx.names_something(text) else text


def machine_sid(stored: bytes) -> bytes:
    """Another SID of the same form where *stored* is one of a machine's or domain's accounts."""
    if len(stored) != 28 or stored[8:12] != b"\x15\0\0\0":
        return stored
    return stored[:12] + hashlib.sha256(stored[12:24]).digest()[:12] + stored[24:]


def scrubbed(data: bytes, names: Iterable[str] = (), others: Callable[[str], str] | None = None) -> bytes:
    return b"".join(evtx.scrub(io.BytesIO(data), replacing(names), machine_sid, foreign=others))


def stored_forms(name: str) -> Iterator[bytes]:
    """Every way in which *name* may be stored as bytes."""
    for codec in CODECS:
        try:
            yield name.encode(codec)
        except UnicodeEncodeError:
            continue


def left(data: bytes, names: Iterable[str]) -> list[tuple[str, bytes]]:
    return [(name, form) for name in names for form in stored_forms(name) if form in data]


def checksums(data: bytes) -> list[tuple[int, bool]]:
    """Each place of a checksum in a file, and whether it is right: worked out apart from the program."""
    found = [(124, zlib.crc32(data[:120]) == struct.unpack_from("<I", data, 124)[0])] if len(data) >= 128 else []
    for start in range(FILE_BLOCK_BYTES, len(data) - RECORDS_OFFSET + 1, CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        free, records, header = (struct.unpack_from("<I", chunk, offset)[0] for offset in (48, 52, 124))
        head = zlib.crc32(chunk[CHUNK_HEADER_BYTES:RECORDS_OFFSET], zlib.crc32(chunk[:120]))
        whole = RECORDS_OFFSET <= free <= len(chunk)
        found.append((start + 52, whole and zlib.crc32(chunk[RECORDS_OFFSET:free]) == records))
        found.append((start + 124, head == header))
    return found


def rust(path: Path) -> tuple[list[tuple[int, str, Any]], int]:
    """What the ``evtx`` package reads: record id, time and content of each record; and how many it cannot."""
    from evtx import PyEvtxParser

    records: list[tuple[int, str, Any]] = []
    failed = 0
    rows = PyEvtxParser(str(path)).records_json()
    while True:
        try:
            row: Any = next(rows)
        except StopIteration:
            return records, failed
        except RuntimeError:
            failed += 1
        else:
            records.append((row["event_record_id"], row["timestamp"], json.loads(row["data"])))


def pure(path: Path, most: int) -> tuple[int, int]:
    """How many records ``python-evtx`` can make XML of, and how many records and chunks it cannot; *most* a chunk."""
    from Evtx.Evtx import Evtx

    read = failed = 0
    with Evtx(str(path)) as log:
        for chunk in log.chunks():
            try:
                for record in islice(chunk.records(), most):
                    try:
                        record.xml()
                        read += 1
                    except Exception:  # noqa: BLE001 - it trusts what it reads: damage shows as any exception
                        failed += 1
            except Exception:  # noqa: BLE001 - likewise
                failed += 1
    return read, failed


def exported(path: Path, what: str) -> tuple[int, int]:
    """How many records ``evtxexport`` shows, and how it ends; *what* is ``items`` or ``recovered``."""
    done = subprocess.run(["evtxexport", "-m", what, str(path)], capture_output=True, check=False)
    return done.stdout.count(b"Event number"), done.returncode


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, f"{path}/{key}")
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from leaves(child, f"{path}/{number}")
    else:
        yield path, value
