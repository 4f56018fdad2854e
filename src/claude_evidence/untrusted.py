"""Values out of JSON that nobody vouches for: of one type and bounded, or None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_TOKEN = re.compile(r"[!-~]{1,128}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 10**12 ms is September 2001: a number below it is no time in milliseconds, but seconds, a counter or a mistake.
_FIRST_MS, _LAST_MS = 10**12, 4_102_444_800_000
FIRST_TIME, LAST_TIME = datetime(1980, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def text(value: Any, limit: int = 1024) -> str | None:
    """Return a string of at most *limit* characters that UTF-8 can hold (lone surrogates become U+FFFD)."""
    if not isinstance(value, str):
        return None
    shown: str = value[:limit]
    return shown if shown.isascii() else shown.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def token(value: Any) -> str | None:
    """Return a word of at most 128 visible ASCII characters: a model, a version, a mode; never a sentence."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def identifier(value: Any) -> str | None:
    """Return an id of at most 128 letters, digits, ``_`` and ``-``: safe as a file name's stem."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def integer(value: Any) -> int | None:
    """Return a whole number that a JavaScript number holds exactly (also written ``5.0``); no boolean."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not -(2.0**53) < value < 2.0**53 or value != int(value):
        return None
    return int(value)


def natural(value: Any) -> int | None:
    """Return an `integer` that is not negative: a count, a size, an offset."""
    number = integer(value)
    return number if number is not None and number >= 0 else None


def boolean(value: Any) -> bool | None:
    """Return true or false, and None for everything else."""
    return value if isinstance(value, bool) else None


def epoch_ms(value: Any) -> datetime | None:
    """Return the time of a number of milliseconds since 1970, from September 2001 to 2099."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _FIRST_MS <= value < _LAST_MS:
        return None
    return _EPOCH + timedelta(milliseconds=int(value))


def plausible(time: datetime | None) -> datetime | None:
    """Return *time* (aware) where it lies from 1980 to 2099: beyond, no evidence has one and arithmetic overflows."""
    return time if time is not None and FIRST_TIME <= time < LAST_TIME else None


def iso_time(value: Any) -> datetime | None:
    """Return the UTC time of an ISO 8601 text with a zone, from 1980 to 2099."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        time = datetime.fromisoformat(value)
        known = plausible(time) if time.tzinfo else None
        return known.astimezone(UTC) if known else None
    except (ValueError, OverflowError):
        return None
