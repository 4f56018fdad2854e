"""The app's session registry: one row per ``local_<id>.json``, ``.json.tmp``, quarantined copy or tombstone.

The loader of the app skips what it cannot parse in silence, so the state of every file is a fact of its own (#59811).
Titles, prompts, working folders, e-mail addresses and MCP settings never leave this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import (
    BOOLEAN,
    CATEGORY,
    INTEGER,
    TEXT,
    UTC,
    Columns,
    Context,
    Parsed,
)
from claude_evidence.parsers._contract import (
    rows as table_rows,
)
from claude_evidence.parsers._json_text import LIMIT_BYTES, Document, head_object, read_document
from claude_evidence.parsers._state import UUID

AREAS = ("claude-code-sessions", "local-agent-mode-sessions")
PATHS = (
    "local_*.json",
    "*/local_*.json",
    "local_*.json.tmp",
    "*/local_*.json.tmp",
    "local_*.unreadable*",
    "*/local_*.unreadable*",
    "deleted_*",
    "*/deleted_local_*",
    *(f"*{area}/*/deleted_*" for area in AREAS),
)
SESSION_REGISTRY: Columns = {
    "Path": TEXT,
    "FileName": TEXT,
    "Area": CATEGORY,
    "Account": TEXT,
    "Org": TEXT,
    "SessionId": TEXT,
    "InnerSessionId": TEXT,
    "CliSessionId": TEXT,
    "PriorCliSessionIds": TEXT,
    "FileSize": INTEGER,
    "FirstNonNullOffset": INTEGER,
    "ParseState": CATEGORY,
    "ParseDetail": TEXT,
    "IsTmp": BOOLEAN,
    "IsTombstone": BOOLEAN,
    "IsQuarantined": BOOLEAN,
    "CreatedAt": UTC,
    "LastActivityAt": UTC,
    "LastFocusedAt": UTC,
    "DeletedAt": UTC,
    "CompletedTurns": INTEGER,
    "IsArchived": BOOLEAN,
    "IsRemote": BOOLEAN,
    "TranscriptUnavailable": BOOLEAN,
    "Model": TEXT,
    "TitleSource": TEXT,
    "PermissionMode": TEXT,
    "WorktreeName": TEXT,
}
TABLES = {"session_registry": SESSION_REGISTRY}
_ENTRY = re.compile(r"(?P<stem>local_[a-z0-9_-]{1,64})(?P<ending>\.json(\.tmp)?|[a-z.]*\.unreadable.*)", re.IGNORECASE)
_TOMBSTONE = re.compile(r"deleted_(?P<stem>[A-Za-z0-9_-]{1,80})(\.json)?", re.IGNORECASE)
_SIDECAR = re.compile(r"(local|deleted)_[A-Za-z0-9-]{1,64}", re.IGNORECASE)
_PRIOR = ("priorCliSessionIds", "preClearCliSessionId", "unarchivedCliSessionId", "historyOnlyCliSessionId")
_MANY = 100


@dataclass(frozen=True, slots=True)
class _Place:
    """What the path alone says of an entry."""

    path: str
    name: str
    area: str
    account: str
    org: str
    session: str = ""
    tmp: bool = False
    tombstone: bool = False
    quarantined: bool = False


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an object with a local session id, as a registry entry under another name would."""
    session = head_object(head).get("sessionId")
    return isinstance(session, str) and session.startswith("local_")


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row whatever the bytes are; nothing for files that merely lie in a session's own folder."""
    place = _place(source.path or source.name)
    if place is None:
        return Parsed()
    document = read_document(stream)
    if place.tombstone and not place.area and untrusted.integer(document.value) is None:
        return Parsed()
    row = {**_named(place), **_measured(place, document), "TimeCreated": source.modified_at}
    if place.tombstone:
        row["DeletedAt"] = untrusted.epoch_ms(document.value)
    elif isinstance(document.value, dict):
        row |= _said(document.value)
    row["SessionId"] = row["SessionId"] or row.get("InnerSessionId")
    unseen = document.state == "invalid" and document.size_bytes > LIMIT_BYTES
    problems = [Problem("parse", source.name, document.detail)] if unseen else []
    return Parsed({"session_registry": table_rows(SESSION_REGISTRY, [row], source)}, problems)


def _place(path: str) -> _Place | None:
    *folders, name = path.replace("\\", "/").split("/")
    area, below = _area(folders)
    if any(_SIDECAR.fullmatch(folder) for folder in below):
        return None
    account, org = _account(area, below)
    if match := _TOMBSTONE.fullmatch(name):
        stem = match["stem"] if match["stem"].lower().startswith("local_") else f"local_{match['stem']}"
        return _Place(path, name, area, account, org, stem, tombstone=True)
    if match := _ENTRY.fullmatch(name):
        ending = match["ending"].lower()
        return _Place(
            path,
            name,
            area,
            account,
            org,
            match["stem"],
            tmp=ending.endswith(".tmp"),
            quarantined=".unreadable" in ending,
        )
    # a name that says nothing was known by its content; one that nearly says it is another thing's
    return None if name.lower().startswith(("local_", "deleted_")) else _Place(path, name, area, account, org)


def _area(folders: list[str]) -> tuple[str, list[str]]:
    """Return the registry that the last folder of that name is, and the folders below it; all folders where none is."""
    for position in range(len(folders) - 1, -1, -1):
        if folders[position].lower() in AREAS:
            return folders[position].lower(), folders[position + 1 :]
    return "", folders


def _account(area: str, below: list[str]) -> tuple[str, str]:
    if area and below:
        return below[0], below[1] if len(below) > 1 else ""
    if len(below) > 1 and all(UUID.fullmatch(folder) for folder in below[-2:]):
        return below[-2], below[-1]
    return "", ""


def _named(place: _Place) -> dict[str, Any]:
    return {
        "Path": untrusted.text(place.path, 4096),
        "FileName": untrusted.text(place.name),
        "Area": place.area,
        "Account": untrusted.text(place.account),
        "Org": untrusted.text(place.org),
        "SessionId": untrusted.text(place.session),
        "IsTmp": place.tmp,
        "IsTombstone": place.tombstone,
        "IsQuarantined": place.quarantined,
    }


def _measured(place: _Place, document: Document) -> dict[str, Any]:
    state, detail = str(document.state), document.detail
    if place.tombstone:
        state = "tombstone"
    elif state in ("ok", "truncated") and not isinstance(document.value, dict):
        state, detail = "invalid", "not an object"
    elif place.quarantined and state == "ok":
        state, detail = "invalid", "set aside by the app"
    return {
        "ParseState": state,
        "ParseDetail": detail,
        "FileSize": document.size_bytes,
        "FirstNonNullOffset": document.first_non_null,
    }


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be told of an entry's content, each value checked for its type."""
    return {
        "InnerSessionId": untrusted.identifier(entry.get("sessionId")),
        "CliSessionId": untrusted.identifier(entry.get("cliSessionId")),
        "PriorCliSessionIds": _prior(entry),
        "CreatedAt": untrusted.epoch_ms(entry.get("createdAt")),
        "LastActivityAt": untrusted.epoch_ms(entry.get("lastActivityAt")),
        "LastFocusedAt": untrusted.epoch_ms(entry.get("lastFocusedAt")),
        "CompletedTurns": untrusted.natural(entry.get("completedTurns")),
        "IsArchived": untrusted.boolean(entry.get("isArchived")),
        "IsRemote": _remote(entry),
        "TranscriptUnavailable": untrusted.boolean(entry.get("transcriptUnavailable")),
        "Model": untrusted.token(entry.get("model")),
        "TitleSource": untrusted.token(entry.get("titleSource")),
        "PermissionMode": untrusted.token(entry.get("permissionMode")),
        "WorktreeName": untrusted.token(entry.get("worktreeName")),
    }


def _prior(entry: Mapping[str, Any]) -> str | None:
    values = (entry.get(key) for key in _PRIOR)
    several = (item for value in values for item in (value[:_MANY] if isinstance(value, list) else [value]))
    return ",".join(dict.fromkeys(i for item in several if (i := untrusted.identifier(item)))) or None


def _remote(entry: Mapping[str, Any]) -> bool | None:
    """Return whether the session runs elsewhere: in the virtual machine (``/sessions/…``) or over SSH."""
    if any(key.lower().startswith("ssh") and value for key, value in entry.items()):
        return True
    folder = entry.get("cwd")
    return folder.startswith(("/sessions/", "ssh://")) if isinstance(folder, str) else None
