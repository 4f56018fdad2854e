"""CLI transcripts that have given facts: so many records of each kind, so many bytes, these times and no others.

The keys of the records are those that public reports quote (#68489, #31911); what people and model say is invented.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from claude_evidence.samples.scenario import NAMESPACE
from claude_evidence.transcript import TranscriptFacts

PROSE = "Where shall the tomatoes go this year, behind the shed or along the wall? "
"""What every conversation is about; no bundle may hold it."""
TITLE = "A garden plan"
_FILL = "@"


def transcript(facts: TranscriptFacts, cwd: str) -> Iterator[bytes]:
    """Yield the lines of a transcript whose facts are *facts*, of a conversation in *cwd*.

    Raises ValueError for facts that this writer cannot give: damage, side chains, too few bytes for the bare records.
    """
    kinds = _kinds(facts)
    bare = [_record(facts, cwd, kind, number) for number, kind in enumerate(kinds)]
    fillable = [number for number, line in enumerate(bare) if _FILL.encode() in line]
    missing = facts.size_bytes - sum(map(len, bare)) + len(fillable)
    if missing < 0 or not fillable:
        raise ValueError(f"{facts.record_count} records need more than {facts.size_bytes} bytes")
    each, more = divmod(missing, len(fillable))
    for number, line in enumerate(bare):
        length = each + (more if number == fillable[-1] else 0)
        yield line.replace(_FILL.encode(), (PROSE * (length // len(PROSE) + 1))[:length].encode())


def _kinds(facts: TranscriptFacts) -> list[str]:
    """Return the type of each record in order: turns with the attachments spread over them, titles behind the first."""
    turns, titles = facts.user_count, facts.title_count
    rest = facts.record_count - 2 * turns - titles
    if rest < 0 or facts.assistant_count != turns or facts.bad_line_count or facts.sidechain_count:
        raise ValueError(f"no transcript is written with these counts: {facts}")
    kinds = [] if turns else ["attachment"] * rest
    for turn in range(turns):
        attached = rest * (turn + 1) // turns - rest * turn // turns
        kinds += ["user", *["attachment"] * attached, "assistant"]
    return [*kinds[:1], *["ai-title"] * titles, *kinds[1:]]


def _record(facts: TranscriptFacts, cwd: str, kind: str, number: int) -> bytes:
    session = facts.session_ids[0]
    record: dict[str, Any] = {"type": kind, "sessionId": session}
    if kind == "ai-title":
        return _line(record | {"aiTitle": TITLE})
    record |= {
        "parentUuid": _uuid(session, number - 1) if number else None,
        "isSidechain": False,
        "userType": "external",
        "cwd": cwd,
        "version": facts.versions[0],
        "gitBranch": "main",
        "uuid": _uuid(session, number),
        "timestamp": _time(facts, number),
        "entrypoint": facts.entrypoint,
    }
    if kind == "attachment":
        return _line(record | {"attachment": {"type": "file", "filename": "beds.md", "content": _FILL}})
    content = _FILL if kind == "user" else [{"type": "text", "text": _FILL}]
    return _line(record | {"message": {"role": kind, "content": content}})


def _time(facts: TranscriptFacts, number: int) -> str:
    if facts.first_time is None or facts.last_time is None:
        raise ValueError("a transcript needs its first and last time")
    step = (facts.last_time - facts.first_time) / max(facts.record_count - 1, 1)
    time = facts.last_time if number == facts.record_count - 1 else facts.first_time + number * step
    return time.isoformat().replace("+00:00", "Z")


def _uuid(session: str, number: int) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{session}/{number}"))


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
