"""Which finding led to which: what the catalogue of rules knows, where the times allow it."""

from __future__ import annotations

from datetime import datetime, timedelta

from claude_evidence.model import Finding

LATEST = timedelta(days=1)
"""A cause may seem to come so much later than its effect: files carry the time of their last write."""
LONGEST = timedelta(days=60)
"""What ended so long before is no cause any more."""


def leads(cause: Finding, effect: Finding) -> bool:
    """Return whether the catalogue knows that *cause* leads to *effect*, and their times allow it."""
    known = cause.rule in effect.because_of or effect.rule in cause.leads_to
    return known and cause.rule != effect.rule and _possible(cause, effect)


def _possible(cause: Finding, effect: Finding) -> bool:
    begun, ended = _time(cause.first_seen, cause.first_local), _time(cause.last_seen, cause.last_local)
    first, last = _time(effect.first_seen, effect.first_local), _time(effect.last_seen, effect.last_local)
    if begun is None or ended is None or first is None or last is None:
        return True
    return begun <= last + LATEST and first - ended <= LONGEST


def _time(known: datetime | None, local: datetime | None) -> datetime | None:
    """Return a time without its zone, good enough for spans of days."""
    time = known or local
    return time.replace(tzinfo=None) if time else None
