"""A pasted report taken apart: paragraphs of numbered lines, free of quoting marks, and statements that were wrapped.

People quote logs in fences, in code spans, behind ``> `` or as plain text, and wrap what is too long by hand.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_QUOTE = re.compile(r"(?:\s{0,3}> ?)+")
_BULLET = re.compile(r"\s{0,12}(?:[-*+•]|\d{1,2}[.)])\s+(?=\S)")
_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{3,2000})\1(?!`)")
_CODE_TAG = re.compile(r"</?(?:code|pre|kbd|samp|td|tr|br|p)\b[^<>\n]{0,80}>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*\*([^*\n]{1,200})\*\*")
# what Node.js prints below a message: a stack, an object
_BELOW = re.compile(r"at \S|[{}\]]|[\w$'\"-]{1,60}: ")
# what Windows Error Reporting writes after an empty line of its own text, in the languages of Event Viewer, and what
# a dump of a file begins with below the command
_GOES_ON = re.compile(
    r"\s*(?:(?:Problem signature|Problem-?signatur|Signature du problème|Firma del problema|Firma problema|"
    r"Assinatura d[oe] problema|Probleemhandtekening|Sygnatura problemu|Сигнатура проблемы|問題の署名|문제 서명|"
    r"问题签名|問題簽章|P1)\s?[:：]|(?:0x)?0{6,16}[:\s]\s*00|00 01 02 03)",
    re.IGNORECASE,
)
_OPEN = ("{", ",", "[")
_CUT = ("\\", "/", "-", "_")
MAX_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``number`` is 1-based, ``fenced`` whether it stood in a code fence."""

    number: int
    text: str
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A record's text on one line as far as it was one, from line ``number`` on; ``lines`` are the raw ones."""

    number: int
    text: str
    lines: tuple[Line, ...]


def paragraphs(text: str) -> Iterator[list[Line]]:
    """Yield the lines of *text* in groups: a fence's border, a blank line outside a fence or two inside end one."""
    group: list[Line] = []
    fence, blank = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = _unquoted(raw[:MAX_LINE])
        border = _FENCE.match(line)
        if border and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else border[1]
            line, blank = "", 2
        if not line.strip():
            blank += 1
            continue
        if group and blank >= (2 if fence else 1) and not (blank < 2 and _GOES_ON.match(line)):
            yield group
            group = []
        group.append(Line(number, line.rstrip(), bool(fence)))
        blank = 0
    if group:
        yield group


def statements(lines: Sequence[Line], begins: Callable[[str], bool]) -> Iterator[Statement]:
    """Yield what *lines* say, each statement from a line that *begins* to the one before the next or an empty line.

    Lines before the first beginning are one statement.
    """
    held: list[Line] = []
    for line in lines:
        apart = held and line.number > held[-1].number + 1 and not _GOES_ON.match(line.text)
        if held and (apart or begins(plain(line))):
            yield _statement(held)
            held = []
        held.append(line)
    if held:
        yield _statement(held)


def spans(line: Line) -> list[str]:
    """Return the code spans of a line of prose, without their backticks."""
    return [] if line.fenced else [match[2].strip() for match in _SPAN.finditer(line.text)]


def cells(line: Line) -> list[str]:
    """Return the cells of a table's row, without code marks; nothing where the line is none."""
    text = line.text.strip()
    if line.fenced or not text.startswith("|"):
        return []
    return [cell.strip().strip("`").replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", text.strip("|"))]


def plain(line: Line) -> str:
    """Return the text of *line* without bullet, emphasis and the backticks around all of it."""
    text = line.text.strip()
    if line.fenced:
        return text
    bullet = _BULLET.match(line.text)
    text = _EMPHASIS.sub(r"\1", line.text[bullet.end() if bullet else 0 :]).strip()
    return text.strip("`") if text.startswith("`") and text.endswith("`") and text.count("`") == 2 else text


def _unquoted(line: str) -> str:
    quote = _QUOTE.match(line)
    line = line[quote.end() :] if quote else line
    return html.unescape(_CODE_TAG.sub(" ", line)) if "<" in line and _CODE_TAG.search(line) else line


def _statement(lines: Sequence[Line]) -> Statement:
    text = before = plain(lines[0])
    for line in lines[1:]:
        now = plain(line)
        if _BELOW.match(now) and (before.endswith(_OPEN) or not now.endswith(".")):
            text += "\n" + line.text.rstrip()
        else:
            text += ("" if before.endswith(_CUT) else " ") + now
        before = now
    return Statement(lines[0].number, text, tuple(lines))
