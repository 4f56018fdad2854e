"""Which records a Sigma log source names, and under which stored names they hold the taxonomy's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from claude_evidence.analyzers import _taxonomy_data as data

PRODUCT = "claude_desktop"
"""The product of our own log sources: its category is a table's name."""

EVENTS = "events"
"""The table of Windows event records."""


class LogSource(Protocol):
    """What is read of a Sigma log source (pySigma's ``SigmaLogSource`` has this shape)."""

    @property
    def product(self) -> str | None:
        """Return the product, such as ``windows``."""

    @property
    def category(self) -> str | None:
        """Return the category, such as ``process_creation``."""

    @property
    def service(self) -> str | None:
        """Return the service, such as ``security``."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One kind of record that answers a log source.

    A record belongs to it when its Channel is one of ``channels`` (compared without case; empty: any channel), its
    EventID one of ``event_ids`` (empty: any), and each field of ``only`` holds one of the given values. ``fields``
    maps a field name of the rule to the stored name, names not in it are stored under their own; ``values`` maps, by
    the rule's field name, stored values to the values that rules are written for.
    """

    channels: tuple[str, ...] = ()
    event_ids: tuple[int, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def table(logsource: LogSource) -> str:
    """Return the table that *logsource* is about: ``events``, or the category of our own product."""
    return (logsource.category or "") if logsource.product == PRODUCT else EVENTS


def unsupported(logsource: LogSource) -> str:
    """Return why no table can answer *logsource*, naming the part that is unknown; empty when one can."""
    product, category, service = logsource.product, _key(logsource.category), _key(logsource.service)
    if product == PRODUCT:
        return "" if category else f"the log source has product {PRODUCT} but no category, which names the table"
    if product and _key(product) != "windows":
        return f"its log source is product {product}, and only windows and {PRODUCT} are read"
    if service and service not in data.SERVICES:
        return f"its log source has the service {logsource.service}, whose event channel is not known"
    if category and not _of_category(category):
        return f"its log source has the category {logsource.category}, whose events are not known"
    if category and service and not rewrites(logsource):
        return f"no event of the category {logsource.category} is written by the service {logsource.service}"
    return ""


def rewrites(logsource: LogSource) -> tuple[Rewrite, ...]:
    """Return the kinds of event record that answer *logsource*; none for our own tables and for unknown sources."""
    if logsource.product == PRODUCT or (logsource.product and _key(logsource.product) != "windows"):
        return ()
    category, service = _key(logsource.category), _key(logsource.service)
    if service and service not in data.SERVICES:
        return ()
    if not category:
        return (Rewrite(channels=data.SERVICES.get(service, ())),)
    return tuple(part for part in _of_category(category) if not service or part.channels == data.SERVICES[service])


def channels(logsource: LogSource) -> tuple[str, ...]:
    """Return the event channels that can answer *logsource*; empty means every channel (or none of them is known)."""
    return tuple(dict.fromkeys(channel for part in rewrites(logsource) for channel in part.channels))


def stored_names(logsource: LogSource, name: str) -> frozenset[str]:
    """Return every stored field that can hold the rule's field *name* under *logsource*.

    >>> from types import SimpleNamespace
    >>> source = SimpleNamespace(product="windows", category="process_creation", service=None)
    >>> sorted(stored_names(source, "Image"))
    ['Image', 'NewProcessName']
    """
    return frozenset({name, *(part.fields.get(name, name) for part in rewrites(logsource))})


def filter_fields(logsource: LogSource) -> frozenset[str]:
    """Return the stored fields that tell the records of *logsource* from others (`Rewrite.only`)."""
    return frozenset(name for part in rewrites(logsource) for name in part.only)


def _key(text: str | None) -> str:
    return (text or "").strip().lower()


def _of_category(category: str) -> tuple[Rewrite, ...]:
    return tuple(_category_parts(category))


def _category_parts(category: str) -> Iterator[Rewrite]:
    if category in data.SYSMON_EVENTS:
        types = data.SYSMON_EVENT_TYPES.get(category)
        only = {"EventType": types} if types else {}
        yield Rewrite((data.SYSMON,), data.SYSMON_EVENTS[category], only=only)
    if category in data.SECURITY_EVENTS:
        event_ids, fields, values = data.SECURITY_EVENTS[category]
        yield Rewrite((data.SECURITY,), event_ids, fields, values)
    if category in data.POWERSHELL_EVENTS:
        names, event_ids = data.POWERSHELL_EVENTS[category]
        yield Rewrite(names, event_ids)
