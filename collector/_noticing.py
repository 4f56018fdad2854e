"""What reading one item tells: every value that identifies in it, in the order in which it stands there.

It rests on the item alone. What was told of an earlier item is not told again; whoever keeps it has it already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from claude_evidence.collector import _conversation as conversation
from claude_evidence.collector import _fields, _learn, _text_stream, scrub_evtx, scrub_text, secret_shapes
from claude_evidence.collector._met_paths import LONGEST, MetPaths
from claude_evidence.collector._sieve import Sieve
from claude_evidence.collector._types import Item, Kind, Scrub
from claude_evidence.collector.redactor import LARGEST_JSON_BYTES

BLOCK_BYTES = 1 << 20
MOST_LINES = 20_000
_DOMAIN_USER = re.compile(r"(?P<domain>[\w.-]{1,63})\\(?P<user>[^\\/:*?\"<>|\x00-\x1f]{1,64})\Z")
Note = tuple[Kind | None, str]
"""A value and what it is; a host path where it is None."""


class Noticing:
    """Reads items one after the other, as `Discovery` does. It can be pickled before it read anything."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._told: set[Note] = set()
        self._met = MetPaths()
        self._learning = _learn.Learning(self._fact, self._path)
        words = (*scrub_text.PATH_ANCHORS, *scrub_text.OTHER_ANCHORS, *secret_shapes.ANCHORS, *_fields.ANCHORS,
                 *(a for a in conversation.ANCHORS if a in ('{"', '["', '":', "title")))  # fmt: skip
        self._sieve = Sieve(word.encode() for word in words)
        self._seen: set[str] = set()

    def stream(self, item: Item, source: BinaryIO) -> None:
        """Read *source* to its end; `taken` says what identifies in it."""
        if item.scrub is Scrub.EVTX:
            self._events(source)
        elif item.scrub is Scrub.JSON and item.size_bytes <= LARGEST_JSON_BYTES:
            self._document(source)
        else:
            self._text(source)

    def taken(self) -> list[Note]:
        """Return what was found since it was asked for last and was not found before."""
        notes, self._notes = self._notes, []
        return notes

    def _fact(self, kind: Kind, value: str) -> None:
        if (kind, value) not in self._told and len(value.strip()) <= LONGEST:
            self._told.add((kind, value))
            self._notes.append((kind, value))

    def _path(self, path: str) -> None:
        if self._met.new(path):
            self._notes.append((None, path))

    def _events(self, source: BinaryIO) -> None:
        for text in scrub_evtx.texts(source, self._computer):
            self._event_text(text)
        if source.seekable():
            source.seek(0)
            for sid in scrub_evtx.sids(source):
                self._fact(Kind.SID, sid)

    def _computer(self, name: str) -> None:
        """Note the machine that an event log is of, and its domain: ``NAME`` or ``name.example.com``."""
        host, _, domain = name.strip().partition(".")
        self._fact(Kind.HOST, host)
        self._fact(Kind.DOMAIN, domain)

    def _event_text(self, text: str) -> None:
        if len(text) > LONGEST:
            text = text[:LONGEST]
        match = _DOMAIN_USER.fullmatch(text)
        if match and match["domain"].casefold() not in _fields.AUTHORITIES and "." not in match["user"][:-4]:
            self._fact(Kind.DOMAIN, match["domain"])
            self._fact(Kind.USER, match["user"])
        elif not self._sieve.is_clean(text.encode("utf-8", "surrogatepass")):
            self._learning.text(text)

    def _document(self, source: BinaryIO) -> None:
        data = source.read()
        if not data.strip(b"\0"):
            return
        encoding = _text_stream.encoding_of(data[:BLOCK_BYTES])
        text = (
            data[: len(data) & ~1].decode(encoding, "replace") if encoding else data.decode("utf-8", "surrogateescape")
        )
        self._learning.json(text)

    def _text(self, source: BinaryIO) -> None:
        for block in _whole_lines(_text_stream.narrow(source)):
            if found := self._sieve.lines(block):
                lines, numbers = found
                for number in numbers:
                    self._line(lines[number])

    def _line(self, line: bytes) -> None:
        text = line.replace(b"\0", b"").rstrip(b"\r").decode("utf-8", "surrogateescape")
        text = text[20:] if text[:2] == "20" and text[4:5] in "-/" else text
        if text in self._seen:
            return
        if len(self._seen) > MOST_LINES:
            self._seen.clear()
        self._seen.add(text)
        self._learning.text(text)


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *blocks* cut at line ends; a line that does not end is given in pieces that overlap."""
    held = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield held + block[:end]
            held = block[end:]
        else:
            held += block
            if len(held) >= BLOCK_BYTES:
                yield held
                held = held[-_text_stream.OVERLAP :]
    if held:
        yield held
