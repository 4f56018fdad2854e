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
``ASKED_LAST`` (optional)
    True where ``sniff`` is asked only once every other parser's said no.
``DEDUPLICATE`` (optional)
    True where the same bytes under the same file name would count one happening twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
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


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one member that are not a frame yet: thousands of small members become one frame in the end."""

    columns: Columns
    rows: list[dict[str, Any]]

    def frame(self) -> pd.DataFrame:
        """Return the table of exactly `HEAD` and the columns; what a row does not say is missing."""
        dtypes = {**HEAD, **self.columns}
        # arrays have no index to align, and are taken as they are
        columns = {name: _array([row.get(name) for row in self.rows], dtype) for name, dtype in dtypes.items()}
        return pd.DataFrame(columns, copy=False)


@dataclass(slots=True)
class Parsed:
    """What one member gave.

    Without ``coverage`` the driver derives one entry per table from the rows, unless ``blank`` says that the member is
    evidence of nothing, such as a list of drives that names none.
    """

    tables: dict[str, pd.DataFrame | Rows] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    blank: bool = False

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables as frames."""
        return {name: table.frame() if isinstance(table, Rows) else table for name, table in self.tables.items()}


class Parser(Protocol):
    """The shape of a parser module."""

    PATHS: tuple[str, ...]
    TABLES: Mapping[str, Columns]

    def sniff(self, head: bytes) -> bool:
        """Return whether *head* looks like this kind."""

    def parse(self, stream: BinaryIO, source: Member, context: Context) -> Parsed:
        """Return the rows of one member."""


def rows(columns: Columns, values: Iterable[Mapping[str, Any]], source: Member) -> Rows:
    """Return *values* as rows of *source*: Member is filled in, Record defaults to the row's number."""
    return Rows(columns, [{"Record": n, **row, "Member": source.name} for n, row in enumerate(values, 1)])


def frame(columns: Columns, values: Iterable[Mapping[str, Any]], source: Member) -> pd.DataFrame:
    """Return *values* as a table of exactly `HEAD` and *columns*, as `rows` fills them."""
    return rows(columns, values, source).frame()


@cache
def _empty(dtype: str) -> Any:
    """Return the one column without rows of *dtype*: most tables of most bundles are made of nothing else."""
    return pd.Series([], dtype=dtype).array


def _array(values: list[Any], dtype: Any) -> Any:
    if not values:
        return _empty(dtype)
    return pd.Series(pd.to_datetime(values, utc=True) if dtype == UTC else values).astype(dtype).array
