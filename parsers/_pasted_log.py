"""Lines of the app's logs as people quote them: with or without date, time, level and tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._log_formats import LEVELS
from claude_evidence.parsers._log_lift import columns
from claude_evidence.parsers._pasted_text import Line, Statement, cells, spans, statements

_LEVELS = "|".join(LEVELS[1:])
# what grep, Select-String and editors put before a line: file and number, or the number alone
_NUMBERED = re.compile(
    r"\A(?:(?:[A-Z]:)?[^\s:*?\"<>|][^:*?\"<>|]{0,250}\.(?:log|txt):)?\d{1,8}"
    r"(?:[:|→\t](?!\d\d?:\d\d)\s*|\s{1,4}(?=\[?\d{4}-|\[[a-z]))",
    re.IGNORECASE,
)
_START = re.compile(
    r"(?:\[MAIN_LOG\] )?(?:\[?(?:(?P<day>\d{4}[-/]\d\d[-/]\d\d)[T ]+)?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?(?P<utc>Z)?\]?[\s:–—-]*)?"
    r"(?:(?P<file>[\w.-]{1,60}\.log)\W{0,3}\s+)?"
    rf"(?:\[(?P<level>{_LEVELS})\]\s*)?(?(clock)(?:(?P<word>{_LEVELS})\b:?\s+)?)(?P<message>\S.*)",
    re.DOTALL | re.IGNORECASE,
)
_SERVER = re.compile(rf"\[(?P<server>[^\]]{{1,80}})\] \[(?P<level>{_LEVELS})\] (?P<message>.*)", re.DOTALL)
_TAG = re.compile(r"\[(?P<tag>[^\]\n]{1,80})\][ ]*")
# components that only the app's logs name, whole or as the beginning of a tag (facts of #48362, #59934, #95244 …)
_TAGS = re.compile(
    r"\[(?:CCD|VM(?::|\])|HCS|MSIX|RPC\]|Server\]|Local\w*(?:Session|Mcp)\w*Manager|InternalMcpServerManager|"
    r"WorktreePool|updater|stealth-|update-restart|account\]|sessions-bridge|pty-host|marketplaceFileOps|"
    r"REACT_QUERY_CLIENT|WarmLifecycle|growthbook|SkillsPlugin|EventLogging|Chrome Extension MCP|outbound-ccr|"
    r"\d+:\d{4}/\d{6}\.\d+:)",
)
# what else runs virtual machines on Windows and fails with the same codes
_NOT_OURS = r"(?!.{0,300}(?:\bWSL|hcsshim|docker|VirtualBox|VMware|podman))"
_SHAPES = re.compile(
    r"Failed to (?:save session|read sessions directory|load persisted sessions|connect transport|"
    r"start Claude's workspace|copy native host|get commands from)|"
    r"Cannot (?:save session|initialize sessions)|No persisted sessions found|Loaded \d+ persisted sessions|"
    r"Session (?:local_|storage directory)|Starting (?:app \{|local session )|Using Claude Code binary|"
    r"Mapping internal session|Sending message to session|(?:Deleted|Updated) session local_|LocalSessions\.|"
    r"clearStaleResumeHandle|Not main instance|second-instance:|before[Qq]uit|Running onQuitCleanup|"
    r"Windows session ending|Deferring auto-restart|GPU process (?:gone|exited)|Main webview render process|"
    r"Remov(?:ing|ed) worktree|Skipped invalid MCP server|LocalMcpServerManager|HCS operation failed|"
    r"VM (?:service not running|boot failed|connection timeout|already running)|VM is |peer input |"
    r"Refusing non-directory|create-path redirected|Private dir leaf|PlantDetectedError|"
    r"Error invoking remote method|(?:Error: )?(?-i:E[A-Z]{3,14}|UNKNOWN): |Error: spawn|spawn \S+ (?-i:E[A-Z]+)|"
    r"(?:failed to set \w+ (?:disk )?path: )?(?:VHDX file|session disk) not found|Skipping auto-reinstall|"
    r"MSIX installation failed|(?:AddPackage|Installation) failed|ERROR dialog:|=== Claude Setup|"
    r"FATAL ERROR: |.{0,40}JavaScript heap out of memory|configure: path |not_found_error|"
    r".{0,320} is a symlink or junction, refusing|Found an update|Update downloaded|.{0,80}drew no acknowledgement|"
    rf".{{0,120}}HcsWaitForOperationResult|{_NOT_OURS}.{{0,60}}\bHCS\b.{{0,80}}0x[0-9a-f]{{8}}|"
    rf"{_NOT_OURS}.{{0,80}}HRESULT\W{{0,3}}0x(?:8037|c037|c03a)|"
    r"Claude Code process exited|existingSessions=|setFocusedSession",
    re.IGNORECASE,
)
_QUOTES = ('"', "'", "“", "”", "«", "»", "`")
_SERVICES = (
    ("setup", re.compile(r"Claude Setup|AddPackage failed|MSIX installation|ERROR dialog|Sideloading|AllowAllTrusted")),
    ("claude_ai_web", re.compile(r"REACT_QUERY_CLIENT|not_found_error|fetchOwnedEvents")),
    ("cowork_service", re.compile(r"\[(?:HCS|VM|Server|RPC)\] ")),
    ("cowork_vm", re.compile(r"\[VM:|HCS operation failed|VHDX file not found|session disk|\[VM\]")),
)
_FILES = (("claude.ai-web", "claude_ai_web"), ("cowork_vm", "cowork_vm"), ("cowork-service", "cowork_service"),
          ("ClaudeSetup", "setup"), ("mcp-server", "mcp_server"), ("mcp", "mcp"), ("main", "main"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Record:
    """A log line understood; ``time`` is naive where it is wall-clock time, None where no date is given."""

    message: str
    level: str | None
    service: str
    time: datetime | None


def begins(text: str) -> bool:
    """Return whether *text* begins as a line of a log does."""
    return _record(text) is not None


def rows(paragraph: Sequence[Line], clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row of ``app_log`` for each log line quoted in *paragraph*; Record is its line number."""
    for statement in statements(paragraph, begins):
        if record := _record(statement.text):
            yield _row(record, statement.number, len(statement.lines), clock)
        else:
            yield from _quoted(statement, clock)


def _quoted(statement: Statement, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the log lines that prose quotes in code spans, and tables in their cells."""
    for line in statement.lines:
        for span in (*spans(line), *cells(line)):
            if record := _record(span):
                yield _row(record, line.number, 1, clock)


def _record(text: str) -> _Record | None:
    match = _START.match(_NUMBERED.sub("", _unquoted(text.strip())))
    if match is None:
        return None
    message, level = _unquoted(match["message"]), match["level"]
    dated = bool(match["day"] and match["clock"])
    if dated and match["utc"] and (server := _SERVER.match(message)):
        return _Record(f"[{server['server']}] {server['message']}", server["level"], "mcp_server", _time(match))
    known = bool(_TAGS.match(message) or _SHAPES.match(message) or _SHAPES.match(_TAG.sub("", message, count=1)))
    go = dated and "/" in match["day"]
    if not (level or known or go):
        return None
    service = _service(match["file"] or "", message, utc=bool(match["utc"]), go=go)
    level = level or match["word"]
    return _Record(message, level.lower() if level else None, service, _time(match) if dated else None)


def _unquoted(text: str) -> str:
    """Return *text* without the quotation marks around all of it."""
    return text[1:].rstrip("".join(_QUOTES)) if text.startswith(_QUOTES) else text


def _service(file: str, message: str, *, utc: bool, go: bool) -> str:
    for start, service in _FILES:
        if file.lower().startswith(start.lower()):
            return service
    if utc:
        return "mcp"
    found = next((service for service, pattern in _SERVICES if pattern.search(message)), "")
    return found or ("setup" if go else "main")


def _time(match: re.Match[str]) -> datetime | None:
    day, fraction = match["day"].replace("/", "-"), (match["fraction"] or "0").ljust(6, "0")[:6]
    try:
        time = datetime.fromisoformat(f"{day}T{match['clock']}.{fraction}")
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if match["utc"] else time


def _row(record: _Record, number: int, lines: int, clock: Clock) -> dict[str, Any]:
    tag = _TAG.match(record.message)
    lifted = _lifted(record.message)
    local = record.time if record.time is not None and record.time.tzinfo is None else None
    return {
        "Record": number,
        "TimeCreated": utc(local, clock) if local else record.time,
        "LocalTime": local,
        "Service": record.service,
        "Level": record.level or "",
        "Component": tag["tag"] if tag else "",
        "Message": record.message[tag.end() :] if tag else record.message,
        "LineCount": lines,
        **lifted,
    }


def utc(local: datetime, clock: Clock) -> datetime | None:
    time = clock.to_utc(np.array([local], dtype="datetime64[us]"))[0]
    return None if np.isnat(time) else time.item().replace(tzinfo=UTC)


def _lifted(message: str) -> dict[str, str | None]:
    """Return what the log parser lifts out of a message, by its own patterns."""
    values: dict[str, str | None] = {}
    for name, column in columns(1).items():
        column.add_one(message.encode("utf-8", "replace"))
        values[name] = next(iter(column.index), None)
    return values
