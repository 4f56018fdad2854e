"""The true names shown in a report, on the machine that has the mapping: ``analyze --reveal MAPPING``.

Only the texts that people read change; times, ids, hashes, names of members and the order of things stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from claude_evidence import json_text
from claude_evidence.messages import Message
from claude_evidence.model import Manifest
from claude_evidence.usage import UsageError

FORMAT = "claude-evidence/mapping/1"
LARGEST_BYTES = 256 << 20
SHORTEST = 4
"""Shorter tokens of event logs stay: two or three characters may be anything."""
# a token with or without its length, or one of an event log, which may be digits alone
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?P<token>[a-z]{2,8}-[0-9a-f]{1,64}|[0-9a-f]{4,64})(?: \(\d{1,9}\))?(?![A-Za-z0-9])"
)
# Fields that tell things apart, or lead to bytes: what another report says of the same thing must stay the same.
_KEPT = frozenset(
    (
        "id",
        "sigma_id",
        "rule",
        "rules",
        "sha256",
        "bundle_id",
        "member",
        "name",
        "format",
        "document",
        "kind",
        "artifact",
        "session_id",
        "cli_session_id",
        "findings",
        "finding",
        "because_of",
        "leads_to",
        "references",
    )
)


def load_mapping(path: Path) -> Mapping[str, str]:
    """Return value by token as the file at *path* says; UsageError where it cannot be read or is no mapping."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{path} is too large for a mapping")
        value = json_text.loads(path.read_bytes().decode("utf-8-sig", "replace"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except json_text.JsonError as error:
        raise UsageError(f"{path} is no mapping: {error}") from error
    tokens = value.get("tokens") if isinstance(value, dict) and value.get("format") == FORMAT else None
    if not isinstance(tokens, dict):
        raise UsageError(f"{path} is no mapping: give the .mapping.json that lies beside the bundle")
    return {token: true for token, true in tokens.items() if isinstance(true, str) and len(token) >= SHORTEST}


def reveal(report: Any, mapping: Mapping[str, str]) -> Any:
    """Return *report* (a `Report`, or any dataclass) with true values in place of tokens."""
    if not mapping or isinstance(report, Enum):
        return report
    if isinstance(report, Message):
        return report.having(reveal(report.values, mapping))
    if isinstance(report, str):
        return revealed(report, mapping)
    if is_dataclass(report) and not isinstance(report, type):
        values = {f.name: getattr(report, f.name) for f in fields(report)}
        told = {name: value for name, value in values.items() if not (name in _KEPT and _is_text(value))}
        known = {"redacted": False} if isinstance(report, Manifest) else {}  # by now: the report must not say it is
        return replace(report, **{name: reveal(value, mapping) for name, value in told.items()} | known)
    if isinstance(report, tuple | list):
        return type(report)(reveal(value, mapping) for value in report)
    if isinstance(report, Mapping):
        return {key: reveal(value, mapping) for key, value in report.items()}
    return report


def revealed(text: str, mapping: Mapping[str, str]) -> str:
    """Return *text* with true values in place of tokens; a token that the mapping does not know stays."""
    return _TOKEN.sub(lambda match: mapping.get(match["token"], match[0]), text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, tuple) and all(isinstance(item, str) for item in value))
