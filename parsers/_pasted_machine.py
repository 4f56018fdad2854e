"""Services and registry values as people quote them: what PowerShell, ``sc`` and ``reg`` print, or a note about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from claude_evidence.parsers import service
from claude_evidence.parsers._package_list import blocks
from claude_evidence.parsers._pasted_text import Line, plain

_KEY = re.compile(
    r"(?:Computer\\|Registry::|\[)?(?P<hive>HK(?:CU|LM|U)|HKEY_[A-Z_]{5,20}):?\\(?P<rest>[^\]\n:=`]{3,250})"
)
_VALUE = re.compile(
    r"[\"'`]?(?P<name>[\w .-]{1,80}?)[\"'`]?(?:\s*[=:]\s*|\s{2,}REG_[A-Z_]{2,20}\s{2,})"
    r"[\"'`]?(?P<value>\S[^\n]{0,2000})"
)
_HIVES = {"HKEY_CURRENT_USER": "HKCU", "HKEY_LOCAL_MACHINE": "HKLM", "HKEY_USERS": "HKU"}
_SERVICE = "CoworkVMService"
_ABSENT = re.compile(
    r"(?:→|->|=>|:|is|was|returns?|gives?)\W{0,4}(?:empty|nothing|not found|missing)|does not exist|not installed|"
    r"[Cc]annot find any service|\b1060\b|nicht gefunden|existe pas|no existe|не найден",
)
_STATES = ("Running", "Stopped", "StartPending", "StopPending", "Paused")
_NAMES = {"state": "State", "status": "State", "startmode": "StartType", "starttype": "StartType",
          "exitcode": "ExitCode", "win32exitcode": "ExitCode", "pathname": "BinaryPath"}  # fmt: skip


def registry_values(paragraph: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Yield a row of ``registry_value`` for each value quoted under a key that *paragraph* names."""
    key = hive = ""
    for line in paragraph:
        text = plain(line)
        if match := _KEY.search(text):
            hive = _HIVES.get(match["hive"], match["hive"])
            key = f"{hive}\\{match['rest'].strip().rstrip(chr(92))}"
            text = text[match.end() :].lstrip(" ]:")
        if key and (value := _VALUE.fullmatch(text)):
            told = value["value"].rstrip("`'").strip()
            yield {"Record": line.number, "Hive": hive, "Key": key, "ValueName": value["name"].strip(),
                   "ValueType": "text", "Value": told}  # fmt: skip


def services(paragraph: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Yield a row of ``service`` for Claude's service, where *paragraph* tells its state or that there is none."""
    text = "\n".join(line.text for line in paragraph)
    if _SERVICE not in text:
        return
    number = next(line.number for line in paragraph if _SERVICE in line.text)
    printed = list(service.of_text(text)) or list(_listed(text))
    if printed:
        yield from ({**row, "Record": number} for row in printed)
        return
    for line in paragraph:
        if _SERVICE in line.text and (state := _state(line.text)):
            yield {"Record": line.number, "Name": _SERVICE, "State": state}
            return


def _listed(text: str) -> Iterator[dict[str, Any]]:
    for block in blocks(text):
        if block.get("Name", "").strip() == _SERVICE:
            told = {_NAMES[key.lower()]: value.strip() for key, value in block.items() if key.lower() in _NAMES}
            code = told.pop("ExitCode", "")
            yield {"Name": _SERVICE, **told, **({"ExitCode": int(code)} if code.isdecimal() else {})}


def _state(text: str) -> str:
    """Return the state that one line tells: a row of Get-Service, or a note that nothing was found."""
    words = text.split()
    if words[0] in _STATES and _SERVICE in words[1:3]:
        return words[0]
    return "NotInstalled" if _ABSENT.search(text) else ""
