"""Paths in running text: where each begins, what its parts are, and where it ends.

A path begins at an anchor (``C:\\``, ``\\\\server\\``, ``/home/``, ``~/``, ``Users\\``), however it is escaped, and is
walked part by part with bounded patterns. Where a part holds spaces and nothing quotes it, the parts that were
discovered beforehand say where it ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from claude_evidence.collector._spellings import LETTERS, normal

MAX_PARTS = 2048
_UNIT = r"u(?!005c|002f)[0-9a-f]{4}"
# of the backslashes before an escaped letter a third are its own, however often the text was escaped: \\\u00eb
_SEPARATOR = (
    rf"(?:\\{{2}}(?=\\{_UNIT})|\\{{4}}(?=\\{{2}}{_UNIT})|\\{{8}}(?=\\{{4}}{_UNIT})"
    r"|\\{1,8}/?|/{1,2}|%(?:25)?(?:5C|2F)|\\{1,4}u005c)"
)
_EDGE = rf"(?:(?-i:(?<![{LETTERS}]))|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{{2}}))"
_ANCHOR = re.compile(
    rf"{_EDGE}(?P<drive>[A-Za-z](?::|%(?:25)?3A))(?P<sep>{_SEPARATOR})"
    r"|(?<![\\\w:$])(?P<share>\\{2}|\\{4}|\\{8})(?=[\w.?-])"
    r"|(?:(?<=file:)|(?<=smb:))(?P<net>//)(?=\w)"
    r"|(?<![\w.~%:/\\-])(?P<root>\\?/|%(?:25)?2F)"
    r"(?=(?:home|users|volumes|mnt|media|srv|root|data|private|opt|tmp|var|workspace|export)(?:\\?/|%(?:25)?2F))"
    r"|(?<![\w~])(?P<tilde>~(?:\\{1,4}|/|%(?:25)?(?:5C|2F)))(?=\w|\.\w)"
    r"|(?:(?<=\\)|(?<=/)|(?<=%5C)|(?<=%2F)|(?<=%255C)|(?<=%252F)|(?<![\w.-]))"
    r"(?P<bare>users|documents and settings)(?=\\|%(?:25)?5C)"
    r"|(?:(?<=\\)|(?<=/)|(?<=%2F)|(?<=%252F)|(?<![\w.-]))(?P<unix>Users)(?=/|%(?:25)?2F)",
    re.IGNORECASE,
)
_SEP = re.compile(_SEPARATOR, re.IGNORECASE)
# what an old code page could not hold is written as question marks
_CHARACTER = r"[^\\/:*?\"<>|\x00-\x1f%]|%(?!(?:25)?(?:5C|2F|3A))|\?(?=[?\\])"
_RUN = re.compile(rf"(?:{_CHARACTER}){{1,255}}", re.IGNORECASE)
_QUOTED = r"(?<=\w)\\{1,2}'(?=\w)"
_ESCAPED_RUN = re.compile(
    rf"(?:{_CHARACTER}|\\{{1,4}}{_UNIT})(?:{_CHARACTER}|(?<!\\)(?:\\{{4}}|\\{{2}}|\\){_UNIT}|{_QUOTED}){{0,254}}",
    re.IGNORECASE,
)
_QUOTES = frozenset("'\"`")
_TO_THE_END = re.compile(
    r"(?:Starting local session \S{1,80} in|persisted sessions from|skipping load:|file plant\):|planted symlink:"
    r"|leased by [^)\n]{1,80}\):|in repo|cwd[=:]|Reaping idle worktree [^ ]{1,80} in) ?\Z"
)
_BEFORE = frozenset(" :=")
_TRAILING = re.compile(r"[\s.,;!)\]}'`]+\Z")
_SPACED = re.compile(r"[^\s].{0,60}[^\s]|[^\s]", re.DOTALL)

_REPOSITORY = re.compile(
    r"(?:(?:github|gitlab)\.com|bitbucket\.org|dev\.azure\.com|(?<=git@)[\w.-]{1,100})"
    r"(?P<sign>[:/]|%(?:25)?2F)(?P<owner>[\w.~-]{1,100})"
    r"(?:(?:/|%(?:25)?2F)(?P<name>[\w.~-]{1,100}?)(?=\.git|[^\w.~-]|\.?(?:\s|\Z)))?",
    re.IGNORECASE,
)
_PUBLIC = frozenset(
    {"anthropics", "modelcontextprotocol", "electron", "electron-userland", "nodejs", "microsoft", "features"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """One path in a text: where its parts lie, the parts, and whether it begins at a root or below a home.

    ``host`` says that the first part is the name of another computer.
    """

    spans: tuple[tuple[int, int], ...]
    parts: tuple[str, ...]
    root: bool
    host: bool = False


def find(text: str, spaced: frozenset[str] = frozenset()) -> Iterator[Found]:
    """Yield the paths in *text*; *spaced* are known parts with a space in them, as `normal` makes them."""
    position = 0
    while anchor := _ANCHOR.search(text, position):
        kind, sep = anchor.lastgroup or "", anchor["sep"] or anchor[0]
        start = anchor.start() if kind in ("bare", "unix") else anchor.end()
        spans = _walk(text, start, sep, _opening(text, anchor.start()), spaced)
        position = max(anchor.end(), spans[-1][1] if spans else 0)
        if spans:
            parts = tuple(text[begin:end] for begin, end in spans)
            yield Found(tuple(spans), parts, root=kind != "tilde", host=kind in ("share", "net"))


def repositories(text: str) -> Iterator[tuple[int, int]]:
    """Yield where *text* names the owner of a repository and the repository, except those of the app's makers."""
    if ".com" not in text and ".org" not in text and "git@" not in text:
        return
    for match in _REPOSITORY.finditer(text):
        if match["owner"].casefold() not in _PUBLIC:
            yield from (match.span(name) for name in ("owner", "name") if match[name])


def split(path: str) -> list[str]:
    """Return a whole *path* as separators (even places) and parts (odd places)."""
    return re.split(r"((?:(?<![^\\/])[A-Za-z]:(?=[\\/]|\Z))|[^\\/]+)", path)


def _opening(text: str, start: int) -> str:
    """Return the quote that a path at *start* stands in, a newline where it runs to the line's end, or nothing."""
    before = text[max(0, start - 160) : start]
    prefix = before.removesuffix("\\\\?\\").removesuffix("\\\\.\\")
    if prefix[-1:] in _QUOTES and prefix[-1:]:
        return prefix[-1]
    return "\n" if prefix[-1:] in _BEFORE and _TO_THE_END.search(prefix) else ""


def _walk(text: str, position: int, sep: str, quoted: str, spaced: frozenset[str]) -> list[tuple[int, int]]:
    run_of = _ESCAPED_RUN if len(sep) > 1 or sep == "/" else _RUN
    spans: list[tuple[int, int]] = []
    while len(spans) < MAX_PARTS and (run := run_of.match(text, position)):
        after = _SEP.match(text, run.end())
        end = _end(text, run, bool(after), quoted, spaced, windows="/" not in sep)
        cut = end < run.end()
        last = cut or not after
        if last and not quoted:
            trailing = _TRAILING.search(text, position, end)
            end = trailing.start() if trailing and not _closes(text, position, trailing.start()) else end
        if end > position:
            spans.append((position, end))
        if last:
            break
        position = after.end()  # type: ignore[union-attr]
    return spans


def _end(text: str, run: re.Match[str], more: bool, quoted: str, spaced: frozenset[str], *, windows: bool) -> int:
    """Return where the part that begins with *run* ends; *more* says that a separator follows the run."""
    whole = run[0]
    if quoted and quoted != "\n":
        # an apostrophe within a word is a letter of a name: 'C:\Users\O'Brien'
        closing = re.search(rf"{quoted}(?!\w)", whole)
        return run.start() + closing.start() if closing else run.end()
    if quoted:
        return run.end()
    whole = re.split(r"(?<!\w)['`]|['`](?!\w)", whole, maxsplit=1)[0] if not more else whole
    if " " not in whole and "\t" not in whole:
        return run.start() + len(whole)
    for end in _word_ends(whole):
        if normal(whole[:end]) in spaced:
            return run.start() + end
    if more and windows and _SPACED.fullmatch(whole):
        return run.end()
    return run.start() + re.search(r"\s", whole).start()  # type: ignore[union-attr]


def _word_ends(text: str) -> Iterator[int]:
    """Yield where up to eight words of *text* end, the last first: without what cannot end a name."""
    ends = [match.start() for match in re.finditer(r"(?=\s|[,;)`]|'(?!\w)|\Z)", text)][:12]
    yield from (end for end in reversed(ends) if end)


def _closes(text: str, start: int, end: int) -> bool:
    """Return whether a bracket that follows belongs to the part, as in ``Program Files (x86)``."""
    return "(" in text[start:end] and text[end : end + 1] == ")"
