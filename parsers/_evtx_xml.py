"""Events exported as XML (``wevtutil qe /f:xml``, Event Viewer's «save as XML»), with or without a root.

Each event is cut out and parsed on its own: a damaged one costs no other anything, memory stays bounded, and no
document type, so no entity of its own, can come before it.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, XMLParser

from claude_evidence.model import Problem
from claude_evidence.parsers._evtx_element import NotAnEvent, event
from claude_evidence.parsers._evtx_rows import Rows

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events"
_BLOCK_BYTES = 1 << 20
_MAX_EVENT_CHARACTERS = 1 << 20
_MAX_TAGS = 20_000
_MAX_FAULTS = 100
"""Events named one by one that cannot be read; more are counted."""
_TAG = re.compile(r"<(/?)Event(?=[\s>])\s*>?")
_LONGEST_TAG = 64
_HEAD = re.compile(r"\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?(?:(?><!--.*?-->)\s*)*+<Events?[\s>]", re.DOTALL)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(\d{1,7}|x[0-9a-fA-F]{1,6});")
_ALLOWED = frozenset("\t\n\r")


def looks_like_events(head: bytes) -> bool:
    """Return whether *head*, the first bytes of a file, begins an export of events."""
    text = head.decode(_encoding(head), errors="ignore")
    return bool(_HEAD.match(text)) and NAMESPACE in text


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head[:2] in {b"<\0", b"\0<"}:
        return "utf-16-le" if head[0] else "utf-16-be"
    return "utf-8"


def read(head: bytes, stream: BinaryIO, member: str, rows: Rows) -> list[Problem]:
    """Add the events of *head* and the *stream* after it to *rows*; return what could not be read.

    A `Problem` names an event by its 1-based place in the file.
    """
    problems: list[Problem] = []
    more = number = 0
    for number, (text, fault) in enumerate(_events(head, stream), 1):
        reason = fault or _add(text, number, rows)
        if reason and len(problems) < _MAX_FAULTS:
            problems.append(Problem("parse", member, f"event {number} of the file {reason}", number))
        elif reason:
            more += 1
    if more:
        problems.append(Problem("parse", member, f"{more:,} more of {number:,} events cannot be read"))
    return problems


def _add(text: str, number: int, rows: Rows) -> str:
    """Add the event in *text* to *rows*; return why not, or ""."""
    if text.count("<") > _MAX_TAGS:
        return f"has more than {_MAX_TAGS:,} tags"
    try:
        found = event(_parse(text))
    except (ParseError, NotAnEvent) as error:
        return f"cannot be read: {error}"
    if found.rendered is not None:
        rows.rendered[len(rows)] = found.rendered
    rows.add(found.system, found.payload, number)
    return ""


def _parse(text: str) -> Element:
    """Return *text* parsed; characters that XML forbids, which Windows writes all the same, become U+FFFD."""
    try:
        return _element(text)
    except ParseError:
        return _element(_FORBIDDEN.sub(_allowed, text))


def _allowed(found: re.Match[str]) -> str:
    code = found[1]
    number = 0 if code is None else int(code[1:], 16) if code[0] == "x" else int(code)
    character = chr(number) if number <= sys.maxunicode else ""
    legal = character >= " " and not 0xD800 <= number <= 0xDFFF and number not in {0xFFFE, 0xFFFF}
    return found[0] if character in _ALLOWED or legal else "\N{REPLACEMENT CHARACTER}"


def _element(text: str) -> Element:
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - the text begins with <Event: it cannot declare entities
    parser.feed(text.encode("utf-8", "replace"))
    element: Element = parser.close()
    return element


def _events(head: bytes, stream: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield each event's text, or "" and what is wrong with it; text is gone through once, whatever it holds."""
    text, skipped = "", False
    for block in _blocks(head, stream):
        text, begin, seen = text + block, -1, 0
        for tag in _TAG.finditer(text):
            if not tag[1]:
                if begin >= 0:
                    yield "", "ends before it is complete"
                begin = tag.start()
            elif begin >= 0:
                yield text[begin : tag.end()], ""
                begin = -1
            elif not skipped:
                yield "", "has no beginning"
            seen, skipped = tag.end(), False
        text = text[begin if begin >= 0 else max(seen, len(text) - _LONGEST_TAG) :]
        if begin >= 0 and len(text) > _MAX_EVENT_CHARACTERS:
            yield "", f"is longer than {_MAX_EVENT_CHARACTERS:,} characters"
            text, skipped = text[-_LONGEST_TAG:], True
    if _TAG.match(text):
        yield "", "ends before it is complete: the file was cut"


def _blocks(head: bytes, stream: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(_encoding(head))(errors="replace")
    block = head
    while block:
        yield decoder.decode(block)
        block = stream.read(_BLOCK_BYTES)
    yield decoder.decode(b"", final=True)
