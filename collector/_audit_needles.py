"""Needles sorted by what has to be there first, so that thousands of values cost little more than a few."""

from __future__ import annotations

from collections.abc import Iterable

from claude_evidence.collector._audit_bytes import CONTROLS
from claude_evidence.collector._audit_forms import Needle

FEW = 200
"""As many needles are soon looked for one by one."""
START = 4
TEXT_BEGINNING, WIDE_BEGINNING = 16, 32
_CHUNK = 64 << 10


def by_key(needles: Iterable[Needle]) -> dict[bytes, tuple[Needle, ...]]:
    grouped: dict[bytes, list[Needle]] = {}
    for needle in needles:
        grouped.setdefault(needle.key, []).append(needle)
    return {key: tuple(group) for key, group in grouped.items()}


def begun(needles: list[Needle], text: bytes, table: bytes, size: int) -> list[Needle]:
    """Return those of *needles* that *text*, translated by *table*, may hold; of many, those that begin in it.

    A beginning are the first *size* bytes.
    """
    if len(needles) <= FEW:
        return needles
    starts = {needle: needle.data.translate(table)[:size] for needle in needles}
    wanted, begun = set(starts.values()), set()
    for place in range(0, len(text), _CHUNK):
        begun |= wanted & {text[at : at + size] for at in range(place, min(place + _CHUNK, len(text)))}
    return [needle for needle, start in starts.items() if start in begun or len(start) < size]


def by_start(keys: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Return *keys* by their first `START` bytes; shorter ones under nothing."""
    grouped: dict[bytes, list[bytes]] = {}
    for key in keys:
        grouped.setdefault(key[:START] if len(key) >= START else b"", []).append(key)
    return grouped


def with_controls(grouped: dict[bytes, tuple[Needle, ...]]) -> dict[bytes, tuple[Needle, ...]]:
    """Return *grouped* with each key also as it stands glued to an escaped control character."""
    glued = {bytes([control]) + key: needles for key, needles in grouped.items() for control in CONTROLS}
    return {key: grouped.get(key, ()) + glued.get(key, ()) for key in grouped.keys() | glued.keys()}
