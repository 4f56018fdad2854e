"""A bundle taken apart into what a scenario can hold as it stands: files record by record, events, a few facts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from claude_evidence import json_text
from claude_evidence.bundle_bag import META_SUFFIX
from claude_evidence.bundle_limits import MemberError
from claude_evidence.model import Evidence, Manifest, Member, Outcome, Report

if TYPE_CHECKING:
    from claude_evidence.bundle import Bundle

T = TypeVar("T")
Form = Literal["lines", "json", "nulls"]
STATE = "state/"
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
LONGEST = 30_000
"""Characters of one field of an event: the format holds 64 KiB of UTF-16."""
_RECORD = re.compile(r"\W?\d{4}[-/]\d\d[-/]\d\d")
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[a-z]{2,8}-[0-9a-f]{6,64}|[0-9a-fA-F]{12,}")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One file. ``content`` is a tuple of texts (``lines``: records with their continuation lines), a JSON value, or a
    number of null bytes; ``path`` its host path, or ``state/…``; ``meta`` says that it describes the file there;
    ``encoding`` is that of its byte order mark, empty without one.
    """

    path: str
    artifact: str
    modified_at: datetime | None
    form: Form
    content: Any
    meta: bool = False
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All of a bundle. ``events`` are entries of a scenario's ``events:``; ``missing`` of its ``missing:``.

    ``named`` are the records that findings name as their evidence: number of the piece and of its record, -1 in place
    of the record for the piece as a whole, -1 in place of the piece for an event.
    """

    host: Mapping[str, str]
    timezone: str | None
    collected_at: datetime
    pieces: tuple[Piece, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    channels: tuple[str, ...] = ()
    missing: tuple[Mapping[str, str], ...] = ()
    named: frozenset[tuple[int, int]] = frozenset()


def case_of(bundle: Bundle, evidence: Evidence, report: Report) -> Case:
    """Return *bundle*, which was read into *evidence*, as a case; members that nothing reads are left out."""
    named = {(ref.member, ref.record) for finding in report.findings for ref in finding.evidence}
    placed = list(_events(evidence))
    events = tuple(event for _, event in placed)
    seen = {str(event["channel"]) for event in events}
    empty = {c.source for c in evidence.coverage if c.table == "events" and c.first is None} - seen
    artifacts = {entry.member: entry.artifact for entry in evidence.manifest.acquisitions if entry.member}
    members = [member for member in evidence.members if member.kind not in (None, "events")]
    pieces = [(m.name, p) for m in members if (p := _piece(bundle, m, artifacts.get(m.name, "GivenFiles")))]
    return Case(
        host={str(key): str(value) for key, value in evidence.manifest.host.items()},
        timezone=evidence.manifest.timezone,
        collected_at=_collected_at(evidence.manifest, evidence.members),
        pieces=tuple(piece for _, piece in pieces),
        events=events,
        channels=tuple(sorted(empty)),
        missing=tuple(_missing(evidence.manifest)),
        named=frozenset([*_named(pieces, named), *((-1, n) for n, (place, _) in enumerate(placed) if place in named)]),
    )


def _named(pieces: Iterable[tuple[str, Piece]], named: Set[tuple[str, int]]) -> Iterator[tuple[int, int]]:
    members = {member for member, _ in named}
    for number, (member, piece) in enumerate(pieces):
        if member in members:
            yield number, -1
            first = 1
            for n, text in enumerate(piece.content if piece.form == "lines" else ()):
                following = first + max(text.count("\n"), 1)
                if any((member, line) in named for line in range(first, following)):
                    yield number, n
                first = following


def _collected_at(manifest: Manifest, members: Iterable[Member]) -> datetime:
    told = manifest.finished_at or manifest.started_at
    times = [member.modified_at for member in members if member.modified_at]
    return told or max(times, default=datetime(2025, 1, 1, tzinfo=UTC))


def _missing(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    for entry in manifest.acquisitions:
        if entry.member is None and entry.outcome is not Outcome.COLLECTED:
            told = {"artifact": entry.artifact, "source": entry.source, "outcome": entry.outcome.value}
            yield told | ({"detail": entry.detail} if entry.detail else {})


def _piece(bundle: Bundle, member: Member, artifact: str) -> Piece | None:
    try:
        with bundle.open(member) as stream:
            data = stream.read()
    except (MemberError, OSError):
        return None
    path = member.path.replace("\\", "/")
    meta = path.endswith(META_SUFFIX)
    mark, encoding = next((known for known in _MARKS if data.startswith(known[0])), (b"", ""))
    form, content = _content(data, data[len(mark) :].decode(encoding or "utf-8", "replace"))
    return Piece(path.removesuffix(META_SUFFIX), artifact, member.modified_at, form, content, meta, encoding)


def _content(data: bytes, text: str) -> tuple[Form, Any]:
    if data and not data.strip(b"\0"):
        return "nulls", len(data)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return "json", json_text.loads(text)
        except json_text.JsonError:
            pass
    return "lines", tuple(_records(text.replace("\r\n", "\n")))


def _records(text: str) -> Iterator[str]:
    """Yield the records of a log, each with the lines that continue it; lines where no line begins with a time."""
    lines = text.splitlines(keepends=True)
    timed = any(_RECORD.match(line) for line in lines)
    record = ""
    for line in lines:
        if record and (not timed or _RECORD.match(line)):
            yield record
            record = ""
        record += line
    if record:
        yield record


def _events(evidence: Evidence) -> Iterator[tuple[tuple[str, int], Mapping[str, Any]]]:
    """Yield member and number of each event, and the event."""
    table = evidence.tables["events"]
    for row in table.sort_values("TimeCreated", kind="stable").to_dict("records"):
        if row["TimeCreated"] != row["TimeCreated"] or row["EventID"] < 0:
            continue  # a record without time or number has no place in an order
        event: dict[str, Any] = {
            "time": stamp(row["TimeCreated"].to_pydatetime(warn=False)),
            "provider": str(row["Provider_Name"]),
            "id": int(row["EventID"]),
            "channel": str(row["Channel"]),
        }
        if row["Level"] == row["Level"] and row["Level"] is not None:
            event["level"] = int(row["Level"])
        if isinstance(row["UserID"], str):
            event["user"] = row["UserID"]
        yield (str(row["Member"]), int(row["Record"])), event | {"data": _data(row["EventData"])}


def _data(payload: bytes) -> Any:
    """Return what an event says: fields by name, or a list of texts where they have none."""
    try:
        value = json.loads(payload or b"{}")
    except (ValueError, RecursionError):
        return {}
    texts = value.get("Data", {}) if isinstance(value, dict) else {}
    if isinstance(texts, dict) and set(texts) == {"#text"}:
        listed = texts["#text"] if isinstance(texts["#text"], list) else [texts["#text"]]
        return [_plain(text) for text in listed]
    return dict(_leaves(value, "", 16))


def _leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and depth:
        for key, child in value.items():
            if key != "#attributes":
                yield from _leaves(child, name if key == "#text" else key, depth - 1)
    elif name:
        yield name, value if isinstance(value, bool | int) else _plain(value)


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return text.replace("\0", "")[:LONGEST]


def stamp(time: datetime) -> str:
    """Return *time* as a scenario writes it: in UTC, with ``Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shape(text: str) -> str:
    """Return *text* without what differs between alike records: identifiers and figures."""
    return _DIGITS.sub("0", _ID.sub("#", text))


def thinned(items: Iterable[T], key: Callable[[T], Hashable], most: int) -> list[T]:
    """Return the first and the last few of *items* of each *key*, at most *most*, in their order."""
    alike: dict[Hashable, list[int]] = {}
    listed = list(items)
    for number, item in enumerate(listed):
        alike.setdefault(key(item), []).append(number)
    kept: set[int] = set()
    for numbers in alike.values():
        kept.update(numbers[: (most + 1) // 2], numbers[len(numbers) - most // 2 :])
    return [listed[number] for number in sorted(kept)]


def piece_key(piece: Piece) -> Hashable:
    """Return what alike files have in common: folder, name and structure but for identifiers and figures."""
    keys = tuple(sorted(piece.content)) if isinstance(piece.content, dict) else ()
    return shape(piece.path), piece.form, piece.meta, keys


def event_key(event: Mapping[str, Any]) -> Hashable:
    """Return what alike events have in common."""
    return event["channel"], event["provider"], event["id"], shape(json.dumps(event["data"], default=str))
