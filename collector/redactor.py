"""The second pass of the redaction: everything that was discovered is replaced by its token, everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from claude_evidence.collector import _text_stream, scrub_evtx
from claude_evidence.collector._equal import Equal
from claude_evidence.collector._json_repeats import Repeats
from claude_evidence.collector._path_parts import HIDDEN
from claude_evidence.collector._types import Identity, Item, Kind, Scrub
from claude_evidence.collector.scrub_json import JsonScrub
from claude_evidence.collector.scrub_text import Known, Scrubber
from claude_evidence.collector.tokens import Tokens

BLOCK_BYTES = 1 << 20
LARGEST_JSON_BYTES = 64 << 20
FORMAT = "claude-evidence/redaction/1"
OWN_STATE = frozenset({"services.json", "processes.json", "volumes.json", "registry_values.json"})
"""State files of which the probes choose every value: nothing in them is hidden for its key."""
GIVEN = "GivenFiles"
"""The artifact of what no bundle of ours told of: its state files are nobody's choice."""
EVENT_LOGS_NOTE = (
    "Event logs are scrubbed in place, so what stands in them for a value is as long as the value: "
    "by kind, each token and the forms of it in event logs."
)
_UNITS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


class Redacting:
    """Replaces what *known* holds by tokens made under *key*; see `Redactor`. Made by `Discovering.redactor`."""

    def __init__(self, known: Known, key: bytes, *, redact_ips: bool = False) -> None:
        self.identities: tuple[Identity, ...] = known.identities
        self._ips = redact_ips
        self._tokens = Tokens(key)
        self.mapping: Mapping[str, str] = self._tokens.mapping
        self.counts: Mapping[str, int] = self._tokens.counts
        self._scrubber = Scrubber(known, self._tokens, redact_ips=redact_ips)
        self._stream = _text_stream.TextStream(self._scrubber, self._tokens)
        self._equal = Equal(self._tokens, key)
        self._fitting = Scrubber(known, self._tokens, redact_ips=redact_ips, fit=self._equal.fit)
        self._fitted: dict[str, str] = {}
        self._repeats: Repeats[str] = Repeats()

    def text(self, text: str) -> str:
        """Return *text* with every identifying value replaced."""
        return self._scrubber.text(text)

    def path(self, path: str) -> str:
        """Return a host *path* scrubbed part by part."""
        return self._scrubber.path(path)

    def fact(self, kind: Kind, value: str) -> str:
        """Return the token of *value*, of which somebody knows that it identifies: nothing needs to be found in it."""
        return value if HIDDEN.fullmatch(value) else self._tokens.token(kind, value)

    def stream(self, item: Item, source: BinaryIO) -> Iterator[bytes]:
        """Yield the scrubbed bytes of *item*; a JSON document over `LARGEST_JSON_BYTES` is scrubbed as text."""
        if item.scrub is Scrub.EVTX:
            yield from scrub_evtx.scrub(source, self._equal_text, self._equal.sid, foreign=self._foreign)
        elif item.scrub is Scrub.JSON and not item.meta and item.size_bytes <= LARGEST_JSON_BYTES:
            own = item.state_name in OWN_STATE and item.artifact.name != GIVEN
            yield self._document(source.read(), item.artifact.keys, own=own)
        else:
            yield from self._stream.scrub(source)

    def report(self) -> dict[str, Any]:
        """Return what ``redaction.json`` says: how many values of each kind were replaced, never a value.

        ``event_logs`` pairs the tokens with their forms of equal length.
        """
        pairs = {
            kind: {t: sorted(forms) for t, forms in sorted(by.items())}
            for kind, by in sorted(self._equal.pairs.items())
        }
        return {
            "format": FORMAT,
            "redacted": True,
            "ip_addresses": self._ips,
            "counts": {kind: count for kind, count in sorted(self.counts.items()) if count},
            "event_logs_note": EVENT_LOGS_NOTE,
            "event_logs": pairs,
        }

    def _document(self, data: bytes, allowed: frozenset[str], *, own: bool) -> bytes:
        if not data.strip(b"\0"):
            return data
        encoding = _text_stream.encoding_of(data[:BLOCK_BYTES]) if data[:1] != b"\0" else None
        scrub = JsonScrub(self._scrubber, allowed, Repeats() if own else self._repeats, own)
        if encoding is None:
            return scrub.document(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        whole = len(data) & ~1
        text = scrub.document(data[:whole].decode(encoding, "surrogatepass"))
        return text.encode(encoding, "surrogatepass") + data[whole:]

    def _equal_text(self, text: str) -> str:
        """Return *text* of an event log scrubbed, in as many UTF-16 units."""
        new = self._fitted.get(text)
        if new is None:
            clean = self._fitting.sieve.is_clean(text.encode("utf-8", "surrogatepass"))
            new = text if clean else self._fitting.pieces(text, said=False).text()
            if len(self._fitted) < 100_000:
                self._fitted[text] = new
        return new

    def _foreign(self, text: str) -> str:
        """Return a text that another program wrote about itself as a token of equal length."""
        return self._equal.fit(Kind.VALUE, text, text) if scrub_evtx.names_something(text) else text


class Plain:
    """Changes nothing: what ``--no-redact`` asks for."""

    def __init__(self) -> None:
        self.identities: tuple[Identity, ...] = ()
        self.mapping: Mapping[str, str] = {}
        self.counts: Mapping[str, int] = {}

    def text(self, text: str) -> str:
        """Return *text*."""
        return text

    def fact(self, kind: Kind, value: str) -> str:
        """Return *value*."""
        return value

    def path(self, path: str) -> str:
        """Return *path*."""
        return path

    def stream(self, item: Item, source: BinaryIO) -> Iterator[bytes]:
        """Yield the bytes of *item* as they are."""
        while block := source.read(BLOCK_BYTES):
            yield block

    def report(self) -> dict[str, Any]:
        """Return what ``redaction.json`` says."""
        return {"format": FORMAT, "redacted": False, "counts": {}}
