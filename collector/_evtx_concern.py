"""Which events of a log concern Claude, and which values of the others name what is nobody's business."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_BOOTS = frozenset({
    ("microsoft-windows-kernel-power", 41), ("user32", 1074), ("eventlog", 6005), ("eventlog", 6006),
    ("eventlog", 6008), ("eventlog", 6009), ("eventlog", 6013), ("microsoft-windows-kernel-general", 12),
    ("microsoft-windows-kernel-general", 13),
})  # fmt: skip
"""Provider in lower case and event id of what tells when the machine started, stopped, lost power."""
_TYPED = {("user32", 1074): 5}
"""By provider and event id, which of its data somebody typed: why they shut Windows down."""
_CLAUDE = re.compile("claude|anthropic|cowork(?!er)|pzs8sxrjxfjjc|vmcompute|host ?compute", re.IGNORECASE)
_NAMES_NOTHING = re.compile(
    r"""\s* (?: %%\d+ | [a-z]:[\\/]? | 0x[0-9a-f]{1,16} | (?=[a-f]*\d)[0-9a-f]{4,16}
    | [-+]?[\d.,:/\\ \u200e\u200f-]+ (?:\s?[ap]m)? | null | true | false
    | \{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}? | \d{4}-\d\d-\d\dT[\d:.]+Z? )? \s*""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Event:
    """What is known of one record: ``provider`` empty and ``event_id`` None where nothing says, every text in it."""

    provider: str
    event_id: int | None
    texts: Sequence[str]


def concerns_claude(event: Event) -> bool:
    """Return whether *event* tells of Claude (its package, its programs, its service) or of a start or stop of Windows.

    Texts decide, not the provider, so that it does not matter which log Windows wrote it to: any text with ``claude``,
    ``anthropic``, the publisher's id, Cowork, or the service that runs its virtual machine (``vmcompute``). Starts and
    stops: Kernel-Power 41, User32 1074, EventLog 6005, 6006, 6008, 6009, 6013, Kernel-General 12 and 13.
    """
    if (event.provider.lower(), event.event_id) in _BOOTS:
        return True
    return any(map(_CLAUDE.search, event.texts))


def typed(event: Event) -> int:
    """Return the number, from 0, of the value in *event* that holds what a person typed; -1 where none does."""
    return _TYPED.get((event.provider.lower(), event.event_id or 0), -1)


def names_something(text: str) -> bool:
    """Return whether *text* may name a package, a program, a file or a person.

    Numbers, codes, times, versions, GUIDs, drives, booleans, ``NULL`` and empty text do not: people need them.
    """
    return not _NAMES_NOTHING.fullmatch(text)
