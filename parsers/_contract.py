"""What a parser is: the one contract every module of this folder keeps, and the helpers that keep it short.

A module whose name has no leading underscore is a parser; its file name is the kind. It defines:

``PATHS``
    Glob patterns, lower case, of the host paths it reads (``*`` also crosses ``/``). The longest match wins.
``TABLES``
    Table name to columns to dtypes, without the three columns that every table begins with.
``sniff(head)``
    Whether the first 4,096 bytes look like its kind; asked only where no path pattern matches.
``parse(stream, source, context)``
    Rows out of one member: a `Parsed`. Bad evidence becomes a `Problem`, never an exception.
``DEDUPLICATE`` (optional)
    True where the same bytes under the same file name would count one happening twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import pandas as pd

from claude_evidence.model import Coverage, Manifest, Member, Problem

if TYPE_CHECKING:
    from claude_evidence.parsers._clock import Clock

UTC = "datetime64[us, UTC]"
LOCAL = "datetime64[us]"
TEXT = "str"
CATEGORY = "category"
INTEGER = "Int64"
BOOLEAN = "boolean"
Columns = Mapping[str, str]
HEAD: Columns = {"TimeCreated": UTC, "Member": CATEGORY, "Record": "int64"}


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser may know beside its bytes. ``wanted`` are the fields that the loaded rules name."""

    clock: Clock
    manifest: Manifest = field(default_factory=Manifest)
    wanted: frozenset[str] = frozenset()
    engine: str = "auto"


@dataclass(slots=True)
class Parsed:
    """What one member gave. Without ``coverage`` the driver derives one entry per table from the rows."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)


class Parser(Protocol):
    """The shape of a parser module."""

    PATHS: tuple[str, ...]
    TABLES: Mapping[str, Columns]

    def sniff(self, head: bytes) -> bool:
        """Return whether *head* looks like this kind."""

    def parse(self, stream: BinaryIO, source: Member, context: Context) -> Parsed:
        """Return the rows of one member."""


def frame(columns: Columns, rows: Iterable[Mapping[str, Any]], source: Member) -> pd.DataFrame:
    """Return *rows* as a table of exactly `HEAD` and *columns*.

    Member is filled in, Record defaults to the row's number.
    """
    rows = list(rows)
    data: dict[str, Any] = {}
    for name, dtype in {**HEAD, **columns}.items():
        if name == "Member":
            values: list[Any] = [source.name] * len(rows)
        elif name == "Record":
            values = [row.get("Record", number) for number, row in enumerate(rows, 1)]
        else:
            values = [row.get(name) for row in rows]
        data[name] = _series(values, dtype)
    return pd.DataFrame(data)


def _series(values: list[Any], dtype: str) -> pd.Series[Any]:
    if dtype == UTC:
        return pd.Series(pd.to_datetime(values, utc=True)).astype(dtype)
    return pd.Series(values, dtype=dtype)
