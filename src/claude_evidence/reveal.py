"""The true names shown in a report, on the machine that has the mapping: ``analyze --reveal MAPPING``.

Only the texts that people read change; times, ids, hashes, names of members and the order of things stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from claude_evidence import json_text
from claude_evidence.each_text import each_text
from claude_evidence.messages import Message
from claude_evidence.model import Report
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
    if not mapping:
        return report

    def change(text: str, name: str) -> str:
        if name in _KEPT:
            return text
        if isinstance(text, Message):
            return text.having(each_text(text.values, change))
        return revealed(text, mapping)

    told = each_text(report, change)
    if isinstance(told, Report):  # by now: it must not say that it is redacted
        return replace(told, manifest=replace(told.manifest, redacted=False))
    return told


def revealed(text: str, mapping: Mapping[str, str]) -> str:
    """Return *text* with true values in place of tokens; a token that the mapping does not know stays."""
    return _TOKEN.sub(lambda match: mapping.get(match["token"], match[0]), text)
