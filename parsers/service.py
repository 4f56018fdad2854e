"""Windows services at collection time: our own ``state/services.json``, or what ``sc qc`` and ``sc queryex`` print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import BOOLEAN, INTEGER, TEXT, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import decode_text, read_bytes
from claude_evidence.parsers._own_state import is_format, parse_state
from claude_evidence.parsers._state import collected_at, unreadable

KIND = "services"
PATHS = ("state/services.*", "*/state/services.*")
SERVICE: Columns = {
    "Name": TEXT,
    "State": TEXT,
    "StartType": TEXT,
    "ServiceType": INTEGER,
    "ExitCode": INTEGER,
    "ServiceExitCode": INTEGER,
    "Pid": INTEGER,
    "BinaryPath": TEXT,
    "Account": TEXT,
    "DelayedStart": BOOLEAN,
    "TriggerCount": INTEGER,
}
"""State and StartType are in the words of Win32_Service (Running, Stopped, StartPending; Auto, Manual, Disabled);
NotInstalled where Windows has no such service."""
TABLES = {"service": SERVICE}
_LIMIT_BYTES = 4 << 20
_HEAD = re.compile(r"^SERVICE_NAME *: *(?P<name>\S[^\r\n]{0,255})\r?$", re.MULTILINE)
_LINE = re.compile(r"^[ \t]{1,64}(?P<key>[A-Z_0-9]{2,24}) *: *(?P<value>[^\r\n]{0,4096})\r?$", re.MULTILINE)
_STATES = ("", "Stopped", "StartPending", "StopPending", "Running", "ContinuePending", "PausePending", "Paused")
_STARTS = ("Boot", "System", "Auto", "Manual", "Disabled")


def sniff(head: bytes) -> bool:
    """Return whether *head* is our format, or text that ``sc.exe`` prints of a service."""
    if is_format(head, KIND):
        return True
    text = decode_text(head)
    return bool(_HEAD.search(text)) and any(line["key"] in ("STATE", "START_TYPE") for line in _LINE.finditer(text))


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per service."""
    if (source.path or source.name).lower().endswith(".json"):
        return parse_state(stream, source, context, KIND, ("service", SERVICE), _row, "name")
    data, size, _ = read_bytes(stream, _LIMIT_BYTES)
    if data is None:
        return unreadable(source, f"{size} bytes are too many for a list of services")
    if is_format(data[:4096], KIND):
        from io import BytesIO

        return parse_state(BytesIO(data), source, context, KIND, ("service", SERVICE), _row, "name")
    made = collected_at(source, context)
    rows = [{**row, "TimeCreated": made} for row in of_text(decode_text(data))]
    if not rows:
        return unreadable(source, "no service in it")
    return Parsed({"service": table_rows(SERVICE, rows, source)})


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": untrusted.text(entry.get("name"), 256),
        "State": untrusted.token(entry.get("state")),
        "StartType": untrusted.token(entry.get("start_type")),
        "ServiceType": untrusted.natural(entry.get("service_type")),
        "ExitCode": untrusted.natural(entry.get("exit_code")),
        "ServiceExitCode": untrusted.natural(entry.get("service_exit_code")),
        "Pid": untrusted.natural(entry.get("pid")),
        "BinaryPath": untrusted.text(entry.get("binary_path"), 4096),
        "Account": untrusted.text(entry.get("runs_as"), 256),
        "DelayedStart": untrusted.boolean(entry.get("delayed_start")),
        "TriggerCount": untrusted.natural(entry.get("trigger_count")),
    }


def of_text(text: str) -> list[dict[str, Any]]:
    """Return one row per service, whichever of the two commands told of it."""
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found: dict[str, dict[str, Any]] = {}
    for head, end in zip(heads, ends, strict=False):
        told = {line["key"]: line["value"].strip() for line in _LINE.finditer(text, head.end(), end)}
        row = found.setdefault(head["name"].strip(), {"Name": head["name"].strip()})
        row.update({key: value for key, value in _told(told).items() if value not in (None, "")})
    return list(found.values())


def _told(told: Mapping[str, str]) -> dict[str, Any]:
    state, start = _number(told.get("STATE")), _number(told.get("START_TYPE"))
    return {
        "State": _STATES[state] if state is not None and 0 < state < len(_STATES) else None,
        "StartType": _STARTS[start] if start is not None and start < len(_STARTS) else None,
        "DelayedStart": "DELAYED" in told["START_TYPE"] if "START_TYPE" in told else None,
        "ServiceType": _number(told.get("TYPE"), 16),
        "ExitCode": _number(told.get("WIN32_EXIT_CODE")),
        "ServiceExitCode": _number(told.get("SERVICE_EXIT_CODE")),
        "Pid": _number(told.get("PID")),
        "BinaryPath": told.get("BINARY_PATH_NAME"),
        "Account": told.get("SERVICE_START_NAME"),
    }


def _number(text: str | None, base: int = 10) -> int | None:
    match = re.match(r"[0-9a-fA-F]{1,10}(?=\s|$)" if base == 16 else r"\d{1,10}(?=\s|$)", text or "")
    return int(match[0], base) if match else None
