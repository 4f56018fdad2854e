"""What bytes without a telling path are: known by what only Claude's files and Windows' event logs of them hold.

Many programs write logs of one shape (``2026-05-17 07:27:12 [info] …``): one is Claude's where a component, a message
or a path of Claude's is in it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from claude_evidence import json_text
from claude_evidence.collector._channels import CHANNELS
from claude_evidence.collector._evtx_records import Records
from claude_evidence.evtx_format import (
    CHUNK_BYTES,
    FILE_BLOCK_BYTES,
    FILE_MAGIC,
    RECORD_MAGIC,
    RECORDS_OFFSET,
    read_exactly,
)
from claude_evidence.transcript import is_transcript_record

HEAD_BYTES = 4096
_LOOKED_AT_BYTES = 8 << 20
_CHUNKS = 8
_TIME = rb"\d\d:\d\d:\d\d(?:\.\d{1,9})?"
_LEVEL = rb"\[(?:info|warn|error|debug|silly|verbose)\]"
_LOG = re.compile(rb"(?m)^(?:\[MAIN_LOG\] )?\[?\d{4}-\d\d-\d\d " + _TIME + rb"\]? " + _LEVEL)
_MCP = re.compile(
    rb"(?m)^\d{4}-\d\d-\d\dT" + _TIME + rb"Z (?:" + _LEVEL + rb" \[|\[[^\]\r\n]{1,80}\] " + _LEVEL + rb")"
)
_GO = re.compile(rb"(?m)^\d{4}/\d\d/\d\d " + _TIME + rb" (?:=== Claude Setup|\[(?:HCS|VM|Server|RPC)\] )")
_OF_CLAUDE = re.compile(
    rb"""(?i) claude\.(?:ai|exe|app|com) | claude_[a-z0-9.]+_ | claude\ (?:\d|code\ binary|desktop|setup|vm)
    | [\\/]claude(?:-3p|\.app)?[\\/] | claude-code-sessions | local-agent-mode | local_[0-9a-f]{8}-[0-9a-f]{4}-
    | \[(?:ccd[\] \w-]|growthbook\]|skillsplugin\]|eventlogging\]\ flush|msix\]\ |localsession|localagent|localmcp|vm:
      |hcs\]|warmlifecycle|sessions-bridge\]|worktreepool\]|pty-host\]|stealth-(?:update|relaunch)\]|marketplacefileops\]
      |react_query_client\]|account\]\ )
    | cowork(?!er|ing) | starting\ app\ \{ | starting\ local\ session | beforequit:\ handler\ fired
    | (?:loaded\ \d+|no)\ persisted\ sessions | failed\ to\ (?:save|read)\ session""",
    re.VERBOSE,
)
_XML = re.compile(r"\ufeff?\s*(?:<\?xml[^>]*>\s*)?<Events?[\s>]")
_PACKAGE = re.compile(r"(?m)^Package(?:FullName|FamilyName)\s*:|\"Package(?:FullName|FamilyName)\"\s*:")
_SERVICE = re.compile(r"(?m)^SERVICE_NAME *: *\S")
_STATE = re.compile(r'"claude-evidence/(file-inventory|services|processes|volumes|registry_values)/\d')
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OF_CONFIG = frozenset(
    ("lastKnownAccountUuid", "userThemeMode", "isHardwareAccelerationDisabled", "isHardwareAccelerationAutoDisabled",
     "oauth:tokenCache", "oauth:tokenCacheV2"),
)  # fmt: skip
_STATE_OF = {
    "file-inventory": "ClaudeFiles", "services": "ClaudeServices", "processes": "ClaudeProcesses",
    "volumes": "Volumes", "registry_values": "RegistryValues",
}  # fmt: skip


def artifact_of(head: bytes, opened: Callable[[], BinaryIO], *, vouched: bool = False) -> str:
    """Return the name of the artifact that a file beginning with *head* is; empty where nothing tells.

    *opened* gives the whole file. Where somebody vouches for it (it was named by itself, or an earlier run took it), a
    log need not name Claude. OSError where it cannot be read.
    """
    if head.startswith(FILE_MAGIC):
        return "WindowsEventLogs" if channels(opened) & CHANNELS.keys() else ""
    text = _decoded(head)
    if _is_log(head if b"\0" not in head[:64] else text.encode(), opened, vouched):
        return "ClaudeLogs"
    begins = text.lstrip("\ufeff \t\r\n\0")[:1]
    if begins == "{" and (name := _of_object(text)):
        return name
    if _PACKAGE.search(text):
        return "AppxPackages"
    return "ClaudeServices" if _SERVICE.search(text) and "CoworkVMService" in text else ""


def is_xml_of_events(head: bytes) -> bool:
    """Return whether *head* begins an export of events as XML."""
    return bool(_XML.match(_decoded(head)))


def channels(opened: Callable[[], BinaryIO]) -> set[str]:
    """Return what the first records of an event log say of themselves outside their own data: the channel is in it."""
    found: set[str] = set()
    with opened() as source:
        source.read(FILE_BLOCK_BYTES)
        for _ in range(_CHUNKS):
            data = read_exactly(source, CHUNK_BYTES)
            found.update(_system_texts(data))
            if found or len(data) < CHUNK_BYTES:
                break
    return found


def _system_texts(data: bytes) -> Iterator[str]:
    """Yield the texts of the records of a chunk that are no data of their events."""
    records, at = Records(data), RECORDS_OFFSET
    while (at := data.find(RECORD_MAGIC, at)) >= 0:
        end, closed = records.end(at)
        record = records.read(at, end, closed) if end else None
        if record is None:
            at += len(RECORD_MAGIC)
            continue
        spans = [(span.start, span.end) for span in record.spans if not span.payload]
        yield from (_wide(data[first:last]) for first, last in spans)
        at = max(record.end, at + 1)
    for template in records.templates.values():
        yield from (_wide(data[first:last]) for first, last, _ in (template.literals if template else ()))


def _wide(raw: bytes) -> str:
    return raw[: len(raw) & ~1].decode("utf-16-le", "replace").rstrip("\0")


def _is_log(head: bytes, opened: Callable[[], BinaryIO], vouched: bool) -> bool:
    if _GO.search(head) or _MCP.search(head):
        return True
    if not _LOG.search(head):
        return False
    return vouched or bool(_OF_CLAUDE.search(head)) or _mentions(opened)


def _mentions(opened: Callable[[], BinaryIO]) -> bool:
    """Return whether a log's first megabytes hold something of Claude's."""
    held, read = b"", 0
    with opened() as source:
        while read < _LOOKED_AT_BYTES and (block := source.read(1 << 20)):
            read += len(block)
            text = held + (block.replace(b"\0", b"") if b"\0" in block else block)
            if _OF_CLAUDE.search(text):
                return True
            held = text[-200:]
    return False


def _of_object(text: str) -> str:
    """Return which of Claude's JSON files the object that *text* begins is."""
    if state := _STATE.search(text):
        return _STATE_OF[state[1]]
    if '"claude-evidence/meta/' in text:
        return "ClaudeTranscripts" if '"transcript"' in text else ""
    lines = text.replace("\0", "").lstrip("\ufeff").split("\n")[:20]
    if any(is_transcript_record(json_text.partial_object(line)) for line in lines):
        return "ClaudeTranscripts"
    return _by_keys(json_text.partial_object(text), text)


def _by_keys(value: dict[str, object], text: str) -> str:
    session = value.get("sessionId")
    if isinstance(session, str) and session.startswith("local_"):
        return "ClaudeSessionRegistry"
    if isinstance(session, str) and isinstance(value.get("pid"), int):
        return "ClaudeCliSessions"
    if '"worktrees"' in text and '"leasedBy"' in text:
        return "ClaudeWorktrees"
    if '"entries"' in text and '"fullPath"' in text and '"sessionId"' in text:
        return "ClaudeSessionsIndex"
    return "ClaudeConfig" if value.keys() & _OF_CONFIG else ""


def _decoded(head: bytes) -> str:
    mark = next((codec for start, codec in _MARKS if head.startswith(start)), "")
    if not mark and head[1:2] == b"\0" and head[3:4] == b"\0" and head[:1] != b"\0":
        mark = "utf-16-le"
    return head[: len(head) & ~1].decode(mark, "replace") if mark else head.decode("utf-8", "replace")


__all__ = ["HEAD_BYTES", "artifact_of", "channels", "is_xml_of_events"]
