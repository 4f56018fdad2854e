"""One pass over a CLI transcript (``.jsonl``) in constant memory: counts and times, never content.

Every line is parsed whole, so that a ``"type"`` inside a message never counts and a line torn in the middle is found.
Shapes of records: #68489, #31911; NUL blocks: #76059.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, BinaryIO

from claude_evidence import json_text, untrusted

BLOCK_BYTES = 1 << 20
LONG_LINE_BYTES = 16 << 20
MANY = 50
TITLE_TYPES = frozenset({"ai-title", "custom-title"})
MESSAGE_TYPES = frozenset({"user", "assistant"})
# Types that no other line-based log of the app uses; a file that has one is a transcript even without a session id.
OWN_TYPES = TITLE_TYPES | {"file-history-snapshot", "queue-operation", "last-prompt", "agent-name", "pr-link"}
_WORDS = ("entrypoint", "version", "sessionId")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class TranscriptFacts:
    """What may be said of a transcript without saying what is in it. Line numbers are 1-based.

    ``record_count`` counts lines that are JSON objects; ``bad_line_count`` all other lines that are not blank, those
    with NUL bytes (``nul_line_count``) and a torn last line (``tail_truncated``) included. Lines over
    `LONG_LINE_BYTES` are in ``long_line_count`` alone: nobody looked whether they are records. ``message_count``
    counts user and assistant records that are neither meta nor of a sub-agent, ``recognised_count`` the records that
    only a CLI transcript has. ``entrypoint`` is the last one given.
    """

    size_bytes: int = 0
    line_count: int = 0
    record_count: int = 0
    user_count: int = 0
    assistant_count: int = 0
    message_count: int = 0
    sidechain_count: int = 0
    title_count: int = 0
    recognised_count: int = 0
    bad_line_count: int = 0
    first_bad_line: int | None = None
    nul_line_count: int = 0
    first_nul_line: int | None = None
    long_line_count: int = 0
    tail_truncated: bool = False
    has_messages: bool = False
    all_sidechain: bool = False
    first_time: datetime | None = None
    last_time: datetime | None = None
    entrypoint: str = ""
    versions: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON values; times as ISO 8601."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            k: v.isoformat() if isinstance(v, datetime) else list(v) if isinstance(v, tuple) else v
            for k, v in values.items()
        }


COUNTS: tuple[str, ...] = tuple(f.name for f in fields(TranscriptFacts) if f.name.endswith("_count"))


def facts_from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that `TranscriptFacts.as_json` wrote; what is missing or of a wrong type is left out."""
    facts = ((name, _fact(name, default, values.get(name))) for name, default in TranscriptFacts().as_json().items())
    return {name: value for name, value in facts if value is not None}


def read_transcript(stream: BinaryIO) -> TranscriptFacts:
    """Return the facts of one transcript, read from *stream* to its end; damage is counted, never raised."""
    tally = _Tally()
    for data, has_nul, ended in _lines(stream, tally):
        tally.line(data, has_nul, ended)
    return tally.facts()


_Line = tuple[bytes | None, bool, bool]
"""One line without its newline, None where it was too long to hold; whether it has a NUL; whether it was ended."""


@dataclass(slots=True)
class _Tally:
    """Counts under way; see `TranscriptFacts`."""

    size: int = 0
    utf16: bool = False
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    first_bad: int | None = None
    first_nul: int | None = None
    tail_truncated: bool = False
    sided_messages: int = 0
    first: datetime | None = None
    last: datetime | None = None
    words: list[str] = field(default_factory=list)
    entrypoint: str = ""
    versions: dict[str, None] = field(default_factory=dict)
    session_ids: dict[str, None] = field(default_factory=dict)

    def line(self, data: bytes | None, has_nul: bool, ended: bool) -> None:
        """Count one `_Line`."""
        self.counts["line_count"] += 1
        if has_nul and not self.utf16:
            self.counts["nul_line_count"] += 1
            self.first_nul = self.first_nul or self.counts["line_count"]
            self._bad(ended)
        elif data is None:
            self.counts["long_line_count"] += 1
        elif (record := _record(data)) is not None:
            self._record(record)
        elif data.strip():
            self._bad(ended)

    def _bad(self, ended: bool) -> None:
        self.counts["bad_line_count"] += 1
        self.first_bad = self.first_bad or self.counts["line_count"]
        self.tail_truncated = self.tail_truncated or not ended

    def _record(self, record: dict[str, Any]) -> None:
        kind, counts, sidechain = record.get("type"), self.counts, record.get("isSidechain") is True
        counts["record_count"] += 1
        counts["sidechain_count"] += sidechain
        if not isinstance(kind, str):
            kind = ""
        if kind in MESSAGE_TYPES:
            counts[f"{kind}_count"] += 1
            if record.get("isMeta") is not True and "message" in record:
                self.sided_messages += sidechain
                counts["message_count"] += not sidechain
        counts["title_count"] += kind in TITLE_TYPES
        counts["recognised_count"] += is_transcript_record(record)
        self._time(untrusted.iso_time(record.get("timestamp")))
        words = [word if isinstance(word := record.get(key), str) else "" for key in _WORDS]
        if words != self.words:  # nearly every record says the same as the one before
            self.words = words
            self.entrypoint = untrusted.token(record.get("entrypoint")) or self.entrypoint
            _remember(self.versions, untrusted.token(record.get("version")))
            _remember(self.session_ids, untrusted.identifier(record.get("sessionId")))

    def _time(self, time: datetime | None) -> None:
        if time is not None:
            self.first = time if self.first is None or time < self.first else self.first
            self.last = time if self.last is None or time > self.last else self.last

    def facts(self) -> TranscriptFacts:
        """Return the counts as facts."""
        messages, sided = self.counts["message_count"], self.counts["sidechain_count"]
        all_sidechain = 0 < sided >= self.counts["user_count"] + self.counts["assistant_count"] and messages == 0
        return TranscriptFacts(
            size_bytes=self.size,
            first_bad_line=self.first_bad,
            first_nul_line=self.first_nul,
            tail_truncated=self.tail_truncated,
            all_sidechain=all_sidechain,
            has_messages=messages > 0 or (all_sidechain and self.sided_messages > 0),
            first_time=self.first,
            last_time=self.last,
            entrypoint=self.entrypoint,
            versions=tuple(self.versions),
            session_ids=tuple(self.session_ids),
            **self.counts,
        )


def is_transcript_record(record: Mapping[str, Any]) -> bool:
    """Return whether *record* (possibly cut) is one that only a CLI transcript has, as far as is known."""
    kind = record.get("type")
    if not isinstance(kind, str):
        return False
    of_session = isinstance(record.get("sessionId"), str) and ("isSidechain" in record or "uuid" in record)
    return of_session or kind in OWN_TYPES or (kind == "summary" and "leafUuid" in record)


def _lines(stream: BinaryIO, tally: _Tally) -> Iterator[_Line]:
    """Yield the lines of *stream*, holding at most `LONG_LINE_BYTES` of one; a last empty piece is no line."""
    held: list[bytes] = []
    length, has_nul = 0, False
    while block := stream.read(BLOCK_BYTES):
        if not tally.size:
            tally.utf16 = block.startswith(UTF16_MARKS)
        tally.size += len(block)
        *ends, rest = block.split(b"\n")
        plain = b"\0" not in block
        for end in ends:
            if plain and not length:
                yield end, False, True
                continue
            length += len(end)
            has_nul = has_nul or b"\0" in end
            held.append(end)
            yield b"".join(held) if length <= LONG_LINE_BYTES else None, has_nul, True
            held, length, has_nul = [], 0, False
        length += len(rest)
        has_nul = has_nul or b"\0" in rest
        if length <= LONG_LINE_BYTES:
            held.append(rest)
        else:
            held.clear()
    if length:
        yield b"".join(held) if length <= LONG_LINE_BYTES else None, has_nul, False


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        value = json_text.loads_line(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _remember(seen: dict[str, None], value: str | None) -> None:
    if value and len(seen) < MANY:
        seen[value] = None


def _fact(name: str, default: Any, value: Any) -> Any:
    if name.endswith("_time"):
        return untrusted.iso_time(value)
    if isinstance(default, bool):
        return untrusted.boolean(value)
    if isinstance(default, int) or name.startswith("first_"):
        return untrusted.natural(value)
    if isinstance(default, list):
        return tuple(w for v in value[:MANY] if (w := untrusted.token(v))) if isinstance(value, list) else None
    return untrusted.token(value)
