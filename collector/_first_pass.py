"""The first pass: what will be stored, and what is read for its values alone, is seen before a byte is scrubbed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from claude_evidence.collector._bounded import bounded, signature
from claude_evidence.collector._types import Discovery, Item
from claude_evidence.collector.packing import Seen, host_form
from claude_evidence.collector.reading import outcome_of
from claude_evidence.model import Acquisition

# What we make ourselves of a transcript takes a pass over all of it: kept rather than made twice.
HELD_BYTES = 256 << 10
_ROUNDS = 3
Read = Callable[[Item, int], None]


def see(items: Iterable[Item], discovery: Discovery, read: Read) -> tuple[list[Seen], list[Acquisition]]:
    """Let *discovery* read every item; return those that could be read, and what became of the others.

    The acquisitions hold true paths: they are scrubbed with all others. Items that changed in the meantime are read
    again, so that what they hold by now is known before the second pass begins. *read* hears each item and its bytes.
    """
    seen: list[Seen] = []
    failed: list[Acquisition] = []
    for item in items:
        discovery.path(item.source)
        try:
            seen.append(_see(item, discovery, read))
        except OSError as error:
            failed.append(_failure(item, error))
    return [_again(one, discovery) for one in seen], failed


def _see(item: Item, discovery: Discovery, read: Read) -> Seen:
    with item.open() as raw:
        before = signature(raw)
        if before is None or item.meta:
            data = raw.read(HELD_BYTES + 1)
            if len(data) <= HELD_BYTES:
                return _see_held(item, data, discovery, read)
            raw.seek(0)
        size = before.size_bytes if before else item.size_bytes
        with bounded(raw, size, lambda count: read(item, count)) as source:
            discovery.stream(item, source)
        return Seen(item, size, before)


def _see_held(item: Item, data: bytes, discovery: Discovery, read: Read) -> Seen:
    read(item, item.size_bytes)
    discovery.stream(item, io.BytesIO(data))
    return Seen(item, len(data), None, data)


def _again(seen: Seen, discovery: Discovery) -> Seen:
    for _ in range(_ROUNDS):
        if seen.signature is None:
            return seen
        try:
            with seen.item.open() as raw:
                now = signature(raw)
            if now == seen.signature:
                return seen
            seen = _see(seen.item, discovery, lambda item, count: None)
        except OSError:
            return seen  # the second pass meets the same error and says so
    return seen


def _failure(item: Item, error: OSError) -> Acquisition:
    outcome, why = outcome_of(error)
    return Acquisition(
        item.artifact.name, host_form(item.source), outcome, datetime.now(UTC), item.modified_at, detail=why
    )
