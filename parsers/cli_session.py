"""The CLI's registry of live processes, ``~/.claude/sessions/<pid>.json``: one row per file."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import INTEGER, TEXT, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import head_object, read_document
from claude_evidence.parsers._state import unreadable

PATHS = (".claude/sessions/*.json", "*/.claude/sessions/*.json")
CLI_SESSION: Columns = {
    "Path": TEXT,
    "Pid": INTEGER,
    "SessionId": TEXT,
    "Status": TEXT,
    "Version": TEXT,
    "Entrypoint": TEXT,
}
TABLES = {"cli_session": CLI_SESSION}


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an object with a process id and a session id."""
    entry = head_object(head)
    return untrusted.integer(entry.get("pid")) is not None and untrusted.identifier(entry.get("sessionId")) is not None


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row, its time being the file's; a file that cannot be read is a problem."""
    document = read_document(stream)
    if document.state != "ok" or not isinstance(document.value, dict):
        return unreadable(source, document.detail or "not an object")
    entry: dict[str, Any] = document.value
    path = source.path or source.name
    pid = untrusted.integer(entry.get("pid"))
    row = {
        "TimeCreated": source.modified_at,
        "Path": untrusted.text(path, 4096),
        "Pid": _pid_of_name(path) if pid is None else pid,
        "SessionId": untrusted.identifier(entry.get("sessionId")),
        "Status": untrusted.token(entry.get("status")),
        "Version": untrusted.token(entry.get("version")),
        "Entrypoint": untrusted.token(entry.get("entrypoint")),
    }
    return Parsed({"cli_session": table_rows(CLI_SESSION, [row], source)})


def _pid_of_name(path: str) -> int | None:
    stem = PurePosixPath(path.replace("\\", "/")).stem
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) <= 10 else None
