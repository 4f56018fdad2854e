"""Where records begin in a block of lines: fixed columns compared as 64-bit words, the rest by regular expression."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import RETURN, Block
from claude_evidence.parsers._log_formats import LEVELS, NAT, Format, level_of, moment
from claude_evidence.parsers._log_tags import Codes, Tags

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
_BRACKET = ord("[")
_LEVEL_AT = 21
_MISFIT = NAT + 1


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a block: from ``starts`` to ``ends``, without line break and the carriage return before it."""

    starts: Ints
    ends: Ints
    returns: bool


@dataclass(frozen=True, slots=True)
class Heads:
    """One entry per record that begins in a block.

    ``line`` is its first line's index, ``time`` in µs since 1970 or `NAT`, ``level`` an index into `LEVELS`,
    ``tag`` a code of the tags, and ``text`` where in the block the message begins.
    """

    line: Ints
    time: Ints
    level: Ints
    tag: Codes
    text: Ints


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def _pattern(shape: str) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return mask, value and digits of eight columns: ``0`` is any digit, ``?`` anything, all else itself."""
    mask = bytes({"0": 0xF0, "?": 0}.get(c, 0xFF) for c in shape)
    value = bytes({"0": 0x30, "?": 0}.get(c, ord(c)) for c in shape)
    return _word(mask), _word(value), _word(bytes(c == "0" for c in shape))


_DATE, _CLOCK, (_FRAME, _FRAMED, _) = _pattern("0000-00-"), _pattern("00 00:00"), _pattern(":?? [???")
_MONTHS = np.arange("0000-01", "10000-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
# by first letter; "verbose] " is longer than a word and left to the regular expression
_SHORT = {ord(word[0]): code for code, word in enumerate(LEVELS) if 0 < len(word) <= 6}
_LEVEL_BY_LETTER = np.array([_SHORT.get(letter, 0) for letter in range(256)], dtype=np.int64)
_LEVEL_LENGTHS = np.array([len(word) + 2 for word in LEVELS], dtype=np.int64)
_LEVEL_MASKS = np.array([_word(b"\xff" * min(len(word) + 2, 8)) for word in LEVELS])
_LEVEL_WORDS = np.array([_word(f"{word}] ".encode()[:8]) for word in LEVELS])
# no line has the level without a name
_LEVEL_WORDS[0] = ~_LEVEL_MASKS[0]


def _second_table() -> Ints:
    """Return µs by the two digits of a second as a 16-bit word: `_MISFIT` for others, `NAT` from 60 on."""
    table = np.full(1 << 16, _MISFIT)
    for second in range(100):
        table[int.from_bytes(b"%02d" % second, "little")] = second * 1_000_000 if second < 60 else NAT
    return table


_SECONDS = _second_table()


def starts_of(block: Block) -> Ints:
    """Return where the lines of *block* begin; the last one need not be ended."""
    breaks = block.breaks
    ended = len(breaks) > 0 and breaks[-1] == block.size - 1
    starts: Ints = np.concatenate([[0], breaks[:-1] + 1 if ended else breaks + 1])
    return starts


def lines_of(block: Block) -> Lines:
    """Return the lines of *block*; the last one need not be ended."""
    data, breaks = block.bytes, block.breaks
    starts = starts_of(block)
    ends = breaks if len(breaks) == len(starts) else np.append(breaks, block.size)
    # before an empty line lies another line break, or for the first one the padding
    returns = data[ends - 1] == RETURN
    return Lines(starts, ends - returns, bool(returns.any()))


def heads_of(block: Block, lines: Lines, kind: Format, tags: Tags) -> Heads:
    """Return where records of format *kind* begin in *block*."""
    if not kind.fixed:
        return _by_pattern(block, lines, kind, tags, np.arange(len(lines.starts)))
    heads = _by_columns(block, lines, tags)
    maybe = candidates(block, lines.starts, heads.line)
    return _merged(heads, _by_pattern(block, lines, kind, tags, maybe)) if len(maybe) else heads


def candidates(block: Block, starts: Ints, found: Ints) -> Ints:
    """Return which of the lines at *starts*, but for those *found*, may begin as a record all the same."""
    others = np.ones(len(starts), dtype=bool)
    others[found] = False
    rest = np.flatnonzero(others)
    first = block.bytes[starts[rest]]
    maybe: Ints = rest[(first == _BRACKET) | ((first >= ord("0")) & (first <= ord("9")))]
    return maybe


def _by_pattern(block: Block, lines: Lines, kind: Format, tags: Tags, candidates: Ints) -> Heads:
    rows = []
    starts, ends = lines.starts[candidates].tolist(), lines.ends[candidates].tolist()
    for line, start, end in zip(candidates.tolist(), starts, ends, strict=True):
        match = kind.start.match(block.data, start, end)
        if match:
            rows.append((line, moment(match, kind), level_of(match, kind), tags.code(match["tag"] or b""), match.end()))
    line, time, level, tag, text = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Heads(line, time, level, tag.astype(np.int32), text)


def _merged(one: Heads, two: Heads) -> Heads:
    order = np.argsort(np.concatenate([one.line, two.line]), kind="stable")
    return Heads(*(np.concatenate([getattr(one, f.name), getattr(two, f.name)])[order] for f in fields(Heads)))


def _by_columns(block: Block, lines: Lines, tags: Tags) -> Heads:
    """Return the records that begin ``YYYY-MM-DD HH:MM:SS [level] ``: nearly all of a main.log."""
    line, time = stamps_of(block, lines.starts)
    level = block.windows(lines.starts[line] + _LEVEL_AT, 8).view("<u8").reshape(-1)
    code = _LEVEL_BY_LETTER[level & np.uint64(0xFF)]
    fits = (level & _LEVEL_MASKS[code]) == _LEVEL_WORDS[code]
    if not fits.all():
        line, time, code = line[fits], time[fits], code[fits]
    text = lines.starts[line] + _LEVEL_AT + _LEVEL_LENGTHS[code]
    return Heads(line, time, code, *tags.of(block, text, lines.ends[line]))


def stamps_of(block: Block, starts: Ints) -> tuple[Ints, Ints]:
    """Return which of the lines at *starts* begin ``YYYY-MM-DD HH:MM:SS [``, and the time of each as in `Heads`.

    No line break and no zero is part of that shape, so a line that has it has it within its own end.
    """
    date, clock, second = block.windows(starts, 24).view("<u8").T
    seconds = _SECONDS[(second >> np.uint64(8)).astype(np.uint16)]
    line = np.flatnonzero((seconds != _MISFIT) & ((second & _FRAME) == _FRAMED))
    minute = _minutes(date[line], clock[line])
    dated = minute != _MISFIT
    if not dated.all():
        line, minute = line[dated], minute[dated]
    seconds = seconds[line]
    time = minute + seconds
    missing = (minute == NAT) | (seconds == NAT)
    if missing.any():
        time[missing] = NAT
    return line, time


def _has(word: Words, pattern: tuple[np.uint64, np.uint64, np.uint64]) -> Mask:
    """Return which of *word* have the shape of *pattern*: a digit's upper half is 3, also with 6 added."""
    mask, value, digits = pattern
    high = digits * np.uint64(0xF0)
    shaped: Mask = ((word & mask) == value) & (((word + digits * np.uint64(6)) & high) == (value & high))
    return shaped


def _minutes(date: Words, clock: Words) -> Ints:
    """Return the minute that ``YYYY-MM-`` and ``DD HH:MM`` name, as µs since 1970; `_MISFIT` for another shape.

    Lines come in runs of one minute: each run is looked at once.
    """
    new = np.ones(len(date), dtype=bool)
    new[1:] = (date[1:] != date[:-1]) | (clock[1:] != clock[:-1])
    first = np.flatnonzero(new)
    runs = np.diff(first, append=len(date))
    date, clock = date[first], clock[first]
    return np.repeat(np.where(_has(date, _DATE) & _has(clock, _CLOCK), _times(date, clock), _MISFIT), runs)


def _times(date: Words, clock: Words) -> Ints:
    """Return µs since 1970, `NAT` for a day or minute that does not exist."""
    date, clock = _pairs(date), _pairs(clock)
    month_of_year = _pair(date, 5)
    month = (_pair(date, 0) * 100 + _pair(date, 2)) * 12 + month_of_year - 1
    day, hour, minute = _pair(clock, 0), _pair(clock, 3), _pair(clock, 6)
    exists = (month >= 12) & (month < len(_MONTHS) - 1) & (month_of_year >= 1) & (month_of_year <= 12)
    month[~exists] = 12
    exists &= (day >= 1) & (day <= _MONTHS[month + 1] - _MONTHS[month]) & (hour < 24) & (minute < 60)
    time: Ints = (((_MONTHS[month] + day - 1) * 24 + hour) * 60 + minute) * 60_000_000
    time[~exists] = NAT
    return time


def _pairs(word: Words) -> Words:
    """Return words whose every byte is the two-digit number that begins there."""
    digits = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    return digits * np.uint64(10) + (digits >> np.uint64(8))


def _pair(pairs: Words, at: int) -> Ints:
    return ((pairs >> np.uint64(8 * at)) & np.uint64(0xFF)).astype(np.int64)
