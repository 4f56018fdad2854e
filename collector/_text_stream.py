"""A stream of text scrubbed line by line in bounded memory: only lines that may hold something are looked at.

Blocks are cut at line ends. A line longer than a block goes through a window that keeps `OVERLAP` characters back, so
that no value is cut in two; where such a line is in the middle of something said, the rest of it is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from claude_evidence.collector.scrub_text import Scrubber
from claude_evidence.collector.tokens import Tokens

BLOCK_BYTES = 1 << 20
OVERLAP = 16 << 10
_CACHED_LINES, _CACHED_BYTES = 20_000, 4096
_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_STAMP = re.compile(rb"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?\]? ")
_WIDE = (
    ("utf-16-le", re.compile(rb"(?:[\t\x20-\x7e\xa0-\xff]\x00|[\x00-\xff][\x01-\x05]){4,}+")),
    ("utf-16-be", re.compile(rb"(?:\x00[\t\x20-\x7e\xa0-\xff]|[\x01-\x05][\x00-\xff]){4,}+")),
)
"""UTF-16 among other bytes: Latin, Greek, Cyrillic and Hebrew letters."""


class TextStream:
    """Scrubs streams with one *scrubber*; what one file taught, the next one profits from."""

    def __init__(self, scrubber: Scrubber, tokens: Tokens) -> None:
        self._scrubber, self._tokens = scrubber, tokens
        self._seen: dict[bytes, tuple[bytes, Counter[str] | None]] = {}

    def scrub(self, source: BinaryIO) -> Iterator[bytes]:
        """Yield the scrubbed bytes of *source*, in the encoding that they are in."""
        head = source.read(BLOCK_BYTES)
        encoding = encoding_of(head)
        if encoding is None:
            yield from self._lines(_blocks(head, source))
            return
        rest: list[bytes] = []
        for piece in self._lines(wide_blocks(_blocks(head, source), encoding, rest)):
            yield piece.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")
        yield from rest

    def _lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        held = b""
        for block in blocks:
            end = block.rfind(b"\n") + 1
            if not end:
                held += block
                if len(held) >= BLOCK_BYTES:
                    held, out = self._long(held)
                    yield out
                continue
            yield self._block(held + block[:end])
            held = block[end:]
        if held:
            yield self._block(held)

    def _block(self, block: bytes) -> bytes:
        found = self._scrubber.sieve.lines(block)
        if found is None:
            return block
        lines, numbers = found
        for number in numbers:
            lines[number] = self._line(lines[number])
        return b"\n".join(lines)

    def _line(self, line: bytes) -> bytes:
        if not line.strip(b"\0"):
            return line
        stamp = _STAMP.match(line)
        start = stamp.end() if stamp else 0
        key = line[start:]
        known = self._seen.get(key)
        if known is None:
            before = self._tokens.counts.copy()
            new = self._text(key)
            known = new, (self._tokens.counts - before) or None
            if len(self._seen) >= _CACHED_LINES:
                self._seen.clear()
            if len(key) <= _CACHED_BYTES:
                self._seen[key] = known
        elif known[1]:
            self._tokens.counts.update(known[1])
        return line[:start] + known[0]

    def _text(self, line: bytes) -> bytes:
        if b"\0" in line:
            for encoding, pattern in _WIDE:
                line = pattern.sub(lambda match, encoding=encoding: self._wide(match[0], encoding), line)  # type: ignore[misc]
        body = line.rstrip(b"\r")
        text = self._scrubber.pieces(body.decode("utf-8", "surrogateescape")).text()
        return text.encode("utf-8", "surrogateescape") + line[len(body) :]

    def _wide(self, run: bytes, encoding: str) -> bytes:
        """Scrub a run of UTF-16 within a line of bytes."""
        return self._scrubber.text(run.decode(encoding, "surrogatepass")).encode(encoding, "surrogatepass")

    def _long(self, held: bytes) -> tuple[bytes, bytes]:
        """Return what has to wait, and the scrubbed beginning, of a line that does not end."""
        if not held.strip(b"\0"):
            return b"", held
        text = held.decode("utf-8", "surrogateescape")
        out, used = self._scrubber.pieces(text).until(max(len(text) - OVERLAP, 1))
        return text[used:].encode("utf-8", "surrogateescape"), out.encode("utf-8", "surrogateescape")


def encoding_of(head: bytes) -> str | None:
    """Return the UTF-16 that text beginning with *head* is in, None for every encoding that holds ASCII as it is."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start:512:2], head[1 - start : 512 : 2]
        if len(zeros) >= 4 and zeros.count(0) * 2 > len(zeros) and others.count(0) * 4 < len(others):
            return encoding
    return None


def wide_blocks(blocks: Iterable[bytes], encoding: str, rest: list[bytes]) -> Iterator[bytes]:
    """Yield UTF-16 *blocks* as UTF-8; a byte too many at the end goes to *rest*."""
    held = b""
    for block in blocks:
        data = held + block
        end = len(data) & ~1
        if end >= 2 and _is_high(data[end - 2 : end], encoding):
            end -= 2
        held = data[end:]
        yield data[:end].decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    whole = len(held) & ~1
    if whole:
        yield held[:whole].decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    rest.append(held[whole:])


def _is_high(unit: bytes, encoding: str) -> bool:
    return 0xD8 <= unit[1 if encoding == "utf-16-le" else 0] <= 0xDB


def _blocks(head: bytes, source: BinaryIO) -> Iterator[bytes]:
    while head:
        yield head
        head = source.read(BLOCK_BYTES)


def narrow(source: BinaryIO) -> Iterator[bytes]:
    """Yield *source* in blocks of UTF-8, or of whatever holds ASCII as it is."""
    head = source.read(BLOCK_BYTES)
    encoding = encoding_of(head)
    yield from wide_blocks(_blocks(head, source), encoding, []) if encoding else _blocks(head, source)
