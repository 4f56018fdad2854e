"""The app's own logs: one row per record with its continuation lines, in the order of the file.

What is decided here, because no specification says it:

- A line that does not begin as a record does belongs to the record before; lines before the first record are one record
  without a time, and a `Problem` says so. A line of the right shape with an impossible date is a record without a time.
- A file that ends without a line break is read as if it had one: no `Problem`, unless it ends inside a character.
- A carriage return before a line break is not text; any other one is. Continuation lines are joined by ``\\n``.
- A run of NULs is cut out, and named; where the text after it begins as a record does, that record begins there.
- A message holds at most 65,536 bytes; bytes that are no UTF-8 become U+FFFD.
- ``Message`` is text, or a category of texts in a log in which they repeat a lot.
- A file has one line format (see `_log_formats`); lines of another one in it are continuation lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC as UTC_ZONE
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.model import Coverage, Member, Problem
from claude_evidence.parsers import _log_formats as formats
from claude_evidence.parsers._contract import CATEGORY, LOCAL, TEXT, UTC, Context, Parsed
from claude_evidence.parsers._log_blocks import BLOCK_BYTES, MESSAGE_LIMIT, Text, blocks
from claude_evidence.parsers._log_columns import Column
from claude_evidence.parsers._log_nuls import Nuls
from claude_evidence.parsers._log_records import Records

_NAMES = ("main.log", "main[0-9].log", "main[0-9][0-9].log", "main.old.log", "claude.ai-web*.log", "cowork_vm*.log",
          "unknown-window*.log", "window.log", "main-window*.log", "mcp.log", "mcp[0-9].log", "mcp.old.log",
          "mcp-server-*.log", "ssh.log", "cowork-service*.log", "claudesetup*.log")  # fmt: skip
PATHS = tuple(pattern for name in _NAMES for pattern in (name, f"*/{name}"))
TABLES = {
    "app_log": {
        "LocalTime": LOCAL, "Service": CATEGORY, "Level": CATEGORY, "Component": CATEGORY, "Message": TEXT,
        "SessionId": CATEGORY, "CliSessionId": CATEGORY, "ErrnoCode": CATEGORY, "LineCount": "int32",
    }
}  # fmt: skip
DEDUPLICATE = True
_USUAL_RECORD_BYTES = 50
# what a larger log needs beyond is made when it is needed, because a size may be a lie
_ROOM_BYTES = 1 << 30
_SLICE = 1 << 16
_REPEATED = 8


def sniff(head: bytes) -> bool:
    """Return whether a line of *head* begins as a record of the app's logs; a Go log needs a tag of ours as well."""
    text = Text.head_of(head)
    if any(formats.count(kind.start, text) for kind in (formats.MAIN, formats.MCP, formats.MCP_SERVER)):
        return True
    return formats.count(formats.GO.start, text) > 0 and any(mark in text for mark in formats.GO_MARKS)


def parse(stream: BinaryIO, source: Member, context: Context, block_bytes: int = BLOCK_BYTES) -> Parsed:
    """Return the table ``app_log`` of one log, read *block_bytes* at a time."""
    _keep_freed_memory()
    text, nuls = Text.of(stream, block_bytes), Nuls()
    service = formats.service_of(PurePosixPath(source.path or source.name).name, text.head)
    size = min(source.size_bytes, _ROOM_BYTES)
    records = Records(formats.choose(text.head, service), size // _USUAL_RECORD_BYTES, size)
    for block in blocks(text.chunks, records.kind.start, nuls):
        records.add(block)
    records.finish()
    problems = [Problem("parse", source.name, message, line) for line, message in (*_nul_runs(nuls), *_losses(records))]
    if not len(records.times.values):
        return Parsed(problems=problems)
    table = _table(records, source, service, context)
    return Parsed({"app_log": table}, problems, [_coverage(table, source, service)])


def _keep_freed_memory() -> None:
    """Let the C library keep what each block frees for the next one.

    glibc gives blocks back to the system, and each page costs a fault to have again, until one nearly as large as its
    limit of 32 MiB was freed once (mallopt(3), M_MMAP_THRESHOLD). Nothing is written to this one, so it costs nothing.
    """
    np.empty(31 << 20, dtype=np.uint8)


def _nul_runs(nuls: Nuls) -> list[tuple[int | None, str]]:
    said: list[tuple[int | None, str]] = [
        (line, f"line {line}: {length} NUL bytes cut out") for line, length in nuls.found
    ]
    if nuls.more:
        said.append((None, f"{nuls.more} more runs of NUL bytes cut out, {nuls.more_bytes} bytes in all"))
    return said


def _losses(records: Records) -> list[tuple[int | None, str]]:
    """Return line and text of everything that could not be kept as it was."""
    said: list[tuple[int | None, str]] = []
    if records.kind is formats.QUOTED:
        said.append((1, "no line carries a date: its records have no time"))
    else:
        dates = records.undated
        if dates.count:
            said.append((dates.first, f"impossible date, kept without a time: {dates.count} record(s)"))
    if records.headless:
        first = int(records.lines.values[0])
        said.append((first, "lines before the first dated record are kept as one record without a time"))
    messages = records.forms.messages
    for forms, what in ((messages.invalid, "bytes that are not UTF-8, replaced by U+FFFD"),
                        (messages.long, f"message longer than {MESSAGE_LIMIT:,} bytes, cut")):  # fmt: skip
        damage = records.with_form(forms)
        if damage.count:
            said.append((damage.first, f"{what}: {damage.count} record(s), the first on line {damage.first}"))
    return said


def _table(records: Records, source: Member, service: str, context: Context) -> pd.DataFrame:
    times = records.times.values.view("datetime64[us]")
    rows = len(times)
    utc = times if records.kind.utc else context.clock.to_utc(times)
    forms, codes = records.forms, _order(records)
    columns: dict[str, Any] = {
        "TimeCreated": pd.array(cast("Any", utc.view(np.int64)), dtype=UTC, copy=False),
        "Member": _same(source.name, rows),
        "Record": records.lines.values,
        "LocalTime": np.full(rows, "NaT", dtype="datetime64[us]") if records.kind.utc else times,
        "Service": _same(service, rows),
        "Level": _category(forms.levels, formats.LEVELS, codes),
        "Component": _category(forms.components, forms.tags.index, codes),
        "Message": _messages(forms.messages.array(), codes),
        **{name: _category(column.codes, column.index, codes) for name, column in forms.lifted.items()},
        "LineCount": records.counts.values,
    }
    return pd.DataFrame(columns, copy=False)


def _order(records: Records) -> NDArray[np.int64] | None:
    """Return the form of each record, None where each has one of its own."""
    codes: NDArray[np.int64] = records.codes.values
    return None if len(records.forms) == len(codes) else codes


def _same(value: str, rows: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), pd.Index([value], dtype=TEXT))


def _category(column: Column, words: Iterable[str], order: NDArray[np.int64] | None) -> pd.Categorical:
    """Return *column*, codes of *words*, in *order* as a category of those that occur; -1 is missing."""
    codes, words = column.values, list(words)
    used = np.flatnonzero(_seen(codes, len(words)))
    narrow = np.min_scalar_type(-len(words) - 1)
    if len(used) == len(words):
        codes = codes.astype(narrow, copy=False)
    else:
        place = np.full(len(words) + 1, -1, dtype=narrow)
        place[used] = np.arange(len(used))
        codes = place[codes]
    codes = codes if order is None else codes.take(order)
    return pd.Categorical.from_codes(codes, pd.Index([words[code] for code in used], dtype=TEXT))


def _seen(codes: NDArray[np.signedinteger[Any]], words: int) -> NDArray[np.bool_]:
    """Return which of the first *words* codes occur; a log's beginning has most of them."""
    seen = np.zeros(words + 1, dtype=bool)
    for start in range(0, len(codes), _SLICE):
        seen[codes[start : start + _SLICE]] = True
        if seen[:-1].all():
            break
    return seen[:-1]


def _messages(texts: pa.LargeStringArray, order: NDArray[np.int64] | None) -> Any:
    """Return *texts* in *order*: as a category where they repeat so much that it is far smaller."""
    if order is None:
        return _text(texts)
    encoded = texts.dictionary_encode()
    if len(encoded.dictionary) * _REPEATED > len(order):
        return _text(texts.take(pa.array(order)))
    codes = encoded.indices.to_numpy().take(order)
    return pd.Categorical.from_codes(codes, pd.Index(_text(encoded.dictionary)))


def _text(texts: pa.LargeStringArray) -> pd.api.extensions.ExtensionArray:
    """Return Arrow strings as pandas' own text, without a copy."""
    dtype: Any = pd.StringDtype("pyarrow", na_value=np.nan)
    column: pd.api.extensions.ExtensionArray = dtype.__from_arrow__(pa.chunked_array([texts]))
    return column


def _coverage(table: pd.DataFrame, source: Member, service: str) -> Coverage:
    first, last = _span(table["TimeCreated"].array)
    return Coverage("app_log", service, source.name, first and first.replace(tzinfo=UTC_ZONE),
                    last and last.replace(tzinfo=UTC_ZONE), *_span(table["LocalTime"].array))  # fmt: skip


def _span(times: Any) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last of *times*, an array of pandas; its own way copies all of them several times."""
    values = times.asi8
    first, last = values.min(), values.max()
    if first == formats.NAT and last != formats.NAT:
        first = values[values != formats.NAT].min()
    if first == formats.NAT:
        return None, None
    return pd.Timestamp(int(first), unit="us").to_pydatetime(), pd.Timestamp(int(last), unit="us").to_pydatetime()
