"""Text made private: one text at a time (`Scrubber`), or a stream of it in whatever encoding (`stream`).

What is looked for, in this order: what was said, secrets by their shape, known values and e-mail addresses, paths,
ids, names. What one step has replaced no later step touches, and tokens of an earlier run stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from claude_evidence.collector import _conversation, _path_text, secret_shapes
from claude_evidence.collector._literals import Literals, Positions
from claude_evidence.collector._packed import Packed
from claude_evidence.collector._path_parts import SLUG, TOKEN, UUID, roles, stem_and_extension
from claude_evidence.collector._pieces import Pieces, Spans
from claude_evidence.collector._sieve import Sieve
from claude_evidence.collector._spellings import NAMES, normal, plain, slug, spellings
from claude_evidence.collector._types import Identity, Kind
from claude_evidence.collector.scrub_json import JsonScrub
from claude_evidence.collector.tokens import Tokens

Fit = Callable[[Kind, str, str], str]
"""Gives what stands for a value of a kind, in place of a text."""
_FIRST = frozenset({Kind.SECRET, Kind.VALUE, Kind.EMAIL, Kind.TITLE})
PATH_ANCHORS = (":\\", ":/", "%", "\\u00", "\\\\", "users", "documents and settings", "/home/", "/volumes/", "/mnt/",
                 "/media/", "/srv/", "/root/", "/data/", "/private/", "/opt/", "/tmp/",  # noqa: S108 - looked for, not used
                 "/var/", "/workspace/", "~/", "~\\", "--", "-home-", "\\/", "/export/",
                "file://", "smb://", "github.com", "gitlab.com", "bitbucket.org", "dev.azure.com")  # fmt: skip
OTHER_ANCHORS = ("@", "s-1-5-21", "s-1-12-1", "\0")
EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+(?:@|%40|\\u0040)(?:[\w-]{1,63}+\.){1,8}[A-Za-z][A-Za-z0-9-]{1,23}(?![\w-])"
)
_ID = re.compile(rf"(?<![A-Za-z0-9%-]){UUID.pattern}(?![A-Za-z0-9-])|(?<=local_){UUID.pattern}", re.IGNORECASE)
_TOKEN = re.compile(rf"(?<![^\W_]){TOKEN.pattern}(?:[ ]\(\d{{1,9}}\))?(?![^\W_])", re.IGNORECASE)
SIDS = re.compile(r"(?<![A-Za-z0-9])S-1-(?:5-21|12-1)(?:-\d{1,10}){3,5}", re.IGNORECASE)
_SLUGS = re.compile(r"(?<![^\W_])[A-Za-z]--[A-Za-z0-9-]{2,250}|(?<![\w-])-(?:home|Users)-[A-Za-z0-9-]{1,250}")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{2,40}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\d)")
_SHORT, _MOST_CLEAN = 64, 50_000
_NO_HOST = frozenset({"localhost", "wsl$", "wsl.localhost", "127.0.0.1", "tsclient", ".", "?", ""})
_MOST_PARTS = 50_000


@dataclass(slots=True)
class Known:
    """What the discovery hands over: the values, the paths that were met, and the home of each user."""

    identities: tuple[Identity, ...] = ()
    paths: frozenset[str] = frozenset()
    spaced: frozenset[str] = frozenset()
    extra: Mapping[str, str] = field(default_factory=dict)
    packed: bool = False
    """Whether names are looked for in base64 and hex too."""


class Scrubber:
    """Replaces what *known* holds, and what its shape gives away, by tokens; *fit* gives them another form."""

    def __init__(self, known: Known, tokens: Tokens, *, redact_ips: bool = False, fit: Fit | None = None) -> None:
        self._packed = Packed(known.identities if known.packed else ())
        self._known, self._tokens, self._ips, self._fit = known, tokens, redact_ips, fit
        self._ids = {i.value.casefold(): i for i in known.identities if i.kind in (Kind.ACCOUNT, Kind.ORGANISATION)}
        self._first = Literals(i for i in known.identities if i.kind in _FIRST)
        self._names = Literals(i for i in known.identities if i.kind not in _FIRST and i.kind is not Kind.PATH)
        self._positions = Positions(known.identities)
        users = [i for i in known.identities if i.kind is Kind.USER]
        self._users = {normal(text): i.value for i in users for text in spellings(i.kind, i.value)}
        self._json = JsonScrub(self)
        self._clean: set[str] = set()
        self._slugs: dict[str, str] | None = None
        self._parts: dict[tuple[str, Kind | str | None], tuple[str, Counter[str]]] = {}

    @cached_property
    def sieve(self) -> Sieve:
        """What tells lines that hold nothing; one for a run, since it learns."""
        words = (*PATH_ANCHORS, *OTHER_ANCHORS, *secret_shapes.ANCHORS, *_conversation.ANCHORS)
        literals = [n for group in (self._first, self._names) for literal in group.all for n in literal.needles]
        ids = [value.encode("utf-8", "surrogatepass").lower() for value in self._ids]
        fields = (
            (b"user", b"owner", b"host", b"computer", b"domain", b"profile", b"sid-") if self._positions.needles else ()
        )
        literals += [needle.encode() for needle in self._packed.needles]
        ips = (b"0.0", b"::", b":0") if self._ips else ()
        return Sieve([*(w.encode() for w in words), *literals, *ids, *self._positions.needles, *fields, *ips])

    def text(self, text: str) -> str:
        """Return *text* with what identifies replaced."""
        if not text or text in self._clean:
            return text
        if self.sieve.is_clean(_as_bytes(text)):
            if len(text) <= _SHORT and len(self._clean) < _MOST_CLEAN:
                self._clean.add(text)
            return text
        return self.pieces(text).text()

    def pieces(self, text: str, *, said: bool = True) -> Pieces:
        """Return *text* in pieces; without *said*, what was said is not looked for."""
        pieces = Pieces(text)
        if said and self._fit is None:
            pieces.apply(lambda piece: _conversation.find(piece, self._json, self.hidden))
        for step in (self._secrets, self._packed_names, self._repositories):
            pieces.apply(step)
        for find in self._first.in_text(pieces.open_text(), self._put):
            pieces.apply(find)
        for step in (self._emails, self._paths, self._slug_names):
            pieces.apply(step)
        # before the SIDs are gone: a name beside one is known by it
        pieces.apply(lambda piece: self._positions.spans(piece, self._put))
        pieces.apply(self._ids_and_tokens)
        for find in self._names.in_text(pieces.open_text(), self._put):
            pieces.apply(find)
        if self._ips:
            pieces.apply(self._addresses)
        return pieces

    def runs_on(self, text: str) -> bool:
        """Return whether *text*, the beginning of a very long line, ends within something said."""
        return _conversation.runs_on(text, self._json)

    def path(self, path: str) -> str:
        """Return a whole *path* scrubbed part by part; the same path gives the same result, whatever its separators."""
        pieces = _path_text.split(path)
        parts = [p for p in pieces[1::2] if not is_drive(p)]
        home = bool(parts) and parts[0] == "~"
        host = path.startswith("\\\\") and bool(parts)
        given = list(roles(parts[1:] if home or host else parts, root=not home))
        given = [None, *given] if home else [Kind.HOST, *given] if host else given
        role_of = iter(given)
        out = [p if place % 2 == 0 or is_drive(p) else self._whole(p, next(role_of)) for place, p in enumerate(pieces)]
        return "".join(out)

    def token(self, kind: Kind, value: str) -> str:
        """Return the token of *value*, of a known user's or id's own kind where it is one."""
        known = self._ids.get(value.casefold())
        if known:
            return self._tokens.token(known.kind, known.value)
        return self._tokens.token(kind, value)

    def hidden(self, kind: Kind, value: str) -> str:
        """Return *value* as its token and its length."""
        return f"{self.token(kind, value)} ({len(value)})"

    def replaced(self, kind: Kind, value: str, shown: str) -> str:
        """Return what stands for *value* in place of the text *shown*."""
        if kind in (Kind.ACCOUNT, Kind.ORGANISATION) and (known := self._ids.get(value.casefold())):
            kind, value = known.kind, known.value
        return self._fit(kind, value, shown) if self._fit else self._tokens.token(kind, value)

    def _put(self, identity: Identity, shown: str) -> str:
        if identity.kind is Kind.TITLE and self._fit is None:
            return self.hidden(identity.kind, identity.value)
        return self.replaced(identity.kind, identity.value, shown)

    def _secrets(self, text: str) -> Spans:
        for start, end in secret_shapes.find(text):
            yield start, end, self.replaced(Kind.SECRET, text[start:end], text[start:end])

    def _packed_names(self, text: str) -> Spans:
        return self._packed.spans(text, lambda run: self.replaced(Kind.VALUE, run, run))

    def _repositories(self, text: str) -> Spans:
        for start, end in _path_text.repositories(text):
            yield start, end, self.replaced(Kind.PATH, text[start:end], text[start:end])

    def _emails(self, text: str) -> Spans:
        if "@" not in text and "%40" not in text and "\\u0040" not in text:
            return
        for match in EMAIL.finditer(text):
            yield match.start(), match.end(), self.replaced(Kind.EMAIL, plain(match[0]), match[0])

    def _paths(self, text: str) -> Spans:
        for found in _path_text.find(text, self._known.spaced):
            parts = found.parts[1:] if found.host else found.parts
            given = [*([Kind.HOST] if found.host else []), *roles(parts, root=found.root)]
            for (start, _), part, role in zip(found.spans, found.parts, given, strict=True):
                new, length = self._part(part, role)
                if length:
                    yield start, start + length, new

    def _part(self, part: str, role: Kind | str | None) -> tuple[str | None, int]:
        """Return what stands for a path's *part* and for how many of its characters; 0 where it stays."""
        if role is None or (role is Kind.HOST and normal(part) in _NO_HOST):
            return None, 0
        if role == SLUG:
            return self.slug(part), len(part)
        if role is Kind.PATH:
            stem, _ = stem_and_extension(part)
            if TOKEN.fullmatch(stem):
                return None, 0
            return self.replaced(Kind.PATH, plain(stem), stem), len(stem)
        value = plain(part)
        if role is Kind.USER:
            value = self._users.get(normal(part), value)
        return self.replaced(Kind(role), value, part), len(part)

    def _whole(self, part: str, role: Kind | str | None) -> str:
        """Return a path's *part* scrubbed; the same folders come again and again, so what came of them is kept."""
        if role == SLUG:  # what it becomes rests on paths that may not all be known yet
            return self._scrubbed(part, role)
        known = self._parts.get((part, role))
        if known is None:
            if len(self._parts) > _MOST_PARTS:
                self._parts.clear()
            before = self._tokens.counts.copy()
            new = self._scrubbed(part, role)
            self._parts[part, role] = new, self._tokens.counts - before
            return new
        self._tokens.counts.update(known[1])
        return known[0]

    def _scrubbed(self, part: str, role: Kind | str | None) -> str:
        new, length = self._part(part, role)
        if new is not None:
            return new + part[length:]
        pieces = Pieces(part)
        for step in (self._secrets, self._packed_names, self._emails, self._ids_and_tokens):
            pieces.apply(step)
        for find in self._names.in_text(part, self._put):
            pieces.apply(find)
        return pieces.text()

    def slug(self, text: str) -> str:
        """Return the name of a project's folder that the CLI made of a path, scrubbed as that path is."""
        if self._fit:
            return self._fit(Kind.PATH, text, text)
        folded = text.casefold()
        ends = [i for i, c in enumerate(f"{text}-") if c == "-" and i][::-1]
        for end in ends:
            path = self._all_slugs().get(folded[:end])
            if path is not None:
                known = slug(self.path(path))
                rest = text[end:].strip("-")
                return f"{known}-{self.token(Kind.PATH, rest)}" if rest else known
        begin = re.match(r"(?:[A-Za-z]--|-)(?:(?:Users|home)-)?", text)
        start = begin.end() if begin else 0
        return text[:start] + (self.token(Kind.PATH, text[start:]) if text[start:] else "")

    def _all_slugs(self) -> dict[str, str]:
        """Return every path that was met by its slug; a path is longer than its slugs, so none leads to itself."""
        if self._slugs is None:
            self._slugs = {slug(path).casefold(): path for path in sorted(self._known.paths, key=len)}
        return self._slugs

    def _slug_names(self, text: str) -> Spans:
        for match in _SLUGS.finditer(text):
            yield match.start(), match.end(), self.slug(match[0])

    def _ids_and_tokens(self, text: str) -> Spans:
        spans: list[tuple[int, int, str | None]] = [(m.start(), m.end(), None) for m in _TOKEN.finditer(text)]
        for match in _ID.finditer(text):
            known = self._ids.get(match[0].casefold())
            new = self.replaced(known.kind, known.value, match[0]) if known else None
            spans.append((match.start(), match.end(), new))
        for match in SIDS.finditer(text):
            spans.append((match.start(), match.end(), self.replaced(Kind.SID, match[0].upper(), match[0])))
        return sorted(spans, key=lambda span: span[:2])

    def _addresses(self, text: str) -> Spans:
        spans = [m.span() for pattern in (_IPV4, _IPV6) for m in pattern.finditer(text) if _is_address(m[0])]
        for start, end in sorted(spans):
            yield start, end, self.replaced(Kind.ADDRESS, text[start:end], text[start:end])


def _as_bytes(text: str) -> bytes:
    """Return *text* as it stood in its file: bytes of an old code page as those bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def is_drive(part: str) -> bool:
    return len(part) == 2 and part[1] == ":" and part[0].isalpha()


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved)


__all__ = ["NAMES", "Known", "Scrubber"]
