"""Binary event logs made private in place: the same length, every record still readable, every other value untouched.

`texts` and `sids` serve the discovery, `scrub` the redaction; all three read a file 64 KiB at a time. What a damaged
file does not explain is searched as raw text, so that nothing identifying stays because nobody understood it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from claude_evidence.collector._evtx_concern import Event, concerns_claude, names_something
from claude_evidence.collector._evtx_edit import Editor, Replacing
from claude_evidence.collector._evtx_pieces import scrub_chunk, scrub_header
from claude_evidence.collector._evtx_runs import TEXT
from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES, read_exactly
from claude_evidence.evtx_values import sid_text

__all__ = ["Event", "concerns_claude", "fitted", "names_something", "scrub", "sids", "texts"]

_SEEN = 1 << 17


def texts(stream: BinaryIO, computer: Callable[[str], None] = lambda name: None) -> Iterator[str]:
    """Yield each text of *stream*: values of all records, old ones in slack too, literals, stray runs of text.

    A text that comes again is not yielded again soon. Element names are left out.
    *computer* gets each name that the records give the machine.
    """
    seen: set[str] = set()
    fresh: list[str] = []

    def note(text: str) -> str:
        if text and text not in seen:
            seen.add(text)
            fresh.append(text)
        return text

    def note_run(text: str) -> str:
        return note(text) if TEXT.search(text) or text.isascii() else text

    editor = Editor(Replacing(note, lambda sid: sid, None, concerns_claude, note_run))
    named: set[bytes] = set()
    for _ in _pieces(stream, editor):
        for raw in editor.computers - named:
            computer(editor.text(raw))
        named |= editor.computers
        yield from fresh
        fresh.clear()
        if len(seen) > _SEEN:
            seen.clear()


def sids(stream: BinaryIO) -> Iterator[str]:
    """Yield each distinct SID of *stream* (``S-1-5-21-…``), from values, binary data and slack."""
    seen: set[bytes] = set()
    fresh: list[bytes] = []

    def note(sid: bytes) -> bytes:
        if sid not in seen:
            seen.add(sid)
            fresh.append(sid)
        return sid

    for _ in _pieces(stream, Editor(Replacing(str, note, None, concerns_claude, str))):
        yield from map(sid_text, fresh)
        fresh.clear()


def scrub(
    stream: BinaryIO,
    replace: Callable[[str], str],
    sid: Callable[[bytes], bytes],
    *,
    foreign: Callable[[str], str] | None = None,
    concerns: Callable[[Event], bool] = concerns_claude,
) -> Iterator[bytes]:
    """Yield *stream*, an event log, scrubbed: as many bytes, in pieces of at most 64 KiB.

    *replace* gets every text (values, literals, runs in binary data and in slack) and returns one of as many UTF-16
    units; *sid* gets a stored SID and returns as many bytes. ValueError where either does not. *foreign*, where given,
    gets the payload texts of records that *concerns* denies, and stray text that no record explains, before *replace*
    does. Functions that change nothing give the same bytes.
    """
    return _pieces(stream, Editor(Replacing(replace, sid, foreign, concerns, replace)))


def _pieces(stream: BinaryIO, editor: Editor) -> Iterator[bytes]:
    """Yield the scrubbed header and chunks; each waits until the next has shown whether text runs over its end."""
    waiting = scrub_header(read_exactly(stream, FILE_BLOCK_BYTES), editor)
    while data := read_exactly(stream, CHUNK_BYTES):
        piece = scrub_chunk(data, editor)
        if not piece.begins_as_it_should:
            waiting.join(piece, editor)
        yield waiting.finish()
        waiting = piece
    yield waiting.finish()


def fitted(token: str, length: int, digest: bytes) -> str:
    """Return *token* (``user-3fa94c``) as exactly *length* characters, all ASCII, the same for the same input.

    A longer one goes on with the hexadecimal digits of *digest*, then with dots; a shorter one keeps the kind and at
    least two digits where there is room (``user-3f``), else digits of *digest* alone.
    """
    kind, dash, digits = token.partition("-")
    hexadecimal = digest.hex()
    if length >= len(token):
        more = hexadecimal[len(digits) :] if hexadecimal.startswith(digits) else hexadecimal
        return (token + more)[:length].ljust(length, ".")
    return token[:length] if dash and length >= len(kind) + 3 else hexadecimal[:length].ljust(length, "0")
