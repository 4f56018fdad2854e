"""Bundle to tables: one module per kind of evidence; the file name is the kind."""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from claude_evidence.bundle_limits import MemberError
from claude_evidence.bundle_zip import LOCAL_SIGNATURE
from claude_evidence.model import ONCE, Coverage, Evidence, Member, Problem, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from claude_evidence.bundle import Bundle
    from claude_evidence.parsers._contract import Context, Parsed, Parser


@dataclass(frozen=True, slots=True)
class Seen:
    """Which members may be one file twice: how many share a name and a size, and the first with each hash."""

    twins: Counter[tuple[str, int]]
    first: dict[tuple[str, tuple[str, int]], str] = field(default_factory=dict)


Progress = Callable[[Member, int, int], None]
SNIFFED_BYTES = 4096
_WILDCARDS = re.compile(r"[*?]|\[[^]]*\]")


@cache
def kinds() -> Mapping[str, Parser]:
    """Return the parser modules by kind: the file is the registration."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: import_module(f"{__name__}.{name}") for name in names}


def parse(
    bundle: Bundle,
    wanted: frozenset[str] = frozenset(),
    *,
    zone: str | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
) -> Evidence:
    """Return the tables of *bundle*; *wanted* are the event fields that the loaded rules name.

    *zone* (IANA name) overrides the manifest's. Members that no parser reads keep ``kind`` None and are listed all the
    same.
    """
    from claude_evidence.parsers._clock import Clock
    from claude_evidence.parsers._contract import Context

    wanted -= {"LocalTime"}  # in every table the wall clock of a log, and never an event's field
    manifest = replace(bundle.manifest, timezone=zone) if zone else bundle.manifest
    context = Context(clock=Clock.of(bundle.manifest, zone), manifest=manifest, wanted=wanted, engine=engine)
    results: list[tuple[Member, Parsed]] = []
    members: list[Member] = []
    problems: list[Problem] = []
    seen = Seen(Counter(map(_twin, bundle.members)))
    for number, member in enumerate(bundle.members):
        if progress:
            progress(member, number, len(bundle.members))
        member, parsed = _parse_member(bundle, member, context, seen)
        members.append(member)
        if parsed:
            problems += parsed.problems
            results.append((member, parsed))
    tables = _tables([parsed for _, parsed in results])
    coverage = tuple(c for member, parsed in results for c in _covered(member, parsed))
    return Evidence(manifest, tables, (*bundle.problems, *problems), tuple(members), coverage)


def _parse_member(bundle: Bundle, member: Member, context: Context, seen: Seen) -> tuple[Member, Parsed | None]:
    """Return *member* with its hash and kind, and what it gave; its bytes are hashed as they are parsed."""
    from claude_evidence.parsers._contract import Parsed

    try:
        if seen.twins[_twin(member)] > 1:
            member = bundle.hashed(member)
        kind = _kind(bundle, member)
        member, parsed = _read(bundle, replace(member, kind=kind), context, seen) if kind else (member, None)
        return replace(bundle.hashed(member), kind=member.kind), parsed
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place where a parser's failure must not end the run
        named = "" if isinstance(error, MemberError) else f"{type(error).__name__}: "
        text = f"{named}{error}".splitlines()[0][:300]
        with suppress(MemberError):
            member = replace(bundle.hashed(member), kind=member.kind)
        return member, Parsed(problems=[Problem("parse", member.name, f"could not be read: {text}")])


def _read(bundle: Bundle, member: Member, context: Context, seen: Seen) -> tuple[Member, Parsed | None]:
    from claude_evidence.parsers._contract import Parsed

    parser = kinds()[member.kind or ""]
    if getattr(parser, "DEDUPLICATE", False) and member.sha256 and member.size_bytes:
        first = seen.first.setdefault((member.sha256, _twin(member)), member.name)
        if first != member.name:
            return member, Parsed(problems=[Problem("parse", member.name, f"same bytes as {first}: {ONCE}")])
    with bundle.open(member) as stream:
        parsed = parser.parse(stream, member, context)
    read = parsed.tables or parsed.problems or parsed.coverage
    return (member, parsed) if read else (replace(member, kind=None), None)


def _twin(member: Member) -> tuple[str, int]:
    return PurePosixPath(member.path).name.lower(), member.size_bytes


def _kind(bundle: Bundle, member: Member) -> str | None:
    path = member.path.lower()
    matches = [(len(glob), kind) for kind, parser in kinds().items() for glob in parser.PATHS if _fits(path, glob)]
    if matches:
        return max(matches)[1]
    with bundle.open(member) as stream:
        head = stream.read(SNIFFED_BYTES)
    if head.startswith(LOCAL_SIGNATURE):  # what is stored in a zip that stays closed would pass for text
        return None
    asked = sorted(kinds().items(), key=lambda item: getattr(item[1], "ASKED_LAST", False))
    return next((kind for kind, parser in asked if head and parser.sniff(head)), None)


def _fits(path: str, glob: str) -> bool:
    """Return whether *path* matches *glob*, which is made a regular expression only where all its literals occur."""
    return all(literal in path for literal in _WILDCARDS.split(glob)) and fnmatchcase(path, glob)


def _tables(results: Iterable[Parsed]) -> dict[str, pd.DataFrame]:
    """Return one frame per table of every parser: siblings in order of time, empty where nothing was read."""
    from claude_evidence.parsers._contract import Rows

    found: dict[str, list[pd.DataFrame]] = {}
    small: dict[str, list[dict[str, Any]]] = {}
    for parsed in results:
        for name, table in parsed.tables.items():
            if isinstance(table, Rows):
                small.setdefault(name, []).extend(table.rows)
            elif len(table):
                found.setdefault(name, []).append(table)
    tables = {}
    for parser in kinds().values():
        for name, dtypes in parser.TABLES.items():
            frames = sorted(found.get(name, []), key=_first_time)
            if small.get(name) or not frames:
                frames.append(Rows(dtypes, small.get(name, [])).frame())
            tables[name] = _concat(frames)
    return tables


def columns() -> dict[str, frozenset[str]]:
    """Return the columns of every table that some parser declares, by table."""
    from claude_evidence.parsers._contract import HEAD

    names: dict[str, set[str]] = {}
    for parser in kinds().values():
        for table, own in parser.TABLES.items():
            names.setdefault(table, set(HEAD)).update(own)
    return {table: frozenset(found) for table, found in names.items()}


def _first_time(table: pd.DataFrame) -> tuple[int, int]:
    """Return a key that puts tables in order: by the first UTC time, else by the first wall-clock time, else last."""
    for rank, name in enumerate(("TimeCreated", "LocalTime")):
        first = table[name].min() if name in table else None
        if first is not None and first == first:
            return rank, int(first.asm8.view("i8"))
    return 2, 0


def _concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    names = list(dict.fromkeys(name for table in frames for name in table.columns))
    data: dict[str, Any] = {}
    for name in names:
        parts = [table[name] if name in table else pd.Series([None] * len(table)) for table in frames]
        kinds_of = {type(part.dtype) for part in parts}
        if pd.CategoricalDtype in kinds_of and pd.StringDtype not in kinds_of:
            data[name] = pd.api.types.union_categoricals([_words(part) for part in parts], sort_categories=False)
        else:
            dtype = pd.StringDtype(na_value=np.nan) if pd.StringDtype in kinds_of else parts[0].dtype
            data[name] = pd.concat([part.astype(dtype) for part in parts], ignore_index=True)
    return pd.DataFrame(data)


def _words(part: pd.Series[Any]) -> pd.Categorical:
    """Return *part* as a category of text: where every value is missing, pandas makes it one of numbers or objects."""
    import pandas as pd

    made = part.astype("category").cat
    return pd.Categorical.from_codes(made.codes, made.categories.astype("str"))


def _covered(member: Member, parsed: Parsed) -> list[Coverage]:
    return [] if parsed.blank else parsed.coverage or _coverage(member, parsed)


def _coverage(member: Member, parsed: Parsed) -> list[Coverage]:
    """Return one entry per table that *member* gave, with the span of its times."""
    from claude_evidence.parsers._contract import Rows

    entries = []
    for name, table in parsed.tables.items():
        given = [row.get("TimeCreated") for row in table.rows] if isinstance(table, Rows) else table["TimeCreated"]
        times = [time for time in given if time is not None and time == time]
        span = (_datetime(min(times)), _datetime(max(times))) if times else (None, None)
        entries.append(Coverage(name, name, member.name, *span))
    return entries


def _datetime(time: Any) -> Any:
    return time.to_pydatetime() if hasattr(time, "to_pydatetime") else time
