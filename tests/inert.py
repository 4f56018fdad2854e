"""What a report must not be, whatever was in the evidence: each check returns what it found, if anything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

HIDING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
URLS = {"href", "src", "action", "formaction", "data", "xlink:href", "poster", "srcset", "ping", "background"}
LINK = re.compile(r"#[A-Za-z0-9_-]+|https://github\.com/anthropics/claude-code/issues/[0-9]+")
TAG = re.compile(r"</?(?:details|summary|sub)>")
ACTIVE = re.compile(r"(?i)(?<![\w`])@\w|#\d|\bgh-\d|https?:|www\.|mailto:|<!--|\b[0-9a-f]{40}\b|:[a-z+]\w*:|\$\S")
BLOCKS = {"paragraph", "heading", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item"}
PIECES = {"text", "softbreak", "code_inline", "strong_open", "strong_close", "html_inline", "text_special"}


class _Pairs(HTMLParser):
    """Each element with each of its attributes, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pairs: set[tuple[str, str]] = set()
        self.links: set[str] = set()
        self.strange: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pairs |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        self.links |= {value or "" for name, value in attrs if name in URLS}

    def handle_comment(self, data: str) -> None:
        self.strange.append(f"comment {data!r}")

    def handle_pi(self, data: str) -> None:
        self.strange.append(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.strange.append(f"declaration {data!r}")


def elements(page: str) -> set[tuple[str, str]]:
    """Return the elements of *page* with their attributes."""
    return _Pairs(page).pairs


def strange_html(page: str, known: set[tuple[str, str]]) -> list[str]:
    """Return what of *page* is not among the *known* elements and attributes, leads out, acts or hides."""
    found = _Pairs(page)
    acting = [f"{tag} {name}" for tag, name in found.pairs if name.startswith("on") or name == "style"]
    return [
        *found.strange,
        *map(str, sorted(found.pairs - known)),
        *acting,
        *(link for link in found.links if not LINK.fullmatch(link)),
        *hidden(page),
    ]


def hidden(text: str, allowed: str = "\n\t") -> list[str]:
    """Return the characters of *text* that hide, move or break text."""
    return [f"U+{ord(char):04X}" for char in set(text) - {*allowed} if unicodedata.category(char) in HIDING]


def strange_markdown(text: str) -> list[str]:
    """Return what a CommonMark parser with GitHub's tables makes of *text* that our own templates do not write."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [*_strange(parser.parse(text)), *hidden(text)]


def _strange(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type == "html_block":
            yield from _html(token.content)
        elif token.type == "fence":
            if token.info not in ("text", "powershell"):
                yield f"fence {token.info!r}"
        elif token.type == "inline":
            yield from _pieces(token.children or [])
        elif kind not in BLOCKS or token.tag in ("h1", "h4", "h5", "h6"):
            yield f"{token.type} {token.content[:80]!r}"


def _pieces(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type not in PIECES:
            yield f"{token.type} {token.content[:80]!r}"
        elif token.type == "html_inline":
            yield from _html(token.content)
        elif token.type == "text" and (found := ACTIVE.search(token.content)):
            yield f"{found[0]!r} in {token.content[:80]!r}"


def _html(text: str) -> Iterator[str]:
    """Yield what stands in a piece of HTML beside our tags and words that do nothing."""
    left = re.sub(r"`[^`\n]*`", "", TAG.sub("", text))
    if "<" in left or "&" in left or ACTIVE.search(left):
        yield f"html {text[:120]!r}"
