"""The forms in which one value may still stand in a bundle: encodings, cases, normal forms, slugs, 8.3, base64, hex."""

from __future__ import annotations

import base64
import re
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from claude_evidence.collector._audit_bytes import LOWER, NUL, SHAPE, words
from claude_evidence.collector._types import Identity, Kind


class Edge(Enum):
    """Which neighbours make a hit part of a longer word, and so none."""

    BOTH = "both"
    LEFT = "left"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Needle:
    """One form of one value: ``data`` in `LOWER` is what is searched for, ``codec`` reads the neighbours.

    ``key`` is a part of it in `SHAPE` that has to be there first: a whole word where ``word``, else bytes from 128 on;
    empty where nothing serves, and then the form is searched for at once. ``words`` are all its words in `SHAPE`.
    """

    identity: Identity
    form: str
    data: bytes
    codec: str
    edge: Edge
    key: bytes
    word: bool
    words: tuple[bytes, ...] = ()


TEXT_CODECS = ("utf-8", "cp1252", "cp437", "cp850")
WIDE_CODECS = ("utf-16-le", "utf-16-be")
_LONG, _PIECE = 160, 64
_GLUED = frozenset({Kind.SECRET, Kind.VALUE})
_PACKED = frozenset({Kind.USER, Kind.FULL_NAME, Kind.HOST, Kind.DOMAIN, Kind.EMAIL, Kind.ORGANISATION})
_SHORT_NAMES = frozenset({Kind.USER, Kind.PATH, Kind.FULL_NAME})
_WINDOWS_SHORT = frozenset({"progra", "micros", "common", "docume", "window", "applic", "locals", "claude", "anthro"})
_SLUG = re.compile(r"[^A-Za-z0-9]")


def text_needles(identity: Identity) -> Iterator[Needle]:
    """Yield the forms of *identity* that lie in text of one byte a character and more."""
    for form, text in _spellings(identity):
        for codec in TEXT_CODECS[: 1 if text.isascii() else None]:
            yield from _needle(identity, form, text, codec, _edge(identity))
    if short := _short_name(identity):
        yield from _needle(identity, "8.3", short, "utf-8", Edge.LEFT)


def wide_needles(identity: Identity) -> Iterator[Needle]:
    """Yield the forms of *identity* that lie in UTF-16 and in binary values; keys are without NULs."""
    for form, text in _spellings(identity):
        for codec in WIDE_CODECS:
            yield from _needle(identity, form, text, codec, _edge(identity))
    if short := _short_name(identity):
        for codec in WIDE_CODECS:
            yield from _needle(identity, "8.3", short, codec, Edge.LEFT)
    for data in _binary(identity.value):
        yield Needle(identity, "binary", data.translate(LOWER), "latin-1", Edge.NONE, b"", word=False)


def packed_needles(identity: Identity) -> Iterator[Needle]:
    """Yield what base64 and hex make of *identity*, for names of five bytes and more."""
    if identity.kind not in _PACKED or not identity.anywhere:
        return
    for text in dict.fromkeys((identity.value, identity.value.lower(), identity.value.upper())):
        for codec in ("utf-8", "utf-16-le"):
            raw = text.encode(codec, "surrogatepass")
            if len(raw) < 5:
                continue
            for part in {raw.hex().encode(), *_base64(raw)}:
                data = part.translate(LOWER)
                yield Needle(identity, "base64 or hex", data, "latin-1", Edge.NONE, data.translate(SHAPE), word=False)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield the characters that do not depend on what stands before and behind *raw*, for each way it may lie."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        first = (0, 2, 3)[shift]
        fixed = text[first : (shift + len(raw)) * 8 // 6]
        if len(fixed) >= 8:
            yield fixed
            yield fixed.translate(bytes.maketrans(b"+/", b"-_"))


def _edge(identity: Identity) -> Edge:
    glued = identity.kind in _GLUED and len(identity.value) >= 8
    return Edge.NONE if glued else Edge.BOTH


def _spellings(identity: Identity) -> Iterator[tuple[str, str]]:
    """Yield each spelling once, with the name of its form."""
    seen = set()
    for form, text in _all_spellings(identity):
        if text and text not in seen:
            seen.add(text)
            yield form, text


def _all_spellings(identity: Identity) -> Iterator[tuple[str, str]]:
    for part in _parts(identity.value):
        for text in (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part)):
            yield from (("plain", case) for case in (text, text.lower(), text.upper(), text.title()))
        for text in (part, unicodedata.normalize("NFD", part)):
            yield "slug", _slug(text)
        if " " in part:
            yield from (("URL", part.replace(" ", "+")), ("URL", part.lower().replace(" ", "+")))
        if "\\" in part:
            yield from (("escaped", part.replace("\\", text)) for text in ("\\\\", "\\\\\\\\", "/"))


def _slug(text: str) -> str:
    """Return *text* as the CLI names a project's folder, one hyphen for each UTF-16 unit that is no ASCII letter."""
    units = "".join(char if ord(char) < 0x10000 else char * 2 for char in text)
    return _SLUG.sub("-", units) if re.search("[A-Za-z0-9]{3}", text) else ""


def _parts(value: str) -> Iterable[str]:
    """Return *value*, or, where it is long, its lines' beginnings and ends: a log may hold only a piece of it."""
    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= 16] if "\n" in value else [value]
    for line in lines:
        yield from (line,) if len(line) <= _LONG else (line[:_PIECE], line[-_PIECE:])


def _short_name(identity: Identity) -> str:
    """Return the beginning of the 8.3 name that Windows gives *identity*, ``ALICEL~``, empty where it has none."""
    if identity.kind not in _SHORT_NAMES or not identity.anywhere:
        return ""
    stem = identity.value.rpartition(".")[0] or identity.value
    kept = re.sub(r"[ .]", "", stem)
    short = re.sub(r"[+,;=\[\]]", "_", kept)[:6].lower()
    longer = len(identity.value) > 8 or " " in identity.value
    return f"{short}~" if longer and len(short) >= 4 and short not in _WINDOWS_SHORT else ""


def _needle(identity: Identity, form: str, text: str, codec: str, edge: Edge) -> Iterator[Needle]:
    try:
        data = text.encode(codec).translate(LOWER)
    except UnicodeEncodeError:
        return
    key, word = _key(data)
    yield Needle(identity, f"{form}, {codec}", data, codec, edge, key, word, tuple(words(data.translate(SHAPE, NUL))))


def _key(data: bytes) -> tuple[bytes, bool]:
    """Return the part of *data* that is rarest, and whether it is a word (else bytes from 128 on)."""
    shape = data.translate(SHAPE, NUL)
    runs = sorted(words(shape), key=lambda run: (len(run.strip(b"0")), len(run)))
    if runs and len(runs[-1]) >= 3:
        return runs[-1], True
    high = max(re.findall(rb"[\x80-\xff]+", shape), key=len, default=b"")
    if high:
        return high, False
    return (runs[-1], True) if runs else (b"", False)


def _binary(value: str) -> Iterator[bytes]:
    """Yield a SID or UUID as its stored bytes."""
    if re.fullmatch(r"[Ss](-\d{1,10}){3,17}", value):
        revision, authority, *subs = (int(part) for part in value[2:].split("-"))
        if revision < 256 and all(sub < 2**32 for sub in subs):
            yield bytes([revision, len(subs)]) + authority.to_bytes(6, "big") + b"".join(
                sub.to_bytes(4, "little") for sub in subs)  # fmt: skip
    try:
        parsed = uuid.UUID(value)
    except ValueError:
        return
    yield parsed.bytes_le
    yield parsed.bytes
