"""Tokens of exactly the length of what they stand for: event logs are scrubbed in place, and every offset must hold."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct

from claude_evidence.collector._types import Kind
from claude_evidence.collector.scrub_evtx import fitted
from claude_evidence.collector.tokens import Tokens

_MOST = 0xFFFFFFFF
_NT_AUTHORITY = 5
_SHORT = range(4, 6)
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[a-f])")


class Equal:
    """Gives tokens of equal length (in UTF-16 units) and SIDs of equal form; ``pairs`` lists them by class."""

    def __init__(self, tokens: Tokens, key: bytes) -> None:
        self._tokens, self._key = tokens, key
        self._owner: dict[str, str] = {}
        self.pairs: dict[str, dict[str, set[str]]] = {}

    def fit(self, kind: Kind, value: str, shown: str) -> str:
        """Return what stands for *value* in place of the text *shown*, of as many UTF-16 units."""
        token = self._tokens.token(kind, value)
        length = len(shown.encode("utf-16-le", "surrogatepass")) // 2
        new = self._sid_text(shown) if kind is Kind.SID else ""
        for number in range(16):
            new = new or fitted(token, length, self._digest(f"{token}\0{number}"))
            mixed = length not in _SHORT or number == 15 or bool(_MIXED.match(new))
            if mixed and self._owner.setdefault(new, token) == token:
                break  # one that is no number and no word, so that it can be told from the text around it
            if number < 15:  # of two or three characters there are few: then two values may share one
                new = fitted("", length, self._digest(f"{token}\0{number + 1}"))
        if new != token:
            self.pairs.setdefault(kind.value, {}).setdefault(token, set()).add(new)
            if self._owner.get(new) == token:
                self._tokens.mapping.setdefault(new, value)
        return new

    def sid(self, raw: bytes) -> bytes:
        """Return a stored SID with the numbers of its machine or account replaced; those that Windows knows stay."""
        if len(raw) < 8 or raw[0] != 1 or len(raw) != 8 + 4 * raw[1]:
            return raw
        authority = int.from_bytes(raw[2:8], "big")
        subs = struct.unpack(f"<{raw[1]}I", raw[8:])
        if authority != _NT_AUTHORITY and authority != 12:
            return raw
        text = "-".join(map(str, ("S", 1, authority, *subs)))
        new = self._sid_text(text)
        if new == text:
            return raw
        self._tokens.token(Kind.SID, text)
        return raw[:8] + struct.pack(f"<{raw[1]}I", *map(int, new.split("-")[3:]))

    def _sid_text(self, text: str) -> str:
        """Return a SID of as many digits: the numbers of the machine are made under the key, the last one stays."""
        words = text.split("-")
        if len(words) >= 7 and words[2:4] == ["5", "21"]:
            first, last = 4, 7
        elif len(words) >= 7 and words[2:4] == ["12", "1"]:
            first, last = 4, 8
        else:
            return text
        digest = self._digest("sid\0" + "-".join(words[first:last]))
        for place in range(first, min(last, len(words))):
            low, high = 10 ** (len(words[place]) - 1), min(10 ** len(words[place]) - 1, _MOST)
            low = 0 if len(words[place]) == 1 else low
            number = int.from_bytes(digest[8 * (place - first) : 8 * (place - first) + 8], "big")
            words[place] = str(low + number % max(high - low + 1, 1)) if low <= _MOST else words[place]
        return "-".join(words)

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
