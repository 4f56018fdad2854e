"""A case made as small as it can be without showing anything else: files, then records, then fields.

``holds`` says of a smaller case whether it still shows the same; it is asked at most as often as the tries allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from claude_evidence.case import Case, Piece, event_key, piece_key, shape, thinned
from claude_evidence.delta import Tries, reduced

Holds = Callable[[Case], bool]
ALIKE = (2, 20, 200, 2000)
"""How many alike files, records and events are tried to be enough, before all are kept."""
FACTS = ("name", "os", "build", "app_version")
"""Facts of the host that are never left out: whoever reads a scenario asks for them first."""
SMALL_NULLS = 4096
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a case is reduced: ``holds``, ``tries``, and ``say`` hears what is being done."""

    holds: Holds
    tries: Tries
    say: Callable[[str], None]


def thin(case: Case, how: Reduction) -> Case:
    """Return *case* with what its findings name as their evidence, or that in its frame, or a few of each sort of file,
    record and event: the first that holds.
    """
    for guess in (_only_named(case), _named_and_frame(case)) if case.named else ():
        how.tries.done += 1
        how.say("keeping what the findings name")
        if how.holds(guess):
            return guess
    for most in ALIKE:
        smaller = _thinned(case, most)
        how.tries.done += 1
        how.say(f"keeping {most} of each sort")
        if how.holds(smaller):
            return smaller
    return case


def minimal(case: Case, how: Reduction) -> Case:
    """Return *case* reduced as far as the tries go."""
    case = _files(case, how)
    case = _records(case, how)
    case = _fields(case, how)
    case = _values(case, how)
    case = _facts(case, how)
    return _files(case, how)


def _only_named(case: Case) -> Case:
    pieces = {n: piece for n, piece in enumerate(case.pieces) if (n, -1) in case.named}
    kept = tuple(_with_lines(piece, n, case.named) if piece.form == "lines" else piece for n, piece in pieces.items())
    return replace(case, pieces=kept, events=tuple(e for n, e in enumerate(case.events) if (-1, n) in case.named))


def _named_and_frame(case: Case) -> Case:
    """Return *case* with the records that are named, every file, and of each log the first record and the last."""
    numbers = {str(event["channel"]): n for n, event in enumerate(case.events)}
    numbers |= {f"first of {event['channel']}": n for n, event in reversed(list(enumerate(case.events)))}
    there = case.named | {(-1, n) for n in numbers.values()}
    there |= {(n, end) for n, p in enumerate(case.pieces) if p.form == "lines" for end in (0, len(p.content) - 1)}
    pieces = (_with_lines(p, n, there) if p.form == "lines" else p for n, p in enumerate(case.pieces))
    events = tuple(event for n, event in enumerate(case.events) if (-1, n) in there)
    return replace(case, pieces=tuple(pieces), events=events)


def _thinned(case: Case, most: int) -> Case:
    pieces = [
        replace(piece, content=tuple(thinned(piece.content, shape, most))) if piece.form == "lines" else piece
        for piece in thinned(case.pieces, piece_key, most)
    ]
    return replace(case, pieces=tuple(pieces), events=tuple(thinned(case.events, event_key, most)))


def _files(case: Case, how: Reduction) -> Case:
    channels = dict.fromkeys(str(event["channel"]) for event in case.events)
    units: list[tuple[str, Any]] = [
        *(("piece", number) for number in range(len(case.pieces))),
        *(("log", channel) for channel in channels),
        *(("empty", channel) for channel in case.channels),
        *(("missing", number) for number in range(len(case.missing))),
    ]

    def of(kept: Sequence[tuple[str, Any]]) -> Case:
        there = set(kept)
        return replace(
            case,
            pieces=tuple(piece for number, piece in enumerate(case.pieces) if ("piece", number) in there),
            events=tuple(event for event in case.events if ("log", event["channel"]) in there),
            channels=tuple(channel for channel in case.channels if ("empty", channel) in there),
            missing=tuple(entry for number, entry in enumerate(case.missing) if ("missing", number) in there),
        )

    return _reduced(units, of, how, "files")


def _records(case: Case, how: Reduction) -> Case:
    """Leave out records of text files and events."""
    lines = [(n, line) for n, p in enumerate(case.pieces) if p.form == "lines" for line in range(len(p.content))]
    units = [*lines, *((-1, number) for number in range(len(case.events)))]

    def of(kept: Sequence[tuple[int, int]]) -> Case:
        there = set(kept)
        pieces = [
            _with_lines(piece, n, there) if piece.form == "lines" else piece for n, piece in enumerate(case.pieces)
        ]
        events = tuple(event for number, event in enumerate(case.events) if (-1, number) in there)
        return replace(case, pieces=tuple(pieces), events=events)

    return _reduced(units, of, how, "records")


def _with_lines(piece: Piece, number: int, there: Set[tuple[int, int]]) -> Piece:
    return replace(piece, content=tuple(text for n, text in enumerate(piece.content) if (number, n) in there))


def _fields(case: Case, how: Reduction) -> Case:
    """Leave out fields of events, each from all events of its sort."""
    units = list(dict.fromkeys(unit for event in case.events for unit in _units(event)))

    def of(kept: Sequence[tuple[Any, ...]]) -> Case:
        gone = set(units) - set(kept)
        return replace(case, events=tuple(_without(event, gone) for event in case.events))

    return _reduced(units, of, how, "fields")


def _units(event: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    own = [(_ANY, key) for key in ("level", "user") if key in event]
    data = event.get("data")
    return [*own, *((event["provider"], event["id"], name) for name in (data if isinstance(data, Mapping) else ()))]


def _without(event: Mapping[str, Any], gone: set[tuple[Any, ...]]) -> Mapping[str, Any]:
    left = {key: value for key, value in event.items() if (_ANY, key) not in gone}
    if isinstance(event.get("data"), Mapping):
        sort = event["provider"], event["id"]
        left["data"] = {name: value for name, value in event["data"].items() if (*sort, name) not in gone}
    return left


def _values(case: Case, how: Reduction) -> Case:
    """Leave out keys and entries of JSON files, level by level, each from all files of its sort; fewer null bytes."""
    small = [replace(p, content=min(p.content, SMALL_NULLS)) if p.form == "nulls" else p for p in case.pieces]
    if tuple(small) != case.pieces:
        how.tries.done += 1
        if how.holds(smaller := replace(case, pieces=tuple(small))):
            case = smaller
    depth = 1
    while units := _places(case, depth):
        case = _reduced(units, lambda kept, case=case, units=units: _with_places(case, units, kept), how, "values")  # type: ignore[misc]
        depth += 1
    return case


def _places(case: Case, depth: int) -> list[tuple[Any, ...]]:
    """Return the places of *depth* keys and numbers in the JSON files, each with the sort of its files first."""
    json = [piece for piece in case.pieces if piece.form == "json"]
    found = ((shape(piece.path), *place) for piece in json for place in _within(piece.content, depth))
    return list(dict.fromkeys(found))


def _within(value: Any, depth: int) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if depth == 1:
        return [(key,) for key, _ in pairs]
    return [(key, *rest) for key, item in pairs for rest in _within(item, depth - 1)]


def _with_places(case: Case, units: Sequence[tuple[Any, ...]], kept: Sequence[tuple[Any, ...]]) -> Case:
    gone = set(units) - set(kept)

    def left(value: Any, place: tuple[Any, ...]) -> Any:
        if isinstance(value, dict):
            return {key: left(item, (*place, key)) for key, item in value.items() if (*place, key) not in gone}
        if isinstance(value, list):
            return [left(item, (*place, n)) for n, item in enumerate(value) if (*place, n) not in gone]
        return value

    pieces = [replace(p, content=left(p.content, (shape(p.path),))) if p.form == "json" else p for p in case.pieces]
    return replace(case, pieces=tuple(pieces))


def _facts(case: Case, how: Reduction) -> Case:
    units = [key for key in case.host if key not in FACTS]

    def of(kept: Sequence[str]) -> Case:
        return replace(case, host={key: value for key, value in case.host.items() if key in FACTS or key in kept})

    return _reduced(units, of, how, "facts of the host")


def _reduced(units: list[Any], of: Callable[[Sequence[Any]], Case], how: Reduction, what: str) -> Case:
    def holds(kept: Sequence[Any]) -> bool:
        how.say(f"{what}: {len(kept)} of {len(units)}, after {how.tries.done} tries")
        return how.holds(of(kept))

    return of(reduced(units, holds, how.tries))
