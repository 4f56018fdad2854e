"""What a recovery reads from: this machine, a mounted disk, or files that somebody copied."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from claude_evidence.bundle import Bundle, Limits, open_bundle
from claude_evidence.bundle_entry import FileEntry
from claude_evidence.bundle_limits import Budget, MemberError, ProblemLog
from claude_evidence.bundle_sources import Loader, Part
from claude_evidence.model import Manifest
from claude_evidence.recovery_place import of_machine, on_machine
from claude_evidence.usage import UsageError

if TYPE_CHECKING:
    from claude_evidence.collector._types import Host
    from claude_evidence.collector.finding import Found

ARTIFACTS = frozenset(
    {
        "ClaudeSessionRegistry", "ClaudeTranscripts", "ClaudeTranscriptMarkers", "ClaudeWorktrees", "ClaudeCliSessions",
        "ClaudeConfig", "ClaudeLogs",
    }
)  # fmt: skip
"""What says which conversations there are, and what they are made of."""


@dataclass(slots=True)
class Source:
    """An opened source. ``host`` leads a member's name to the file's path on its own machine, nothing where unknown.

    ``kept`` are folders that nothing may be written to.
    """

    bundle: Bundle
    shown: str
    system: str = ""
    live: bool = False
    host: Callable[[str], str] = field(default=lambda place: "")
    kept: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, kw_only=True)
class _SharedEntry(FileEntry):
    """A file of a host, read so that nobody who uses it is disturbed."""

    opened: Callable[[], BinaryIO]

    def stream(self, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
        """Return the open file."""
        try:
            return self.opened()
        except OSError as error:
            raise MemberError(f"cannot be opened: {error.strerror or type(error).__name__}") from error


@contextmanager
def opened(given: Path | None, root: Path | None, raise_limits: int = 1) -> Iterator[Source]:
    """Give what lies at *given* (files), at *root* (a disk), or on this machine; UsageError where it cannot be read."""
    source = _files(given, raise_limits) if given else _machine(root)
    try:
        yield source
    finally:
        source.bundle.close()


def _files(given: Path, raise_limits: int) -> Source:
    bundle = open_bundle([given], Limits().raised(raise_limits))
    kept = (given,) if given.is_dir() else ()
    if bundle.promised:
        bundle.close()
        raise UsageError(
            f"{given} is a bundle: it holds counts and times of conversations, never the conversations themselves, so "
            "nothing can be rebuilt from it. Run claude-evidence recover -o kit on the machine itself, or on its disk "
            "with --root"
        )
    return Source(bundle, str(given), kept=kept)


def _machine(root: Path | None) -> Source:
    from claude_evidence.collector import definitions, finding, hosts
    from claude_evidence.collector._types import Options
    from claude_evidence.collector.survey import find_files, forbidden_folders

    if root is not None and not root.is_dir():
        raise UsageError(f"{root} is no folder: --root wants a mounted disk or an extracted image")
    host = hosts.image(root) if root else hosts.live()
    artifacts = [artifact for artifact in definitions.load() if artifact.name in ARTIFACTS]
    found = {
        thing.identity or thing.path: thing
        for artifact in artifacts
        if host.system in artifact.systems
        for thing in finding.find(artifact, host)
        if isinstance(thing, finding.Found) and not thing.is_folder
    }
    base = _real(root) if root else None
    placed = _Placed(host, base)
    loader = Loader(Budget(Limits()), ProblemLog())
    entries = [entry for thing in found.values() if (entry := placed.entry(thing))]
    bundle = Bundle(loader, [Part("", [(entry.name, entry) for entry in entries])], {})
    bundle.manifest = _manifest(host)
    kept = (root,) if root else forbidden_folders(host, find_files(artifacts, host, Options()))
    shown = str(root.absolute()) if root else "this machine"
    return Source(bundle, shown, host.system, host.live, placed.host_path, kept, notes=_nothing(host, entries))


def _nothing(host: Host, entries: list[_SharedEntry]) -> tuple[str, ...]:
    return () if entries else (f"No file of Claude was found on this {host.system} system.",)


def _manifest(host: Host) -> Manifest:
    zone, offset = host.zone()
    facts = {**host.facts(), "collected_from": "this machine" if host.live else "disk"}
    return Manifest(finished_at=datetime.now(UTC), host=facts, timezone=zone, utc_offset_s=offset)


@dataclass(slots=True)
class _Placed:
    """Places of a host's files: below *base* where it is a disk, else by drive, links followed."""

    host: Host
    base: Path | None

    def entry(self, thing: Found) -> _SharedEntry | None:
        """Return *thing* under its place, None where it lies outside of what is read."""
        place = self._place(thing.local)
        if not place:
            return None
        return _SharedEntry(
            text=place, size_bytes=thing.size_bytes, modified_at=thing.modified_at, path=thing.local, opened=thing.open
        )

    def _place(self, local: Path) -> str:
        real = _real(local)
        if self.base is not None:
            return real.relative_to(self.base).as_posix() if real.is_relative_to(self.base) else ""
        return on_machine(real.as_posix(), self.host.system)

    def host_path(self, place: str) -> str:
        """Return the path of *place* on its own machine."""
        if self.base is None or self.host.system != "windows":
            return of_machine(place, self.host.system)
        for drive in self.host.drives():
            folder = _real(self.host.local(drive))
            if folder == self.base:
                return drive + place
            if folder.is_relative_to(self.base) and place.startswith(f"{folder.relative_to(self.base).as_posix()}/"):
                return drive + place[len(folder.relative_to(self.base).as_posix()) + 1 :]
        return ""


def _real(path: Path) -> Path:
    """Return where *path* truly lies, without the prefix that Windows gives long paths."""
    text = os.path.realpath(path)
    return Path("\\\\" + text[8:] if text.startswith("\\\\?\\UNC\\") else text.removeprefix("\\\\?\\"))
