"""One search for every form of every value, fast where there is nothing: lines of the same shape are looked at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from claude_evidence.collector import _audit_places, _audit_shapes
from claude_evidence.collector._audit_bytes import (
    ASCII,
    CONTROLS,
    LOWER,
    NUL,
    SHAPE,
    SUSPECT_ESCAPE,
    unescaped,
    words,
)
from claude_evidence.collector._audit_forms import WIDE_CODECS, Edge, Needle, packed_needles, text_needles, wide_needles
from claude_evidence.collector._audit_needles import (
    FEW,
    START,
    TEXT_BEGINNING,
    WIDE_BEGINNING,
    begun,
    by_key,
    by_start,
    with_controls,
)
from claude_evidence.collector._types import Identity, Kind

_SEEN_BYTES = 16 << 20
_MOST_SIGNS = 64
_LONG_RUN = 6
_ALPHABETS_END = 0x530
_TOKEN_REST = re.compile(rb"-[0-9a-f]{6,64}(?![a-z0-9])")
_ZONE = re.compile(rb'"timezone": {0,4}"[a-z0-9_/+-]{0,32}\Z')
_LONGEST_ZONE = 64
_TOKEN_WORDS = frozenset(kind.value.encode() for kind in Kind)


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that is left: what it is (``kind``), in which ``form``, and at which byte of what was searched."""

    kind: str
    form: str
    position: int


Glue = Callable[[int, int], tuple[bool, bool]]
"""Whether a value begins at the first and ends at the second position, by the structure of a binary block."""


@dataclass(slots=True)
class _Suspicion:
    """What a text may hold, and the ``signs`` (pieces of it) by which its lines are known again."""

    needles: list[Needle] = field(default_factory=list)
    places: list[_audit_places.Place] = field(default_factory=list)
    secrets: list[_audit_shapes.Secret] = field(default_factory=list)
    escapes: bool = False
    signs: set[bytes] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.needles or self.places or self.secrets or self.escapes)


class Search:
    """Looks for *identities*, for secrets nobody knew, and with *redact_ips* for IP addresses."""

    def __init__(self, identities: Iterable[Identity], *, redact_ips: bool = False) -> None:
        known = [identity for identity in identities if identity.value.strip()]
        free = [identity for identity in known if identity.anywhere]
        self._text = [needle for identity in free for needle in text_needles(identity)]
        self._words = with_controls(by_key(needle for needle in self._text if needle.word))
        self._high = by_key(needle for needle in self._text if needle.key and not needle.word)
        self._always = [needle for needle in self._text if not needle.key]
        wide = [needle for identity in free for needle in wide_needles(identity)]
        self._wide = by_key(needle for needle in [*self._text, *wide])
        self._always += [needle for needle in wide if NUL not in needle.data and needle.codec in WIDE_CODECS]
        self._packed = by_key(needle for identity in free for needle in packed_needles(identity))
        self._glued = by_key(needle for needle in self._text if needle.edge is Edge.NONE and needle.word)
        self._starts = by_start(self._wide)
        self._places = _audit_places.places(known)
        self._secrets = _audit_shapes.shapes(redact_ips)
        self._seen: set[bytes] = set()
        self._seen_bytes = 0

    def text(self, block: bytes) -> Iterator[Hit]:
        """Yield what is left in *block*, whole lines of text in any encoding of one byte a character or UTF-8."""
        suspicion = self._suspicion(block.translate(SHAPE))
        if not suspicion:
            return
        lower = block.translate(LOWER)
        yield from self._hits(suspicion, block, lower)
        if suspicion.escapes:
            plain = unescaped(block)
            for hit in self._hits(self._suspected(plain.translate(SHAPE)), plain, plain.translate(LOWER)):
                yield Hit(hit.kind, f"{hit.form}, escaped", 0)

    def binary(self, block: bytes, glue: Glue | None = None) -> Iterator[Hit]:
        """Yield what is left in *block* as UTF-16 of either order at any position, or as a binary value.

        Values may lie side by side there: *glue* says where they begin and end.
        """
        lower = block.translate(LOWER)
        bare = lower.translate(SHAPE, NUL)
        runs, high = set(words(bare)), bare.translate(None, ASCII)
        needles = self._wide_present(runs, self._wide_keys(b" ".join(runs)) | self._wide_keys(high))
        for needle in begun(needles, lower, LOWER, WIDE_BEGINNING):
            yield from _occurrences(needle, lower, glue)
        yield from self.text(block)
        yield from self.text(block.replace(NUL * 3, b"\n").translate(None, NUL))

    def _wide_keys(self, text: bytes) -> set[bytes]:
        """Return the keys of wide forms that *text* holds: of many, those that begin as something in it does."""
        starts = {text[place : place + START] for place in range(len(text))} if len(self._wide) > FEW else None
        likely = self._starts if starts is None else self._starts.keys() & (starts | {b""})
        return {key for start in likely for key in self._starts[start] if key in text}

    def _wide_present(self, runs: set[bytes], keys: set[bytes]) -> list[Needle]:
        """Return the needles of *keys*; of many, those whose words are among *runs*, the outer ones glued or not."""
        needles = [needle for key in keys for needle in self._wide[key]]
        if len(needles) <= FEW:
            return needles
        needles = [needle for needle in needles if runs.issuperset(needle.words[1:-1])]
        outer = {word for needle in needles for word in (*needle.words[:1], *needle.words[-1:])}
        text = b" ".join(runs)
        absent = {word for word in outer if word not in runs and word not in text}
        return [needle for needle in needles if absent.isdisjoint((*needle.words[:1], *needle.words[-1:]))]

    def _suspicion(self, shape: bytes) -> _Suspicion:
        """Return what the lines of *shape* may hold that were not seen before; clean ones are seen from now on."""
        lines = set(shape.splitlines()) - self._seen
        suspicion = self._suspected(b"\n".join(lines))
        if len(suspicion.signs) <= _MOST_SIGNS:
            signs = suspicion.signs
            self._remember(lines if not signs else {line for line in lines if not any(sign in line for sign in signs)})
        return suspicion

    def _remember(self, lines: set[bytes]) -> None:
        if self._seen_bytes > _SEEN_BYTES:
            self._seen, self._seen_bytes = set(), 0
        self._seen |= lines
        self._seen_bytes += sum(map(len, lines)) + 64 * len(lines)

    def _suspected(self, shape: bytes) -> _Suspicion:
        found = _Suspicion(list(self._always))
        if shape:
            self._suspect_needles(shape, found)
            self._suspect_patterns(shape, found)
        return found

    def _suspect_needles(self, shape: bytes, found: _Suspicion) -> None:
        runs = words(shape)
        keys = self._words.keys() & set(runs) if not self._words.keys().isdisjoint(runs) else set()
        high = b"" if shape.isascii() else shape.translate(None, ASCII)
        keys |= {key for key in self._high if key in high} if high else set()
        found.needles += (present := begun(self._present(keys, set(runs)), shape, SHAPE, TEXT_BEGINNING))
        found.signs.update(needle.key for needle in present)
        if self._packed or self._glued:
            long = b"\n".join(run for run in set(runs) if len(run) >= _LONG_RUN)
            glued = {key for group in (self._packed, self._glued) for key in group if key in long}
            found.needles += [n for key in glued for n in self._packed.get(key, ()) + self._glued.get(key, ())]
            found.signs |= glued

    def _present(self, keys: set[bytes], runs: set[bytes]) -> list[Needle]:
        """Return the needles of *keys* all of whose words are among *runs*; the first may be glued to an escape."""
        groups = (group[key] for group in (self._words, self._high) for key in keys if key in group)
        return [needle for group in groups for needle in group if runs.issuperset(needle.words[1:])]

    def _suspect_patterns(self, shape: bytes, found: _Suspicion) -> None:
        for place in self._places:
            if signs := {match[0] for match in place.suspect.finditer(shape)}:
                found.places.append(place)
                found.signs |= signs
        for secret in self._secrets:
            if signs := {match[0] for match in secret.suspect.finditer(shape)}:
                found.secrets.append(secret)
                found.signs |= signs
        if signs := {match[0] for match in SUSPECT_ESCAPE.finditer(shape)}:
            found.escapes = True
            found.signs |= signs

    def _hits(self, suspicion: _Suspicion, block: bytes, lower: bytes) -> Iterator[Hit]:
        for needle in dict.fromkeys(suspicion.needles):
            yield from _occurrences(needle, lower, None)
        for place in suspicion.places:
            for identity, position in _audit_places.found(place, lower):
                yield Hit(identity.kind.value, "in an identity's place", position)
        for secret in suspicion.secrets:
            for position in _audit_shapes.found(secret, block):
                yield Hit("secret" if secret.name != "IP address" else "ip", secret.name, position)


def _occurrences(needle: Needle, lower: bytes, glue: Glue | None) -> Iterator[Hit]:
    """Yield the first place in *lower* where *needle* stands as a value of its own."""
    position = lower.find(needle.data)
    while position >= 0:
        end = position + len(needle.data)
        if _alone(needle, lower, position, end, glue) and not _is_meant(needle, lower, position, end):
            yield Hit(needle.identity.kind.value, needle.form, position)
            return
        position = lower.find(needle.data, position + 1)


def _is_meant(needle: Needle, lower: bytes, start: int, end: int) -> bool:
    """Return whether the hit is no value: part of a token, of the time zone, or of text in the other byte order.

    Latin text of one order is, one byte on, that of the other: there the little-endian form says what is beside it.
    """
    turned = needle.codec == "utf-16-be" and lower[end : end + 1] == NUL and not any(needle.data[::2])
    return turned or _of_token(lower, start, end) or _zone(lower, start)


def _zone(lower: bytes, start: int) -> bool:
    """Return whether the hit is part of the host's time zone, which a manifest says: a user may be called Sydney."""
    return bool(_ZONE.search(lower, max(0, start - _LONGEST_ZONE), start))


def _of_token(lower: bytes, start: int, end: int) -> bool:
    """Return whether the hit is the first word of a token: a user may be called ``user`` or a folder ``path``."""
    return lower[start:end] in _TOKEN_WORDS and bool(_TOKEN_REST.match(lower, end))


def _alone(needle: Needle, lower: bytes, start: int, end: int, glue: Glue | None) -> bool:
    if needle.edge is Edge.NONE:
        return True
    value = needle.data.decode(needle.codec, "ignore")
    left = _is_part(_before(lower, start, needle.codec), value[:1]) and not _escapes(lower, start)
    right = needle.edge is Edge.BOTH and _is_part(_behind(lower, end, needle.codec), value[-1:])
    if glue and (left or right):
        begins, ends = glue(start, end)
        left, right = left and not begins, right and not ends
    return not (left or right)


def _escapes(lower: bytes, start: int) -> bool:
    """Return whether the letter before *start* belongs to an escape such as ``\\n``."""
    return lower[start - 2 : start - 1] == b"\\" and lower[start - 1 : start] in CONTROLS


def _before(lower: bytes, start: int, codec: str) -> str:
    if codec in WIDE_CODECS:
        return _unit(lower[max(0, start - 2) : start], codec)
    piece = lower[max(0, start - 4) : start]
    text = piece.decode("utf-8", "ignore") if codec == "utf-8" else piece[-1:].decode(codec, "ignore")
    return (text if text and text[-1].isascii() == piece[-1:].isascii() else piece.decode("cp1252", "ignore"))[-1:]


def _behind(lower: bytes, end: int, codec: str) -> str:
    if codec in WIDE_CODECS:
        return _unit(lower[end : end + 2], codec)
    piece = lower[end : end + 4]
    text = piece.decode("utf-8", "ignore") if codec == "utf-8" else piece[:1].decode(codec, "ignore")
    return (text if text and text[0].isascii() == piece[:1].isascii() else piece.decode("cp1252", "ignore"))[:1]


def _unit(piece: bytes, codec: str) -> str:
    """Return the UTF-16 unit *piece* where it is a letter or digit of an alphabet, as names have them."""
    char = piece.decode(codec, "ignore") if len(piece) == 2 else ""
    return char if char and ord(char) < _ALPHABETS_END else ""


def _is_part(neighbour: str, edge: str) -> bool:
    """Return whether *neighbour* makes a name that begins or ends with *edge* part of a longer word.

    A digit does, and a letter of a script with cases beside another. Scripts without cases (Chinese, Arabic) put no
    space around a name: nothing there makes it part of a word.
    """
    return bool(neighbour) and _in_words(neighbour) and _in_words(edge)


def _in_words(char: str) -> bool:
    return char.isdecimal() or char.lower() != char.upper() or unicodedata.combining(char[-1:] or " ") != 0
