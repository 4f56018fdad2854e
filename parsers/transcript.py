"""CLI transcripts (``~/.claude/projects/<slug>/<id>.jsonl``), or the metadata of one: counts, times, never content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from claude_evidence import json_text, untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import BOOLEAN, INTEGER, TEXT, UTC, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import has_key, read_document
from claude_evidence.parsers._state import UUID, unreadable
from claude_evidence.transcript import facts_from_json, is_transcript_record, read_transcript

PATHS = ("projects/*/*.jsonl", "*/projects/*/*.jsonl", "*.jsonl.meta.json")
META_FORMAT = "claude-evidence/meta/1"
TRANSCRIPT: Columns = {
    "Path": TEXT,
    "CliSessionId": TEXT,
    "Slug": TEXT,
    "FileSize": INTEGER,
    "LineCount": INTEGER,
    "RecordCount": INTEGER,
    "UserCount": INTEGER,
    "AssistantCount": INTEGER,
    "MessageCount": INTEGER,
    "TitleEvents": INTEGER,
    "BadLineCount": INTEGER,
    "FirstBadLine": INTEGER,
    "NulLineCount": INTEGER,
    "FirstNulLine": INTEGER,
    "LongLineCount": INTEGER,
    "TailTruncated": BOOLEAN,
    "FirstTime": UTC,
    "LastTime": UTC,
    "Entrypoint": TEXT,
    "Versions": TEXT,
    "InnerSessionIds": TEXT,
    "HasMessages": BOOLEAN,
    "IsSubagent": BOOLEAN,
    "Released": BOOLEAN,
    "MetaOnly": BOOLEAN,
}
TABLES = {"transcript": TRANSCRIPT}
# Files of lines that lie near transcripts and are none: Cowork's audit, the prompt history, saved tool output.
_OTHER_NAMES = frozenset({"audit.jsonl", "history.jsonl"})
_OTHER_FOLDERS = frozenset({"tool-results", "outputs", "uploads"})
_META = ".meta.json"
_FACTS = {
    "FileSize": "size_bytes",
    "LineCount": "line_count",
    "RecordCount": "record_count",
    "UserCount": "user_count",
    "AssistantCount": "assistant_count",
    "MessageCount": "message_count",
    "TitleEvents": "title_count",
    "BadLineCount": "bad_line_count",
    "FirstBadLine": "first_bad_line",
    "NulLineCount": "nul_line_count",
    "FirstNulLine": "first_nul_line",
    "LongLineCount": "long_line_count",
    "TailTruncated": "tail_truncated",
    "FirstTime": "first_time",
    "LastTime": "last_time",
    "Entrypoint": "entrypoint",
    "HasMessages": "has_messages",
}
_LISTS = {"Versions": "versions", "InnerSessionIds": "session_ids"}


@dataclass(frozen=True, slots=True)
class _Place:
    """What the path says; ``expected`` where it is a place or a name that the CLI gives to transcripts."""

    path: str
    stem: str
    slug: str
    subagent: bool
    expected: bool


def sniff(head: bytes) -> bool:
    """Return whether *head* has a line that only a CLI transcript has, or is the metadata of one."""
    if META_FORMAT.encode() in head and has_key(head, "transcript"):
        return True
    lines = head.replace(b"\0", b"").split(b"\n")[:20]
    return any(is_transcript_record(json_text.partial_object(line.decode("utf-8", "replace"))) for line in lines)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per transcript; nothing for other files of lines that lie among them."""
    path = (source.path or source.name).replace("\\", "/")
    if path.lower().endswith(_META):
        return _parse_meta(stream, source, path[: -len(_META)])
    place = _place(path)
    if place is None:
        return Parsed()
    facts = read_transcript(stream)
    if not facts.recognised_count and not place.expected:
        return unreadable(source, "no transcript")
    return _table(source, place, {**asdict(facts), "MetaOnly": False})


def _parse_meta(stream: BinaryIO, source: Member, path: str) -> Parsed:
    meta = read_document(stream).value
    if not isinstance(meta, dict) or meta.get("format") != META_FORMAT or meta.get("kind") != "transcript":
        return unreadable(source, f"no metadata of a transcript in the format {META_FORMAT}")
    place = _place((untrusted.text(meta.get("source"), 4096) or path).replace("\\", "/"))
    if place is None:
        return Parsed()
    counts = meta.get("transcript")
    told = facts_from_json({"size_bytes": meta.get("size_bytes")} | (counts if isinstance(counts, dict) else {}))
    parsed = _table(source, place, {**told, "modified": untrusted.iso_time(meta.get("modified_at")), "MetaOnly": True})
    if not isinstance(counts, dict):
        parsed.problems.append(Problem("parse", source.name, "the metadata has no counts"))
    return parsed


def _place(path: str) -> _Place | None:
    *folders, name = path.split("/")
    lower = [folder.lower() for folder in folders]
    start = len(lower) - 1 - lower[::-1].index("projects") if "projects" in lower else None
    below = lower[start + 1 :] if start is not None else []
    if name.lower() in _OTHER_NAMES or _OTHER_FOLDERS.intersection(below[1:]):
        return None
    stem = PurePosixPath(name).stem
    return _Place(
        path,
        stem,
        folders[start + 1] if start is not None and below else "",
        subagent=stem.lower().startswith("agent-") or "subagents" in lower,
        expected=".claude" in lower or UUID.fullmatch(stem) is not None,
    )


def _table(source: Member, place: _Place, told: Mapping[str, Any]) -> Parsed:
    row: dict[str, Any] = {column: told.get(name) for column, name in _FACTS.items()}
    row |= {column: ",".join(told[name]) for column, name in _LISTS.items() if name in told}
    row |= {
        "TimeCreated": told.get("last_time") or told.get("modified") or source.modified_at,
        "Path": untrusted.text(place.path, 4096),
        "CliSessionId": untrusted.text(place.stem),
        "Slug": untrusted.text(place.slug),
        "MetaOnly": told["MetaOnly"],
        "IsSubagent": place.subagent or told.get("all_sidechain", False),
    }
    return Parsed({"transcript": table_rows(TRANSCRIPT, [row], source)})
