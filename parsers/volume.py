"""File systems at collection time, links along Claude's paths and what is encrypted: ``state/volumes.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import INTEGER, TEXT, Columns, Context, Parsed
from claude_evidence.parsers._own_state import is_format, parse_state, words

KIND = "volumes"
PATHS = ("state/volumes.json", "*/state/volumes.json")
VOLUME: Columns = {
    "Drive": TEXT,
    "DriveType": TEXT,
    "FileSystem": TEXT,
    "SizeBytes": INTEGER,
    "FreeBytes": INTEGER,
    "Flags": TEXT,
    "Path": TEXT,
    "LinkKind": TEXT,
    "ReparseTarget": TEXT,
}
"""A row is a file system (no Path), or an entry on its way to Claude's data that is special: LinkKind is junction,
symbolic link, cloud file, encrypted, or the reparse point's tag in hex."""
TABLES = {"volume": VOLUME}


def sniff(head: bytes) -> bool:
    """Return whether *head* names our format."""
    return is_format(head, KIND)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per file system and per special entry."""
    return parse_state(stream, source, context, KIND, ("volume", VOLUME), _row, "drive")


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Drive": untrusted.text(entry.get("drive"), 4096),
        "DriveType": untrusted.text(entry.get("drive_type"), 64),
        "FileSystem": untrusted.text(entry.get("file_system"), 64),
        "SizeBytes": untrusted.natural(entry.get("size_bytes")),
        "FreeBytes": untrusted.natural(entry.get("free_bytes")),
        "Flags": words(entry.get("flags")),
        "Path": untrusted.text(entry.get("path"), 32_767),
        "LinkKind": untrusted.text(entry.get("link"), 64),
        "ReparseTarget": untrusted.text(entry.get("target"), 32_767),
    }
