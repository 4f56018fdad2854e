"""Values of the Windows registry at collection time: our own ``state/registry_values.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member
from claude_evidence.parsers._contract import TEXT, Columns, Context, Parsed
from claude_evidence.parsers._own_state import is_format, parse_state

KIND = "registry_values"
PATHS = ("state/registry_values.json", "*/state/registry_values.json")
REGISTRY_VALUE: Columns = {
    "Hive": TEXT,
    "Key": TEXT,
    "ValueName": TEXT,
    "ValueType": TEXT,
    "Value": TEXT,
}
"""Hive is HKLM or HKU; Key is the whole key, hive and user included; ValueType is text, number, binary (in hex) or
list; numbers are decimal text."""
TABLES = {"registry_value": REGISTRY_VALUE}


def sniff(head: bytes) -> bool:
    """Return whether *head* names our format."""
    return is_format(head, KIND)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per value."""
    return parse_state(stream, source, context, KIND, ("registry_value", REGISTRY_VALUE), _row, "key")


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    key = untrusted.text(entry.get("key"), 4096)
    return {
        "Hive": key.partition("\\")[0] if key else None,
        "Key": key,
        "ValueName": untrusted.text(entry.get("value_name"), 1024),
        "ValueType": untrusted.token(entry.get("type")),
        "Value": untrusted.text(entry.get("value"), 32_767),
    }
