"""Where given byte strings occur in a large buffer, ASCII letters in any case or as they are.

Needles of seven bytes and more are looked for in one pass: each contains one of four aligned four-byte words, whatever
its place, so a table of hashed words finds all candidates at the speed of memory (0.1 s for 200 MB and twenty needles;
one search after the other costs 0.07 s each, one alternation 0.4 s). Shorter ones are searched for one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]
Counts = NDArray[np.intp]

SHARED_LENGTH = 7
"""Needles at least this long share one pass."""

_BLOCK = 1 << 18
_SMALL = 1 << 20
_FREQUENT = 64
"""Of the 65,536 words of a sample: one in a thousand."""
_BATCH = 500_000
_HASH = np.uint32(2654435761)
_WORD_CASE = np.uint32(0x20202020)
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[65:91] += 32

_WORD = 8


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for; ``text`` is in lower case unless ``cased``."""

    text: bytes
    cased: bool = False


def same(data: Bytes, places: Places, needle: Needle) -> Mask:
    """Return for each of *places* whether *needle* stands there; each is at least its length before the end."""
    size = len(needle.text)
    if size < _WORD or not len(places):
        return _same_short(data, places, needle)
    # unaligned words; the last eight bytes first, because one look at them rules out nearly all
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))
    left = np.arange(len(places))
    for offset in (size - _WORD, *range(0, size - _WORD, _WORD)):
        letters, wanted = _word_of(needle, offset)
        passed = (words[places[left] + offset] | letters) == wanted
        left = left[passed]
    result = np.zeros(len(places), np.bool_)
    result[left] = True
    return result


def _word_of(needle: Needle, offset: int) -> tuple[np.uint64, np.uint64]:
    """Return the case bits of the letters in eight bytes of *needle*, and those bytes with these bits set.

    Only where a letter is wanted does its bit count, so nothing but this letter, small or capital, equals it.
    """
    text = needle.text[offset : offset + _WORD]
    letters = bytes(0x20 if not needle.cased and bytes([byte]).isalpha() else 0 for byte in text)
    wanted = bytes(byte | letter for byte, letter in zip(text, letters, strict=True))
    return np.uint64(int.from_bytes(letters, "little")), np.uint64(int.from_bytes(wanted, "little"))


def _same_short(data: Bytes, places: Places, needle: Needle) -> Mask:
    wanted = np.frombuffer(needle.text, np.uint8)
    result = np.empty(len(places), np.bool_)
    for start in range(0, len(places), _BATCH):
        found = data[places[start : start + _BATCH, None] + np.arange(len(wanted))]
        found = found if needle.cased else _LOWER[found]
        result[start : start + _BATCH] = (found == wanted).all(axis=1)
    return result


def find(data: Bytes, needles: Sequence[Needle], counts: Counts | None = None) -> dict[Needle, Places]:
    """Return the places of each of *needles* in *data*, in order; the empty needle has none.

    *counts* are those that `word_counts` gives for *data*.
    """
    counts = word_counts(data) if counts is None else counts
    shared = [] if counts is None else [needle for needle in needles if len(needle.text) >= SHARED_LENGTH]
    found = {} if counts is None else _find_shared(data, shared, counts)
    return {needle: found[needle] if needle in found else _find_one(data, needle) for needle in needles}


def _find_one(data: Bytes, needle: Needle) -> Places:
    size = len(needle.text)
    if not size or size > len(data):
        return np.empty(0, np.intp)
    if size == 1:
        return _confirmed(data, np.arange(len(data)) if len(data) < _BLOCK else _byte_places(data, needle), needle)
    places: list[int] = []
    wanted = _masked(np.frombuffer(needle.text, np.uint8)).tobytes()
    for start, block in _blocks(data, size - 1):
        place = block.find(wanted)
        while place >= 0:
            places.append(start + place)
            place = block.find(wanted, place + 1)
    return _confirmed(data, np.array(places, np.intp), needle)


def _byte_places(data: Bytes, needle: Needle) -> Places:
    wanted = needle.text[0] | 0x20
    parts = [np.flatnonzero(_masked(data[i : i + _BLOCK]) == wanted) + i for i in range(0, len(data), _BLOCK)]
    return np.concatenate(parts)


def _blocks(data: Bytes, overlap: int) -> Iterator[tuple[int, bytearray]]:
    """Yield *data* in pieces that overlap, with the letters' case bit set, and where each begins."""
    size = min(len(data), max(_BLOCK, 4 * overlap)) + overlap
    block = bytearray(size)
    view = np.frombuffer(block, np.uint8)
    for start in range(0, len(data), size - overlap):
        piece = data[start : start + size]
        np.bitwise_or(piece, 0x20, out=view[: len(piece)])
        yield start, block if len(piece) == size else block[: len(piece)]


def _masked(data: Bytes) -> Bytes:
    return data | np.uint8(0x20)


def _confirmed(data: Bytes, places: Places, needle: Needle) -> Places:
    places = places[(places >= 0) & (places <= len(data) - len(needle.text))]
    return places[same(data, places, needle)]


@dataclass(frozen=True, slots=True)
class _Words:
    """The four words of which one is aligned, the place of the first in its needle, and how often a sample has them."""

    needle: Needle
    offset: int
    words: tuple[int, ...]
    count: int


def frequent(needle: Needle, counts: Counts) -> bool:
    """Return whether *needle*, at least `SHARED_LENGTH` long, turns up so often that to find it everywhere is dear."""
    return _rarest(needle, counts).count > _FREQUENT


def _find_shared(data: Bytes, needles: Sequence[Needle], counts: Counts) -> dict[Needle, Places]:
    chosen = [_rarest(needle, counts) for needle in needles]
    distinct = np.unique(np.array([word for choice in chosen for word in choice.words], np.uint32))
    table = np.zeros(1 << 16, np.bool_)
    table[(distinct * _HASH) >> np.uint32(16)] = True
    number = {int(word): place for place, word in enumerate(distinct)}
    found: dict[Needle, list[Places]] = {needle: [] for needle in needles}
    for places, words in _candidates(data, table):
        by_word = _grouped(places, words, distinct)
        for choice in chosen:
            starts = [by_word[number[word]] - choice.offset - i for i, word in enumerate(choice.words)]
            found[choice.needle].append(_confirmed(data, np.concatenate(starts), choice.needle))
    nothing = np.empty(0, np.intp)
    # no place is found twice: only one of the four words is aligned there
    return {needle: np.sort(np.concatenate([nothing, *parts])) for needle, parts in found.items()}


def _grouped(places: Places, words: NDArray[np.uint32], distinct: NDArray[np.uint32]) -> list[Places]:
    """Return *places* by which of the *distinct* words (sorted) stands there, less those that only hash alike."""
    which = np.minimum(np.searchsorted(distinct, words), len(distinct) - 1)
    known = distinct[which] == words
    which, places = which[known].astype(np.int16), places[known]
    order = np.argsort(which, kind="stable")
    bounds = np.cumsum(np.bincount(which, minlength=len(distinct)))[:-1]
    return np.split(places[order], bounds)


def _candidates(data: Bytes, table: NDArray[np.bool_]) -> Iterator[tuple[Places, NDArray[np.uint32]]]:
    """Yield places of aligned words that the table knows, with the words, in batches."""
    pending: list[tuple[Places, NDArray[np.uint32]]] = []
    count = 0
    words = data[: len(data) // 4 * 4].view("<u4")
    size = _BLOCK // 4
    known = np.empty(size, np.bool_)
    for start in range(0, len(words), size):
        block = words[start : start + size] | _WORD_CASE
        np.take(table, (block * _HASH) >> np.uint32(16), out=known[: len(block)], mode="clip")
        hits = np.flatnonzero(known[: len(block)])
        pending.append(((hits + start) * 4, block[hits]))
        count += len(hits)
        if count >= _BATCH:
            yield _joined(pending)
            pending, count = [], 0
    if count:
        yield _joined(pending)


def _joined(pending: Iterable[tuple[Places, NDArray[np.uint32]]]) -> tuple[Places, NDArray[np.uint32]]:
    places, words = zip(*pending, strict=True)
    return np.concatenate(places), np.concatenate(words)


def word_counts(data: Bytes) -> Counts | None:
    """Return how often each hashed word stands in a sample of *data*: frequent ones make poor signs.

    None where *data* is so small that needles share no pass.
    """
    if len(data) <= _SMALL:
        return None
    words = data[: len(data) // 4 * 4].view("<u4")
    step = max(1, len(words) // 32)
    sample = np.concatenate([words[i : i + 2048] for i in range(0, max(len(words), 1), step)]) | _WORD_CASE
    return np.bincount((sample * _HASH) >> np.uint32(16), minlength=1 << 16)


def _rarest(needle: Needle, counts: Counts) -> _Words:
    folded = _masked(np.frombuffer(needle.text, np.uint8)).tobytes()
    words = [int.from_bytes(folded[i : i + 4], "little") for i in range(len(folded) - 3)]
    each = [int(counts[_hashed(word)]) for word in words]
    count, offset = min((sum(each[i : i + 4]), i) for i in range(len(words) - 3))
    return _Words(needle, offset, tuple(words[offset : offset + 4]), count)


def _hashed(word: int) -> int:
    return ((word * int(_HASH)) & 0xFFFFFFFF) >> 16
