"""What there is to collect: every place asked for becomes an item to store or an acquisition that says why not."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from claude_evidence.collector import finding, metadata
from claude_evidence.collector._types import Artifact, Host, Item, Options, Probe, Scrub, Store
from claude_evidence.collector.finding import Found
from claude_evidence.collector.packing import host_form
from claude_evidence.model import Acquisition, Outcome

_TRANSCRIPT = ".jsonl"
_PRESENT = "that it is there is all that is taken"
# A clock that ran ahead once must not make all other evidence old.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Survey:
    """Items to store (or to read for the values that identify), what was not obtained, and what is only asked for.

    ``asked`` names the artifacts that a probe answers, before it does. Sources and details are true, not yet scrubbed.
    """

    items: tuple[Item, ...] = ()
    acquisitions: tuple[Acquisition, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def stored(self) -> tuple[Item, ...]:
        """The items that enter the bundle."""
        return tuple(item for item in self.items if item.artifact.store is not Store.NOTHING)

    def joined(self, other: Survey) -> Survey:
        """Return both as one."""
        return Survey(self.items + other.items, self.acquisitions + other.acquisitions, self.asked + other.asked)


def find_files(artifacts: Iterable[Artifact], host: Host, options: Options) -> Survey:
    """Return what the files of *artifacts* on *host* come to; nothing is asked of the system and nothing is written."""
    wanted = [artifact for artifact in artifacts if host.system in artifact.systems]
    found: dict[object, tuple[Artifact, Found]] = {}
    entries: list[Acquisition] = []
    for artifact in (a for a in wanted if not a.probe):
        for thing in finding.find(artifact, host):
            if isinstance(thing, Acquisition):
                entries.append(thing)
            elif not thing.is_folder:
                found.setdefault((thing.identity or thing.path, artifact.store is Store.NOTHING), (artifact, thing))
    newest = _newest(thing for _, thing in found.values())
    items: list[Item] = []
    for artifact, thing in found.values():
        made = _made(artifact, thing, newest)
        _sort(made, items, entries)
    return Survey(tuple(items), tuple(entries), tuple(a.name for a in wanted if a.probe))


def find_state(artifacts: Iterable[Artifact], host: Host, work: Path, options: Options) -> Survey:
    """Return what the probes of *artifacts* bring, each with a folder of its own below *work*."""
    items: list[Item] = []
    entries: list[Acquisition] = []
    for artifact in (a for a in artifacts if a.probe and host.system in a.systems):
        probe: Probe = importlib.import_module(f"claude_evidence.collector.{artifact.probe}")
        folder = work / artifact.name
        folder.mkdir(mode=0o700)
        for thing in probe.collect(artifact, host, folder, options):
            _sort(thing, items, entries)
    return Survey(tuple(items), tuple(entries))


def _sort(thing: Item | Acquisition, items: list[Item], entries: list[Acquisition]) -> None:
    if isinstance(thing, Item):
        items.append(thing)
    else:
        entries.append(thing)


def forbidden_folders(host: Host, files: Survey) -> tuple[Path, ...]:
    """Return what nothing may be written to: Claude's folders, and all of a disk that is not this machine's."""
    if not host.live:
        return tuple(host.local(drive) for drive in host.drives())
    profiles = sorted((user.profile for user in host.users()), key=len, reverse=True)
    return tuple({host.local(own) for item in files.items if (own := _own_folder(item.source, profiles))})


def _own_folder(source: str, profiles: Iterable[str]) -> str:
    """Return the folder named after Claude that *source* lies in, the outermost one below the profile; else nothing."""
    home = next((p for p in profiles if source.casefold().startswith(f"{p.casefold()}/")), "")
    parts = source[len(home) :].split("/")[:-1]
    number = next((n for n, part in enumerate(parts) if "claude" in part.casefold()), None)
    return "" if number is None else home + "/".join(parts[: number + 1])


def _newest(found: Iterable[Found]) -> datetime | None:
    """Return when the newest file was last written, on whatever day the host stood still."""
    latest = datetime.now(UTC) + _AHEAD
    times = [thing.modified_at for thing in found if thing.modified_at and thing.modified_at <= latest]
    return max(times, default=None)


def _made(artifact: Artifact, thing: Found, newest: datetime | None) -> Item | Acquisition:
    if _too_old(artifact, thing, newest):
        why = f"last written more than {artifact.max_age_days} days before the newest evidence"
        return _entry(artifact, thing, Outcome.SKIPPED, why)
    if artifact.store is Store.PRESENCE:
        return _entry(artifact, thing, Outcome.COLLECTED, _PRESENT)
    if artifact.store is Store.METADATA:
        return _described(artifact, thing, "its metadata alone is taken, never its content")
    if thing.size_bytes > artifact.max_bytes:
        return _described(artifact, thing, f"over {artifact.max_bytes:,} bytes: its metadata alone is taken")
    return Item(
        artifact, thing.path, thing.open, thing.size_bytes, thing.modified_at, scrub=artifact.scrub, note=thing.note
    )


def _described(artifact: Artifact, thing: Found, note: str) -> Item:
    describe = metadata.transcript_meta if thing.path.casefold().endswith(_TRANSCRIPT) else metadata.file_meta
    return Item(
        artifact, thing.path, partial(_described_bytes, describe, thing), thing.size_bytes, thing.modified_at,
        scrub=Scrub.OWN, meta=True, note="; ".join(filter(None, (note, thing.note))),
    )  # fmt: skip


def _described_bytes(describe: Callable[[Found], bytes], thing: Found) -> BinaryIO:
    return io.BytesIO(describe(thing))


def _entry(artifact: Artifact, thing: Found, outcome: Outcome, detail: str) -> Acquisition:
    return Acquisition(
        artifact.name, host_form(thing.path), outcome, datetime.now(UTC), thing.modified_at,
        size_bytes=thing.size_bytes, detail="; ".join(filter(None, (detail, thing.note))),
    )  # fmt: skip


def _too_old(artifact: Artifact, thing: Found, newest: datetime | None) -> bool:
    if artifact.max_age_days is None or newest is None or thing.modified_at is None:
        return False
    return thing.modified_at < newest - timedelta(days=artifact.max_age_days)
