"""Puts replacements into bytes without moving any: each value comes back as long as it was, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from claude_evidence.collector import _evtx_runs as runs
from claude_evidence.collector._evtx_concern import Event
from claude_evidence.collector._evtx_records import LITERAL
from claude_evidence.evtx_values import ARRAY, ValueType

REMEMBERED_BYTES = 16 << 20
_PIECES = re.compile("[\0\ud800-\udfff]+")
_LINES = re.compile("[^\0-\x1f\x7f-\x9f]+")
_BEYOND_LATIN = re.compile("[\u0250-\U0010ffff]")
_TEXT_LITERAL = b"\x05\x01"
_ENDS = {b"", b"\0", b"\0\0"}
_PAD = "."


@dataclass(frozen=True, slots=True)
class Replacing:
    """The functions that decide; see `scrub_evtx.scrub`. ``stray`` is ``replace`` for text that nothing explains."""

    replace: Callable[[str], str]
    sid: Callable[[bytes], bytes]
    foreign: Callable[[str], str] | None
    concerns: Callable[[Event], bool]
    stray: Callable[[str], str]


Edits: TypeAlias = list[tuple[int, bytes]]
"""Where new bytes go, and those."""


class Editor:
    """Replaces in values of any type; what it has done for the same bytes before it remembers, up to 16 MiB."""

    def __init__(self, functions: Replacing) -> None:
        self.functions = functions
        self._done: tuple[dict[int, dict[bytes, bytes]], dict[int, dict[bytes, bytes]]] = ({}, {})
        self._texts: dict[bytes, str] = {}
        self.blocks: dict[tuple[bytes, bytes, bytes], Edits] = {}
        """What changes in the own data of an event, by these data, its provider and its event id."""
        self.computers: set[bytes] = set()
        """What the records read so far call the machine, as stored."""
        self._sids_made: set[bytes] = set()
        self._strays: dict[str, str] = {}
        self._narrows: dict[bytes, bytes] = {}
        self._held = 0

    def value(self, code: int, raw: bytes, foreign: bool) -> bytes:
        """Return *raw*, a stored value of the type *code*, replaced; *foreign*: it tells of others."""
        known = self._done[foreign].setdefault(code, {})
        new = known.get(raw)
        if new is None:
            new = self._made(code, raw, foreign)
            self._hold(len(raw))
            self._done[foreign].setdefault(code, {})[raw] = new
        return new

    def remember_block(self, key: tuple[bytes, bytes, bytes], edits: Edits) -> None:
        """Remember that *edits*, by offset, are what changes in an event's own data."""
        self._hold(len(key[0]))
        self.blocks[key] = edits

    def text(self, raw: bytes) -> str:
        """Return *raw* as whoever judges an event may read it: UTF-16, or what text is found in it."""
        text = self._texts.get(raw)
        if text is None:
            text = self._texts[raw] = raw[: len(raw) & ~1].decode("utf-16-le", "replace").rstrip("\0")
            self._hold(len(raw))
        return text

    def binary_text(self, raw: bytes) -> str:
        """Return all text found in *raw*, whatever its encoding, with line feeds between."""
        parts = [text for shift in (0, 1) for _, _, text in runs.wide_runs(raw, 0, len(raw), runs.WIDE[0], shift)]
        return "\n".join(parts + [raw[start:end].decode("latin-1") for start, end in runs.narrow_runs(raw)])

    def unexplained(self, raw: bytes, foreign: bool, *, names: bool = True) -> bytes:
        """Return *raw*, bytes of any kind, with the text in it replaced; with *names*, those of elements stay."""
        out = bytearray(raw)
        self._runs(out, foreign, names)
        self._binary_sids(out)
        return bytes(out)

    def again(self, before: bytes, after: bytes, *, names: bool = True) -> bytes:
        """Return *after* with what is still in it replaced; what already differs from *before* stays."""
        masked = bytearray(after)
        for start, end in runs.changed(before, after):
            masked[start:end] = bytes(end - start)
        searched = bytearray(masked)
        self._runs(searched, False, names)
        out = bytearray(after)
        for start, end in runs.changed(bytes(masked), bytes(searched)):
            out[start:end] = searched[start:end]
        self._binary_sids(out)
        return bytes(out)

    def _runs(self, out: bytearray, foreign: bool, names: bool) -> None:
        for start, end in runs.islands(bytes(out)):
            for codec in runs.WIDE:
                for shift in (0, 1):
                    self._wide(out, start, end, codec, shift, foreign, names)
        for start, end in runs.narrow_runs(bytes(out)):
            out[start:end] = self._narrow_run(bytes(out[start:end]), foreign)

    def _binary_sids(self, out: bytearray) -> None:
        for start, end in runs.binary_sids(bytes(out)):
            out[start:end] = self._sid(bytes(out[start:end]))

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > REMEMBERED_BYTES:
            self._forget()

    def _forget(self) -> None:
        self._done, self._texts, self.blocks, self._held = ({}, {}), {}, {}, 0
        self._strays, self._narrows = {}, {}

    def _made(self, code: int, raw: bytes, foreign: bool) -> bytes:
        if code in {ValueType.STRING, ValueType.STRING | ARRAY, LITERAL}:
            return self._string(raw, foreign)
        if code in {ValueType.ANSI_STRING, ValueType.ANSI_STRING | ARRAY}:
            return b"\0".join(self._ansi(part, foreign) if part else part for part in raw.split(b"\0"))
        if code in {ValueType.SID, ValueType.SID | ARRAY}:
            return self._sids(raw)
        return self.unexplained(raw, foreign and code == ValueType.BINARY, names=False)

    def _string(self, raw: bytes, foreign: bool) -> bytes:
        even = len(raw) & ~1
        text = raw[:even].decode("utf-16-le", "surrogatepass")
        new = "".join(self._piece(part, foreign) for part in _pieces(text))
        stored = new.encode("utf-16-le", "surrogatepass") + raw[even:]
        if len(raw) & 1 or _BEYOND_LATIN.search(text):  # text that begins one byte beside, or is none of UTF-16
            return self.again(raw, stored, names=False)
        return stored

    def _piece(self, text: str, foreign: bool) -> str:
        if _PIECES.match(text):
            return text
        if foreign and self.functions.foreign is not None:
            text = _LINES.sub(self._token, text)
        return _as_long(text, self.functions.replace(text))

    def _sids(self, raw: bytes) -> bytes:
        out, at = bytearray(raw), 0
        for start, end in runs.binary_sids(raw):
            if start == at:
                out[start:end] = self._sid(raw[start:end])
                at = end
        return bytes(out) if at == len(raw) else self._lone_sid(raw)

    def _lone_sid(self, raw: bytes) -> bytes:
        """Return a SID of an unusual authority replaced; what is no SID at all is searched like any bytes."""
        if len(raw) >= 8 and raw[0] == 1 and len(raw) == 8 + 4 * raw[1]:
            return self._sid(raw)
        return self.unexplained(raw, False, names=False)

    def _sid(self, raw: bytes) -> bytes:
        if raw in self._sids_made:
            return raw
        new = self.functions.sid(raw)
        self._sids_made.add(new)
        if len(new) != len(raw):
            raise ValueError(f"a SID of {len(raw)} bytes was to become one of {len(new)}")
        return new

    def _wide(self, out: bytearray, start: int, end: int, codec: str, shift: int, foreign: bool, names: bool) -> None:
        data = bytes(out)
        for first, last, text in runs.wide_runs(data, start, end, codec, shift):
            if names and runs.is_name(data, first, last):
                continue
            if codec == runs.WIDE[1] and _is_little_endian(data, first, last, text):
                continue
            begin = 1 if data[max(first - 2, 0) : first] == _TEXT_LITERAL and ord(text[0]) == len(text) - 1 else 0
            new = text[:begin] + self._stray(text[begin:])
            if foreign and not runs.is_narrow(data[first:last]):
                shape = runs.TEXT if data[last : last + 2] in _ENDS else runs.SURE
                new = text[:begin] + shape.sub(self._others, new[begin:])
            if new != text:
                out[first:last] = new.encode(codec, "surrogatepass")

    def _stray(self, text: str) -> str:
        new = self._strays.get(text)
        if new is None:
            new = self._strays[text] = _as_long(text, self.functions.stray(text))
            self._hold(2 * len(text))
        return new

    def _token(self, match: re.Match[str]) -> str:
        text = match[0]
        return _as_long(text, self.functions.foreign(text)) if self.functions.foreign is not None else text

    def _others(self, match: re.Match[str]) -> str:
        """Return text that nothing explains as a token, unless it concerns Claude or only looks like text."""
        text, functions = match[0], self.functions
        if functions.foreign is None or len(set(text)) < 3 or functions.concerns(Event("", None, (text,))):
            return text
        return self._token(match)

    def _narrow(self, raw: bytes, change: Callable[[str], str]) -> bytes:
        """Return 8-bit text as *change* makes it: in the first encoding in which there is something to change.

        Encodings that explain all of it come first: elsewhere a name is two words with a byte between. What is in UTF-8
        within a text of none is looked for in any case.
        """
        if raw.isascii():
            return _changed(raw, runs.NARROW[0], change)
        whole = [codec for codec in runs.NARROW if _is_in(raw, codec)]
        new = next((new for codec in whole if (new := _changed(raw, codec, change)) != raw), raw)
        parted = (codec for codec in runs.NARROW if codec not in whole)
        if new != raw:
            return new if runs.NARROW[0] in whole else _changed(new, runs.NARROW[0], change)
        return next((new for codec in parted if (new := _changed(raw, codec, change)) != raw), raw)

    def _ansi(self, raw: bytes, foreign: bool) -> bytes:
        """Return an 8-bit string replaced; bytes in it that are no text stay."""
        new = self._narrow(raw, self._stray)
        return self._narrow(new, lambda text: runs.LETTERS.sub(self._token, text)) if foreign else new

    def _narrow_run(self, raw: bytes, foreign: bool) -> bytes:
        new = self._narrows.get(raw)
        if new is None:
            new = self._narrows[raw] = self._narrow(raw, self._stray)
            self._hold(len(raw))
        return self._narrow(new, lambda text: runs.MANY_LETTERS.sub(self._others, text)) if foreign else new


def _pieces(text: str) -> Iterator[str]:
    """Yield *text* in parts: what is between NULs and halves of surrogate pairs, and those themselves."""
    at = 0
    for match in _PIECES.finditer(text):
        yield text[at : match.start()]
        yield match[0]
        at = match.end()
    yield text[at:]


def _changed(raw: bytes, codec: str, change: Callable[[str], str]) -> bytes:
    text = raw.decode(codec, "surrogateescape")  # what is not of this encoding parts the text around it
    new = "".join(part if _PIECES.match(part) else change(part) for part in _pieces(text))
    return _same_bytes(raw, _encoded(new, codec)) if new != text else raw


def _is_in(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _encoded(text: str, codec: str) -> bytes:
    try:
        return text.encode(codec, "surrogateescape")
    except UnicodeEncodeError:  # a replacement that this encoding cannot hold
        return text.encode(codec, "replace")


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _as_long(text: str, new: str) -> str:
    if new is not text and _units(new) != _units(text):
        raise ValueError(f"a text of {_units(text)} UTF-16 units was to become one of {_units(new)}")
    return new


def _same_bytes(raw: bytes, new: bytes) -> bytes:
    """Return *new* as long as *raw*: where a token takes fewer bytes than the name did, dots follow it."""
    missing = len(raw) - len(new)
    tail = next((n for n in range(min(len(raw), len(new))) if raw[-1 - n] != new[-1 - n]), min(len(raw), len(new)))
    at = len(new) - tail
    return new[:at] + _PAD.encode() * missing + new[at:] if missing >= 0 else new[: at + missing] + new[at:]


def _is_little_endian(data: bytes, first: int, last: int, text: str) -> bool:
    """Return whether big-endian *text* is but the other order's, seen from its second character on."""
    before, behind = data[first - 1 : first], data[last : last + 1]
    return before.isascii() and before.isalnum() and behind in {b"\0", b""} and max(text) < "\u0100"
