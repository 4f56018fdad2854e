"""The first pass of the redaction: every value that identifies is learnt before a byte is scrubbed.

Learnt is only what stands where an identity stands: a profile's folder, an account's field, an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from claude_evidence.collector import _conversation as conversation
from claude_evidence.collector import _fields, _learn, _path_text, _text_stream, scrub_evtx, scrub_text, secret_shapes
from claude_evidence.collector._path_parts import HIDDEN, SID
from claude_evidence.collector._sieve import Sieve
from claude_evidence.collector._spellings import NAMES, normal
from claude_evidence.collector._types import Identity, Item, Kind, Scrub, User
from claude_evidence.collector._vocabulary import SYSTEM_PROFILES, is_word
from claude_evidence.collector.redactor import LARGEST_JSON_BYTES, Redacting

BLOCK_BYTES = 1 << 20
MOST_PATHS = 20_000
_LONGEST = 8192
_DATE_LIKE = re.compile(r"[\d.:/_ T-]{1,40}Z?|v?\d+(?:\.\d+)+\S{0,20}|0x[0-9a-f]+", re.IGNORECASE)
_PREFIX = re.compile(r".*?(?P<path>(?:[A-Za-z]:|~)?[\\/].*)\Z", re.DOTALL)
_DOMAIN_USER = re.compile(r"(?P<domain>[\w.-]{1,63})\\(?P<user>[^\\/:*?\"<>|\x00-\x1f]{1,64})\Z")
_NAME = re.compile(r"[^\x00-\x1f\\/\"<>|*?]{1,256}")


class Discovering:
    """Notes what identifies; see `Discovery`. ``key`` is the machine's, from `tokens.load_key`."""

    def __init__(self, users: Iterable[User] = (), key: bytes = b"") -> None:
        self._key = key
        self._found: dict[tuple[Kind, str], Identity] = {}
        self._paths: dict[str, None] = {}
        self._spaced: set[str] = set()
        self._learning = _learn.Learning(self.fact, self.path)
        words = (*scrub_text.PATH_ANCHORS, *scrub_text.OTHER_ANCHORS, *secret_shapes.ANCHORS, *_fields.ANCHORS,
                 *(a for a in conversation.ANCHORS if a in ('{"', '["', '":', "title")))  # fmt: skip
        self._sieve = Sieve(word.encode() for word in words)
        self._seen: set[str] = set()
        for user in users:
            self.fact(Kind.USER, user.name)
            self.fact(Kind.SID, user.sid)
            self.fact(Kind.FULL_NAME, user.full_name)
            self.path(user.profile)

    def fact(self, kind: Kind, value: str) -> None:
        """Note that *value* identifies; words of a system, dates and tokens are no names."""
        value = value.strip().strip("\0")
        if not value or HIDDEN.fullmatch(value) or len(value) > _LONGEST or (kind, value.casefold()) in self._found:
            return
        if kind is Kind.SID and not SID.fullmatch(value):
            return  # one that is the same on every Windows, such as S-1-5-18
        if kind in NAMES and (not _NAME.fullmatch(value) or normal(value) in SYSTEM_PROFILES):
            return
        if kind is Kind.DOMAIN and normal(value) in _fields.AUTHORITIES:
            return
        anywhere = not is_word(value) and not (kind in NAMES and _DATE_LIKE.fullmatch(value))
        if kind in (Kind.ACCOUNT, Kind.ORGANISATION):
            anywhere = len(value) >= 8
        self._found[kind, value.casefold()] = Identity(kind, value, anywhere)
        if kind in NAMES and " " in value:
            self._spaced.add(normal(value))

    def path(self, path: str) -> None:
        """Note what a host *path* tells: the profile it lies in, the registry's accounts, its parts with a space."""
        match = _PREFIX.match(path[:4096])
        if not match or match["path"] in self._paths or len(self._paths) >= MOST_PATHS:
            return
        whole = match["path"]
        pieces = _path_text.split(whole)
        parts = [p for p in pieces[1::2] if not scrub_text.is_drive(p)]
        home = parts[:1] == ["~"]
        self._learning.parts(parts[1:] if home else parts, root=not home)
        self._spaced.update(normal(part) for part in parts if " " in part and len(part) <= 128)
        for end in range(3, len(pieces) + 1, 2):
            self._paths["".join(pieces[:end]).rstrip("\\/")] = None

    def stream(self, item: Item, source: BinaryIO) -> None:
        """Read *source* to its end and note what identifies."""
        if item.scrub is Scrub.EVTX:
            self._events(source)
        elif item.scrub is Scrub.JSON and item.size_bytes <= LARGEST_JSON_BYTES:
            self._document(source)
        else:
            self._text(source)

    def redactor(self, redact_ips: bool = False, *, packed: bool = False) -> Redacting:
        """Return what replaces everything noted so far, IP addresses with *redact_ips*, base64 with *packed*."""
        # of no domain, a machine stands for its own: one name, one token, whichever was met first
        found = sorted(self._found.values(), key=lambda identity: identity.kind is Kind.DOMAIN)
        known = scrub_text.Known(tuple(found), frozenset(self._paths), frozenset(self._spaced), packed=packed)
        return Redacting(known, self._key, redact_ips=redact_ips)

    def _events(self, source: BinaryIO) -> None:
        for text in scrub_evtx.texts(source, self._computer):
            self._event_text(text)
        if source.seekable():
            source.seek(0)
            for sid in scrub_evtx.sids(source):
                self.fact(Kind.SID, sid)

    def _computer(self, name: str) -> None:
        """Note the machine that an event log is of, and its domain: ``NAME`` or ``name.example.com``."""
        host, _, domain = name.strip().partition(".")
        self.fact(Kind.HOST, host)
        self.fact(Kind.DOMAIN, domain)

    def _event_text(self, text: str) -> None:
        if len(text) > _LONGEST:
            text = text[:_LONGEST]
        match = _DOMAIN_USER.fullmatch(text)
        if match and match["domain"].casefold() not in _fields.AUTHORITIES and "." not in match["user"][:-4]:
            self.fact(Kind.DOMAIN, match["domain"])
            self.fact(Kind.USER, match["user"])
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
            found = self._sieve.lines(block)
            if found is None:
                continue
            for line, flag in zip(*found, strict=True):
                if flag:
                    self._line(line)

    def _line(self, line: bytes) -> None:
        text = line.replace(b"\0", b"").rstrip(b"\r").decode("utf-8", "surrogateescape")
        text = text[20:] if text[:2] == "20" and text[4:5] in "-/" else text
        if text in self._seen:
            return
        if len(self._seen) > MOST_PATHS:
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
