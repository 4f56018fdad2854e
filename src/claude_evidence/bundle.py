"""The bundle: opened from whatever a person has in hand, read without trust, verified, and written.

An input is our own bundle (a BagIt bag in a zip), such a bag unpacked, any folder, any zip, or a single file. Reading
writes nothing to disk, follows no link, and holds zips to `Limits` on the bytes that really come out.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from claude_evidence.bundle_bag import differences, oxum_difference
from claude_evidence.bundle_entry import Entry, FileEntry
from claude_evidence.bundle_limits import MIB, Budget, Limits, MemberError, ProblemLog
from claude_evidence.bundle_manifest import manifest_from_json, manifest_to_json
from claude_evidence.bundle_origin import merged_manifest, origin
from claude_evidence.bundle_paths import Distinct
from claude_evidence.bundle_sources import Loader, Part
from claude_evidence.bundle_write import write_bundle
from claude_evidence.model import Manifest, Member, Problem, UsageError

__all__ = ["Bundle", "Limits", "MemberError", "manifest_from_json", "manifest_to_json", "open_bundle", "write_bundle"]

HELD_BYTES = 64 * MIB
_DEFAULT_LIMITS = Limits()


def open_bundle(paths: Sequence[Path], limits: Limits = _DEFAULT_LIMITS, *, zone: str | None = None) -> Bundle:
    """Return the evidence at *paths*, all of one machine.

    *zone* (IANA name) is where the clock stood that stamped the files of a foreign zip; most zips hold local times
    only, and without it those files have no time. UsageError where a path does not exist or cannot be read at all.
    """
    if not paths:
        raise UsageError("no input was given")
    loader = Loader(Budget(limits), ProblemLog(), _zone(zone))
    try:
        parts, inputs = _load(loader, paths)
        return Bundle(loader, parts, inputs)
    except BaseException:
        loader.handles.close()
        raise


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is no known time zone: an IANA name such as Europe/Berlin is wanted") from error


def _load(loader: Loader, paths: Sequence[Path]) -> tuple[list[Part], list[Path]]:
    given: dict[Path, Path] = {}
    for path in paths:
        if given.setdefault(path.resolve(), path) is not path:
            loader.log.add(path.name, "is given twice: read once")
    names = Distinct()
    parts: list[Part] = []
    for full, path in given.items():
        if not full.exists():
            raise UsageError(f"{path}: no such file or folder")
        parts += loader.load(path, f"{names.claim(full.name)}/" if len(given) > 1 else "")
    return parts, list(given)


class Bundle:
    """Opened evidence: members, the manifest if there is one, and what went wrong so far. A context manager."""

    def __init__(self, loader: Loader, parts: Sequence[Part], inputs: Sequence[Path]) -> None:
        self._loader, self._parts, self._paths = loader, parts, inputs
        self._held: tuple[Entry | None, bytes] = (None, b"")
        self._entries: dict[str, tuple[Entry, Part, str]] = {}
        members = []
        names = Distinct()
        for part in parts:
            for path, entry in part.items:
                name = names.claim(part.prefix + path, self._note_collision)
                self._entries[name] = (entry, part, path)
                host, modified_at = origin(part, path, entry)
                members.append(Member(name, host, entry.size_bytes, modified_at))
        self.members: tuple[Member, ...] = tuple(sorted(members, key=lambda member: member.name))
        self.manifest: Manifest = merged_manifest(parts, loader.log)
        if not members:
            loader.log.add(", ".join(path.name for path in inputs), "holds no files")

    def _note_collision(self, name: str) -> None:
        self._loader.log.add(name, "another member has this name already (upper and lower case count as one): renamed")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far; grows while members are read."""
        return self._loader.log.all()

    @property
    def promised(self) -> bool:
        """Whether any input promises hashes: without, `verify` has nothing to check and its silence means nothing."""
        return any(part.bag for part in self._parts)

    @cached_property
    def inputs(self) -> tuple[Member, ...]:
        """The files that were given, hashed when first asked for; a folder has no hash."""
        return tuple(self._input(path) for path in self._paths)

    def _input(self, path: Path) -> Member:
        if path.is_dir():
            entries = [entry for entry, _, _ in self._entries.values() if isinstance(entry, FileEntry)]
            size = sum(entry.size_bytes for entry in entries if path in entry.path.parents)
            return Member(path.name, path.name, size)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return Member(path.name, path.name, file.tell(), sha256=sha256)

    def open(self, member: Member) -> BinaryIO:
        """Return the bytes of *member* from the start; MemberError where they cannot be had.

        Seekable for files on disk and for members up to `HELD_BYTES`; larger members of a zip are sequential. Damage
        ends the stream early and becomes a problem.
        """
        entry = self._entries[member.name][0]
        if self._held[0] is entry:
            return io.BytesIO(self._held[1])
        if isinstance(entry, FileEntry) or max(entry.size_bytes, entry.read_bytes) > HELD_BYTES:
            return self._stream(entry, member.name)
        with self._stream(entry, member.name) as stream:
            data = stream.read(HELD_BYTES + 1)
        if len(data) > HELD_BYTES:
            return self._stream(entry, member.name)
        self._held = (entry, data)
        return io.BytesIO(data)

    def _stream(self, entry: Entry, where: str) -> BinaryIO:
        return entry.stream(self._loader.budget, lambda message: self._loader.log.add(where, message, message[:12]))

    def hashed(self, member: Member) -> Member:
        """Return *member* with its hash, its true size, and whether the hash is the promised one (None: no promise).

        Its bytes are read once. MemberError where they cannot be had.
        """
        entry, part, path = self._entries[member.name]
        self._hash(entry, member.name)
        promises = part.bag.promised(path) if part.bag else set()
        verified = promises == {entry.sha256} if promises else None
        if verified is False:
            self._loader.log.add(member.name, "its bytes are not those that the bundle promises")
        return replace(member, sha256=entry.sha256, size_bytes=entry.read_bytes, verified=verified)

    def _hash(self, entry: Entry, where: str) -> str:
        """Return the hash of *entry*, read at most once; a small one out of a zip is then held for `open`."""
        if entry.sha256:
            return entry.sha256
        digest = hashlib.sha256()
        size = 0
        held: list[bytes] | None = None if isinstance(entry, FileEntry) else []
        try:
            with self._stream(entry, where) as stream:
                while piece := stream.read(MIB):
                    digest.update(piece)
                    size += len(piece)
                    if held is not None:
                        held.append(piece)
                        held = held if size <= HELD_BYTES else None
        except OSError as error:
            raise MemberError(f"cannot be read: {error.strerror or type(error).__name__}") from error
        if held is not None:
            self._held = (entry, b"".join(held))
        entry.read_bytes, entry.sha256 = size, digest.hexdigest()
        return entry.sha256

    def verify(self) -> tuple[Problem, ...]:
        """Return how the inputs differ from what they promise: missing, extra, altered, unreadable.

        Without promises (`promised` is False) there is nothing to compare.
        """
        found = ProblemLog()
        for part in self._parts:
            if part.bag is None:
                continue
            for path, message in differences(part.bag):
                found.add(part.prefix + path, message)
            for path, entries in part.bag.files.items():
                for entry in entries:
                    self._verify_entry(part, path, entry, found)
            info = self._loader.text(part.bag.files, "bag-info.txt", part.prefix).decode("utf-8", "replace")
            if difference := oxum_difference(part.bag, info):
                found.add(f"{part.prefix}bag-info.txt", difference)
        return found.all()

    def _verify_entry(self, part: Part, path: str, entry: Entry, found: ProblemLog) -> None:
        assert part.bag
        try:
            sha256 = self._hash(entry, part.prefix + path)
        except MemberError as error:
            found.add(part.prefix + path, f"cannot be verified: {error}")
            return
        for promise in sorted(part.bag.promised(path) - {sha256}):
            found.add(part.prefix + path, f"is altered: its SHA-256 is {sha256}, promised is {promise}", "is altered")

    def close(self) -> None:
        """Close the files behind the bundle."""
        self._held = (None, b"")
        self._loader.handles.close()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
