"""The app's settings: one row per key of an allow-list, from ``config.json`` and ``claude_desktop_config.json``.

Both files hold secrets (OAuth tokens; environment and arguments of MCP servers): nothing but the keys below is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import TEXT, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import has_key, read_document
from claude_evidence.parsers._state import unreadable

PATHS = (
    "config.json",
    "claude/config.json",
    "*/claude/config.json",
    "claude-3p/config.json",
    "*/claude-3p/config.json",
    "claude_desktop_config.json",
    "*/claude_desktop_config.json",
)
CONFIG: Columns = {"Path": TEXT, "Key": TEXT, "Value": TEXT}
TABLES = {"config": CONFIG}


def _flag(value: Any) -> str | None:
    return None if untrusted.boolean(value) is None else str(value).lower()


_KEYS: Mapping[str, Callable[[Any], str | None]] = {
    "locale": untrusted.token,
    "lastKnownAccountUuid": untrusted.identifier,
    "isHardwareAccelerationDisabled": _flag,
    "isHardwareAccelerationAutoDisabled": _flag,
}


def sniff(head: bytes) -> bool:
    """Return whether *head* begins an object with keys that only the app's settings have."""
    return has_key(head, "lastKnownAccountUuid") or has_key(head, "mcpServers")


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per allowed key that is there and of its type, its time being the file's."""
    document = read_document(stream)
    if document.state != "ok" or not isinstance(document.value, dict):
        return unreadable(source, document.detail or "not an object")
    path = (source.path or source.name).replace("\\", "/")
    desktop = PurePosixPath(path).name.lower() == "claude_desktop_config.json" or "mcpServers" in document.value
    pairs = _of_desktop(document.value) if desktop else _of_app(document.value)
    rows = [
        {"TimeCreated": source.modified_at, "Path": untrusted.text(path, 4096), "Key": key, "Value": value}
        for key, value in pairs
    ]
    return Parsed({"config": table_rows(CONFIG, rows, source)})


def _of_app(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, told in _KEYS.items():
        if (value := told(settings.get(key))) is not None:
            yield key, value


def _of_desktop(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    servers, preferences = settings.get("mcpServers"), settings.get("preferences")
    if isinstance(servers, dict):
        yield "mcpServers.count", str(len(servers))
    if isinstance(preferences, dict) and (mode := untrusted.token(preferences.get("sidebarMode"))):
        yield "preferences.sidebarMode", mode
