"""The second pass: each item scrubbed and packed, or said why not; nothing of an item that fails is stored."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO

from claude_evidence.bundle_names import MemberNames
from claude_evidence.bundle_paths import Distinct
from claude_evidence.bundle_writer import BundleWriter, TooLargeError
from claude_evidence.collector._bounded import Signature, bounded, signature
from claude_evidence.collector._types import Item, Redactor, Scrub
from claude_evidence.collector.budget import BEST_RATIO, SMALLEST_TAIL_BYTES, Budget, family, may_be_cut
from claude_evidence.collector.reading import outcome_of
from claude_evidence.model import Acquisition, Outcome

IS_PATH = re.compile(r"[A-Za-z]:[\\/]|[\\/]")  # all else is a command, a key of the registry, or words of ours
META_SUFFIX = ".meta.json"
STATE = "data/state/"
CHANGED = "changed while it was read"
_TRIES = 4
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as the first pass read it: at most ``size_bytes`` of it are scrubbed, for the rest nobody looked at.

    ``data`` holds its bytes where they are few and made by us, so that they need not be made twice.
    """

    item: Item
    size_bytes: int
    signature: Signature | None = None
    data: bytes | None = None


class _ReadError(Exception):
    """The source failed, which concerns one item; an error in writing concerns the bundle."""


class _CutError(Exception):
    """The item cannot be stored, for a reason that is ours to say."""


class Packer:
    """Packs items into *writer* as far as *budget* goes; *read* hears how many raw bytes were read."""

    def __init__(
        self, writer: BundleWriter, redactor: Redactor, budget: Budget, read: Callable[[int], None] = lambda count: None
    ) -> None:
        self._writer, self._redactor, self._budget, self._read = writer, redactor, budget, read
        self._paths, self._members = MemberNames(), Distinct()
        self._full: set[str] = set()
        self._begun: set[str] = set()
        self._cut: set[str] = set()
        self._names: dict[int, str] = {}
        self._refused: set[int] = set()

    def found_no_room(self, item: Item) -> bool:
        """Return whether *item* was left out because the bundle was full."""
        return id(item) in self._refused

    def again(self) -> None:
        """Forget what found no room, so that it may be tried once more: there turned out to be some."""
        self._full = set(self._cut)

    def pack(self, seen: Seen) -> Acquisition:
        """Store one item; return what came of it."""
        item = seen.item
        name = self._names.get(id(item)) or self._name(item)
        self._names[id(item)] = name
        self._refused.discard(id(item))
        entry = Acquisition(
            item.artifact.name,
            self.source(item),
            Outcome.COLLECTED,
            item.acquired_at or datetime.now(UTC),
            item.modified_at,
            name,
            detail=self._redactor.text(item.note),
        )
        try:
            return self._stored(seen, entry, name)
        except _ReadError as error:
            outcome, why = outcome_of(error.args[0])
            return _without(entry, outcome, self._redactor.text(why))
        except _CutError as error:
            return _without(entry, Outcome.FAILED, str(error))
        except TooLargeError:
            self._full.add(family(item))
            self._refused.add(id(item))
            why = f"the bundle has no room left for its {seen.size_bytes:,} bytes: --max-size allows more"
            return _without(entry, Outcome.SKIPPED, why)

    def source(self, item: Item) -> str:
        """Return what the manifest says *item* is: its scrubbed path as the host writes it, or the command."""
        return host_form(self._redactor.text(item.source) if item.state_name else self._redactor.path(item.source))

    def _name(self, item: Item) -> str:
        if item.state_name:
            return self._members.claim(STATE + self._redactor.text(item.state_name))
        path = self._redactor.path(item.source)
        return self._members.claim(self._paths.of(path + META_SUFFIX if item.meta else path))

    def _stored(self, seen: Seen, entry: Acquisition, name: str) -> Acquisition:
        left = self._budget.left(name)
        if left <= 0 or (family(seen.item) and family(seen.item) in self._full):
            raise TooLargeError(0, 0)
        try:
            if seen.size_bytes > left * BEST_RATIO:
                raise TooLargeError(0, 0)
            note = self._add(seen, name, 0, left)
        except TooLargeError as error:
            if not may_be_cut(seen.item) or family(seen.item) in self._begun or left < SMALLEST_TAIL_BYTES:
                raise
            self._full.add(family(seen.item))
            self._cut.add(family(seen.item))
            note = self._tail(seen, name, left, error)
        detail = "; ".join(text for text in (entry.detail, note) if text)
        return _described(replace(entry, detail=detail), seen)

    def _tail(self, seen: Seen, name: str, left: int, error: TooLargeError) -> str:
        """Store the newest lines of a log that does not fit whole; return what to say of it."""
        ratio = error.taken_bytes / error.packed_bytes if error.packed_bytes else 4.0
        for number in range(_TRIES):
            size = int(left * ratio * (0.9 - 0.2 * number))
            try:
                note = self._add(seen, name, max(seen.size_bytes - size, 1), left)
            except TooLargeError:
                continue
            return "; ".join(filter(None, (f"cut to about its newest {size:,} of {seen.size_bytes:,} bytes", note)))
        raise error

    def _add(self, seen: Seen, name: str, start: int, left: int) -> str:
        """Store *seen* from *start* on, if it takes at most *left* bytes; return what to say of it."""
        notes: list[str] = []
        pieces = _reading(self._pieces(seen, start, notes))
        with closing(pieces):
            stored = self._writer.add(name, pieces, size_bytes=seen.size_bytes - start, limit_bytes=left)
        self._budget.take(name, stored.packed_bytes)
        self._begun.add(family(seen.item))
        return "; ".join(notes)

    def _pieces(self, seen: Seen, start: int, notes: list[str]) -> Iterator[bytes]:
        with _opened(seen) as raw:
            before = signature(raw)
            if _replaced(seen, before):
                raise _CutError("was replaced while the collection ran: run it again")
            with bounded(raw, seen.size_bytes, self._read) as source:
                if start:
                    _to_line(source, start)
                yield from self._redactor.stream(seen.item, source)
            if seen.signature and signature(raw) != seen.signature:
                notes.append(CHANGED)


def private_source(source: str, redactor: Redactor) -> str:
    """Return what the manifest says of a *source*, scrubbed: a host path part by part, else what was asked for."""
    is_path = IS_PATH.match(source)
    return host_form(redactor.path(source.replace("\\", "/")) if is_path else redactor.text(source))


def host_form(source: str) -> str:
    """Return a host path as its host writes it: with backslashes where it begins with a drive or a share.

    >>> host_form("C:/Users/x"), host_form("/home/x"), host_form("Get-AppxPackage Claude")
    ('C:\\\\Users\\\\x', '/home/x', 'Get-AppxPackage Claude')
    """
    return source.replace("/", "\\") if source[1:3] == ":/" or source.startswith("//") else source


def _opened(seen: Seen) -> BinaryIO:
    return io.BytesIO(seen.data) if seen.data is not None else seen.item.open()


def _replaced(seen: Seen, now: Signature | None) -> bool:
    """Return whether text that nobody looked at stands where the first pass read; JSON is scrubbed by its keys."""
    if seen.item.scrub is Scrub.JSON or seen.signature is None or now is None:
        return False
    return not now.grew_from(seen.signature)


def _to_line(source: BinaryIO, start: int) -> None:
    """Go to the first line that begins after *start*."""
    if source.read(2) in _UTF16_MARKS:
        raise TooLargeError(0, 0)  # its lines cannot be told apart bytewise
    source.seek(start)
    source.readline()


def _reading(pieces: Iterable[bytes]) -> Generator[bytes]:
    """Yield *pieces*, with an error in making them told apart from one in storing them."""
    try:
        yield from pieces
    except OSError as error:
        raise _ReadError(error) from error


def _without(entry: Acquisition, outcome: Outcome, detail: str) -> Acquisition:
    return replace(entry, outcome=outcome, member=None, detail="; ".join(filter(None, (entry.detail, detail))))


def _described(entry: Acquisition, seen: Seen) -> Acquisition:
    """Return *entry* with the size and hash of the file that its metadata describes."""
    if not seen.item.meta or seen.data is None:
        return entry
    try:
        meta = json.loads(seen.data)
    except ValueError:
        return entry
    sha256, size = meta.get("sha256"), meta.get("size_bytes")
    return replace(entry, sha256=sha256 or None, size_bytes=size if isinstance(size, int) else None)
