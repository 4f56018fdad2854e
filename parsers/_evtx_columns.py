"""Event records into a table: distinct values are decoded once, columns are filled by their codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.parsers import _evtx_payload as payloads
from claude_evidence.parsers._contract import UTC
from claude_evidence.parsers._evtx_rows import FLAT, Rows, System, system

Codes = NDArray[np.int32]
RENDERED = "RenderedMessage"
_CATEGORIES = ("Provider_Name", "Channel", "Computer", "Keywords", "UserID")
_INTEGERS = ("Level", "Version", "Task", "Opcode", "ProcessID", "ThreadID")
_SHAPE = b"0000-00-00T00:00:00.000000"
_SECONDS, _LONGEST = 19, 32
_PATTERN = np.frombuffer(_SHAPE.ljust(_LONGEST, b"0"), dtype=np.uint8)
_DIGIT = np.isin(_PATTERN, ord("0"))
_LARGEST = 2**63 - 1
_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:(\.\d{0,6})\d*)?Z*\Z")
NO_SYSTEM = (*System().flat(),)


def table(rows: Rows, member: str, wanted: frozenset[str]) -> pd.DataFrame:
    """Return *rows* as the table ``events``, and one column more for each name in *wanted* that is none yet."""
    kept = _kept(rows)
    times = [rows.times[i] for i in kept] if kept is not None else rows.times
    numbers = _record_numbers(rows.numbers)
    by_system = np.array(rows.system_codes, dtype=np.int32)
    by_payload = np.array(rows.payload_codes, dtype=np.int32)
    if kept is not None:
        numbers, by_system, by_payload = numbers[kept], by_system[kept], by_payload[kept]
    data: dict[str, Any] = {
        "TimeCreated": pd.Series(_times(times)).dt.tz_localize("UTC").astype(UTC),
        "Member": _category([member], np.zeros(len(numbers), dtype=np.int32)),
        "Record": numbers,
    }
    data |= _system_columns(rows, by_system)
    data |= _payload_columns(rows, by_payload, wanted - data.keys())
    if RENDERED in wanted:
        positions = range(len(rows)) if kept is None else kept
        data[RENDERED] = _text([rows.rendered.get(int(i)) for i in positions])
    return pd.DataFrame(data)


def _kept(rows: Rows) -> NDArray[np.int64] | None:
    """Return the positions of rows that count, None for all: a carved record counts once, and only if no row has it."""
    if not rows.carved:
        return None
    seen = {number for position, number in enumerate(rows.numbers) if position not in rows.carved}
    kept = []
    for position, number in enumerate(rows.numbers):
        if position not in rows.carved or number not in seen:
            kept.append(position)
            seen.add(number)
    return np.array(kept, dtype=np.int64)


def _record_numbers(numbers: Sequence[int]) -> NDArray[np.int64]:
    """Return the record numbers; one that is no number of a log, as damage makes it, becomes the largest there is."""
    try:
        return np.array(numbers, dtype=np.int64)
    except OverflowError:
        return np.array([min(number, _LARGEST) for number in numbers], dtype=np.int64)


def _system_columns(rows: Rows, codes: Codes) -> dict[str, Any]:
    flat = [known.flat() if (known := system(stored)) else NO_SYSTEM for stored in rows.systems]
    by_name = zip(*flat, strict=True) if flat else [()] * len(FLAT)
    distinct: dict[str, Sequence[Any]] = dict(zip(FLAT, by_name, strict=True))
    data: dict[str, Any] = {"EventID": np.array(distinct["EventID"], dtype=np.int64)[codes]}
    for name in FLAT[1:]:
        if name in _CATEGORIES:
            data[name] = _category(distinct[name], codes)
        elif name in _INTEGERS:
            data[name] = _integer(distinct[name], codes)
        else:
            data[name] = _text(distinct[name], codes)
    return data


def _payload_columns(rows: Rows, codes: Codes, wanted: frozenset[str]) -> dict[str, Any]:
    stored = np.empty(len(rows.payloads), dtype=object)
    stored[:] = list(rows.payloads)
    decoded = [payloads.fields(payload) for payload in rows.payloads]
    data: dict[str, Any] = {
        "EventData": stored[codes],
        "HResult": _category([payloads.error_code(one) for one in decoded], codes),
        "Operation": _category([payloads.operation(one) for one in decoded], codes),
        "Options": _text([payloads.options(one) for one in decoded], codes),
    }
    for name in sorted(wanted - data.keys() - {RENDERED}):
        data[name] = _category([one.get(name) for one in decoded], codes)
    return data


def _category(distinct: Sequence[str | None], codes: Codes) -> pd.Categorical:
    """Return a category column of *distinct* by *codes*; categories come in order of first use."""
    known: dict[str, int] = {}
    recode = np.array([-1 if v is None else known.setdefault(v, len(known)) for v in distinct], dtype=np.int32)
    return pd.Categorical.from_codes(recode[codes], categories=pd.Index(list(known), dtype="str"))


def _integer(distinct: Sequence[int | None], codes: Codes) -> Any:
    values = np.array([value or 0 for value in distinct], dtype=np.int64)
    missing = np.array([value is None for value in distinct], dtype=bool)
    return pd.arrays.IntegerArray(values[codes], missing[codes])


def _text(distinct: Sequence[str | None], codes: Codes | None = None) -> Any:
    column = pa.array(distinct, type=pa.large_string())
    filled = column if codes is None else column.take(pa.array(codes))
    return filled.to_pandas(types_mapper=lambda _: pd.StringDtype(na_value=np.nan))


def _times(stored: list[bytes]) -> NDArray[np.datetime64]:
    """Return ISO times in UTC as datetime64[us], cut to microseconds; NaT for what is no time."""
    try:
        if max(map(len, stored), default=0) <= _LONGEST:
            texts = np.strings.rstrip(np.array(stored, dtype=f"S{_LONGEST}"), b"Z")
            if _usual(texts):
                return texts.astype(f"S{len(_SHAPE)}").astype("datetime64[us]")
    except ValueError:  # digits in the right places, and yet no such day
        pass
    return np.array([_time(one) for one in stored], dtype="datetime64[us]")


def _usual(texts: NDArray[np.bytes_]) -> bool:
    """Return whether all are ISO times in UTC: numpy would also take words (now, today) and other zones."""
    characters = texts.view(np.uint8).reshape(len(texts), texts.itemsize)
    width = texts.itemsize
    digits = (characters >= ord("0")) & (characters <= ord("9"))
    fits = np.where(_DIGIT[:width], digits, characters == _PATTERN[:width])
    fits[:, _SECONDS:] |= characters[:, _SECONDS:] == 0
    return width >= _SECONDS and bool(fits.all())


def _time(stored: bytes) -> np.datetime64:
    found = _TIME.match(stored)
    try:
        return np.datetime64((found[1] + (found[2] or b"")).decode(), "us") if found else np.datetime64("NaT")
    except ValueError:
        return np.datetime64("NaT")
