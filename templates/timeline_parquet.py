"""Moments as Apache Parquet: one row each, with typed times, for pandas, DuckDB and their like."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from claude_evidence.moment import Moment
from claude_evidence.templates._visible import visible

SCHEMA = pa.schema(
    [
        ("datetime", pa.timestamp("us", "UTC")),
        ("local_time", pa.timestamp("us")),
        ("timestamp_desc", pa.string()),
        ("message", pa.string()),
        ("table", pa.string()),
        ("member", pa.string()),
        ("record", pa.int64()),
        ("sha256", pa.string()),
        ("tag", pa.list_(pa.string())),
    ],
    {"format": "claude-evidence/timeline/1"},
)
"""As the columns of the CSV; where the machine's zone is unknown ``datetime`` is null and ``local_time`` is not."""
_AT_ONCE = 1 << 16


def to_parquet(moments: Iterable[Moment]) -> Iterator[bytes]:
    """Yield a Parquet file of *moments*, piece by piece, in bounded memory."""
    sink, rest = io.BytesIO(), iter(moments)
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        while chunk := list(islice(rest, _AT_ONCE)):
            writer.write_batch(pa.RecordBatch.from_pylist(list(map(_row, chunk)), SCHEMA))
            yield _taken(sink)
    yield sink.getvalue()


def _taken(sink: io.BytesIO) -> bytes:
    """Return what *sink* holds and leave it empty."""
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _row(one: Moment) -> dict[str, object]:
    return {
        "datetime": one.time,
        "local_time": one.local_time,
        "timestamp_desc": one.meaning,
        "message": visible(one.message),
        "table": one.table,
        "member": visible(one.member),
        "record": one.record,
        "sha256": one.sha256,
        "tag": list(one.rules),
    }
