"""When a quoted event says it was: ISO 8601, or the date of a language where no other reading is possible."""

from __future__ import annotations

import re
from datetime import datetime

_CLOCK = (
    r"[,T]?\s+(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?(?:[.,]\d{1,9})?"
    r"(?:\s*(?P<half>[AP])\.?M\.?)?"
)
_DATES = tuple(
    re.compile(rf"\s*{date}{_CLOCK}\s*\Z", re.IGNORECASE)
    for date in (
        r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})",  # German, Russian, Polish, Turkish, Finnish …
        r"(?P<year>\d{4})[/.]\s?(?P<month>\d{1,2})[/.]\s?(?P<day>\d{1,2})\.?",  # Japanese, Chinese, Korean, Hungarian
        r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4})",  # day or month first
    )
)


def moment(text: str | None) -> datetime | None:
    """Return the time that *text* states with its date, None where it has none or the date can be read in two ways.

    >>> str(moment("17.05.2026 07:27:44")), str(moment("5/17/2026 7:27:44 PM")), moment("5/7/2026 7:27:44 AM")
    ('2026-05-17 07:27:44', '2026-05-17 19:27:44', None)
    """
    text = (text or "").strip()
    if len(text) < 14:
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace(",", ".")))
    except ValueError:
        pass
    match = next((match for date in _DATES if (match := date.match(text[:80]))), None)
    try:
        return _told(match.groupdict()) if match else None
    except ValueError:
        return None


def _told(parts: dict[str, str | None]) -> datetime | None:
    numbers = {name: int(value) for name, value in parts.items() if value and value.isdigit()}
    day, month = numbers.get("day"), numbers.get("month")
    if day is None or month is None:
        low, high = sorted((numbers["first"], numbers["other"]))
        if high <= 12 and low != high:
            return None
        month, day = low, high
    hour = numbers["hour"]
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.upper() == "P" else 0)
    return datetime(numbers["year"], month, day, hour, numbers["minute"], numbers.get("second", 0))  # noqa: DTZ001
