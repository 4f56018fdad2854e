"""What a transcript itself says of its conversation: title, folder, times, model. One pass, constant memory.

Keys: ``custom-title`` holds ``customTitle``, ``ai-title`` holds ``aiTitle`` (#68489, #31911); ``cwd``, ``gitBranch``,
``permissionMode`` and ``timestamp`` stand in user and assistant records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from claude_evidence import json_text, untrusted
from claude_evidence.recovery_lines import lines

TITLE_LENGTH = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ABSOLUTE = re.compile(r"(?:[A-Za-z]:[\\/]|/|\\\\)")
_BETWEEN_NULLS = re.compile(rb"[^\0]+")
_LONGEST_FOLDER = 1024


@dataclass(slots=True)
class Said:
    """The values, None or empty where the transcript does not say them. ``turns`` counts what people wrote.

    ``refused`` names values that were there and are not used: a folder that is none.
    """

    custom_title: str = ""
    ai_title: str = ""
    first_cwd: str = ""
    last_cwd: str = ""
    branch: str = ""
    model: str = ""
    permission_mode: str = ""
    first_time: datetime | None = None
    last_time: datetime | None = None
    turns: int = 0
    refused: tuple[str, ...] = ()

    def record(self, record: Mapping[str, Any]) -> None:
        """Take up what one record says."""
        kind = record.get("type")
        self.custom_title = (kind == "custom-title" and title(record.get("customTitle"))) or self.custom_title
        self.ai_title = (kind == "ai-title" and title(record.get("aiTitle"))) or self.ai_title
        self._time(untrusted.iso_time(record.get("timestamp")))
        if record.get("isSidechain") is True:
            return
        self._folder(record.get("cwd"))
        self.branch = untrusted.token(record.get("gitBranch")) or self.branch
        self.permission_mode = untrusted.token(record.get("permissionMode")) or self.permission_mode
        if kind in ("user", "assistant") and isinstance(message := record.get("message"), dict):
            self._message(str(kind), message, meta=record.get("isMeta") is True)

    def _time(self, time: datetime | None) -> None:
        if time is not None:
            self.first_time = min(time, self.first_time or time)
            self.last_time = max(time, self.last_time or time)

    def _folder(self, value: Any) -> None:
        if not isinstance(value, str) or not value:
            return
        if folder(value):
            self.first_cwd, self.last_cwd = self.first_cwd or value, value
        elif "cwd" not in self.refused:
            self.refused = (*self.refused, "cwd")

    def _message(self, kind: str, message: Mapping[str, Any], *, meta: bool) -> None:
        if kind == "assistant":
            model = untrusted.token(message.get("model"))
            self.model = model if model and not model.startswith("<") else self.model
            return
        content = message.get("content")
        answers = isinstance(content, list) and any(
            isinstance(c, dict) and c.get("type") == "tool_result" for c in content
        )
        self.turns += not meta and not answers


def read_said(stream: BinaryIO) -> Said:
    """Return what the transcript *stream* says; lines that are no records and overlong ones are passed over."""
    said = Said()
    for line in lines(stream):
        for piece in between_nulls(line):
            record = record_of(piece)
            if record is not None:
                said.record(record)
    return said


def between_nulls(line: bytes) -> Iterator[bytes]:
    """Yield what stands on *line* between null bytes, which no record holds."""
    return (match[0] for match in _BETWEEN_NULLS.finditer(line))


def record_of(line: bytes) -> dict[str, Any] | None:
    """Return the record that *line* is, None where it is none."""
    try:
        value = json_text.loads_line(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def title(value: Any) -> str:
    """Return a title as the app holds it: one line of at most `TITLE_LENGTH` characters, nothing where it is none."""
    text = untrusted.text(value, 4 * TITLE_LENGTH)
    return " ".join(_CONTROL.sub(" ", text).split())[:TITLE_LENGTH] if text else ""


def folder(value: Any) -> str:
    """Return *value* where it is an absolute path of decent length without control characters, else nothing."""
    if not isinstance(value, str) or len(value) > _LONGEST_FOLDER or _CONTROL.search(value):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return value if _ABSOLUTE.match(value) else ""
