"""From the paths a person gave to the parts they hold: bags, plain folders, zips and the zips in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from claude_evidence.bundle_bag import (
    COLLECTION,
    DECLARATION,
    INFO,
    PAYLOAD_MANIFEST,
    TAG_MANIFEST,
    Bag,
    by_base,
    promises,
)
from claude_evidence.bundle_bytes import Bytes, FileBytes, Handles, LoadedBytes, Slot
from claude_evidence.bundle_entry import Entry, FileEntry, ZipEntry
from claude_evidence.bundle_folder import file_entry, walk
from claude_evidence.bundle_limits import MIB, Budget, MemberError, ProblemLog
from claude_evidence.bundle_manifest import FORMAT_FAMILY, manifest_from_json
from claude_evidence.bundle_paths import is_tame, safe_name
from claude_evidence.bundle_salvage import salvage
from claude_evidence.bundle_stream import packed_bytes
from claude_evidence.bundle_zip import find_directory, read_directory
from claude_evidence.model import Manifest, UsageError

LIST_BYTES = 256 * MIB
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_STORED = 0


@dataclass(slots=True)
class Part:
    """Evidence of one origin: ``items`` are its files by path, to be shown below ``prefix``; ``bag`` if it is one."""

    prefix: str
    items: list[tuple[str, Entry]]
    bag: Bag | None = None


@dataclass(slots=True)
class Loader:
    """What reading needs on the way: the account, the problems, and the files held open."""

    budget: Budget
    log: ProblemLog
    zone: tzinfo | None = None
    handles: Handles = field(default_factory=Handles)
    slot: Slot = field(default_factory=Slot)

    def close(self) -> None:
        """Let go of the open files."""
        self.handles.close()

    def load(self, path: Path, prefix: str) -> list[Part]:
        """Return the parts of the input at *path*; UsageError where it is nothing that can be read."""
        if path.is_dir():
            entries = walk(path, self.budget.room(), lambda where, message: self.log.add(prefix + where, message))
            self.budget.listed += len(entries)
            return self._parts(prefix, entries, zips=0)
        try:
            if not path.is_file():
                raise UsageError(f"{path}: is no regular file")
            entry = file_entry(path, path.name)
            start = b"" if entry.size_bytes == 0 else FileBytes(self.handles, path).read_at(0, 4)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from error
        if entry.size_bytes == 0:
            raise UsageError(f"{path}: is empty")
        self.budget.given += entry.size_bytes
        named = path.suffix.lower() == ".zip"
        if named or start in _ZIP_STARTS:
            entries_in_zip = self._zip_entries(FileBytes(self.handles, path), path.name, prefix)
            if entries_in_zip is not None:
                return self._parts(prefix, entries_in_zip, zips=1)
            if named:
                raise UsageError(f"{path}: is no zip file, or nothing in it can be read")
        self.budget.listed += 1
        return [Part("", [(entry.name, entry)])]

    def _zip_entries(self, data: Bytes, where: str, prefix: str) -> list[ZipEntry] | None:
        """Return the files in the zip *data*, or None where it is none."""
        said: list[str] = []
        directory = find_directory(data, said.append)
        entries = read_directory(data, directory, self.zone, self.budget.room(), said.append) if directory else []
        if directory is None or len(entries) < min(directory.count, self.budget.room()) or not entries:
            saved = salvage(data, self.zone, self.budget.room())
            if directory is None and not saved:
                return None
            if len(saved) > len(entries):
                entries = saved
                said.append(f"its directory is missing or damaged: {len(saved):,} entries were found without it")
        for message in said:
            self.log.add(where, message)
        self.budget.listed += len(entries)
        return [entry for entry in entries if self._is_file(entry, prefix)]

    def _is_file(self, entry: ZipEntry, prefix: str) -> bool:
        if entry.is_link:
            self.log.add(prefix + entry.name, "is a link: not followed")
        elif entry.name != entry.text and not is_tame(entry.text):
            self.log.add(prefix + entry.name, f"its name in the zip is unsafe: {entry.text[:200]!a}")
        return not (entry.is_link or entry.is_folder)

    def _parts(self, prefix: str, entries: Sequence[Entry], zips: int) -> list[Part]:
        """Return *entries* sorted into bags and the rest, with the zips among them opened (*zips* enclose them)."""
        found = [bag for base, files in by_base(entries).items() if (bag := self._bag(base, files))]
        parts = []
        for bag in found:
            items = [(path, entry) for path, files in bag.files.items() for entry in files]
            shown = [(path, entry) for path, entry in items if not bag.is_bookkeeping(path)]
            parts.append(Part(prefix if len(found) == 1 else prefix + bag.base, shown, bag))
        inside = {id(entry) for bag in found for files in bag.files.values() for entry in files}
        rest = [entry for entry in entries if id(entry) not in inside]
        for bag in found[:1]:
            bag.flaws += [(entry.name, "lies outside the bag: nothing promises its bytes") for entry in rest]
        for bag in found:
            for path, message in bag.flaws:
                self.log.add(prefix + path, message)
        parts.append(Part(prefix, [(entry.name, entry) for entry in rest]))
        return [opened for part in parts for opened in self._with_zips_opened(part, zips)]

    def _with_zips_opened(self, part: Part, zips: int) -> list[Part]:
        inner: list[Part] = []
        items = []
        for path, entry in part.items:
            opened = self._opened(part.prefix + path, entry, zips) if path.lower().endswith(".zip") else None
            if opened is None:
                items.append((path, entry))
            else:
                inner += opened
        part.items = items
        return [part, *inner]

    def _opened(self, name: str, entry: Entry, zips: int) -> list[Part] | None:
        """Return the parts of a zip met on the way, or None where it stays a plain member."""
        if zips > 1:
            self.log.add(name, "is a zip in a zip in a zip: listed, not opened")
            return None
        try:
            data = self._bytes_of(entry, name)
            entries = self._zip_entries(data, name, f"{name}/")
        except (MemberError, OSError) as error:
            self.log.add(name, f"is a zip that cannot be opened: {error}")
            return None
        if entries is None:
            self.log.add(name, "is named like a zip and is none, or nothing in it can be read")
            return None
        return self._parts(f"{name}/", entries, zips + 1)

    def _bytes_of(self, entry: Entry, name: str) -> Bytes:
        if isinstance(entry, FileEntry):
            self.budget.given += entry.size_bytes
            return FileBytes(self.handles, entry.path)
        if isinstance(entry, ZipEntry) and entry.method == _STORED:
            return packed_bytes(entry, lambda message: self.log.add(name, message))
        return LoadedBytes(self.slot, lambda: self.read(entry, name, self.budget.limits.nested_bytes))

    def read(self, entry: Entry, where: str, most: int) -> bytes:
        """Return all bytes of *entry*, at most *most*; MemberError where it holds more or cannot be read."""
        with entry.stream(self.budget, lambda message: self.log.add(where, message)) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise MemberError(f"is larger than {most:,} bytes, the limit for what is held in memory")
        return data

    def _bag(self, base: str, files: dict[str, list[Entry]]) -> Bag | None:
        """Return the bag that *files* are, or None where they are none."""
        bag = Bag(base, files)
        bag.manifest = self._manifest(bag)
        if bag.manifest is None and DECLARATION not in files:
            return None
        for acquisition in bag.manifest.acquisitions if bag.manifest else ():
            if acquisition.member:
                bag.sources.setdefault(safe_name(acquisition.member), acquisition)
        bag.payload = self._promises(bag, PAYLOAD_MANIFEST)
        bag.tags = self._promises(bag, TAG_MANIFEST)
        bag.info = self._text(bag, INFO).decode("utf-8", "replace")
        return bag

    def _manifest(self, bag: Bag) -> Manifest | None:
        """Return the manifest of our bundle, an empty one where it is spoiled, None where the bag is not ours."""
        if COLLECTION not in bag.files:
            return None
        said: list[str] = []
        manifest = manifest_from_json(self._text(bag, COLLECTION), said.append)
        declared = DECLARATION in bag.files
        if not (declared if manifest is None or not manifest.format else manifest.format.startswith(FORMAT_FAMILY)):
            return None
        bag.flaws += [(COLLECTION, message) for message in said]
        return manifest or Manifest()

    def _promises(self, bag: Bag, name: str) -> dict[str, str]:
        found, wrong = promises(self._text(bag, name).decode("utf-8", "replace"))
        bag.flaws += [(name, message) for message in wrong]
        return found

    def _text(self, bag: Bag, path: str) -> bytes:
        """Return the first file at *path* of *bag*; empty where there is none or, with a flaw, where unreadable."""
        try:
            return self.read(bag.files[path][0], bag.base + path, LIST_BYTES) if path in bag.files else b""
        except (MemberError, OSError) as error:
            bag.flaws.append((path, f"cannot be read: {error}"))
            return b""
