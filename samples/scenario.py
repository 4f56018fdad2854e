"""A scenario: YAML that says what happened on one host, and which findings its bundle must and must not give."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

FOLDER = Path(__file__).resolve().parent
SCENARIOS = FOLDER / "scenarios"
NAMESPACE = uuid.UUID("1d4e6f8a-90b2-5c3d-8e7f-a1b2c3d4e5f6")
PLACEHOLDER = re.compile(r"\$\{([a-z0-9_-]+)\}")
KEYS = {
    "title",
    "reports",
    "about",
    "host",
    "timezone",
    "collected_at",
    "root",
    "account",
    "org",
    "events",
    "channels",
    "logs",
    "files",
    "sessions",
    "transcripts",
    "worktrees",
    "config",
    "packages",
    "state",
    "missing",
    "expect",
}


@dataclass(frozen=True)
class Scenario:
    """One loaded scenario; ``raw`` is its YAML with every ``${word}`` replaced by a fixed UUID made from the word."""

    name: str
    raw: Mapping[str, Any]
    expect: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The host's time zone, None where the scenario leaves it unknown."""
        return ZoneInfo(self.raw["timezone"]) if self.raw.get("timezone") else None

    @cached_property
    def collected_at(self) -> datetime:
        """When the bundle was made."""
        return utc(self.raw["collected_at"])

    def text(self, key: str, default: str = "") -> str:
        """Return the text under *key*."""
        return str(self.raw.get(key, default))

    def local(self, value: str | datetime) -> datetime:
        """Return *value* (UTC where it ends in Z, else the host's wall clock) as a naive wall-clock time."""
        time = moment(value)
        return time.astimezone(self.zone or UTC).replace(tzinfo=None) if time.tzinfo else time

    def utc(self, value: str | datetime) -> datetime:
        """Return *value* (UTC where it ends in Z, else the host's wall clock) as a UTC time."""
        time = moment(value)
        return (time if time.tzinfo else time.replace(tzinfo=self.zone or UTC)).astimezone(UTC)


def load(path: Path) -> Scenario:
    """Return the scenario in *path*; ValueError names a key that no builder knows."""
    raw = yaml.safe_load(filled(path.read_text(encoding="utf-8"), path.stem))
    if unknown := set(raw) - KEYS:
        raise ValueError(f"{path.name}: unknown keys {', '.join(sorted(unknown))}")
    return Scenario(path.stem, raw, raw.get("expect") or {})


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def identifier(scenario: str, word: str) -> str:
    """Return the UUID that stands for *word* in *scenario*: always the same."""
    return str(uuid.uuid5(NAMESPACE, f"{scenario}/{word}"))


def filled(text: str, scenario: str) -> str:
    """Return *text* with every ``${word}`` replaced by its UUID in *scenario*."""
    return PLACEHOLDER.sub(lambda match: identifier(scenario, match[1]), text)


def moment(value: str | datetime) -> datetime:
    """Return *value* as a time: aware where it names a zone, else naive."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def utc(value: str | datetime) -> datetime:
    """Return *value* in UTC; a time without a zone is taken as UTC."""
    time = moment(value)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
