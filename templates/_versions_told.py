"""One package's steps in order: which version was registered when, which waited, and when there was none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from claude_evidence.messages import gettext, ngettext
from claude_evidence.templates._axis import lasting

MOST_SPANS = 200
"""Spans of one version that are drawn: a repair that runs in a circle has no end."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; ``kind`` is ``registered``, ``waits`` or ``hole``."""

    first: datetime
    last: datetime
    kind: str


@dataclass(slots=True)
class Version:
    """A version with its steps (time, kind, status) and spans; the other fields say how it stands at this moment."""

    name: str
    package: str
    steps: list[tuple[datetime, str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    waits_since: datetime | None = None
    fails_since: datetime | None = None
    failures: int = 0
    again: list[datetime] = field(default_factory=list)
    there: bool = False

    def span(self, first: datetime, last: datetime, kind: str) -> None:
        """Add a span, as long as there is room."""
        if len(self.spans) < MOST_SPANS:
            self.spans.append(Span(first, last, kind))


@dataclass(slots=True)
class Family:
    """Versions of one package that take each other's place. Call `step` in order of time, `seen`, then `end`."""

    versions: dict[str, Version] = field(default_factory=dict)
    holes: list[Span] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    current: Version | None = None
    since: datetime | None = None
    gone: tuple[datetime, Version] | None = None

    def step(self, time: datetime, kind: str, status: str, package: str, name: str) -> None:
        """Take one step of the version *name*."""
        version = self._version(name, package)
        version.steps.append((time, kind, status))
        if kind == "registered":
            self._registered(version, time)
        elif kind == "removed" and version is self.current:
            self._close(time)
            self.gone = time, version
        elif kind == "staged" and version is not self.current:
            version.waits_since = version.waits_since or time
        elif kind == "failed":
            version.fails_since = version.fails_since or time
            version.failures += 1

    def seen(self, time: datetime, status: str, package: str, name: str) -> None:
        """Note that the version *name* was there when the evidence was collected."""
        version = self._version(name, package)
        version.there = True
        version.steps.append((time, "collected", status))

    def end(self, time: datetime) -> None:
        """Close what is open at *time*, the end of the evidence, and say what never came."""
        if self.current is not None:
            self._close(time)
        if self.gone is not None and not any(version.there for version in self.versions.values()):
            since, version = self.gone
            self.holes.append(Span(since, time, "hole"))
            self.words.append(
                gettext(
                    "%(version)s was removed, and no version was registered after it in this evidence.",
                    version=version.name,
                )
            )
        for version in self.versions.values():
            self._left_open(version, time)

    def _version(self, name: str, package: str) -> Version:
        return self.versions.setdefault(name, Version(name, package))

    def _registered(self, version: Version, time: datetime) -> None:
        self._arrived(version, time)
        if version is self.current:
            version.again.append(time)
            return
        if self.current is not None:
            self._close(time)
        elif self.gone is not None:
            since, old = self.gone
            self.holes.append(Span(since, time, "hole"))
            self.words.append(
                gettext(
                    "For %(time)s no version was registered, "
                    "between the removal of %(old)s and the registration of %(new)s.",
                    time=lasting(time - since),
                    old=old.name,
                    new=version.name,
                )
            )
        self.current, self.since, self.gone = version, time, None

    def _arrived(self, version: Version, time: datetime) -> None:
        if version.waits_since is not None:
            version.span(version.waits_since, time, "waits")
            span = lasting(time - version.waits_since)
            self.words.append(
                gettext("%(version)s waited %(time)s from staged to registered.", version=version.name, time=span)
            )
        elif version.fails_since is not None:
            span = lasting(time - version.fails_since)
            self.words.append(
                gettext("%(version)s was registered %(time)s after its first failure.", version=version.name, time=span)
            )
        version.waits_since = version.fails_since = None
        version.failures = 0

    def _close(self, time: datetime) -> None:
        assert self.current is not None and self.since is not None
        self.current.span(self.since, time, "registered")
        if again := self.current.again:
            self.words.append(
                ngettext(
                    "%(version)s was registered again after %(time)s.",
                    "%(version)s was registered %(num)s more times, the last after %(time)s.",
                    len(again),
                    version=self.current.name,
                    time=lasting(again[-1] - self.since),
                )
            )
            again.clear()
        self.current = self.since = None

    def _left_open(self, version: Version, time: datetime) -> None:
        if version.waits_since is not None:
            version.span(version.waits_since, time, "waits")
            told = gettext("%(version)s was staged and waited.", version=version.name)
        elif version.fails_since is not None:
            told = ngettext(
                "%(version)s failed (%(num)s failure recorded).",
                "%(version)s failed (%(num)s failures recorded).",
                version.failures,
                version=version.name,
            )
        else:
            return
        here = gettext("It was there when collected.")
        never = gettext("This evidence has no registration of it after that.")
        self.words.append(f"{told} {here if version.there else never}")
