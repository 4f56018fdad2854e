"""The bundle: opened from whatever a person has in hand, read without trust, verified, and written.

An input is our own bundle (a BagIt bag in a zip), such a bag unpacked, any folder, any zip, or a single file. Reading
writes nothing to disk, follows no link, and holds zips to `Limits` on the bytes that really come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.bundle_bag import Bag
from claude_evidence.bundle_entry import Entry, FileEntry
from claude_evidence.bundle_limits import Budget, Limits, MemberError, ProblemLog
from claude_evidence.bundle_manifest import manifest_from_json, manifest_to_json
from claude_evidence.bundle_names import MemberNames, member_name
from claude_evidence.bundle_origin import merged_manifest, origin
from claude_evidence.bundle_paths import Distinct, safe_name
from claude_evidence.bundle_reading import HELD_BYTES, Reading
from claude_evidence.bundle_sources import Loader, Part
from claude_evidence.bundle_verify import verify_parts
from claude_evidence.bundle_write import write_bundle
from claude_evidence.model import ONCE, Manifest, Member, Problem, UsageError

__all__ = [
    "HELD_BYTES",
    "Bundle",
    "Limits",
    "MemberError",
    "MemberNames",
    "manifest_from_json",
    "manifest_to_json",
    "member_name",
    "open_bundle",
    "write_bundle",
]

_DEFAULT_LIMITS = Limits()


def open_bundle(paths: Sequence[Path], limits: Limits = _DEFAULT_LIMITS, *, zone: str | None = None) -> Bundle:
    """Return the evidence at *paths*, all of one machine.

    *zone* (IANA name) is where the clock stood that stamped the files of a foreign zip; most zips hold local times
    only, and without it those files have no time. UsageError where a path does not exist or cannot be read at all, and
    where bundles are of two machines, or of two time zones and no *zone* is named.
    """
    if not paths:
        raise UsageError("no input was given")
    loader = Loader(Budget(limits), ProblemLog(), _zone(zone))
    try:
        parts, inputs = _load(loader, paths)
        return Bundle(loader, parts, inputs)
    except BaseException:
        loader.close()
        raise


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is no known time zone: an IANA name such as Europe/Berlin is wanted") from error


def _load(loader: Loader, paths: Sequence[Path]) -> tuple[list[Part], dict[str, Path]]:
    """Return the parts of all inputs and the inputs by the names they are shown with."""
    given: dict[Path, Path] = {}
    for path in paths:
        if given.setdefault(_existing(path), path) is not path:
            loader.log.add(path.name, f"is given twice: {ONCE}")
    names = Distinct()
    inputs = {names.claim(safe_name(full.name)): full for full in given}
    parts: list[Part] = []
    for name, full in inputs.items():
        parts += loader.load(full, f"{name}/" if len(inputs) > 1 else "")
    return parts, inputs


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        reason = "no such file or folder"
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
    raise UsageError(f"{path}: {reason}")


class Bundle:
    """Opened evidence: members, the manifest if there is one, and what went wrong so far. A context manager."""

    def __init__(self, loader: Loader, parts: Sequence[Part], inputs: Mapping[str, Path]) -> None:
        self._log, self._parts, self._paths = loader.log, parts, inputs
        self._reading = Reading(loader)
        self._origins: dict[str, tuple[Entry, Bag | None, str]] = {}
        self.members: tuple[Member, ...] = tuple(sorted(self._listed(), key=lambda member: member.name))
        self.manifest: Manifest = merged_manifest(parts, loader.log, zoned=loader.zone is not None)
        self._note_missing()
        if not self.members:
            self._log.add(", ".join(inputs), "holds no files")

    def _listed(self) -> Iterator[Member]:
        names = Distinct()
        for part in self._parts:
            for path, entry in part.items:
                name = names.claim(part.prefix + path, self._note_collision)
                self._origins[name] = (entry, part.bag, path)
                host, modified_at = origin(part, path, entry)
                yield Member(name, host, entry.size_bytes, modified_at)

    def _note_missing(self) -> None:
        for part in self._parts:
            promised = part.bag.payload.keys() - part.bag.files.keys() if part.bag else ()
            for path in sorted(promised):
                self._log.add(part.prefix + path, "is missing: the bag promises it")

    def _note_collision(self, name: str) -> None:
        self._log.add(name, "another member has this name already (upper and lower case count as one): renamed")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far; grows while members are read."""
        return self._log.all()

    @property
    def promised(self) -> bool:
        """Whether any input promises hashes: where none does, `verify` has nothing to check."""
        return any(part.bag for part in self._parts)

    @cached_property
    def inputs(self) -> tuple[Member, ...]:
        """The files that were given, hashed when first asked for; a folder has no hash."""
        return tuple(self._input(name, path) for name, path in self._paths.items())

    def _input(self, name: str, path: Path) -> Member:
        entries = [entry for entry, _, _ in self._origins.values() if isinstance(entry, FileEntry)]
        loose = next((entry for entry in entries if entry.path == path and entry.sha256), None)
        if loose:
            return Member(name, name, loose.read_bytes, sha256=loose.sha256)
        if path.is_dir():
            return Member(name, name, sum(entry.size_bytes for entry in entries if path in entry.path.parents))
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return Member(name, name, file.tell(), sha256=sha256)

    def open(self, member: Member) -> BinaryIO:
        """Return the bytes of *member* from the start; MemberError where they cannot be had.

        Seekable for files on disk and for members up to `HELD_BYTES`; larger members of a zip are sequential. Damage
        ends the stream early and becomes a problem.
        """
        return self._reading.open(self._origins[member.name][0], member.name)

    def found_as(self, member: Member) -> str:
        """Return the path that *member* was found under, as it is written there: below the input, or in its zip."""
        return self._origins[member.name][0].text

    def beside(self, path: str) -> bytes:
        """Return the file at *path* (``data/redaction.json``) that describes a bundle, empty where no input has it."""
        for part in self._parts:
            for entry in part.bag.files.get(path, ())[:1] if part.bag else ():
                with self._reading.open(entry, path) as stream:
                    return stream.read(HELD_BYTES)
        return b""

    def hashed(self, member: Member) -> Member:
        """Return *member* with its hash, its true size, and whether the hash is the promised one (None: no promise).

        Its bytes are read once. MemberError where they cannot be had.
        """
        entry, bag, path = self._origins[member.name]
        sha256 = self._reading.hash(entry, member.name)
        promises = bag.promised(path) if bag else set()
        verified = promises == {sha256} if promises else None
        if verified is False:
            self._log.add(member.name, "its bytes are not those that the bundle promises")
        return replace(member, sha256=sha256, size_bytes=entry.read_bytes, verified=verified)

    def verify(self) -> tuple[Problem, ...]:
        """Return how the inputs differ from what they promise: missing, extra, altered, unreadable.

        Without promises (`promised` is False) there is nothing to compare.
        """
        return verify_parts(self._parts, self._reading)

    def close(self) -> None:
        """Close the files behind the bundle."""
        self._reading.close()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
