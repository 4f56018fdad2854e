"""The first pass: what will be stored, and what is read for its values alone, is seen before a byte is scrubbed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from claude_evidence.collector._bounded import bounded, signature
from claude_evidence.collector._noticing import Note, Noticing
from claude_evidence.collector._types import Item
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.packing import Seen, host_form
from claude_evidence.collector.reading import outcome_of
from claude_evidence.model import Acquisition
from claude_evidence.sharing import shared

# What we make ourselves of a transcript takes a pass over all of it: kept rather than made twice.
HELD_BYTES = 256 << 10
_ROUNDS = 3
Read = Callable[[Item, int], None]
Count = Callable[[int], None]


def see(items: Sequence[Item], discovery: Discovering, read: Read) -> tuple[list[Seen], list[Acquisition]]:
    """Let *discovery* know what is in every item; return those that could be read, and what became of the others.

    The acquisitions hold true paths: they are scrubbed with all others. Items that changed in the meantime are read
    again, so that what they hold by now is known before the second pass begins. *read* hears each item and its bytes.
    """
    seen: list[Seen] = []
    failed: list[Acquisition] = []
    with closing(shared(_Looking(), items, lambda item: item.size_bytes, read)) as looks:
        for item, look in zip(items, looks, strict=True):
            discovery.path(item.source)
            discovery.notes(look.notes)
            if look.seen:
                seen.append(replace(look.seen, item=item))  # the very one that was given, not its double
            if look.failure:
                failed.append(look.failure)
    return [_again(one, discovery) for one in seen], failed


@dataclass(frozen=True, slots=True)
class _Look:
    """What reading one item came to; what it told counts even where its end could not be read."""

    notes: list[Note]
    seen: Seen | None = None
    failure: Acquisition | None = None


class _Looking:
    """Reads items, each once."""

    def __init__(self) -> None:
        self._noticing = Noticing()

    def __call__(self, item: Item, read: Count) -> _Look:
        try:
            seen = _see(item, self._noticing, read)
        except OSError as error:
            return _Look(self._noticing.taken(), failure=_failure(item, error))
        return _Look(self._noticing.taken(), seen)


def _see(item: Item, noticing: Noticing | Discovering, read: Count) -> Seen:
    with item.open() as raw:
        before = signature(raw)
        if before is None or item.meta:
            data = raw.read(HELD_BYTES + 1)
            if len(data) <= HELD_BYTES:
                return _see_held(item, data, noticing, read)
            raw.seek(0)
        size = before.size_bytes if before else item.size_bytes
        with bounded(raw, size, read) as source:
            noticing.stream(item, source)
        return Seen(item, size, before)


def _see_held(item: Item, data: bytes, noticing: Noticing | Discovering, read: Count) -> Seen:
    read(item.size_bytes)
    noticing.stream(item, io.BytesIO(data))
    return Seen(item, len(data), None, data)


def _again(seen: Seen, discovery: Discovering) -> Seen:
    for _ in range(_ROUNDS):
        if seen.signature is None:
            return seen
        try:
            with seen.item.open() as raw:
                now = signature(raw)
            if now == seen.signature:
                return seen
            seen = _see(seen.item, discovery, lambda count: None)
        except OSError:
            return seen  # the second pass meets the same error and says so
    return seen


def _failure(item: Item, error: OSError) -> Acquisition:
    outcome, why = outcome_of(error)
    return Acquisition(
        item.artifact.name, host_form(item.source), outcome, datetime.now(UTC), item.modified_at, detail=why
    )
