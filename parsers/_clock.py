"""Wall-clock times of a host become UTC: by its zone, across daylight-saving changes, whatever zone is set here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from claude_evidence.model import Manifest, UsageError

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]
_NAT = int(np.iinfo(np.int64).min)
_NEVER = int(np.iinfo(np.int64).max)
_SLICE = 1 << 15
_DAY_US = 86_400_000_000
_WEEK_US = 7 * _DAY_US
_NONE = np.zeros(0, dtype=np.int64)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# datetime knows the years 1 to 9999; two days of room for any offset and for the window around a day
_FIRST_DAY, _LAST_DAY = -719_160, 2_932_894
# which a zone must not leave either: what comes of it is unknown rather than a time that nothing can hold
_FIRST_TIME, _LAST_TIME = (
    np.array(["0001-01-01", "9999-12-31T23:59:59.999999"], "datetime64[us]").view(np.int64).tolist()
)
# a wall clock stepped back by less than this is noise (late lines, time synchronisation), not the end of summer time
_NOISE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone of a host's wall clock; ``note`` says what the reader should know about where it comes from."""

    zone: ZoneInfo | timezone | None = None
    note: str = ""

    @classmethod
    def of(cls, manifest: Manifest, zone: str | None = None) -> Clock:
        """Return the clock by *zone* (an IANA name), else the manifest's zone, else its fixed offset, else unknown.

        An unknown name in *zone* is a `UsageError`; one in the manifest falls back to the offset, and ``note`` says so.
        """
        if zone is not None:
            named = _named(zone)
            if named is None:
                raise UsageError(f"unknown time zone {zone!r}: give an IANA name such as Europe/Berlin")
            return cls(named)
        if manifest.timezone and (named := _named(manifest.timezone)):
            return cls(named)
        fixed = _fixed(manifest.utc_offset_s)
        return cls(fixed, _note(manifest, fixed))

    @property
    def known(self) -> bool:
        """Whether wall-clock times can be converted at all."""
        return self.zone is not None

    def to_utc(self, local: Times) -> Times:
        """Return the UTC times of wall-clock times, both ``datetime64[us]``; NaT stays NaT, without a zone all is NaT.

        So is what lies outside the years 1 to 9999 in UTC.
        A time that the clock skipped in spring moves forward by the length of the gap: 02:30 becomes 03:30 summer time.
        Times that it showed twice in autumn are told apart by the order of the array: the first pass is summer time,
        and from the largest step backwards (of at least a minute) among the times of that hour on it is standard
        time. Without such a step all of them are the first pass.
        """
        local = np.asarray(local, dtype="datetime64[us]")
        if self.zone is None:
            return np.full(local.shape, "NaT", dtype="datetime64[us]")
        if isinstance(self.zone, timezone):
            return _held(local - np.timedelta64(_offset_us(self.zone, _EPOCH), "us"))
        if not len(local):
            return local.copy()
        values = local.view(np.int64)
        utc = _convert(values, self.zone)
        missing = values == _NAT
        if missing.any():
            utc[missing] = _NAT
        return _held(utc.view("datetime64[us]"))


def _held(utc: Times) -> Times:
    values = utc.view(np.int64)  # in which NaT is less than any time
    if len(utc) and (values.min() < _FIRST_TIME or values.max() > _LAST_TIME):
        values[(values < _FIRST_TIME) | (values > _LAST_TIME)] = _NAT
    return utc


def _named(name: str) -> ZoneInfo | None:
    """Return the zone called *name*; ``localtime`` is refused, because it is a link to the zone of this machine."""
    try:
        return None if name.lower().endswith("localtime") else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _fixed(offset_s: int | None) -> timezone | None:
    if offset_s is None or abs(offset_s) >= _DAY_US // 1_000_000:
        return None
    return timezone(timedelta(seconds=offset_s))


def _note(manifest: Manifest, fixed: timezone | None) -> str:
    unknown = f"unknown time zone {manifest.timezone!r} in the bundle" if manifest.timezone else ""
    if fixed is None:
        return f"{unknown or 'no time zone known'}: log times cannot be compared with event times"
    why = unknown or "no time zone name in the bundle"
    return f"{why}: the fixed offset {fixed} is used, daylight-saving changes are not followed"


def _offset_us(zone: ZoneInfo | timezone, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)


def _convert(local: Ints, zone: ZoneInfo) -> Ints:
    """Return *local* microseconds as UTC: one offset per stretch between two changes, then the hours shown twice."""
    first, changes = _changes(local, zone)
    if not changes:
        return local - first
    offsets = np.array([first, *(after for _, _, after in changes)], dtype=np.int64)
    # up to the later of both wall clocks the offset before a change holds: in a gap and in a first pass alike
    bounds = np.array([at + max(before, after) for at, before, after in changes], dtype=np.int64)
    twice_from = np.array([at + after for at, _, after in changes] + [_NEVER], dtype=np.int64)
    utc = np.empty_like(local)
    rows, stretches = [], []
    for part in _slices(local):
        first_time, last_time = local[part].min(), local[part].max()
        low, high = np.searchsorted(bounds, [first_time, last_time], side="right")
        if low == high and last_time < twice_from[low]:  # nearly all of a year
            np.subtract(local[part], offsets[low], out=utc[part])
            continue
        stretch = np.searchsorted(bounds, local[part], side="right")
        utc[part] = local[part] - offsets[stretch]
        twice = np.flatnonzero(local[part] >= twice_from[stretch])
        rows.append(twice + part.start)
        stretches.append(stretch[twice])
    for ambiguous in _grouped(np.concatenate([*rows, _NONE]), np.concatenate([*stretches, _NONE])):
        second = _second_pass(local, ambiguous)
        stretch = np.searchsorted(bounds, local[second], side="right")
        utc[second] += offsets[stretch] - offsets[stretch + 1]
    return utc


def _grouped(rows: Ints, by: Ints) -> list[Ints]:
    """Return *rows* in groups of one value in *by*, each in order."""
    order = np.argsort(by, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(by[order])) + 1) if len(rows) else []


def _slices(local: Ints) -> Iterator[slice]:
    """Yield slices of *local* that fit into the processor's cache with what is computed from them."""
    return (slice(at, at + _SLICE) for at in range(0, len(local), _SLICE))


def _second_pass(local: Ints, rows: Ints) -> Ints:
    """Return those of *rows* after the largest step backwards: with this choice UTC runs backwards least."""
    steps = np.diff(local[rows])
    if not len(steps) or steps.min() > -_NOISE_US:
        return rows[:0]
    return rows[int(steps.argmin()) + 1 :]


def _changes(local: Ints, zone: ZoneInfo) -> tuple[int, list[tuple[int, int, int]]]:
    """Return the first offset and each later change ``(UTC time, offset before, offset after)`` near *local*, in µs."""
    offsets = {day: _offset_us(zone, _EPOCH + timedelta(days=day)) for day in _days(local)}
    days = list(offsets)
    changes = []
    for start, end in pairwise(days):
        if offsets[start] != offsets[end]:
            at = _moment(zone, start * _DAY_US, end * _DAY_US, offsets[end])
            changes.append((at, offsets[start], offsets[end]))
    return offsets[days[0]], changes


def _moment(zone: ZoneInfo, start: int, end: int, after: int) -> int:
    """Return the microsecond, in ``(start, end]``, from which the offset is *after*."""
    while end - start > 1:
        middle = (start + end) // 2
        if _offset_us(zone, _EPOCH + timedelta(microseconds=middle)) == after:
            end = middle
        else:
            start = middle
    return end


def _days(local: Ints) -> list[int]:
    """Return days since 1970 before, in and after each week in *local*: a few strays span no millennia.

    No zone has changed its offset forth and back within so few days.
    """
    seen: set[int] = set()
    for part in _slices(local):
        first, last = (int(edge) // _WEEK_US for edge in (local[part].min(), local[part].max()))
        if first == last:
            seen.add(first)
            continue
        weeks = local[part] // _WEEK_US
        seen.update(weeks[np.flatnonzero(np.diff(weeks, append=_NAT))].tolist())
    seen.discard(_NAT // _WEEK_US)
    around = np.unique(np.array(sorted(seen), dtype=np.int64)[:, None] * 7 + [-2, 2, 9])
    return [int(day) for day in np.clip(around, _FIRST_DAY, _LAST_DAY)] or [0]
