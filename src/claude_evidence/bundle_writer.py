"""A BagIt bag (RFC 8493) in a zip, written member by member; one that fails, or grows too large, is taken back."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from claude_evidence.bundle_bag import COLLECTION, DECLARATION, META_SUFFIX, PAYLOAD_MANIFEST, TAG_MANIFEST
from claude_evidence.bundle_manifest import manifest_to_json
from claude_evidence.bundle_paths import collision_key, safe_name
from claude_evidence.model import Acquisition, Manifest

_DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_UNIX, _REGULAR_FILE_644 = 3, 0o100644 << 16
_FORBIDDEN = frozenset('<>:"|?*%')
# zipfile decides by the size it is told whether a header has room for more than 4 GiB.
_LARGE_BYTES = 1 << 30
# An entry of the zip's directory without its name; the lists' own headers and entries, the three small files.
_ENTRY_BYTES, _TAGS_BYTES = 46, 2048


class TooLargeError(Exception):
    """A member did not fit: ``taken_bytes`` of it had been packed into ``packed_bytes`` when that was seen."""

    def __init__(self, taken_bytes: int, packed_bytes: int) -> None:
        super().__init__(f"{taken_bytes:,} bytes became {packed_bytes:,} and did not fit")
        self.taken_bytes, self.packed_bytes = taken_bytes, packed_bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored of one member: hash and size of its bytes, and how many bytes it takes in the zip."""

    sha256: str
    size_bytes: int
    packed_bytes: int


class BundleWriter:
    """Writes a bundle to *file* (readable, seekable, empty), all its files below the folder *base*.

    ``compressor`` makes what packs one member, an object with ``compress`` and ``flush`` that gives raw deflate; zlib
    at its usual level where it is None. With *compress* False members are stored as they are.
    """

    def __init__(
        self,
        file: BinaryIO,
        base: str,
        timestamp: datetime,
        *,
        compress: bool = True,
        compressor: Callable[[], Any] | None = None,
    ) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w")
        self._base = base
        self._time = timestamp.astimezone(UTC)
        self._method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        self._compressor = compressor
        self._keys: set[str] = set()
        self._stored: dict[str, Stored] = {}
        self._add(DECLARATION, [_DECLARED])

    def add(self, name: str, pieces: Iterable[bytes], *, size_bytes: int = 0, limit_bytes: int | None = None) -> Stored:
        """Store *pieces* as the member *name*; *size_bytes* is what they are expected to come to.

        ValueError for a name that is unsafe, given twice or outside ``data/``; `TooLargeError` as soon as the member
        takes more than *limit_bytes* in the zip. After these, and whatever *pieces* raises, the member is not there.
        """
        return self._add(_checked(name), pieces, size_bytes, limit_bytes)

    def finish(self, manifest: Manifest) -> Manifest:
        """Write *manifest*, the lists of the bag and the directory of the zip; return the manifest as it is stored."""
        stored = replace(manifest, acquisitions=tuple(self._told(entry) for entry in manifest.acquisitions))
        self._add(COLLECTION, [manifest_to_json(stored)])
        payload = {name: entry.sha256 for name, entry in self._stored.items() if name.startswith("data/")}
        self._add("bag-info.txt", [self._info(stored)])
        self._add(PAYLOAD_MANIFEST, [_lines(payload)])
        self._add(TAG_MANIFEST, [_lines({n: s.sha256 for n, s in self._stored.items() if n not in payload})])
        self._zip.close()
        return stored

    def finished_bytes(self, manifest: Manifest) -> int:
        """Return how large the bundle would be if it were finished now with *manifest*."""
        told = replace(manifest, acquisitions=tuple(self._told(entry) for entry in manifest.acquisitions))
        lists = (manifest_to_json(told), _lines({name: entry.sha256 for name, entry in self._stored.items()}))
        directory = sum(_ENTRY_BYTES + len(entry.filename.encode()) for entry in self._zip.filelist)
        return self._zip.start_dir + sum(self._packed_bytes(text) for text in lists) + directory + _TAGS_BYTES

    def _packed_bytes(self, data: bytes) -> int:
        if self._method == zipfile.ZIP_STORED:
            return len(data)
        packer = self._compressor() if self._compressor else zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return len(packer.compress(data)) + len(packer.flush())

    def abandon(self) -> None:
        """Leave the zip without its directory; nothing more is written to the file."""
        self._zip.fp = None

    def _add(self, name: str, pieces: Iterable[bytes], size_bytes: int = 0, limit_bytes: int | None = None) -> Stored:
        key = collision_key(name)
        if key in self._keys:
            raise ValueError(f"{name!r} is given twice, upper and lower case counted as one")
        start = self._zip.start_dir
        try:
            self._stored[name] = self._pack(self._entry(name, size_bytes), pieces, limit_bytes)
        except BaseException:
            self._take_back(start)
            raise
        self._keys.add(key)
        return self._stored[name]

    def _entry(self, name: str, size_bytes: int) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(f"{self._base}/{name}", max(self._time.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
        entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _REGULAR_FILE_644, self._method
        entry.file_size = size_bytes
        return entry

    def _pack(self, entry: zipfile.ZipInfo, pieces: Iterable[bytes], limit_bytes: int | None) -> Stored:
        digest = hashlib.sha256()
        size, start = 0, self._zip.start_dir
        with self._zip.open(entry, "w", force_zip64=entry.file_size > _LARGE_BYTES) as target:
            if self._compressor and self._method == zipfile.ZIP_DEFLATED:
                target._compressor = self._compressor()  # type: ignore[attr-defined]  # zipfile offers no other way
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                target.write(piece)
                if limit_bytes is not None and (packed := self._file.tell() - start) > limit_bytes:
                    raise TooLargeError(size, packed)
        packed = self._zip.start_dir - start
        if limit_bytes is not None and packed > limit_bytes:
            raise TooLargeError(size, packed)
        return Stored(digest.hexdigest(), size, packed)

    def _take_back(self, start: int) -> None:
        """Make the file what it was before the member that began at *start*."""
        for entry in [e for e in self._zip.filelist if e.header_offset >= start]:
            self._zip.filelist.remove(entry)
            self._zip.NameToInfo.pop(entry.filename, None)
        self._zip.start_dir = start
        self._file.seek(start)
        self._file.truncate()

    def _told(self, entry: Acquisition) -> Acquisition:
        """Return *entry* with the hash and size of its member; in metadata they are those of the file described."""
        if entry.member is None or entry.member.endswith(META_SUFFIX):
            return entry
        stored = self._stored.get(entry.member)
        if stored is None:
            raise ValueError(f"{entry.member!r} is acquired and not among the files")
        if entry.sha256 not in (None, stored.sha256) or entry.size_bytes not in (None, stored.size_bytes):
            raise ValueError(f"{entry.member!r} has not the hash or size that its acquisition names")
        return replace(entry, sha256=stored.sha256, size_bytes=stored.size_bytes)

    def _info(self, manifest: Manifest) -> bytes:
        payload = [stored.size_bytes for name, stored in self._stored.items() if name.startswith("data/")]
        agent = " ".join(manifest.tool.split()) or "claude-evidence"
        return (f"Bag-Software-Agent: {agent}\nBagging-Date: {self._time:%Y-%m-%d}\n"
                f"Payload-Oxum: {sum(payload)}.{len(payload)}\n").encode()  # fmt: skip


def _checked(name: str) -> str:
    if safe_name(name) != name or not name.startswith("data/") or _FORBIDDEN & set(name):
        raise ValueError(f"{name!r} is no safe name for a member")
    return name


def _lines(hashes: dict[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
