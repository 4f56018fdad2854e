"""An entry of the app's registry built anew, value by value, each with what it came from (the procedure of #59811).

What an entry says about one conversation comes from that conversation alone: from what is left of its own entry, from
its transcript, from the lease of its worktree. The template, a readable entry of the same folder, gives the rest: the
settings and the catalogue of tools that an entry repeats. Permissions are never taken from another conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from claude_evidence import json_text, untrusted
from claude_evidence.recovery_said import Said, folder, title
from claude_evidence.recovery_types import Piece

LIMIT_BYTES = 16 << 20
# What an entry says of its one conversation, or allows in it: never copied to another.
_ABOUT_ONE = re.compile(
    r"session|title|prompt|message|cwd|folder|worktree|branch|spawn|fork|bridge|remotecontrol|permission|allowed|bypass"
    r"|chrome|error|uuid|index|turns|starred|archived|unavailable|process|project|space|prs\Z|ids?\Z|at\Z|path\Z",
    re.IGNORECASE,
)
_SHARED = frozenset({"sessionSettings", "enabledMcpTools", "remoteMcpServersConfig", "classifierSummaryEnabled"})
_MODES = frozenset({"default", "acceptEdits", "plan"})
_LEASE = {"Path": "worktreePath", "Name": "worktreeName", "Branch": "branch", "SourceBranch": "sourceBranch"}
_REST, _TRANSCRIPT, _TEMPLATE = "what is left of its own entry", "its transcript", "a readable entry beside it"
_CREATED_DEFAULTS: Mapping[str, Any] = {"isArchived": False}


@dataclass(slots=True)
class Entry:
    """An entry under way: its values in order, and what each came from."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Any, came_from: str) -> None:
        """Set *name* unless *value* is nothing or a better source gave one."""
        if value not in (None, "") and name not in self.values:
            self.values[name], self.sources[name] = value, came_from

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What each value came from."""
        return tuple(Piece(name, self.sources[name]) for name in self.values)


def read_entry(stream: BinaryIO) -> dict[str, Any] | None:
    """Return the object that *stream* holds, None where it is none, is nested too deep or over `LIMIT_BYTES`."""
    value = _parsed(stream, json_text.loads)
    return value if isinstance(value, dict) else None


def read_rest(stream: BinaryIO) -> dict[str, Any]:
    """Return the whole pairs of a damaged entry that stand before the cut."""
    value = _parsed(stream, json_text.partial_object)
    return value if isinstance(value, dict) else {}


def _parsed(stream: BinaryIO, parse: Any) -> Any:
    data = _all(stream)
    if data is None:
        return None
    try:
        return parse(
            data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "strict" if parse is json_text.loads else "ignore")
        )
    except (ValueError, RecursionError):
        return None


def _all(stream: BinaryIO) -> bytes | None:
    held = bytearray()
    while piece := stream.read(1 << 20):
        held += piece
        if len(held) > LIMIT_BYTES:
            return None
    return bytes(held)


def rebuilt(
    session_id: str,
    cli_session_id: str,
    said: Said,
    *,
    rest: Mapping[str, Any],
    template: Mapping[str, Any],
    worktree: Mapping[str, str],
    written_at: datetime | None,
    named_by: str,
) -> Entry:
    """Return the entry of a conversation; *written_at* is when its damaged file, else its transcript, was written.

    *named_by* says where *session_id* comes from.
    """
    entry = Entry()
    entry.put("sessionId", session_id, named_by)
    entry.put("cliSessionId", cli_session_id, "the name of its transcript")
    _folders(entry, said, rest, worktree)
    _times(entry, said, rest, written_at)
    entry.put("model", untrusted.token(rest.get("model")), _REST)
    entry.put("model", said.model, _TRANSCRIPT)
    _title(entry, said, rest)
    entry.put("permissionMode", *_mode(said, rest))
    entry.put("completedTurns", untrusted.natural(rest.get("completedTurns")), _REST)
    entry.put("completedTurns", said.turns, "the prompts in its transcript, counted")
    entry.put("isArchived", untrusted.boolean(rest.get("isArchived")), _REST)
    for name, value in _CREATED_DEFAULTS.items():
        entry.put(name, value, "what a new entry has")
    for name, value in template.items():
        if name in _SHARED or not _ABOUT_ONE.search(name):
            entry.put(name, value, _TEMPLATE)
    return entry


def _folders(entry: Entry, said: Said, rest: Mapping[str, Any], worktree: Mapping[str, str]) -> None:
    entry.put("cwd", folder(rest.get("cwd")), _REST)
    entry.put("cwd", said.last_cwd, _TRANSCRIPT)
    entry.put("cwd", folder(worktree.get("Path")), "the lease of its worktree")
    entry.put("originCwd", folder(rest.get("originCwd")), _REST)
    entry.put("originCwd", said.first_cwd, _TRANSCRIPT)
    entry.put("originCwd", entry.values.get("cwd"), "cwd")
    for name, key in _LEASE.items():
        value = worktree.get(name)
        entry.put(key, folder(value) if name == "Path" else title(value), "the lease of its worktree")


def _times(entry: Entry, said: Said, rest: Mapping[str, Any], written_at: datetime | None) -> None:
    for name, own in (("createdAt", said.first_time), ("lastActivityAt", said.last_time)):
        entry.put(name, rest[name] if untrusted.epoch_ms(rest.get(name)) else None, _REST)
        entry.put(name, own and _ms(own), _TRANSCRIPT)
        entry.put(name, written_at and _ms(written_at), "when its file was last written")


def _title(entry: Entry, said: Said, rest: Mapping[str, Any]) -> None:
    for value, source, came_from in (
        (said.custom_title, "user", f"{_TRANSCRIPT} (custom-title)"),
        (title(rest.get("title")), untrusted.token(rest.get("titleSource")) or "auto", _REST),
        (said.ai_title, "auto", f"{_TRANSCRIPT} (ai-title)"),
        (_dated(entry), "auto", "its date: no title is left"),
    ):
        if value and "title" not in entry.values:
            entry.put("title", value, came_from)
            entry.put("titleSource", source, came_from)


def _dated(entry: Entry) -> str:
    created = untrusted.epoch_ms(entry.values.get("createdAt"))
    return f"Recovered conversation of {created:%Y-%m-%d}" if created else "Recovered conversation"


def _mode(said: Said, rest: Mapping[str, Any]) -> tuple[str, str]:
    for value, came_from in ((rest.get("permissionMode"), _REST), (said.permission_mode, _TRANSCRIPT)):
        if value in _MODES:
            return str(value), came_from
    return "default", "the app's own default: permissions are never guessed"


def relinked(entry: Mapping[str, Any], cli_session_id: str) -> Entry:
    """Return *entry* with its ``cliSessionId`` pointed to *cli_session_id*, the one before kept (#59934)."""
    made = Entry(dict(entry), dict.fromkeys(entry, "the entry itself"))
    before = untrusted.identifier(entry.get("cliSessionId"))
    made.values["cliSessionId"] = cli_session_id
    made.sources["cliSessionId"] = "the app's log, which names this conversation's transcript"
    prior = entry.get("priorCliSessionIds")
    ids = [*(prior if isinstance(prior, list) else []), *([before] if before else [])]
    if ids:
        made.values["priorCliSessionIds"] = [i for i in dict.fromkeys(map(str, ids)) if i != cli_session_id]
        made.sources["priorCliSessionIds"] = "the id that stood in cliSessionId"
    if made.values.get("transcriptUnavailable") is True:
        made.values["transcriptUnavailable"] = False
        made.sources["transcriptUnavailable"] = "the transcript is there"
    return made


def written(values: Mapping[str, Any]) -> bytes:
    """Return an entry as the bytes of a file."""
    try:
        return json.dumps(values, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as JavaScript may write it
        return json.dumps(values, indent=2).encode()


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
