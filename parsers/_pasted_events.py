"""Windows events as people quote them: Event Viewer's text in any language, ``wevtutil``, ``Get-WinEvent``, notes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from claude_evidence.errors import hresult
from claude_evidence.parsers import _evtx_payload as payload
from claude_evidence.parsers._appx_maps import HIGH_OPTIONS, LOW_OPTIONS, OPERATIONS
from claude_evidence.parsers._pasted_dates import moment
from claude_evidence.parsers._pasted_event_names import (
    EVENT_ID,
    ID_KEYS,
    MESSAGES,
    PROVIDERS,
    SOURCE_KEYS,
    TIME_KEYS,
    Provider,
    named,
    owner,
)
from claude_evidence.parsers._pasted_log import begins as log_line
from claude_evidence.parsers._pasted_text import Line, Statement, plain, statements

_TIME = (
    r"(?P<time>(?:(?:\d{4}-\d\d-\d\d[ T]+|\d{1,4}([./-])\d{1,2}\2\d{1,4},?\s+))?"
    r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|\s?[AaPp]\.?[Mm]\b\.?)?(?![\d.,:]))"
)
_NOTE = re.compile(
    rf"(?:{_TIME}[\s·:–—|-]*)?(?:(?P<provider>[A-Za-z][\w /.-]{{2,70}}?)[\s:(|]+)??(?:events?\s+|id\s?=\s?|#)?"
    r"(?P<open>[\[(]?)(?:id\s?=\s?)?(?P<id>\d{1,5})[\])]?(?![:.,]\d|\s+records?\b)(?=[\s:.,|)-]|$)\s*(?:\(?\s?[x×](?P<times>\d{1,4})\)?)?"
    r"[\s:.)|-]*(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
_PAIR = re.compile(r"\s{0,8}(?P<key>[^\W\d][\w .'’]{0,30}?)\s*[:：]\s?(?P<value>.*)")
_BLOCK = re.compile(r"\s*Event\s?\[\d+\]:?\s*$", re.IGNORECASE)
_PACKAGE = re.compile(r"Claude_(?:\d[\w.…]*|pzs8sxrjxfjjc|…|\.\.\.)")
_INSTALLER = re.compile(r"\bClaude(?:[-_ ][\w.-]{0,60})?\.msix(?:bundle)?\b", re.IGNORECASE)
_VERSION = re.compile(r"\d+(?:\.\d+){2,3}")
_PUBLISHER = "pzs8sxrjxfjjc"
_LEFT_OUT = re.compile(r"(?<=_)(?:…|\.\.\.)?\Z")
# fields of which a text does not say what of it stood in them: they hold all of it
_WHOLE = frozenset({
    "SummaryError", "ErrorFileInfo", "DetailedMessageInfo", "ImagePath", "PackageUri", "RunningApps", "Data",
    "EventName", "P1", "P2", "AppPath", "FileNameBuffer", "ProcessNameBuffer", "ServiceName", "param1", "param2",
})  # fmt: skip
_OTHER = re.compile(r"[A-Za-z][\w.-]{2,60}_\d+(?:\.\d+){3}_\w*?_{1,2}[0-9a-z]{13}")
_CODE = re.compile(r"0x[0-9A-Fa-f]{1,8}(?![0-9A-Fa-f])")
_OPTIONS = {name for name in (*LOW_OPTIONS, *HIGH_OPTIONS) if name}
_OPERATIONS = sorted({name for name in OPERATIONS.values() if " " not in name}, key=len, reverse=True)
_OPERATION = re.compile(rf"\b({'|'.join(map(re.escape, _OPERATIONS))})\b")
_WORD = re.compile(r"[A-Za-z]{8,60}")
_OURS = re.compile(r"Claude|CoworkVMService|cowork-svc", re.IGNORECASE)
_OF_PACKAGES = {provider.name for provider in PROVIDERS[:2]}
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Quoted:
    """One quoted event; ``package`` is Claude's as written, empty where the text names none."""

    number: int
    event: int
    provider: Provider
    text: str
    time: datetime | None = None
    package: str = ""
    times: int = 1
    lines: frozenset[int] = field(default_factory=frozenset)


class Section:
    """Which provider a heading or an earlier line announced; it holds until the next one is named."""

    def __init__(self) -> None:
        self.provider: Provider | None = None

    def hears(self, text: str) -> None:
        """Take over the provider that *text* names, if any."""
        self.provider = named(text) or self.provider


def quoted(paragraph: Sequence[Line], section: Section) -> list[Quoted]:
    """Return the events quoted in *paragraph*."""
    found = list(_lists(paragraph)) or [e for s in statements(paragraph, _any_begins) for e in _noted(s, section)]
    for line in paragraph:
        section.hears(line.text)
    return found


def _any_begins(text: str) -> bool:
    return begins(text) or log_line(text)


def packaged(events: Sequence[Quoted]) -> list[Quoted]:
    """Return *events* with the package for those that name none: the one that an event before them names, else after.

    Who quotes a row of events about one app seldom repeats its package in each; an event of another package names it.
    """
    known = sorted((event.package for event in events if event.package), key=lambda name: "…" in name)
    found, last = [], known[0] if known else ""
    for event in events:
        last = event.package if event.package and ("…" not in event.package or "…" in last) else last
        theirs = event.package or _OTHER.search(event.text) or event.provider.name not in _OF_PACKAGES
        found.append(event if theirs else replace(event, package=last))
    return found


def begins(text: str) -> bool:
    """Return whether *text* begins as a note about an event does, judged by its beginning alone."""
    if EVENT_ID.match(text) or _BLOCK.match(text):
        return True
    text = text.lstrip("| ")  # a row of a table
    match = _NOTE.match(text)
    if not match or not (match["time"] or match["open"] or match["provider"] or text[:1].isdigit()):
        return False
    number = int(match["id"])
    if match["provider"]:
        provider = named(match["provider"])
        return provider is not None and number in provider.ids
    return any(number in provider.ids for provider in PROVIDERS)


def _noted(statement: Statement, section: Section) -> Iterator[Quoted]:
    text = statement.text
    if log_line(text) and not begins(text):
        return
    number, said, times, time = _numbered(text)
    provider = _provider_of(number, text, section) if number is not None else None
    if number is None:
        name, number, said = next(((p, n, text) for p, n, words in MESSAGES if words.search(text)), ("", 0, ""))
        provider = next((provider for provider in PROVIDERS if provider.name == name), None)
    if provider and (_OURS.search(said) or _CODE.search(said) or _known_words(said) or named(text)):
        lines = frozenset(line.number for line in statement.lines)
        yield Quoted(statement.number, number, provider, said or text, time, package_in(text), times, lines)


def package_in(text: str) -> str:
    """Return the full name of the Claude package that *text* names, ``…`` for what its writer left out; else empty.

    >>> package_in("Destroyed container for Claude_1.32352.1.0"), package_in("{Claude_pzs8sxrjxfjjc!Claude}")
    ('Claude_1.32352.1.0_…__pzs8sxrjxfjjc', 'Claude_…__pzs8sxrjxfjjc')
    """
    found = [match[0].rstrip(".") for match in _PACKAGE.finditer(text)]
    whole = next((name for name in found if name.count("_") > 2), "")
    if not found and _INSTALLER.search(text):
        return f"Claude_…__{_PUBLISHER}"
    if whole or not found:
        return _LEFT_OUT.sub(_PUBLISHER, whole)
    version = next((match[0] for name in found if (match := _VERSION.search(name))), "")
    return f"Claude_{version}_…__{_PUBLISHER}" if version else f"Claude_…__{_PUBLISHER}"


def _numbered(text: str) -> tuple[int | None, str, int, datetime | None]:
    """Return the event's id, what is said after it, how many times it came, and when."""
    if match := EVENT_ID.search(text):
        return int(match["id"]), text[match.end() :].lstrip(" :.,-)]`*") or text, 1, None
    match = _NOTE.match(text.lstrip("| "))
    if match and begins(text):
        return int(match["id"]), match["text"], min(int(match["times"] or 1), _MOST), moment(match["time"])
    return None, text, 1, None


def _provider_of(number: int, text: str, section: Section) -> Provider | None:
    head = named(text)
    if head and number in head.ids:
        return head
    if section.provider and number in section.provider.ids:
        return section.provider
    return owner(number)


def _known_words(text: str) -> bool:
    return bool(_OPTIONS & set(_WORD.findall(text)) or _OPERATION.search(text))


def _lists(paragraph: Sequence[Line]) -> Iterator[Quoted]:
    """Yield the events written as ``key : value`` lines; a key met again begins the next."""
    pairs: dict[str, str] = {}
    held: list[Line] = []
    key = ""
    for line in paragraph:
        match = _PAIR.match(line.text)
        name = match["key"].strip().casefold() if match else ""
        if _BLOCK.match(plain(line)) or (name in pairs and name in ID_KEYS | SOURCE_KEYS | TIME_KEYS):
            yield from _listed(pairs, held)
            pairs, held, key = {}, [], ""
        held.append(line)
        if match and (not key or not line.text.startswith("      ") or name in ID_KEYS):
            key = name
            pairs[key] = match["value"].strip()
        elif key:
            pairs[key] += f"\n{line.text.strip()}"
    yield from _listed(pairs, held)


def _listed(pairs: dict[str, str], lines: Sequence[Line]) -> Iterator[Quoted]:
    text = "\n".join(line.text for line in lines)
    stated = next((pairs[key] for key in pairs if key in ID_KEYS), "") or _labelled(text)
    if len(pairs) < 2 or not stated.split(" ")[0].strip().isdigit():
        return
    number = int(stated.split(" ")[0])
    sources = " ".join(value for key, value in pairs.items() if key in SOURCE_KEYS)
    provider = named(sources) or owner(number)
    if provider and number in provider.ids:
        time = next((moment(value) for key, value in pairs.items() if key in TIME_KEYS), None)
        quoted_lines = frozenset(line.number for line in lines)
        yield Quoted(lines[0].number, number, provider, text, time, package_in(text), 1, quoted_lines)


def _labelled(text: str) -> str:
    match = EVENT_ID.search(text)
    return match["id"] if match else ""


def row(event: Quoted, time: datetime | None, wanted: frozenset[str]) -> dict[str, Any]:
    """Return *event* as a row of ``events``: what a field would hold is read out of the text, in whatever language.

    A text that is the event's data as JSON, as our reports quote it, is taken at its word.
    """
    if stored := payload.fields(event.text.strip().encode("utf-8", "replace")):
        return _stated(event, stored, time, wanted)
    codes = _CODE.findall(event.text)
    code = hresult(codes[0]) if codes else None
    operation = _OPERATION.search(event.text)
    options = [word for word in _WORD.findall(event.text) if word in _OPTIONS]
    data = {"Text": event.text, **({"PackageFullName": event.package} if event.package else {})}
    return {
        **_system(event, time),
        "EventData": json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"),
        "HResult": code,
        "Operation": operation[1] if operation else None,
        "Options": ",".join(dict.fromkeys(options)) or None,
        **{name: value for name in wanted if (value := _field(name, event)) is not None},
    }


def _system(event: Quoted, time: datetime | None) -> dict[str, Any]:
    return {
        "Record": event.number,
        "TimeCreated": time,
        "EventID": event.event,
        "Provider_Name": event.provider.name,
        "Channel": event.provider.channel,
    }


def _stated(event: Quoted, stored: Mapping[str, str], time: datetime | None, wanted: frozenset[str]) -> dict[str, Any]:
    """Return *event* with the fields that its text states by name."""
    return {
        **{name: stored[name] for name in wanted & stored.keys()},
        **_system(event, time),
        "EventData": event.text.strip().encode("utf-8", "replace"),
        "HResult": payload.error_code(stored),
        "Operation": payload.operation(stored),
        "Options": payload.options(stored),
    }


def _field(name: str, event: Quoted) -> str | None:
    """Return what the event's field *name* holds as far as its text tells: the package, or else all of the text."""
    if name.startswith(("Package", "MainPackage")) and name != "PackageUri":
        return event.package or None
    if name in _WHOLE:
        return event.text
    if name == "Path":
        return event.package or event.text
    if name == "CallingProcess":
        match = re.search(r"\b[\w-]{1,40}\.exe\b", event.text)
        return match[0] if match else None
    return None


def utc(time: datetime | None) -> datetime | None:
    """Return *time* where it says its zone."""
    return time.astimezone(UTC) if time is not None and time.tzinfo else None
