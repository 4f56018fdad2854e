"""Log files of a scenario: written lines, storms and everyday chatter, in order of time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from claude_evidence.samples.scenario import Scenario, identifier, moment

STAMP = "%Y-%m-%d %H:%M:%S"
CHATTER = (
    "[info] Config file written",
    "[info] [growthbook] loaded 157 features (0 changed)",
    "[info] [SkillsPlugin] Refreshed 3 skills",
    "[info] [EventLogging] Flushing 12 events",
    "[info] [updater] Checking for updates",
    "[debug] Blocked permission check {\n  permission: 'geolocation'\n}",
)
Line = tuple[datetime, str]
_SEVERAL = re.compile(r"(?P<head>.*-)(?P<first>\d+)\.\.(?P<last>\d+)(?P<tail>.*)")


def log_file(scenario: Scenario, spec: Mapping[str, Any]) -> bytes:
    """Return the bytes of one log: ``lines``, ``storms`` and ``chatter`` by time, with the line ends that ``newline``
    names."""
    lines = [*_written(spec.get("lines", ""))]
    for storm in spec.get("storms", []):
        lines += _storm(scenario, storm)
    for chatter in spec.get("chatter", []):
        lines += _chatter(chatter)
    lines.sort(key=lambda line: line[0])
    text = "".join(f"{time:{STAMP}} {line}\n" for time, line in lines)
    if spec.get("cut"):
        text = text[: -int(spec["cut"])]
    return text.replace("\n", "\n" if spec.get("newline") == "lf" else "\r\n").encode()


def _written(text: str) -> Iterator[Line]:
    """Yield the records of *text*; a line that begins with no time continues the record before it."""
    records: list[list[str]] = []
    for line in text.splitlines():
        if line[:4].isdigit() and line[4:5] == "-":
            records.append([line])
        elif records:
            records[-1].append(line)
    for lines in records:
        joined = "\n".join(lines)
        yield moment(joined[:19]), joined[20:]


def _storm(scenario: Scenario, storm: Mapping[str, Any]) -> Iterator[Line]:
    """Yield ``count`` copies of ``line`` between ``from`` and ``to``; ``{session}`` goes round ``sessions`` names."""
    first, last, count = moment(storm["from"]), moment(storm["to"]), int(storm["count"])
    words = [word for entry in storm.get("sessions", ["one"]) for word in expand(entry)]
    step = (last - first) / max(count - 1, 1)
    for number in range(count):
        session = f"local_{identifier(scenario.name, words[number % len(words)])}"
        yield (
            first + timedelta(seconds=int(step.total_seconds() * number)),
            storm["line"].replace("{session}", session).rstrip("\n"),
        )


def _chatter(chatter: Mapping[str, Any]) -> Iterator[Line]:
    time, last = moment(chatter["from"]), moment(chatter["to"])
    number = 0
    while time <= last:
        yield time, CHATTER[number % len(CHATTER)]
        time, number = time + timedelta(minutes=int(chatter["every_min"])), number + 1


def expand(word: str) -> list[str]:
    """Return the words that ``build-1..3`` or ``build-1..3-cli`` stands for; any other word stands for itself.

    >>> expand("build-1..2"), expand("build-1..2-cli"), expand("a..b")
    (['build-1', 'build-2'], ['build-1-cli', 'build-2-cli'], ['a..b'])
    """
    match = _SEVERAL.fullmatch(word)
    if match is None:
        return [word]
    return [f"{match['head']}{n}{match['tail']}" for n in range(int(match["first"]), int(match["last"]) + 1)]
