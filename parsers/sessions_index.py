"""The CLI's index of one project's conversations, ``sessions-index.json``: one row per file, and one per conversation
that it lists; never a prompt.

Many newer versions of the CLI write none, so its absence says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import INTEGER, TEXT, UTC, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import has_key, read_document
from claude_evidence.parsers._state import unreadable

PATHS = ("sessions-index.json", "*/sessions-index.json")
SESSIONS_INDEX: Columns = {"Path": TEXT, "Slug": TEXT, "EntryCount": INTEGER, "NewestEntry": UTC}
INDEXED_SESSION: Columns = {"Slug": TEXT, "CliSessionId": TEXT, "MessageCount": INTEGER}
TABLES = {"sessions_index": SESSIONS_INDEX, "indexed_session": INDEXED_SESSION}


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an object with a list of entries that name transcripts."""
    return has_key(head, "entries") and has_key(head, "sessionId") and has_key(head, "fullPath")


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row whose time is the file's, and one per entry; a file that cannot be read is a problem.

    A side chain is no conversation.
    """
    document = read_document(stream)
    value = document.value if document.state == "ok" else None
    entries = value.get("entries") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return unreadable(source, document.detail or "no list of entries")
    path = source.path or source.name
    folders = path.replace("\\", "/").split("/")
    own = [entry for entry in entries if isinstance(entry, dict) and untrusted.identifier(entry.get("sessionId"))]
    slug = untrusted.text(folders[-2]) if len(folders) > 1 else None
    row: dict[str, Any] = {
        "TimeCreated": source.modified_at,
        "Path": untrusted.text(path, 4096),
        "Slug": slug,
        "EntryCount": len(own),
        "NewestEntry": max(
            (time for entry in own if (time := untrusted.iso_time(entry.get("modified")))), default=None
        ),
    }
    listed = [
        {"Record": number, "Slug": slug, **_indexed(entry)}
        for number, entry in enumerate(own, 1)
        if entry.get("isSidechain") is not True
    ]
    return Parsed(
        {
            "sessions_index": table_rows(SESSIONS_INDEX, [row], source),
            "indexed_session": table_rows(INDEXED_SESSION, listed, source),
        }
    )


def _indexed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TimeCreated": untrusted.iso_time(entry.get("modified")),
        "CliSessionId": untrusted.identifier(entry.get("sessionId")),
        "MessageCount": untrusted.natural(entry.get("messageCount")),
    }
