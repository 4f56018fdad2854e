"""Times in texts, moved by one span: what was a minute apart stays a minute apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_WEEKDAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_ISO = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?P<dash>[-/])(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:(?P<gap>[ T_])(?P<hour>\d\d)(?P<colon>[:-])(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d))?)?(?!\d)"
)
_COMPACT = re.compile(r"(?<![\dA-Za-z])(?P<date>20\d{6})(?P<gap>[-T_]?)(?P<time>\d{6})?(?!\d)")
_NAMED = re.compile(
    rf"(?:(?P<weekday>{_WEEKDAYS})(?P<comma>,? ))?"
    rf"(?:(?P<first>\d\d?)(?P<space>[ -])(?P<month>{_MONTHS})(?P=space)|(?P<name>{_MONTHS}) (?P<day>\d\d?),? )"
    r"(?P<year>20\d\d)"
    r"(?:(?P<gap>,? )(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d))?(?!\d)"
)
_LOCAL = re.compile(
    r"(?<![\d.])\u200e?(?P<one>\d\d?)(?P<dot>[./])\u200e?(?P<two>\d\d?)(?P=dot)\u200e?(?P<year>20\d\d)(?![\d.])"
)
_CLOCK = re.compile(r"\u200e?(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)\u200e?")
_EPOCH = re.compile(r"(?<![\d.A-Za-z])1[2-9]\d{8}(?:\d{3})?(?![\d.A-Za-z])")
_EPOCHS = (  # the first and the last value that is a time, between 2008 and 2033, and how many make a second
    (1_200_000_000_000, 2_000_000_000_000, 1_000),
    (1_200_000_000_000_000, 2_000_000_000_000_000, 1_000_000),
    (128_500_000_000_000_000, 136_500_000_000_000_000, 10_000_000),
)
_MS_DIGITS = 13
_BEFORE, _AFTER = timedelta(days=400), timedelta(days=2)


def mover(by: timedelta, collected_at: datetime) -> tuple[Callable[[str], str], Callable[[int], int]]:
    """Return what moves the times of a text, and of a whole number, *by* whole seconds.

    Known are ISO times and dates and their relatives with slashes, compact ones (``20260731-080001``), those with an
    English month, ``31.7.2026`` and ``7/31/2026``, a clock that stands alone, milliseconds and microseconds since 1970
    and Windows' FILETIME between 2008 and 2033. Seconds since 1970 are known in the time before *collected_at* alone:
    elsewhere they may as well be sizes. Fractions of a second stay, so do offsets.
    """
    span, latest = int(by.total_seconds()), collected_at.timestamp()

    def number(value: int) -> int:
        if latest - _BEFORE.total_seconds() <= value <= latest + _AFTER.total_seconds():
            return value + span
        return value + span * next((unit for first, last, unit in _EPOCHS if first <= value < last), 0)

    def text(value: str) -> str:
        if clock := _CLOCK.fullmatch(value):
            return _moved_clock(clock, by)
        value = _ISO.sub(lambda match: _moved(match, by), value)
        value = _COMPACT.sub(lambda match: _moved_compact(match, by), value)
        value = _NAMED.sub(lambda match: _moved_named(match, by), value)
        value = _LOCAL.sub(lambda match: _moved_local(match, by), value)
        return _EPOCH.sub(lambda match: str(number(int(match[0]))), value)

    return text, number


def days(text: str) -> set[str]:
    """Return the dates in *text*, ``2026-07-31``: those of each form that `mover` knows for certain."""
    times = [_at(m["year"], m["month"], m["day"]) for m in _ISO.finditer(text)]
    times += [_at(m["date"][:4], m["date"][4:6], m["date"][6:]) for m in _COMPACT.finditer(text)]
    times += [*map(_named, _NAMED.finditer(text)), *map(_local, _LOCAL.finditer(text))]
    times += [datetime.fromtimestamp(int(m[0]) / 1000, UTC) for m in _EPOCH.finditer(text) if len(m[0]) == _MS_DIGITS]
    return {f"{time:%Y-%m-%d}" for time in times if time}


def _moved(match: re.Match[str], by: timedelta) -> str:
    told = match.groupdict()
    clock = (int(told[part] or 0) for part in ("hour", "minute", "second")) if told["hour"] else (12, 0, 0)
    time = _at(told["year"], told["month"], told["day"], *clock)
    if time is None:
        return match[0]
    time += by
    date = time.strftime(f"%Y{told['dash']}%m{told['dash']}%d")
    if not told["hour"]:
        return date
    parts = ["%H", "%M", *(["%S"] if told["second"] else [])]
    return date + told["gap"] + time.strftime(told["colon"].join(parts))


def _moved_compact(match: re.Match[str], by: timedelta) -> str:
    date, clock = match["date"], match["time"] or "120000"
    time = _at(date[:4], date[4:6], date[6:], clock[:2], clock[2:4], clock[4:])
    if time is None:
        return match[0]
    time += by
    return time.strftime("%Y%m%d") + match["gap"] + (time.strftime("%H%M%S") if match["time"] else "")


def _moved_named(match: re.Match[str], by: timedelta) -> str:
    time = _named(match)
    if time is None:
        return match[0]
    time += by
    month, day = _MONTHS.split("|")[time.month - 1], f"{time.day:0{len(match['first'] or match['day'])}}"
    date = f"{day}{match['space']}{month}{match['space']}" if match["first"] else f"{month} {day} "
    weekday = _WEEKDAYS.split("|")[time.weekday()] + match["comma"] if match["weekday"] else ""
    return f"{weekday}{date}{time.year}" + (f"{match['gap']}{time:%H:%M:%S}" if match["hour"] else "")


def _named(match: re.Match[str]) -> datetime | None:
    month = _MONTHS.split("|").index(match["month"] or match["name"]) + 1
    clock = (match["hour"], match["minute"], match["second"]) if match["hour"] else ("12",)
    return _at(match["year"], month, match["first"] or match["day"], *clock)


def _moved_local(match: re.Match[str], by: timedelta) -> str:
    time = _local(match)
    if time is None:
        return match[0]
    time += by
    pair = (time.month, time.day) if _is_month_first(match) else (time.day, time.month)
    return match["dot"].join(map(str, (*pair, time.year)))


def _local(match: re.Match[str]) -> datetime | None:
    pair = (match["one"], match["two"]) if _is_month_first(match) else (match["two"], match["one"])
    return _at(match["year"], *pair, "12")


def _is_month_first(match: re.Match[str]) -> bool:
    return match["dot"] == "/" and int(match["one"]) <= 12


def _moved_clock(match: re.Match[str], by: timedelta) -> str:
    time = _at("2025", "7", "9", match["hour"], match["minute"], match["second"])
    return match[0] if time is None else f"{time + by:%H:%M:%S}"


def _at(year: str, month: str | int, day: str, *clock: str | int) -> datetime | None:
    """Return the time on a clock on a wall; None where none has it."""
    try:
        hour, minute, second = [*map(int, clock), 0, 0, 0][:3]
        return datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
