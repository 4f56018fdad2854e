"""The tag ``[Component] `` that a message may begin with: found, counted into a small set of words, remembered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import Block
from claude_evidence.parsers._log_columns import distinct

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]
_BRACKET, _CLOSING, _SPACE = b"[] "
_TAG_BYTES = 80
_SHORT_BYTES = 32
# of a tag with its brackets and the space after it; the place where it is remembered is made of its first word
_WORDS = 3
_PLACES_BITS = 12
_MIXER = np.uint64(0x9E3779B97F4A7C15)


def _masks(width: int) -> Words:
    """Return masks of *width* bytes: row n keeps the first n of them."""
    return (np.tri(width + 1, width, -1, dtype=np.uint8) * np.uint8(0xFF)).view("<u8")


_MASKS, _TAG_MASKS = _masks(_SHORT_BYTES), _masks(8 * _WORDS)


class Tags:
    """The distinct tags of a log: ``index`` holds the code of each.

    What lines begin with repeats: short tags are remembered, each at a place made of its line's first word, and
    compared in full. Nothing is remembered at place 0, which lines without a tag are sent to.
    """

    def __init__(self) -> None:
        """Know no tag yet."""
        self.index: dict[str, int] = {}
        places = (1 << _PLACES_BITS) + 1
        self._masks, self._values = np.zeros((2, places, _WORDS), dtype=np.uint64)
        self._masks[1:] = self._values[1:] = ~np.uint64(0) - np.uint64(1)
        self._lengths = np.zeros(places, dtype=np.int64)
        self._codes = np.full(places, self.code(b""), dtype=np.int32)

    def code(self, word: bytes) -> int:
        """Return the code of the tag *word*."""
        return self.index.setdefault(word.decode(errors="replace"), len(self.index))

    def of(self, block: Block, text: Ints, ends: Ints) -> tuple[Codes, Ints]:
        """Return the code of the tag that may begin at *text*, and where the message after it begins."""
        words = block.windows(text, 8 * _WORDS).view("<u8")
        first = words[:, 0]
        place = (((first * _MIXER) >> np.uint64(64 - _PLACES_BITS)) + np.uint64(1)).view(np.int64)
        place *= (first & np.uint64(0xFF)) == _BRACKET
        codes, after = self._codes[place], text + self._lengths[place]
        differs = self._values.take(place, axis=0)
        differs ^= words
        differs &= self._masks.take(place, axis=0)
        new = np.flatnonzero(differs[:, 0] | differs[:, 1] | differs[:, 2])
        if len(new):
            codes[new], after[new] = self._found(block, text[new], ends[new])
            self._remember(place[new], words[new], codes[new], after[new] - text[new], block.bytes[after[new] - 1])
        return codes, after

    def _found(self, block: Block, text: Ints, ends: Ints) -> tuple[Codes, Ints]:
        start, end, after = _tags(block, text, ends)
        lengths = end - start
        windows = block.windows(start, _SHORT_BYTES).view("<u8")
        windows &= _MASKS[np.minimum(lengths, _SHORT_BYTES)]
        words, which = distinct(windows.view(np.uint8))
        codes = np.array([self.code(word.rstrip(b"\0")) for word in words], dtype=np.int32)[which]
        for row in np.flatnonzero(lengths > _SHORT_BYTES).tolist():
            codes[row] = self.code(block.data[start[row] : end[row]])
        return codes, after

    def _remember(self, place: Ints, words: Words, codes: Codes, lengths: Ints, last: NDArray[np.uint8]) -> None:
        """Remember short tags with a space after them; without it the line may end, or the tag may be none."""
        short = np.flatnonzero((lengths > 0) & (lengths <= 8 * _WORDS) & (last == _SPACE))
        place, masks = place[short], _TAG_MASKS[lengths[short]]
        self._masks[place], self._values[place] = masks, words[short] & masks
        self._codes[place], self._lengths[place] = codes[short], lengths[short]


def _tags(block: Block, text: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Return where the tag that may begin at *text* lies, and where the message after it begins."""
    windows = block.windows(text, 32)
    closing = _bits(windows == _CLOSING)
    # a power of two is a float whose exponent says which
    length = np.frexp((closing & -closing).astype(np.float64))[1].astype(np.int64) - 1
    opened = windows[:, 0] == _BRACKET
    far = np.flatnonzero(opened & (closing == 0))
    length[far] = _far(block, text[far])
    tagged = opened & (length > 1) & (text + length < ends)
    tag_end = text + length * tagged
    after = tag_end + tagged
    return text + tagged, tag_end, after + (tagged & (after < ends) & (block.bytes[after] == _SPACE))


def _bits(mask: Mask) -> Ints:
    """Return each row of *mask*, 32 of them, as a number: the first is its lowest bit."""
    return np.packbits(mask, bitorder="little").view("<u4").astype(np.int64)


def _far(block: Block, text: Ints) -> Ints:
    """Return how far from *text* on the ``]`` of a long tag is, or -1 where none is near."""
    closing = block.windows(text, _TAG_BYTES + 2) == _CLOSING
    return np.where(closing.any(axis=1), closing.argmax(axis=1), -1)
