"""State of a machine as people quote it: packages, listings of session files, dumps of null bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from claude_evidence.parsers._package_list import blocks
from claude_evidence.parsers._pasted_log import begins as log_line
from claude_evidence.parsers._pasted_text import Line

_RULE = re.compile(r"\s*-{2,}(?:\s+-{2,})+\s*")
_COLUMN = re.compile(r"\S+")
# writers shorten names by dots, or put a word in angle brackets in their place
_ENTRY = re.compile(
    r"(?P<stem>local_(?:[0-9A-Za-z-]{1,64}(?:(?:…|\.{2,4})[0-9A-Za-z-]{0,40})?|"
    r"…|\.{2,4}|<[\w -]{1,30}>|\{[\w -]{1,30}\}))"
    r"\.json(?P<tmp>\.tmp)?(?![\w.])"
)
_SIZE = re.compile(r"(?<![\w.,:/-])(\d{1,3}(?:[,.]\d{3})+|\d{2,12})(?![\w:/-]|[.,]\d)")
_DAY = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\b[A-Z][a-z]{2} +\d{1,2}\b|^-[rw-]{9}|^-?a-{2,}|^[-darhsl]{5,6}\s")
_ALL_NULL = re.compile(
    r"all[ -]?null|all[ -]zero(?:e?s)?\b|all `?0x00|every byte (?:is )?(?:`?0x00|null|zero)|"
    r"(?:nothing|only) but null|null bytes only|no non-(?:zero|null) byte",
    re.IGNORECASE,
)
_ASKED = re.compile(r"Get-AppxPackage\b[^\n|]{0,60}\bClaude\b|Get-AppxPackage\b[^\n|]{0,60}Claude\*", re.IGNORECASE)
_FIRST = re.compile(r"\$first\b[^\n]{0,60}?-1(?!\d)")
_LENGTH = re.compile(
    r"(?:\.Length\b\D{0,60}|(?<![\w.]))(\d{1,3}(?:[,.]\d{3})+|\d{2,12})(?:\s*bytes|\s*$|(?=\s*#))",
    re.IGNORECASE | re.MULTILINE,
)
_DUMP = re.compile(r"\s*(?:0x)?[0-9A-Fa-f]{4,16}[:\s|]\s*(?P<bytes>(?:[0-9A-Fa-f]{2}[ -]{0,3}){8,32})(?:\s|\||$)")
FIELDS = ("Name", "Version", "Status", "PackageFullName", "PackageFamilyName", "Publisher", "Architecture",
          "SignatureKind", "InstallLocation")  # fmt: skip
_ENOUGH = ({"Name", "Version"}, {"PackageFullName", "Version"}, {"PackageFullName", "Status"})


def packages(paragraph: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Yield a row of ``package`` for each package listed: Format-List, or a table with at least Name and Version."""
    text = "\n".join(line.text for line in paragraph)
    asked = {"Name": "Claude"} if _ASKED.search(text) else {}
    for block in blocks(text):
        block = {**asked, **block}
        if "PackageFullName" in block or ("Status" in block and "Name" in block and (asked or "Version" in block)):
            number = next((line.number for line in paragraph if line.text.startswith("Name")), paragraph[0].number)
            yield {"Record": number, **{name: block[name] for name in FIELDS if name in block}}
    for position, line in enumerate(paragraph[1:], 1):
        if _RULE.fullmatch(line.text):
            yield from _table(paragraph[position - 1].text, paragraph[position + 1 :])


def _table(header: str, lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    names = [match[0] for match in _COLUMN.finditer(header)]
    if not any(enough <= set(names) for enough in _ENOUGH):
        return
    for line in lines:
        values = re.split(r"\s{2,}", line.text.strip())
        if len(values) != len(names):
            values = line.text.strip().split(None, len(names) - 1)
        if len(values) == len(names):
            told = {name: value for name, value in zip(names, values, strict=True) if name in FIELDS}
            yield {"Record": line.number, **told}


def sessions(paragraph: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Yield a row of ``session_registry`` for each entry that a listing names, and for each shown to be all null."""
    for line in paragraph:
        match = _ENTRY.search(line.text)
        if match and not log_line(line.text) and (size := _listed(line.text, match)) is not None:
            yield _entry(line.number, match, size or None, "listed")
    yield from _nulls(paragraph)


def _listed(text: str, match: re.Match[str]) -> int | None:
    """Return the size that a line of a listing shows (0 where it shows none), None where the line is no listing."""
    before = text[: match.start()].strip(" `|*-•\t")
    after = text[match.end() :].strip(" `|*\t")
    if before and not _DAY.search(text[: match.start()]):
        return None
    if after and not before and not re.fullmatch(r"[\d.,: KMBkbytes/-]+", after):
        return None
    sizes = _SIZE.findall(_DAY.sub(" ", before)) or _SIZE.findall(after)
    return int(re.sub(r"\D", "", sizes[-1])) if sizes else 0


def _nulls(paragraph: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Yield the one entry that *paragraph* shows to be null bytes throughout: in words, by a script, or in a dump."""
    text = "\n".join(line.text for line in paragraph)
    entry = _ENTRY.search(text)
    said = next((line for line in paragraph if _ALL_NULL.search(line.text)), None)
    told = _FIRST.search(text) or (said is not None and (entry is not None or _LENGTH.search(said.text)))
    if entry is None or entry["tmp"] or not (told or _dump_of_nulls(paragraph)):
        return
    line = said or next(line for line in paragraph if _ENTRY.search(line.text))
    size = _LENGTH.search(line.text) or _LENGTH.search(text)
    yield _entry(line.number, entry, int(re.sub(r"\D", "", size[1])) if size else None, "all_null")


def _dump_of_nulls(paragraph: Sequence[Line]) -> bool:
    rows = [match["bytes"] for line in paragraph if (match := _DUMP.match(line.text))]
    # a line of its own stands for rows that are like the one before it
    repeated = any(line.text.strip() == "*" for line in paragraph)
    return len(rows) + repeated > 1 and not any(set(re.sub(r"[ -]", "", row)) - {"0"} for row in rows)


def _entry(number: int, match: re.Match[str], size: int | None, state: str) -> dict[str, Any]:
    return {
        "Record": number,
        "FileName": match[0],
        "Path": match[0],
        "Area": "claude-code-sessions",
        "SessionId": match["stem"],
        "FileSize": size,
        "ParseState": state,
        "IsTmp": bool(match["tmp"]),
        "IsTombstone": False,
        "IsQuarantined": False,
    }
