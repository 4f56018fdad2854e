"""From a scenario to a bundle: real artifacts, real binary event logs, packed by the bundle writer, the same bytes
each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from claude_evidence.bundle_names import MemberNames
from claude_evidence.bundle_write import write_bundle
from claude_evidence.model import Acquisition, Manifest, Outcome
from claude_evidence.samples._literal import literal_bytes, literal_event
from claude_evidence.samples._logs import log_file
from claude_evidence.samples._session_files import HostFile, session_files, state_files, transcript_files
from claude_evidence.samples.event_catalogue import event
from claude_evidence.samples.evtx_writer import EventRecord, write_evtx
from claude_evidence.samples.scenario import Scenario, identifier

EVENT_LOGS = "C:/Windows/System32/winevt/Logs"
SID = "S-1-5-21-1111111111-2222222222-3333333333-1001"


def build(scenario: Scenario, path: Path) -> str:
    """Write the bundle of *scenario* to *path* and return its SHA-256."""
    files = sorted(host_files(scenario), key=lambda f: f.path)
    names = MemberNames()
    stored = [(_name(names, f), f) for f in files]
    members = [(name, f.data) for name, f in stored]
    acquisitions = [_acquisition(scenario, name, f) for name, f in stored]
    if packages := scenario.raw.get("packages"):
        members.append(("data/state/packages.txt", packages.replace("\n", "\r\n").encode()))
        acquisitions.append(
            Acquisition(
                "AppxPackages",
                "Get-AppxPackage Claude",
                Outcome.COLLECTED,
                scenario.collected_at,
                member="data/state/packages.txt",
                size_bytes=len(members[-1][1]),
            )
        )
    for name, listing in scenario.raw.get("state", {}).items():
        acquisitions.append(_state(scenario, name, listing, members))
    for missing in scenario.raw.get("missing", []):
        acquisitions.append(
            Acquisition(
                missing["artifact"],
                missing["source"],
                Outcome(missing.get("outcome", "missing")),
                scenario.collected_at,
                detail=missing.get("detail", ""),
            )
        )
    return write_bundle(path, _manifest(scenario, tuple(acquisitions)), members, timestamp=scenario.collected_at)


def _name(names: MemberNames, file: HostFile) -> str:
    """Return the member's name; a path below ``state/`` is no place on the host but what a command told."""
    if file.path.startswith("state/"):
        return f"data/{file.path}"
    return names.of(file.path + ".meta.json" if file.meta else file.path)


def _state(scenario: Scenario, name: str, listing: Any, members: list[tuple[str, bytes]]) -> Acquisition:
    """Add *listing*, what a command or our own listing told, as the member ``state/<name>.json``."""
    member, data = f"data/state/{name}.json", json.dumps(listing, indent=1).encode()
    members.append((member, data))
    return Acquisition(name, name, Outcome.COLLECTED, scenario.collected_at, member=member, size_bytes=len(data))


def _manifest(scenario: Scenario, acquisitions: tuple[Acquisition, ...]) -> Manifest:
    offset = scenario.collected_at.astimezone(scenario.zone).utcoffset() if scenario.zone else None
    return Manifest(
        bundle_id=identifier(scenario.name, "bundle"),
        tool="claude-evidence samples",
        started_at=scenario.collected_at - timedelta(seconds=40),
        finished_at=scenario.collected_at,
        host={str(k): str(v) for k, v in scenario.raw["host"].items()},
        timezone=scenario.raw.get("timezone"),
        utc_offset_s=int(offset.total_seconds()) if offset is not None else None,
        redacted=False,
        acquisitions=acquisitions,
    )


def _acquisition(scenario: Scenario, name: str, file: HostFile) -> Acquisition:
    return Acquisition(
        file.artifact,
        file.path.replace("/", "\\"),
        Outcome.COLLECTED,
        scenario.collected_at,
        file.modified_at,
        name,
        size_bytes=len(file.data),
        detail="metadata only" if file.meta else "",
    )


def host_files(scenario: Scenario) -> Iterator[HostFile]:
    """Yield every file of the host that the scenario names; of transcripts only their metadata."""
    yield from session_files(scenario)
    yield from transcript_files(scenario)
    yield from state_files(scenario)
    for spec in scenario.raw.get("logs", []):
        yield HostFile(spec["path"], log_file(scenario, spec), scenario.collected_at, "ClaudeLogs")
    for spec in scenario.raw.get("files", []):
        yield _file(scenario, spec)
    yield from _event_logs(scenario)


def _file(scenario: Scenario, spec: Mapping[str, Any]) -> HostFile:
    modified = scenario.utc(spec["modified"]) if "modified" in spec else scenario.collected_at
    artifact = spec.get("artifact", "ClaudeFiles")
    return HostFile(spec["path"], literal_bytes(spec), modified, artifact, meta=bool(spec.get("meta", False)))


def _event_logs(scenario: Scenario) -> Iterator[HostFile]:
    """Yield one event log per channel, its records in order of time; ``channels`` are there without any too."""
    channels: dict[str, list[EventRecord]] = {str(channel): [] for channel in scenario.raw.get("channels", [])}
    for record in events(scenario):
        channels.setdefault(record.channel, []).append(record)
    for channel, records in channels.items():
        ordered = sorted(records, key=lambda r: r.time)
        name = channel.replace("/", "%4")
        yield HostFile(f"{EVENT_LOGS}/{name}.evtx", write_evtx(ordered), scenario.collected_at, "WindowsEventLogs")


def events(scenario: Scenario) -> Iterator[EventRecord]:
    """Yield the events; ``repeat: {count, every_s}`` gives one entry several times.

    One that names its ``channel`` is written as it stands; the others are filled up from the catalogue.
    """
    computer = str(scenario.raw["host"]["name"])
    for spec in scenario.raw.get("events", []):
        repeat = spec.get("repeat", {})
        for number in range(int(repeat.get("count", 1))):
            time = scenario.utc(spec["time"]) + timedelta(seconds=number * float(repeat.get("every_s", 0)))
            if "channel" in spec:
                yield literal_event(spec, time, computer)
            else:
                yield event(spec["provider"], int(spec["id"]), time, computer=computer, **spec.get("data", {}))
