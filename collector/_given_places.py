"""Whether a path that somebody gave is one of the places that `artifacts.yaml` names, or an end of one.

A person zips a disk, a profile, one folder or one file: so a path may begin anywhere. It is compared with each place
from its end. All of a place below the profile (``AppData/Local/Claude/Logs/main.log``) tells whose a file is, wherever
it was copied to. An end of a place (``logs/main.log``) does so where Claude is named in it, unless what stands before
it names another place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import product

from claude_evidence.collector._expansion import VARIABLE
from claude_evidence.collector._types import Artifact, Source
from claude_evidence.collector._walk import DEPTH

_TAILS = {
    "users.userprofile": "", "users.homedir": "", "users.appdata": "AppData/Roaming/",
    "users.localappdata": "AppData/Local/", "users.temp": "AppData/Local/Temp/", "environ_systemroot": "Windows/",
    "environ_windir": "Windows/", "environ_programdata": "ProgramData/", "environ_allusersappdata": "ProgramData/",
    "environ_programfiles": "Program Files/", "environ_systemdrive": "", "fixed_drives": "",
}  # fmt: skip
# Folders that every system has: what lies below one of them has a place of its own.
_ELSEWHERE = frozenset(
    ("users", "home", "documents and settings", "appdata", "application data", "roaming", "local", "locallow",
     "packages", "localcache", "programdata", "program files", "program files (x86)", "windows", "system32", "winevt",
     "library", "application support", ".config", ".cache", ".local", "desktop", "documents", "my documents",
     "downloads", "pictures", "music", "videos", "onedrive", "node_modules", "etc", "var", "usr", "opt"),
)  # fmt: skip
_DRIVE = re.compile(r"[A-Za-z]:/|/")
_ANY_DEPTH = re.compile(r"\*\*(\d{0,2})")
_OURS = re.compile(r"claude|local-agent-mode-sessions", re.IGNORECASE)
_ROOTS = frozenset(("Claude", "Claude-3p", ".claude"))
_OUR_NAMES = re.compile(
    r"(?:claude\.ai-web|claudesetup|cowork_vm|cowork-service)[^/]*\.log|claude_desktop_config\.json|"
    r"local_[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?:\.[^/]*)?|[^/]*\.desktop-released\.json",
    re.IGNORECASE,
)


class How(IntEnum):
    """How well a path fits: only its end, its end with Claude's name in it, or a place as a whole."""

    END = 0
    NAMED = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class Match:
    """That a path fits a place of *artifact*. ``folder`` is the folder of Claude's that it would lie in, None where the
    path does not reach up to it.
    """

    artifact: Artifact
    how: How
    folder: str | None


@dataclass(frozen=True)
class _Place:
    artifact: Artifact
    parts: tuple[str, ...]

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_part(part), re.IGNORECASE) for part in self.parts)

    @cached_property
    def below(self) -> int:
        """How many parts follow the innermost folder that is Claude's own."""
        return next((n for n, part in enumerate(reversed(self.parts)) if part in _ROOTS), len(self.parts))

    def match(self, parts: Sequence[str]) -> tuple[int, Match] | None:
        """Return how many of the last *parts* fit, and what that means; None where not even the name does."""
        count = 0
        for part, pattern in zip(reversed(parts), reversed(self.patterns), strict=False):
            if not pattern.fullmatch(part):
                break
            count += 1
        if not count or (count < len(self.parts) and not _is_worth(self.parts[-count:], parts[-1])):
            return None
        named = bool(_OUR_NAMES.fullmatch(parts[-1])) or any(_OURS.search(part) for part in self.parts[-count:-1])
        how = How.WHOLE if count == len(self.parts) else How.NAMED if named else How.END
        told = self.below <= count and (count > 1 or not self.parts[-1].startswith("*"))
        folder = "/".join(parts[: len(parts) - self.below]) if told else None
        return count, Match(self.artifact, how, folder)


def _is_worth(pattern: Sequence[str], name: str) -> bool:
    """Return whether an end of a place says anything: ``*.json`` alone does not."""
    return len(pattern) > 1 or pattern[0] != "*.json" or bool(_OUR_NAMES.fullmatch(name))


class Places:
    """The places of *artifacts* on every system."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        distinct = {
            (artifact.name, parts): _Place(artifact, parts)
            for artifact in artifacts
            for source in artifact.sources
            for parts in _places(source)
        }
        self._places = tuple(distinct.values())
        names = sorted({_part(place.parts[-1]) for place in self._places})
        self._last = re.compile("|".join(f"(?:{name})" for name in names), re.IGNORECASE)

    def knows(self, path: str) -> bool:
        """Return whether a file of Claude's may be named as *path* is."""
        return bool(self._last.fullmatch(path.rpartition("/")[2]))

    def of(self, path: str) -> list[Match]:
        """Return what *path* fits, best first; an end of a place is none where it lies in another place."""
        parts = [part for part in path.split("/") if part]
        if not parts or not self.knows(parts[-1]):
            return []
        if "claude" not in path.casefold() and is_elsewhere(path):
            return []  # no whole place is without the name; a disk has a hundred thousand such files
        found = [hit for place in self._places if (hit := place.match(parts))]
        found = [hit for hit in found if hit[1].how is How.WHOLE or not is_elsewhere(path, hit[0])]
        found.sort(key=lambda hit: (hit[1].how, hit[0]), reverse=True)
        return [match for _, match in found]


def is_elsewhere(path: str, known: int = 1) -> bool:
    """Return whether *path*, but for its last *known* parts, tells where on a machine it lies."""
    parts = [part for part in path.split("/") if part][:-known]
    return bool(_DRIVE.match(path)) or any(part.casefold() in _ELSEWHERE for part in parts)


def _places(source: Source) -> Iterator[tuple[str, ...]]:
    for name in source.names if source.type == "FILE" else ():
        path = VARIABLE.sub(lambda match: _TAILS[match[1].lower()], name)
        choices = [_depths(part) for part in path.split("/") if part]
        yield from (tuple(part for piece in chosen for part in piece) for chosen in product(*choices))


def _depths(part: str) -> list[list[str]]:
    match = _ANY_DEPTH.fullmatch(part)
    return [["*"] * n for n in range(int(match[1] or DEPTH) + 1)] if match else [[part]]


def _part(part: str) -> str:
    return re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
