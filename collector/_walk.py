"""Paths with wildcards followed on a host: part by part, without regard to case where the host has none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from claude_evidence.bundle_paths import collision_key
from claude_evidence.collector._found import RECALL_ON_OPEN, Found, describe, link_target, linked, names, shown
from claude_evidence.collector._types import Host
from claude_evidence.collector.reading import outcome_of
from claude_evidence.model import Outcome

DEPTH = 3
"""How many folders ``**`` goes down, as in ForensicArtifacts; ``**8`` says eight."""
LOOP = "a loop of links: it leads back to a folder above"
IN_CLOUD = "a folder whose listing is in the cloud and is not fetched"
_ANY_DEPTH = re.compile(r"\*\*(\d{0,2})")
_MOST_NAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """A place that could not be looked at, and why."""

    path: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way: ``above`` are the identities of it and all above it, ``note`` says which links led here."""

    found: Found
    above: tuple[object, ...] = ()
    note: str = ""


class Walk:
    """Follows patterns on one host; what was met once on the way is remembered."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._folds = host.system != "linux"
        self._met: dict[str, Found | OSError] = {}
        self._listings: dict[Path, dict[str, list[str]] | OSError] = {}

    def key(self, path: str) -> str:
        """Return what two spellings of one path share on the host."""
        return collision_key(path) if self._folds else path

    def matches(self, pattern: str) -> Iterator[Found | Trouble]:
        """Yield each file and folder that *pattern* names, and each place on the way that could not be looked at."""
        top, parts = split(pattern)
        met = self._meet(top, self._host.local(top))
        if isinstance(met, Found):
            yield from self._below(_Folder(met, (_identity(met),)), parts)
        else:
            yield from _trouble(top, met)

    def folder(self, path: str) -> Found | Trouble | None:
        """Return the folder at host *path*, None where there is none."""
        hit = next(self.matches(path), None)
        return hit if hit is None or isinstance(hit, Trouble) or hit.is_folder else None

    def entries(self, folder: Found) -> Iterator[Found | Trouble]:
        """Yield what lies in *folder*, by name; a link is described with what it leads to."""
        if names(RECALL_ON_OPEN)[0] in folder.attributes:
            yield Trouble(folder.path, Outcome.SKIPPED, IN_CLOUD)
            return
        listed = self._names(folder.local)
        if isinstance(listed, OSError):
            yield from _trouble(folder.path, listed)
            return
        for name in sorted(name for spelt in listed.values() for name in spelt):
            yield from self._entry(folder, name)

    def _entry(self, folder: Found, name: str) -> Iterator[Found | Trouble]:
        path = join(folder.path, name)
        met = self._meet(path, folder.local / name)
        if isinstance(met, Found):
            yield met
        else:
            yield from _trouble(path, met)

    def _below(self, folder: _Folder, parts: list[str]) -> Iterator[Found | Trouble]:
        if not parts:
            yield replace(folder.found, note=folder.note)
            return
        part, rest = parts[0], parts[1:]
        if (deep := _ANY_DEPTH.fullmatch(part)) is not None:
            yield from self._deep(folder, rest or ["*"], int(deep[1] or DEPTH))
            return
        for child in self._children(folder.found, part):
            if isinstance(child, Trouble):
                yield child
            elif not rest:
                yield replace(child, note=_joined(folder.note, _said_of_link(child), child.note))
            elif child.is_folder:
                below = _entered(folder, child)
                yield from [below] if isinstance(below, Trouble) else self._below(below, rest)

    def _deep(self, folder: _Folder, rest: list[str], depth: int) -> Iterator[Found | Trouble]:
        yield from self._below(folder, rest)
        if depth <= 0:
            return
        for child in self.entries(folder.found):
            if isinstance(child, Found) and child.is_folder:
                below = _entered(folder, child)
                yield from [below] if isinstance(below, Trouble) else self._deep(below, rest, depth - 1)

    def _children(self, folder: Found, part: str) -> Iterator[Found | Trouble]:
        if "*" in part or "?" in part:
            pattern = _pattern(part, self._folds)
            for child in self.entries(folder):
                if isinstance(child, Trouble) or pattern.fullmatch(child.path.rpartition("/")[2]):
                    yield child
            return
        for name in self._spelt(folder, part):
            yield from self._entry(folder, name)

    def _spelt(self, folder: Found, name: str) -> list[str]:
        """Return *name* as the entries in *folder* are spelt, itself where there is none or nobody may list it.

        A disk of Windows that lies on a file system of another kind can hold two that differ in case only.
        """
        if not self._folds or names(RECALL_ON_OPEN)[0] in folder.attributes:
            return [name]
        listed = self._names(folder.local)
        return [name] if isinstance(listed, OSError) else sorted(listed.get(collision_key(name), [name]))

    def _names(self, folder: Path) -> dict[str, list[str]] | OSError:
        """Return the names in *folder* by what two spellings of one share."""
        if (known := self._listings.get(folder)) is None:
            try:
                known = _listed(folder, self._folds)
            except OSError as error:
                known = error
            self._listings[folder] = known
        return known

    def _meet(self, path: str, entry: Path) -> Found | OSError:
        """Return what lies at *path*, whose own directory entry lies at *entry* here."""
        if (met := self._met.get(path)) is None:
            met = self._met[path] = self._look(path, entry)
        return met

    def _look(self, path: str, entry: Path) -> Found | OSError:
        try:
            target = link_target(entry)
            if target is None:
                return describe(path, entry)
            return linked(path, entry, self._host.local(path), _plain_target(target))
        except OSError as error:
            return error
        except ValueError as error:  # a name that no system takes: a null byte in a pattern
            return FileNotFoundError(str(error))


def split(path: str) -> tuple[str, list[str]]:
    """Return the root of a host path and its parts.

    >>> split("C:/Users/alice"), split("/home"), split("//server/share/x")
    (('C:/', ['Users', 'alice']), ('/', ['home']), ('//server/share/', ['x']))
    """
    if path.startswith("//"):
        server, share, *rest = [*path[2:].split("/"), ""][: max(2, path.count("/"))] or ["", ""]
        return f"//{server}/{share}/", [part for part in rest if part]
    top = root(path)
    return top, [part for part in path[len(top) :].split("/") if part]


def root(path: str) -> str:
    """Return the root of a host path: ``C:/`` or ``/``."""
    return f"{path[:2]}/" if path[1:2] == ":" else "/"


def join(folder: str, name: str) -> str:
    """Return the host path of *name* in *folder*."""
    return f"{folder}{name}" if folder.endswith("/") else f"{folder}/{name}"


def _identity(found: Found) -> object:
    return found.identity or found.path.casefold()


def _entered(folder: _Folder, child: Found) -> _Folder | Trouble:
    identity = _identity(child)
    if child.reparse_target and identity in folder.above:
        return Trouble(child.path, Outcome.SKIPPED, LOOP)
    return _Folder(child, (*folder.above, identity), _joined(folder.note, _said_of_link(child)))


def _trouble(path: str, error: OSError) -> Iterator[Trouble]:
    """Yield what *error* is; that something is not there is no trouble."""
    outcome, detail = outcome_of(error)
    if outcome is not Outcome.MISSING:
        yield Trouble(path, outcome, detail)


def _said_of_link(child: Found) -> str:
    return f"{shown(child.path)} is a link to {child.reparse_target}" if child.reparse_target else ""


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _plain_target(target: str) -> str:
    return re.sub(r"\A\\(?:\\|\?)\?\\(?=[A-Za-z]:)", "", target) or "a place that cannot be read"


def _listed(folder: Path, folds: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(_MOST_NAMES), strict=False):
            found.setdefault(collision_key(entry.name) if folds else entry.name, []).append(entry.name)
    return found


@cache
def _pattern(part: str, folds: bool) -> re.Pattern[str]:
    """Return ``*`` and ``?`` as a regular expression; every other sign stands for itself."""
    text = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in re.sub(r"\*+", "*", part))
    return re.compile(text, re.DOTALL | (re.IGNORECASE if folds else 0))
