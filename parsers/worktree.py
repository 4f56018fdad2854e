"""The app's pool of git worktrees, ``git-worktrees.json``: one row per worktree, with the session that leases it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import TEXT, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import has_key, read_document
from claude_evidence.parsers._state import unreadable

PATHS = ("git-worktrees.json", "*/git-worktrees.json")
WORKTREE: Columns = {
    "Name": TEXT,
    "Path": TEXT,
    "LeasedBy": TEXT,
    "BaseRepo": TEXT,
    "Branch": TEXT,
    "SourceBranch": TEXT,
}
TABLES = {"worktree": WORKTREE}


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an object of worktrees with leases."""
    return has_key(head, "worktrees") and has_key(head, "leasedBy")


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per worktree, Record being its place in the file; an entry that is no object is a problem."""
    document = read_document(stream)
    value = document.value if document.state == "ok" else None
    worktrees = value.get("worktrees") if isinstance(value, dict) else None
    if not isinstance(worktrees, dict):
        return unreadable(source, document.detail or "no object of worktrees")
    rows, problems = [], []
    for number, (name, entry) in enumerate(worktrees.items(), 1):
        if isinstance(entry, dict):
            rows.append({"Record": number, **_row(name, entry)})
        else:
            problems.append(Problem("parse", source.name, "a worktree that is no object", number))
    return Parsed({"worktree": table_rows(WORKTREE, rows, source)}, problems)


def _row(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TimeCreated": untrusted.epoch_ms(entry.get("createdAt")),
        "Name": untrusted.text(entry.get("name")) or untrusted.text(name),
        "Path": untrusted.text(entry.get("path"), 4096),
        "LeasedBy": untrusted.identifier(entry.get("leasedBy")),
        "BaseRepo": untrusted.text(entry.get("baseRepo"), 4096),
        "Branch": untrusted.text(entry.get("branch")),
        "SourceBranch": untrusted.text(entry.get("sourceBranch")),
    }
