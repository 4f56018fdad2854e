"""Our own listing of files on the host, ``state/file_inventory.json``: one row per file or folder.

Files too large to be hashed whole have the hashes of their first and last 64 KiB instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import BOOLEAN, INTEGER, TEXT, UTC, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import read_document
from claude_evidence.parsers._state import collected_at, unreadable

FORMAT = "claude-evidence/file-inventory/1"
PATHS = ("state/file_inventory.json", "*/state/file_inventory.json")
FILE_INVENTORY: Columns = {
    "Path": TEXT,
    "Size": INTEGER,
    "ModifiedAt": UTC,
    "CreatedAt": UTC,
    "Attributes": TEXT,
    "Sha256": TEXT,
    "HeadSha256": TEXT,
    "TailSha256": TEXT,
    "FirstNonNullOffset": INTEGER,
    "IsDirectory": BOOLEAN,
    "ReparseTarget": TEXT,
}
TABLES = {"file_inventory": FILE_INVENTORY}
# A listing of half a million files is about this large.
_LIMIT_BYTES = 128 << 20
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def sniff(head: bytes) -> bool:
    """Return whether *head* names our format."""
    return FORMAT.encode() in head


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per entry, Record being its place; TimeCreated is when the listing was made."""
    document = read_document(stream, limit=_LIMIT_BYTES)
    listing = document.value if document.state == "ok" and isinstance(document.value, dict) else {}
    entries = listing.get("entries")
    if listing.get("format") != FORMAT or not isinstance(entries, list):
        return unreadable(source, document.detail or f"not in the format {FORMAT}")
    made = untrusted.iso_time(listing.get("collected_at")) or collected_at(source, context)
    rows, problems = [], []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict) and (path := untrusted.text(entry.get("path"), 32_767)):
            rows.append({"Record": number, "Path": path, **_row(entry, made)})
        else:
            problems.append(number)
    lost = [Problem("parse", source.name, f"{len(problems)} entries without a path", problems[0])] if problems else []
    return Parsed({"file_inventory": table_rows(FILE_INVENTORY, rows, source)}, lost)


def _row(entry: Mapping[str, Any], made: datetime | None) -> dict[str, Any]:
    attributes = entry.get("attributes")
    if isinstance(attributes, list):
        attributes = ", ".join(word for a in attributes[:32] if (word := untrusted.token(a)))
    return {
        "TimeCreated": made,
        "Size": untrusted.natural(entry.get("size_bytes")),
        "ModifiedAt": untrusted.iso_time(entry.get("modified_at")),
        "CreatedAt": untrusted.iso_time(entry.get("created_at")),
        "Attributes": untrusted.text(attributes),
        "Sha256": _hash(entry.get("sha256")),
        "HeadSha256": _hash(entry.get("head_sha256")),
        "TailSha256": _hash(entry.get("tail_sha256")),
        "FirstNonNullOffset": untrusted.natural(entry.get("first_non_null_offset")),
        "IsDirectory": untrusted.boolean(entry.get("is_directory")),
        "ReparseTarget": untrusted.text(entry.get("reparse_target"), 32_767),
    }


def _hash(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) and _SHA256.fullmatch(value) else None
