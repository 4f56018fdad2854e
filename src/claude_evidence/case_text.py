"""A case as a scenario's keys, and every text of it changed at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from claude_evidence.case import STATE, Case, Piece, stamp

Change = Callable[[str], str]
_KEPT_FACTS = ("os", "build", "app_version", "app_version_source", "machine")


def raw_of(case: Case, head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the scenario that *case* is; *head* comes first (``title`` …)."""
    raw: dict[str, Any] = {**head, "host": {"name": "DESKTOP-SAMPLE", **case.host}}
    if case.timezone:
        raw["timezone"] = case.timezone
    raw["collected_at"] = stamp(case.collected_at)
    told: dict[str, Any] = {"events": [dict(event) for event in case.events], "channels": list(case.channels)}
    told["files"] = [_file(case, piece) for piece in case.pieces if not _is_state(piece)]
    told["state"] = {PurePosixPath(piece.path).stem: piece.content for piece in case.pieces if _is_state(piece)}
    told["missing"] = [dict(entry) for entry in case.missing]
    return raw | {key: value for key, value in told.items() if value}


def _is_state(piece: Piece) -> bool:
    return piece.path.startswith(STATE) and piece.form == "json" and piece.path.count("/") == 1


def _file(case: Case, piece: Piece) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": piece.path, "artifact": piece.artifact}
    if piece.modified_at and piece.modified_at != case.collected_at:
        entry["modified"] = stamp(piece.modified_at)
    if piece.meta:
        entry["meta"] = True
    if piece.encoding:
        entry["encoding"] = piece.encoding
    if piece.form == "lines":
        return entry | {"text": "".join(piece.content)}
    return entry | {piece.form: piece.content}


def texts_of(value: Any) -> list[str]:
    """Return every text in *value*, keys of mappings included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in texts_of(part)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_of(item)]
    return []


def texts_in(case: Case) -> list[str]:
    """Return every text of *case* that somebody else chose: no key or word of a scenario's own."""
    pieces = [(piece.path, piece.content) for piece in case.pieces]
    events = [(event.get("data"), event.get("user"), event["provider"], event["channel"]) for event in case.events]
    missing = [tuple(entry.values()) for entry in case.missing]
    return texts_of([tuple(case.host.values()), case.channels, pieces, events, missing])


def with_texts(value: Any, change: Change, number: Callable[[int], int] = lambda number: number) -> Any:
    """Return *value* with *change* applied to every text in it, keys included, and *number* to every whole number."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Mapping):
        return {change(str(key)): with_texts(item, change, number) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(with_texts(item, change, number) for item in value)
    return value


def renamed(case: Case, change: Change) -> Case:
    """Return *case* with *change* applied to every text that somebody else chose."""
    host = {key: change(case.host[key]) for key in ("name", "user") if key in case.host}
    host |= {key: change(case.host[key]) for key in _KEPT_FACTS if key in case.host}
    pieces = [replace(p, path=change(p.path), content=with_texts(p.content, change)) for p in case.pieces]
    events = [{**event, **_renamed_event(event, change)} for event in case.events]
    missing = [with_texts(entry, change) for entry in case.missing]
    return replace(case, host=host, pieces=tuple(pieces), events=tuple(events), missing=tuple(missing))


def _renamed_event(event: Mapping[str, Any], change: Change) -> dict[str, Any]:
    told = {"data": with_texts(event["data"], change)} if "data" in event else {}
    return told | ({"user": change(event["user"])} if "user" in event else {})


def moved(case: Case, by: timedelta, change: Change, number: Callable[[int], int]) -> Case:
    """Return *case* with all times moved *by* so much; *change* and *number* move those in texts and numbers."""
    pieces = [
        replace(
            piece,
            path=change(piece.path),
            modified_at=piece.modified_at + by if piece.modified_at else None,
            content=piece.content if piece.form == "nulls" else with_texts(piece.content, change, number),
        )
        for piece in case.pieces
    ]
    events = [{**with_texts(event, change), "id": event["id"]} for event in case.events]
    missing = [with_texts(entry, change) for entry in case.missing]
    at = case.collected_at + by
    return replace(case, collected_at=at, pieces=tuple(pieces), events=tuple(events), missing=tuple(missing))
