"""A bundle written: a BagIt bag (RFC 8493) in a zip, streamed, the same bytes for the same input."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from claude_evidence.bundle_bag import COLLECTION, DECLARATION, META_SUFFIX, PAYLOAD_MANIFEST, TAG_MANIFEST
from claude_evidence.bundle_limits import MIB
from claude_evidence.bundle_manifest import manifest_to_json
from claude_evidence.bundle_paths import collision_key, safe_name
from claude_evidence.model import Acquisition, Manifest, UsageError

_DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_UNIX, _REGULAR_FILE_644 = 3, 0o100644 << 16
_FORBIDDEN = frozenset('<>:"|?*%')


def write_bundle(
    path: Path,
    manifest: Manifest | Callable[[], Manifest],
    files: Iterable[tuple[str, bytes | Path]],
    *,
    timestamp: datetime,
    compress: bool = True,
) -> str:
    """Write *files* (names ``data/files/…``, ``data/state/…``) and *manifest* to *path*; return the zip's SHA-256.

    A manifest that is a function is asked for after the last file, so that *files* may be a generator that makes it. An
    acquisition with a member and no hash or size gets those of the stored bytes.

    The same input gives the same bytes: order (a sequence is sorted by name, a generator taken as it comes; then
    collection and lists), times (all *timestamp*, in UTC), system, attributes, flags and compression level are fixed.
    Only the compressed stream itself is zlib's affair: zlib-ng, which CPython for Windows carries from 3.14 on, packs
    otherwise than zlib. With *compress* False nothing is left to it.

    Written as ``<name>.partial`` and renamed when complete. UsageError where *path* cannot be written; ValueError for a
    name that is unsafe, given twice or outside ``data/``, and for an acquisition that its member belies.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        file = partial.open("wb+")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with file:
            _Writer(file, path.stem, timestamp, compress=compress).write(manifest, files)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return sha256


class _Writer:
    def __init__(self, file: BinaryIO, base: str, timestamp: datetime, *, compress: bool) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._base = base
        self._time = timestamp.astimezone(UTC)
        self._method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        self._keys: set[str] = set()
        self._hashes: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

    def write(self, manifest: Manifest | Callable[[], Manifest], files: Iterable[tuple[str, bytes | Path]]) -> None:
        with self._zip:
            self._add(DECLARATION, _DECLARED)
            for name, source in sorted(files, key=lambda file: file[0]) if isinstance(files, Sequence) else files:
                self._add(_checked(name), source)
            final = manifest() if callable(manifest) else manifest
            stored = replace(final, acquisitions=tuple(self._told(entry) for entry in final.acquisitions))
            self._add(COLLECTION, manifest_to_json(stored))
            payload = {name: sha256 for name, sha256 in self._hashes.items() if name.startswith("data/")}
            self._add("bag-info.txt", self._info(stored))
            self._add(PAYLOAD_MANIFEST, _lines(payload))
            self._add(TAG_MANIFEST, _lines({n: h for n, h in self._hashes.items() if n not in payload}))

    def _add(self, name: str, source: bytes | Path) -> None:
        if collision_key(name) in self._keys:
            raise ValueError(f"{name!r} is given twice, upper and lower case counted as one")
        self._keys.add(collision_key(name))
        entry = zipfile.ZipInfo(f"{self._base}/{name}", max(self._time.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
        entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _REGULAR_FILE_644, self._method
        entry.file_size = len(source) if isinstance(source, bytes) else source.stat().st_size
        digest = hashlib.sha256()
        size = 0
        with self._zip.open(entry, "w") as target:
            for piece in _pieces(source):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self._hashes[name], self._sizes[name] = digest.hexdigest(), size

    def _told(self, entry: Acquisition) -> Acquisition:
        """Return *entry* with the hash and size of its member; in metadata they are those of the file described."""
        if entry.member is None or entry.member.endswith(META_SUFFIX):
            return entry
        if entry.member not in self._hashes:
            raise ValueError(f"{entry.member!r} is acquired and not among the files")
        sha256, size = self._hashes[entry.member], self._sizes[entry.member]
        if entry.sha256 not in (None, sha256) or entry.size_bytes not in (None, size):
            raise ValueError(f"{entry.member!r} has not the hash or size that its acquisition names")
        return replace(entry, sha256=sha256, size_bytes=size)

    def _info(self, manifest: Manifest) -> bytes:
        payload = [size for name, size in self._sizes.items() if name.startswith("data/")]
        agent = " ".join(manifest.tool.split()) or "claude-evidence"
        return (f"Bag-Software-Agent: {agent}\nBagging-Date: {self._time:%Y-%m-%d}\n"
                f"Payload-Oxum: {sum(payload)}.{len(payload)}\n").encode()  # fmt: skip


def _checked(name: str) -> str:
    if safe_name(name) != name or not name.startswith("data/") or _FORBIDDEN & set(name):
        raise ValueError(f"{name!r} is no safe name for a member")
    return name


def _pieces(source: bytes | Path) -> Iterable[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while piece := file.read(MIB):
            yield piece


def _lines(hashes: dict[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
