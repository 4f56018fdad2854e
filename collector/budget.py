"""How large a bundle may become, and what enters it first: by rank, then newest; of a rotated log never a gap.

Logs are worth most and may be huge: while other things wait, logs leave them room, up to half of what there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from claude_evidence.collector._types import Item, Scrub, Store

# What the bag keeps beside the members, packed: of everything asked for its entry in collection.json, of everything
# stored a hash and a name in two lists and in the zip's directory. Measured high: tests/collector/test_budget.py.
ASKED_BYTES, STORED_BYTES, BASE_BYTES = 130, 150, 4096
# Packed text is seldom smaller than this part of what it was, so what cannot fit need not be tried.
BEST_RATIO = 100
SMALLEST_TAIL_BYTES = 8 << 10
_OLDER_LATER = 3  # ranks: of a rotated log the newest file says most, the older ones come after what is small
_META_BYTES, _USUAL_RATIO = 1000, 3
_ROTATED = re.compile(r"(?:\.old|\d+)?(\.log)\Z", re.IGNORECASE)


class Budget:
    """Bytes that the bundle may still take; room is kept for the lists at its end."""

    def __init__(self, max_bytes: int, asked: int) -> None:
        self._left = max_bytes - BASE_BYTES - asked * ASKED_BYTES
        self.waiting_bytes = 0
        """What things that wait behind a log may come to."""

    def correct(self, left_bytes: int) -> None:
        """Note how many bytes are left in truth: what the lists were thought to take at most they seldom take."""
        self._left, self.waiting_bytes = left_bytes, 0

    def left(self, name: str) -> int:
        """Return how many packed bytes the member *name* may take; below zero where there is no room at all."""
        return self._left - _lists(name) - min(self.waiting_bytes, max(self._left, 0) // 2)

    def take(self, name: str, packed_bytes: int) -> None:
        """Note that the member *name* takes *packed_bytes*."""
        self._left -= packed_bytes + _lists(name)


def _lists(name: str) -> int:
    return STORED_BYTES + 2 * len(name.encode())


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return *items* as the budget is filled: by rank, state before files, newest first, then by name."""
    return sorted(items, key=_order)


def _order(item: Item) -> tuple[int, bool, float, str]:
    modified = item.modified_at.timestamp() if item.modified_at else 0.0
    rotated = _OLDER_LATER if family(item) not in ("", item.source.casefold()) else 0
    return item.artifact.rank + rotated, not item.state_name, -modified, item.source


def expected_bytes(item: Item) -> int:
    """Return about how many bytes *item* takes in a bundle, its entries in the lists counted."""
    raw = _META_BYTES if item.meta else item.size_bytes
    return raw // _USUAL_RATIO + STORED_BYTES + ASKED_BYTES + 3 * len(item.source)


def family(item: Item) -> str:
    """Return what rotated siblings of one log share: ``main.log`` for ``main2.log``; empty for what is no log.

    >>> re.sub(_ROTATED, r"\\\\1", "logs/main12.log"), re.sub(_ROTATED, r"\\\\1", "logs/main.old.log")
    ('logs/main.log', 'logs/main.log')
    """
    if item.state_name or item.meta or item.scrub is not Scrub.TEXT or not _ROTATED.search(item.source):
        return ""
    return _ROTATED.sub(r"\1", item.source).casefold()


def may_be_cut(item: Item) -> bool:
    """Return whether the newest end of *item* is worth having alone: a log's is."""
    return item.artifact.store is Store.CONTENT and bool(family(item))
