"""Claude's processes at collection time, and who held its files open: our own ``state/processes.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import INTEGER, TEXT, UTC, Columns, Context, Parsed
from claude_evidence.parsers._own_state import at, is_format, parse_state, words

KIND = "processes"
PATHS = ("state/processes.json", "*/state/processes.json")
PROCESS: Columns = {
    "Pid": INTEGER,
    "ParentPid": INTEGER,
    "ParentName": TEXT,
    "Name": TEXT,
    "Path": TEXT,
    "StartedAt": UTC,
    "SessionId": INTEGER,
    "ProcessType": TEXT,
    "Holds": TEXT,
}
"""ProcessType is Chromium's word (renderer, gpu-process …); Holds lists what of Claude the process has open: package,
logs, claude-code-sessions, local-agent-mode-sessions, vm_bundles. An empty table beside coverage: none ran."""
TABLES = {"process": PROCESS}


def sniff(head: bytes) -> bool:
    """Return whether *head* names our format."""
    return is_format(head, KIND)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per process."""
    return parse_state(stream, source, context, KIND, ("process", PROCESS), _row, "pid")


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Pid": untrusted.natural(entry.get("pid")),
        "ParentPid": untrusted.natural(entry.get("parent_pid")),
        "ParentName": untrusted.text(entry.get("parent_name"), 256),
        "Name": untrusted.text(entry.get("name"), 256),
        "Path": untrusted.text(entry.get("path"), 32_767),
        "StartedAt": at(entry.get("started_at")),
        "SessionId": untrusted.natural(entry.get("session_id")),
        "ProcessType": untrusted.token(entry.get("process_type")),
        "Holds": words(entry.get("holds")),
    }
