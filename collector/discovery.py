"""The first pass of the redaction: every value that identifies is learnt before a byte is scrubbed.

Learnt is only what stands where an identity stands: a profile's folder, an account's field, an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

from claude_evidence.collector import _fields, _learn, scrub_text
from claude_evidence.collector._met_paths import LONGEST, MetPaths
from claude_evidence.collector._noticing import Note, Noticing
from claude_evidence.collector._path_parts import HIDDEN, SID
from claude_evidence.collector._spellings import NAMES, normal
from claude_evidence.collector._types import Identity, Item, Kind, User
from claude_evidence.collector._vocabulary import SYSTEM_PROFILES, is_word
from claude_evidence.collector.redactor import Redacting

_DATE_LIKE = re.compile(r"[\d.:/_ T-]{1,40}Z?|v?\d+(?:\.\d+)+\S{0,20}|0x[0-9a-f]+", re.IGNORECASE)
_NAME = re.compile(r"[^\x00-\x1f\\/\"<>|*?]{1,256}")


class Discovering:
    """Notes what identifies; see `Discovery`. ``key`` is the machine's, from `tokens.load_key`."""

    def __init__(self, users: Iterable[User] = (), key: bytes = b"") -> None:
        self._key = key
        self._found: dict[tuple[Kind, str], Identity] = {}
        self._met = MetPaths()
        self._spaced: set[str] = set()
        self._learning = _learn.Learning(self.fact, self.path)
        self._noticing = Noticing()
        for user in users:
            self.fact(Kind.USER, user.name)
            self.fact(Kind.SID, user.sid)
            self.fact(Kind.FULL_NAME, user.full_name)
            self.path(user.profile)

    def fact(self, kind: Kind, value: str) -> None:
        """Note that *value* identifies; words of a system, dates and tokens are no names."""
        value = value.strip().strip("\0")
        if not value or HIDDEN.fullmatch(value) or len(value) > LONGEST or (kind, value.casefold()) in self._found:
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
        parts = [part for part in self._met.new(path)[1::2] if not scrub_text.is_drive(part)]
        home = parts[:1] == ["~"]
        self._learning.parts(parts[1:] if home else parts, root=not home)
        self._spaced.update(normal(part) for part in parts if " " in part and len(part) <= 128)

    def stream(self, item: Item, source: BinaryIO) -> None:
        """Read *source* to its end and note what identifies."""
        try:
            self._noticing.stream(item, source)
        finally:
            self.notes(self._noticing.taken())

    def notes(self, notes: Iterable[Note]) -> None:
        """Note what `Noticing` found."""
        for kind, value in notes:
            if kind is None:
                self.path(value)
            else:
                self.fact(kind, value)

    def redactor(self, redact_ips: bool = False, *, packed: bool = False) -> Redacting:
        """Return what replaces everything noted so far, IP addresses with *redact_ips*, base64 with *packed*."""
        # of no domain, a machine stands for its own: one name, one token, whichever was met first
        found = sorted(self._found.values(), key=lambda identity: identity.kind is Kind.DOMAIN)
        known = scrub_text.Known(tuple(found), self._met.all(), frozenset(self._spaced), packed=packed)
        return Redacting(known, self._key, redact_ips=redact_ips)
