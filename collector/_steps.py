"""How far a run has come, in raw bytes: each is read twice, and the finished bundle once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from claude_evidence.collector._types import Item

_SEEING, _PACKING, _AUDITING = "looking for names: ", "packing: ", "checking: "


class Steps:
    """Turns what the passes say of themselves into one bar of ``progress(what, done bytes, bytes in all)``."""

    def __init__(self, progress: Callable[[str, int, int], None], items: Sequence[Item]) -> None:
        self._progress = progress
        self._each = sum(item.size_bytes for item in items)
        self._done, self._shown = 0, ""

    def seeing(self, item: Item, count: int) -> None:
        """Note that *count* bytes of *item* were read for the first time."""
        self._told(_SEEING + item.source, count)

    def item(self, source: str) -> None:
        """Note that the item called *source* is scrubbed next."""
        self._shown = _PACKING + source

    def packing(self, count: int) -> None:
        """Note that *count* bytes were read for the second time."""
        self._told(self._shown, count)

    def auditing(self, member: str, done: int, total: int) -> None:
        """Note that the audit read *done* of *total* bytes; the bar counts them as a third reading."""
        part = done * self._each // total if total else self._each
        self._progress(_AUDITING + member, 2 * self._each + part, 3 * self._each)

    def _told(self, what: str, count: int) -> None:
        self._done = min(self._done + count, 2 * self._each)
        self._progress(what, self._done, 3 * self._each)
