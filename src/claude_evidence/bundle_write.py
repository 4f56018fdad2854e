"""A bundle written whole from files that are known: the same bytes for the same input, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from claude_evidence.bundle_limits import MIB
from claude_evidence.bundle_writer import BundleWriter
from claude_evidence.model import Manifest, UsageError


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
            _write(BundleWriter(file, path.stem, timestamp, compress=compress), manifest, files)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return sha256


def _write(
    writer: BundleWriter, manifest: Manifest | Callable[[], Manifest], files: Iterable[tuple[str, bytes | Path]]
) -> None:
    try:
        for name, source in sorted(files, key=lambda file: file[0]) if isinstance(files, Sequence) else files:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            writer.add(name, _pieces(source), size_bytes=size)
        writer.finish(manifest() if callable(manifest) else manifest)
    except BaseException:
        writer.abandon()
        raise


def _pieces(source: bytes | Path) -> Iterable[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while piece := file.read(MIB):
            yield piece
