"""Installed packages as ``Get-AppxPackage`` tells them: Format-List text, or what ConvertTo-Json makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, BinaryIO

from claude_evidence import untrusted
from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import BOOLEAN, TEXT, Columns, Context, Parsed
from claude_evidence.parsers._contract import rows as table_rows
from claude_evidence.parsers._json_text import decode_text, has_key, read_bytes, value_of
from claude_evidence.parsers._package_list import blocks, is_table
from claude_evidence.parsers._state import collected_at, unreadable

PATHS = ("state/packages.*", "*/state/packages.*", "*appxpackage*.txt", "*appxpackage*.json")
_TEXTS = (
    "Name",
    "Publisher",
    "Version",
    "PackageFullName",
    "PackageFamilyName",
    "Architecture",
    "Status",
    "SignatureKind",
    "InstallLocation",
)
PACKAGE: Columns = {**dict.fromkeys(_TEXTS, TEXT), "NonRemovable": BOOLEAN}
TABLES = {"package": PACKAGE}
_LIMIT_BYTES = 32 << 20
# ConvertTo-Json writes enumerations as numbers: Windows.System.ProcessorArchitecture and
# Windows.ApplicationModel.PackageSignatureKind are published. Of Status only 0 is sure.
_NUMBERS: Mapping[str, Mapping[int, str]] = {
    "Architecture": {0: "X86", 5: "Arm", 9: "X64", 11: "Neutral", 12: "Arm64"},
    "SignatureKind": {0: "None", 1: "Developer", 2: "Enterprise", 3: "Store", 4: "System"},
    "Status": {0: "Ok"},
}
_VERSION = ("Major", "Minor", "Build", "Revision")
_WORDS = {"true": True, "false": False}
_Packages = list[tuple[int, Mapping[str, Any]]]


def sniff(head: bytes) -> bool:
    """Return whether *head* has the property names of a package, which no locale translates."""
    text = decode_text(head)
    names = ("PackageFullName", "PackageFamilyName")
    return all(has_key(head, n) or re.search(rf"^{n}\s*:", text, re.MULTILINE) for n in names)


def parse(stream: BinaryIO, source: Member, context: Context) -> Parsed:
    """Return one row per package of any publisher; TimeCreated is when it was asked, where the manifest says so."""
    data, size, first = read_bytes(stream, _LIMIT_BYTES)
    if data is None:
        return unreadable(source, f"{size} bytes are too many for a list of packages")
    if size and first is None:
        return unreadable(source, "every byte is null")
    text = decode_text(data).strip("\0 \t\r\n\ufeff")
    packages, why = _of_json(text) if text[:1] in ("{", "[") else _of_list(text)
    if why and not packages:
        return unreadable(source, why)
    made = collected_at(source, context)
    rows = [{"Record": number, "TimeCreated": made, **_row(package)} for number, package in packages]
    return Parsed({"package": table_rows(PACKAGE, rows, source)}, [Problem("parse", source.name, why)] if why else [])


def _of_list(text: str) -> tuple[_Packages, str]:
    if is_table(text):
        return [], "made with Format-Table, which cuts its values: take it again with Format-List or ConvertTo-Json"
    packages = [package for package in blocks(text) if "PackageFullName" in package]
    return list(enumerate(packages, 1)), "" if packages or not text else "no package in it"


def _of_json(text: str) -> tuple[_Packages, str]:
    state, value, detail = value_of(text)
    if state != "ok":
        return [], detail
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]  # how Windows PowerShell 5 writes an array that was a property
    entries = value if isinstance(value, list) else [value]
    packages: _Packages = [
        (number, entry)
        for number, entry in enumerate(entries, 1)
        if isinstance(entry, dict) and isinstance(entry.get("PackageFullName"), str)
    ]
    others = len(entries) - len(packages)
    return packages, f"{others} entries are no packages" if others else ""


def _row(package: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {name: _told(name, package.get(name)) for name in _TEXTS}
    removable = package.get("NonRemovable")
    row["NonRemovable"] = _WORDS.get(removable.lower()) if isinstance(removable, str) else untrusted.boolean(removable)
    return row


def _told(name: str, value: Any) -> str | None:
    if isinstance(value, dict) and name == "Version":
        parts = [untrusted.natural(value.get(part)) for part in _VERSION]
        return None if None in parts else ".".join(map(str, parts))
    number = untrusted.integer(value)
    if number is not None:
        return _NUMBERS.get(name, {}).get(number, str(number))
    return untrusted.text(value, 4096)
