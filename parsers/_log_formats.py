"""The line formats of the app's logs, one regular expression each: what a record's first line looks like.

``main.log`` and most others: ``2026-05-17 07:27:12 [info] [Tag] text`` in wall-clock time, on some ports after
``[MAIN_LOG] ``, with a logger's own settings ``[2026-05-17 07:27:12.345] [info] text``. ``mcp*.log``: ISO time in UTC,
then level and server, or server and level. Go programs (cowork-service, ClaudeSetup):
``2026/04/14 10:40:16.226822 [Tag] text``. Quotes in bug reports often drop the date: ``[error] text``; they are taken
for records only where no line of the file has a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

LEVELS = ("", "info", "warn", "error", "debug", "silly", "verbose")
_CODES = {word.encode(): code for code, word in enumerate(LEVELS)}
NAT = int(np.iinfo(np.int64).min)
_WORDS = "|".join(LEVELS[1:])
_LEVEL = rf"\[(?P<level>{_WORDS})\](?:[ ]|$)"
_TAG = r"(?:\[(?P<tag>[^\]]{1,80})\][ ]?)?"
_TIME = r"(?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Format:
    """One line format. ``utc`` says that its times are UTC already; ``fixed`` that the numpy scan knows its columns."""

    name: str
    start: re.Pattern[bytes]
    utc: bool = False
    fixed: bool = False

    @property
    def dated(self) -> bool:
        """Whether its lines carry a date."""
        return "day" in self.start.groupindex

    @property
    def leveled(self) -> bool:
        """Whether its lines carry a level."""
        return "level" in self.start.groupindex


def _date(separator: str) -> str:
    return rf"(?P<day>\d{{4}}{separator}\d\d{separator}\d\d)"


def _pattern(text: str) -> re.Pattern[bytes]:
    return re.compile(text.encode())


_ISO = rf"{_date('-')}T{_TIME}Z "
MAIN = Format("main", _pattern(rf"(?:\[MAIN_LOG\] )?(\[)?{_date('-')} {_TIME}(?(1)\]) {_LEVEL}{_TAG}"), fixed=True)
MCP = Format("mcp", _pattern(rf"{_ISO}\[(?P<level>{_WORDS})\] {_TAG}"), utc=True)
MCP_SERVER = Format("mcp_server", _pattern(rf"{_ISO}\[(?P<tag>[^\]]{{1,80}})\] {_LEVEL}"), utc=True)
GO = Format("go", _pattern(rf"{_date('/')} {_TIME} {_TAG}"))
QUOTED = Format("quoted", _pattern(rf"(?:\d\d:\d\d:\d\d )?\[(?P<level>{_WORDS})\][ ]*{_TAG}"))
DATED = (MAIN, MCP, MCP_SERVER, GO)
_USUAL = {"mcp": MCP, "mcp_server": MCP_SERVER, "cowork_service": GO, "setup": GO}

_NAMES = (
    ("mcp_server", r"mcp-server-"), ("mcp", r"mcp(?![a-z])"), ("cowork_vm", r"cowork_vm"),
    ("cowork_service", r"cowork-service"), ("claude_ai_web", r"claude\.ai-web"), ("unknown_window", r"unknown-window"),
    ("main_window", r"main-window"), ("window", r"window(?![a-z])"), ("ssh", r"ssh(?![a-z])"),
    ("setup", r"claudesetup"), ("main", r"main(?![a-z])"),
)  # fmt: skip
GO_MARKS = (b"=== Claude Setup", b" [HCS] ", b" [VM] ", b" [Server] ", b" [RPC] ")
_MARKS = (("cowork_vm", b"[VM:"), ("claude_ai_web", b"[REACT_QUERY_CLIENT]"))


def count(pattern: re.Pattern[bytes], head: bytes) -> int:
    """Return how many lines of *head* begin as *pattern* says; a run of NULs separates lines here."""
    return sum(1 for line in re.split(rb"[\n\0]+", head) if pattern.match(line.rstrip(b"\r")))


def choose(head: bytes, service: str | None) -> Format:
    """Return the format of a file that begins with *head*: its service's own if any line has it, else the commonest."""
    usual = _USUAL.get(service or "", MAIN)
    counts = {kind.name: count(kind.start, head) for kind in DATED}
    if counts[usual.name]:
        return usual
    best = max(DATED, key=lambda kind: counts[kind.name])
    if counts[best.name]:
        return best
    return QUOTED if count(QUOTED.start, head) else usual


def service_of(name: str, head: bytes) -> str:
    """Return the service by the file's *name*, or by what its *head* looks like where the name says nothing."""
    named = named_service(name)
    if named:
        return named
    kind = choose(head, None)
    if kind is GO:
        return "setup" if b"Claude Setup" in head else "cowork_service"
    if kind.utc:
        return kind.name
    return next((service for service, mark in _MARKS if mark in head), "main")


def named_service(name: str) -> str | None:
    """Return the service that a file's *name* tells, None where it tells none."""
    return next((service for service, pattern in _NAMES if re.match(pattern, name.lower())), None)


def level_of(match: re.Match[bytes], kind: Format) -> int:
    """Return the level in *match* as an index into `LEVELS`."""
    return _CODES[match["level"]] if kind.leveled else 0


def moment(match: re.Match[bytes], kind: Format) -> int:
    """Return the time in *match* as µs since 1970, `NAT` where it has none or an impossible one (month 13)."""
    if not kind.dated:
        return NAT
    whole = _second(match["day"], match["clock"])
    return whole if whole == NAT else whole + int((match["fraction"] or b"0").ljust(6, b"0")[:6])


@lru_cache(maxsize=1024)
def _second(day: bytes, clock: bytes) -> int:
    year, month, date = int(day[:4]), int(day[5:7]), int(day[8:])
    hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:])
    try:
        whole = datetime(year, month, date, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return NAT
    return (whole - _EPOCH) // timedelta(microseconds=1)
