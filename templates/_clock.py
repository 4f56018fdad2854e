"""Times as text: UTC always, and local time where the evidence names its zone — never the zone of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from claude_evidence.messages import gettext
from claude_evidence.model import Manifest

# Names in the zone database that mean "whatever this machine uses".
_MACHINE_ZONES = frozenset({"localtime", "posixrules"})


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes times; ``zone`` is None where nobody said in which zone the machine was."""

    zone: ZoneInfo | None = None

    @classmethod
    def of(cls, manifest: Manifest, name: str | None = None) -> Clock:
        """Return the clock of *name* (IANA), else of the manifest's zone; an unknown name counts as no zone."""
        name = name or manifest.timezone
        if not name or name.rpartition("/")[2].lower() in _MACHINE_ZONES:
            return cls()
        try:
            return cls(ZoneInfo(name))
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a hostile name gives any
            return cls()

    @property
    def name(self) -> str:
        """The zone's IANA name, empty where there is none."""
        return self.zone.key if self.zone else ""

    def utc(self, time: datetime) -> str:
        """Return ``2026-05-17 05:27:44``, in UTC."""
        return _plain(as_utc(time))

    def local(self, time: datetime) -> str:
        """Return ``2026-05-17 07:27:44 +02:00``, empty where the zone is unknown."""
        if self.zone is None:
            return ""
        try:
            local = as_utc(time).astimezone(self.zone)
        except OverflowError:  # the first and the last day that a datetime can hold
            return ""
        return f"{_plain(local)} {local.isoformat()[-6:]}"

    def both(self, time: datetime) -> str:
        """Return UTC and, where the zone is known, local time: for prose."""
        return self.span(time, time)

    def span(
        self,
        first: datetime | None,
        last: datetime | None,
        first_local: datetime | None = None,
        last_local: datetime | None = None,
    ) -> str:
        """Return a time, or ``first to last``, for prose; wall-clock times say that their zone is unknown."""
        times = [time for time in (first, last) if time is not None]
        if not times:
            walls = [_plain(time) for time in (first_local, last_local) if time is not None]
            if not walls:
                return gettext("time unknown")
            return gettext("%(time)s local time (zone unknown)", time=_range(walls))
        utc = [self.utc(time) for time in times]
        local = [text[:19] for text in map(self.local, times) if text]
        if not local:
            return gettext("%(time)s UTC", time=_range(utc))
        days = {text[:10] for text in (*utc, *local)}
        there = _range(local, days.pop() if len(days) == 1 else "")
        return gettext("%(time)s UTC (%(local)s in %(zone)s)", time=_range(utc), local=there, zone=self.name)


def as_utc(time: datetime) -> datetime:
    """Return *time* in UTC; a time without a zone is taken as UTC."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def iso(time: datetime) -> str:
    """Return ISO 8601: with ``Z`` for an aware time, without a zone for a wall-clock time."""
    return as_utc(time).replace(tzinfo=None).isoformat() + "Z" if time.tzinfo else time.isoformat()


def _plain(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _range(texts: list[str], date: str = "") -> str:
    """Return ``first to last`` without saying a date twice in a row; *date* has been said before."""
    parts = []
    for text in dict.fromkeys(texts):
        parts.append(text.removeprefix(f"{date} "))
        date = text[:10]
    return gettext("%(first)s to %(last)s", first=parts[0], last=parts[1]) if len(parts) > 1 else parts[0]
