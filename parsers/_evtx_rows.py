"""Event records on their way into a table: what repeats is held once, so a record costs two dictionary look-ups.

A log of 60,000 records may hold 700 different ``System`` sections and 400 payloads once time and number are cut out;
only those are decoded, whatever engine read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

_TIME = b'"TimeCreated":{"#attributes":{"SystemTime":"'
_NUMBER = b'"}},"EventRecordID":'
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
ABSENT = -1
"""EventID of a record that stores none."""


class _Names(Struct):
    Name: str | None = None


class _Provider(Struct):
    attributes: _Names | None = msgspec.field(name="#attributes", default=None)


class _Text(Struct):
    text: Number | None = msgspec.field(name="#text", default=None)


class _Process(Struct):
    ProcessID: Number | None = None
    ThreadID: Number | None = None


class _Execution(Struct):
    attributes: _Process | None = msgspec.field(name="#attributes", default=None)


class _Activity(Struct):
    ActivityID: str | None = None


class _Correlation(Struct):
    attributes: _Activity | None = msgspec.field(name="#attributes", default=None)


class _User(Struct):
    UserID: str | None = None


class _Security(Struct):
    attributes: _User | None = msgspec.field(name="#attributes", default=None)


class _Instant(Struct):
    SystemTime: str | None = None


class _TimeCreated(Struct):
    attributes: _Instant | None = msgspec.field(name="#attributes", default=None)


class System(Struct):
    """The ``System`` section of an event in the JSON shape of the Rust crate; a number may be stored as text."""

    Provider: _Provider | None = None
    EventID: Number | _Text | None = None
    Version: Number | None = None
    Level: Number | None = None
    Task: Number | None = None
    Opcode: Number | None = None
    Keywords: str | None = None
    TimeCreated: _TimeCreated | None = None
    EventRecordID: Number | None = None
    Correlation: _Correlation | None = None
    Execution: _Execution | None = None
    Channel: str | None = None
    Computer: str | None = None
    Security: _Security | None = None

    def flat(self) -> tuple[str | int | None, ...]:
        """Return the values of `FLAT`, in its order."""
        provider, event, process = self.Provider, self.EventID, self.Execution
        source = provider.attributes if provider else None
        identifier = event.text if isinstance(event, _Text) else event
        execution = process.attributes if process else None
        user = self.Security.attributes if self.Security else None
        activity = self.Correlation.attributes if self.Correlation else None
        return (
            ABSENT if identifier is None else identifier, source.Name if source else None, self.Channel, self.Computer,
            self.Level, self.Version, self.Task, self.Opcode, self.Keywords,
            execution.ProcessID if execution else None, execution.ThreadID if execution else None,
            user.UserID if user else None, activity.ActivityID if activity else None,
        )  # fmt: skip


FLAT = (
    "EventID", "Provider_Name", "Channel", "Computer", "Level", "Version", "Task", "Opcode", "Keywords", "ProcessID",
    "ThreadID", "UserID", "ActivityID",
)  # fmt: skip
_decode = msgspec.json.Decoder(System, strict=False).decode


def system(stored: bytes) -> System | None:
    """Return *stored* decoded, or None where it has not the shape of a ``System`` section."""
    try:
        return _decode(stored)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


@dataclass(slots=True)
class Rows:
    """Records read so far, column by column; codes index the keys of ``systems`` and ``payloads``.

    ``carved`` holds the positions of rows that were found beside the record chain: they count only where no other
    row has their number. ``rendered`` holds rendered messages by position.
    """

    systems: dict[bytes, int] = field(default_factory=dict)
    payloads: dict[bytes, int] = field(default_factory=dict)
    system_codes: list[int] = field(default_factory=list)
    payload_codes: list[int] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rendered: dict[int, str] = field(default_factory=dict)
    carved: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, stored: bytes, payload: bytes, number: int) -> None:
        """Add one record: *stored* is its ``System`` section as JSON, *number* what its header says it is.

        ``EventRecordID`` is preferred to *number*, which differs in logs that were forwarded.
        """
        head, _, rest = stored.partition(_TIME)
        time, _, rest = rest.partition(_NUMBER)
        own, _, tail = rest.partition(b',"')
        if own.isdigit():
            key = head + b'"' + tail
            number = int(own) or number
        else:
            key, time, number = _unusual(stored, number)
        self.system_codes.append(self.systems.setdefault(key, len(self.systems)))
        self.payload_codes.append(self.payloads.setdefault(payload, len(self.payloads)))
        self.times.append(time)
        self.numbers.append(number)

    def truncate(self, length: int) -> None:
        """Forget all rows after the first *length*."""
        for column in (self.system_codes, self.payload_codes, self.times, self.numbers):
            del column[length:]
        self.rendered = {position: text for position, text in self.rendered.items() if position < length}
        self.carved = {position for position in self.carved if position < length}


def _unusual(stored: bytes, number: int) -> tuple[bytes, bytes, int]:
    """Return key, time and number of a section whose time or number is missing, or not where it usually is."""
    known = system(stored) or System()
    instant = known.TimeCreated.attributes if known.TimeCreated else None
    time = (instant.SystemTime or "") if instant else ""
    return stored, time.encode(), known.EventRecordID or number
