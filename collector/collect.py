"""A whole run: what is there is found, seen for what identifies, scrubbed and packed, audited, and only then named."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from claude_evidence import __version__
from claude_evidence.bundle_writer import BundleWriter
from claude_evidence.collector._compressor import best_compressor
from claude_evidence.collector._finish import AuditRefusedError, Collected, audited
from claude_evidence.collector._first_pass import see
from claude_evidence.collector._identities import note_facts, private_facts
from claude_evidence.collector._steps import Steps
from claude_evidence.collector._types import Artifact, Host, Item, Options, Store
from claude_evidence.collector.audit import Leak, audit
from claude_evidence.collector.budget import Budget, expected_bytes, in_order, may_be_cut
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.packing import IS_PATH, Packer, Seen, private_source
from claude_evidence.collector.redactor import Plain, Redacting
from claude_evidence.collector.survey import Survey, find_files, find_state, forbidden_folders
from claude_evidence.collector.tokens import load_key
from claude_evidence.collector.workplace import Workplace, workplace
from claude_evidence.model import Acquisition, Manifest, UsageError

REDACTION = "data/redaction.json"
_BUFFER_BYTES = 1 << 20
_ROUNDS = 3
SMALLEST_ROOM_BYTES = 1024


def collect(artifacts: Iterable[Artifact], host: Host, destination: Path, options: Options) -> Manifest:
    """Collect *artifacts* from *host* into the bundle *destination*; return its manifest. See `run`."""
    artifacts = tuple(artifacts)
    return run(artifacts, host, destination, options, find_files(artifacts, host, options)).manifest


def run(artifacts: Sequence[Artifact], host: Host, destination: Path, options: Options, files: Survey) -> Collected:
    """Make the bundle *destination* from what `find_files` found and from the host's state; return what was made.

    Nothing but ``<destination>.partial`` is written before the bundle is complete and the audit has passed it.
    UsageError where *destination* exists, lies in what is collected or cannot be written; `AuditRefusedError`.
    """
    check_destination(destination, forbidden_folders(host, files))
    key = load_key(options.key_path) if options.redact else b""
    with workplace(destination) as place:
        try:
            return _Run(host, options, place, key).make(artifacts, files)
        except OSError as error:
            raise UsageError(f"{destination}: cannot be written: {error.strerror or error}") from error


def check_destination(destination: Path, forbidden: Iterable[Path]) -> None:
    """Raise UsageError where *destination* lies in one of the folders that evidence is taken from."""
    folder = Path(os.path.realpath(destination.parent))
    for kept in forbidden:
        if (real := Path(os.path.realpath(kept))) == folder or real in folder.parents:
            raise UsageError(f"{destination} lies in {kept}, which is evidence: give another place with -o")


class _Run:
    def __init__(self, host: Host, options: Options, place: Workplace, key: bytes) -> None:
        self._host, self._options, self._place, self._key = host, options, place, key
        self._started = datetime.now(UTC)

    def make(self, artifacts: Sequence[Artifact], files: Survey) -> Collected:
        survey = files.joined(find_state(artifacts, self._host, self._place.work, self._options))
        self._steps = Steps(self._options.progress, survey.items)
        discovery = Discovering(self._host.users(), self._key)
        facts = {**self._host.facts(), "collected_from": "this machine" if self._host.live else "disk"}
        note_facts(discovery, facts)
        for entry in survey.acquisitions:
            if IS_PATH.match(entry.source):
                discovery.path(entry.source.replace("\\", "/"))
        seen, failed = see(survey.items, discovery, self._steps.seeing)
        entries = [*survey.acquisitions, *failed]
        options = self._options
        return audited(
            lambda packed: discovery.redactor(options.redact_ips, packed=packed) if options.redact else Plain(),
            lambda redactor: self._write(redactor, seen, entries, private_facts(redactor, facts)),
            self._leaks,
            self._place,
        )

    def _write(
        self, redactor: Redacting | Plain, seen: list[Seen], entries: list[Acquisition], facts: dict[str, str]
    ) -> tuple[Manifest, str]:
        with self._place.bundle.open("xb+", buffering=_BUFFER_BYTES) as file:
            base = redactor.text(self._place.destination.stem)
            writer = BundleWriter(file, base, self._started, compressor=best_compressor())
            try:
                stored = self._packed(writer, redactor, seen, entries, facts)
                report = json.dumps(redactor.report(), indent=1, ensure_ascii=False)
                writer.add(REDACTION, [f"{report}\n".encode("utf-8", "backslashreplace")])
                manifest = writer.finish(self._manifest(stored, facts))
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        with self._place.bundle.open("rb") as written:
            return manifest, hashlib.file_digest(written, "sha256").hexdigest()

    def _packed(
        self,
        writer: BundleWriter,
        redactor: Redacting | Plain,
        seen: list[Seen],
        entries: list[Acquisition],
        facts: dict[str, str],
    ) -> list[Acquisition]:
        told = [_private(entry, redactor) for entry in entries]
        wanted = {id(one.item): one for one in seen if one.item.artifact.store is not Store.NOTHING}
        budget = Budget(self._options.max_size_bytes, len(told) + len(wanted))
        packer = Packer(writer, redactor, budget, self._steps.packing)
        packed = self._filled(packer, budget, wanted, in_order(one.item for one in wanted.values()))
        for _ in range(_ROUNDS):
            dropped = [item for item, _ in packed if packer.found_no_room(item)]
            if not dropped:
                break
            manifest = self._manifest([*told, *(entry for _, entry in packed)], facts)
            left = self._options.max_size_bytes - writer.finished_bytes(manifest) - _report_bytes(redactor)
            if left < SMALLEST_ROOM_BYTES:
                break
            budget.correct(left)
            packer.again()
            more = {id(item): entry for item, entry in self._filled(packer, budget, wanted, dropped)}
            packed = [(item, more.get(id(item), entry)) for item, entry in packed]
            if all(entry.member is None for entry in more.values()):
                break
        told += [entry for _, entry in packed]
        return sorted(told, key=lambda entry: (entry.artifact, entry.source))

    def _filled(
        self, packer: Packer, budget: Budget, wanted: dict[int, Seen], items: list[Item]
    ) -> list[tuple[Item, Acquisition]]:
        """Pack *items* in their order; return what came of each."""
        packed = []
        waiting = sum(expected_bytes(item) for item in items if not may_be_cut(item))
        for item in items:
            waiting -= 0 if may_be_cut(item) else expected_bytes(item)
            budget.waiting_bytes = waiting if may_be_cut(item) else 0
            self._steps.item(packer.source(item))
            packed.append((item, packer.pack(wanted[id(item)])))
        return packed

    def _manifest(self, entries: list[Acquisition], facts: dict[str, str]) -> Manifest:
        zone, offset = self._host.zone()
        return Manifest(
            bundle_id=str(uuid.uuid4()),
            tool=f"claude-evidence {__version__}",
            started_at=self._started,
            finished_at=datetime.now(UTC),
            host=facts,
            timezone=zone,
            utc_offset_s=offset,
            redacted=self._options.redact,
            acquisitions=tuple(entries),
        )

    def _leaks(self, redactor: Redacting | Plain) -> tuple[Leak, ...]:
        if not self._options.redact:
            return ()
        return audit(
            self._place.bundle,
            redactor.identities,
            redact_ips=self._options.redact_ips,
            progress=self._steps.auditing,
        )


def _private(entry: Acquisition, redactor: Redacting | Plain) -> Acquisition:
    return replace(entry, source=private_source(entry.source, redactor), detail=redactor.text(entry.detail))


def _report_bytes(redactor: Redacting | Plain) -> int:
    """Return what redaction.json may take: once more is stored it names more than it does now."""
    return len(json.dumps(redactor.report(), indent=1, ensure_ascii=False).encode("utf-8", "replace")) + 1024


__all__ = ["AuditRefusedError", "Collected", "Item", "check_destination", "collect", "run"]
