"""A private bundle made of evidence that somebody gathered by hand: the same two passes and the same audit.

`given` says what each file is. Files that are read twice and cannot be rewound are
copied to the run's own folder first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from claude_evidence import __version__
from claude_evidence.bundle_writer import BundleWriter
from claude_evidence.collector._compressor import best_compressor
from claude_evidence.collector._finish import AuditRefusedError, Collected, audited
from claude_evidence.collector._first_pass import see
from claude_evidence.collector._identities import note_facts, private_facts
from claude_evidence.collector._types import Item, Scrub, Store
from claude_evidence.collector.audit import audit
from claude_evidence.collector.budget import Budget
from claude_evidence.collector.collect import REDACTION
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.given import Given, reasons
from claude_evidence.collector.packing import IS_PATH, META_SUFFIX, Packer, Seen, host_form, private_source
from claude_evidence.collector.redactor import GIVEN, Redacting
from claude_evidence.collector.tokens import load_key
from claude_evidence.collector.workplace import workplace
from claude_evidence.model import Acquisition, Manifest
from claude_evidence.transcript import read_transcript
from claude_evidence.usage import UsageError

META_FORMAT = "claude-evidence/meta/1"
_NO_LIMIT = 1 << 50
_BLOCK = 1 << 20
_MOST_NAMED = 1000


def redact(
    given: Sequence[Given],
    manifest: Manifest,
    destination: Path,
    *,
    left_out: Sequence[Acquisition] = (),
    redact_ips: bool = False,
    key_path: Path | None = None,
) -> Collected:
    """Make the bundle *destination* of *given*; *manifest* is the input's own, *left_out* what is not stored and why.

    UsageError where *destination* exists or cannot be written; `AuditRefusedError` where something identifying is left.
    """
    key = load_key(key_path)
    with workplace(destination) as place:
        discovery = Discovering((), key)
        note_facts(discovery, manifest.host)
        told = [*(a for a in manifest.acquisitions if not a.member), *_named(left_out)]
        for entry in told:
            discovery.path(entry.source.replace("\\", "/"))
        items = [_item(one, place.work, number) for number, one in enumerate(given)]
        seen, failed = see(items, discovery, lambda item, count: None)
        return audited(
            lambda packed: discovery.redactor(redact_ips, packed=packed),
            lambda redactor: _write(place.bundle, destination.stem, redactor, seen, [*told, *failed], manifest),
            lambda redactor: audit(place.bundle, redactor.identities, redact_ips=redact_ips),
            place,
        )


def _write(
    path: Path, stem: str, redactor: Redacting, seen: Sequence[Seen], told: Sequence[Acquisition], manifest: Manifest
) -> tuple[Manifest, str]:
    started = datetime.now(UTC)
    with path.open("xb+") as file:
        writer = BundleWriter(file, redactor.text(stem), started, compressor=best_compressor())
        try:
            packer = Packer(writer, redactor, Budget(_NO_LIMIT, len(told) + len(seen)))
            stored = [one for one in seen if one.item.artifact.store is not Store.NOTHING]
            entries = [_private(entry, redactor) for entry in told] + [packer.pack(one) for one in stored]
            report = json.dumps(redactor.report(), indent=1, ensure_ascii=False)
            writer.add(REDACTION, [f"{report}\n".encode("utf-8", "backslashreplace")])
            host = private_facts(redactor, manifest.host)
            made = writer.finish(_manifest(manifest, host, entries, started))
        except BaseException:
            writer.abandon()
            raise
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        return made, hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(old: Manifest, host: dict[str, str], entries: list[Acquisition], started: datetime) -> Manifest:
    return replace(
        old,
        format=Manifest().format,
        bundle_id=str(uuid.uuid4()),
        tool=f"claude-evidence {__version__} redact",
        started_at=old.started_at or started,
        finished_at=old.finished_at,
        host=host,
        redacted=True,
        acquisitions=tuple(sorted(entries, key=lambda entry: (entry.artifact, entry.source))),
    )


def _named(left_out: Sequence[Acquisition]) -> Iterator[Acquisition]:
    """Yield an acquisition for each file that was left out; a disk has very many, most of which are only counted."""
    for why, group in reasons(left_out).items():
        yield from group[:_MOST_NAMED]
        if len(group) > _MOST_NAMED:
            more = f"{len(group) - _MOST_NAMED:,} more files"
            yield replace(group[0], source=more, modified_at=None, size_bytes=None, detail=why)


def _private(entry: Acquisition, redactor: Redacting) -> Acquisition:
    by_hand = host_form(redactor.path(entry.source.replace("\\", "/"))) if entry.artifact == GIVEN else ""
    source = by_hand or private_source(entry.source, redactor)
    return replace(entry, source=source, detail=redactor.text(entry.detail))


def _item(given: Given, work: Path, number: int) -> Item:
    """Return *given* as what is packed: a transcript as its metadata, the rest as bytes that can be read twice."""
    before = given.before
    kept = work / f"{number}"
    item = Item(
        given.artifact,
        _host_path(before.source) if before and before.source else given.path,
        lambda: _rewindable(given, kept),
        given.size_bytes,
        given.modified_at,
        before.acquired_at if before else None,
        given.path.removeprefix("state/") if given.path.startswith("state/") else "",
        given.artifact.scrub,
        given.path.endswith(META_SUFFIX),
        before.detail if before else "",
    )
    if given.transcript:
        return replace(item, open=lambda: _metadata(given), size_bytes=0, scrub=Scrub.OWN, meta=True)
    return item


def _host_path(source: str) -> str:
    return source.replace("\\", "/") if IS_PATH.match(source) else source


def _rewindable(given: Given, kept: Path) -> BinaryIO:
    if kept.exists():
        return kept.open("rb")
    source = given.open()
    if source.seekable():
        return source
    with source, kept.open("xb") as target:
        shutil.copyfileobj(source, target, _BLOCK)
    return kept.open("rb")


class _Hashing:
    """A stream that is hashed as it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._source.read(size)
        self.digest.update(data)
        return data


def _metadata(given: Given) -> BinaryIO:
    """Return what may be said of a transcript: counts and times, never content."""
    import io

    with given.open() as source:
        hashing = _Hashing(source)
        facts = read_transcript(hashing)  # type: ignore[arg-type]
    told = {
        "format": META_FORMAT,
        "kind": "transcript",
        "source": given.path,
        "size_bytes": facts.size_bytes,
        "sha256": hashing.digest.hexdigest(),
        "modified_at": given.modified_at.isoformat() if given.modified_at else None,
        "transcript": facts.as_json(),
    }
    return io.BytesIO(json.dumps(told, indent=1).encode())


__all__ = ["AuditRefusedError", "Given", "UsageError", "redact"]
