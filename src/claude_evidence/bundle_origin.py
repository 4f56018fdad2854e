"""Where members came from: their path and time on the host, and the one manifest of several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from claude_evidence.bundle_bag import META_SUFFIX
from claude_evidence.bundle_entry import Entry
from claude_evidence.bundle_limits import ProblemLog
from claude_evidence.bundle_names import source_of
from claude_evidence.bundle_paths import host_path, posix_path
from claude_evidence.bundle_sources import Part
from claude_evidence.model import Manifest
from claude_evidence.usage import UsageError


def origin(part: Part, path: str, entry: Entry) -> tuple[str, datetime | None]:
    """Return the host path of the member at *path* and when it was last changed there, as far as known.

    In our bundles the acquisition tells both; output of a command was made when it was acquired. The path of
    ``….meta.json`` is the path of what it describes and that suffix.
    """
    if part.bag is None:
        return host_path(path), entry.modified_at
    if part.bag.manifest is None:
        stored = source_of(path)
        return (stored if stored != path else host_path(path.removeprefix("data/"))), entry.modified_at
    acquisition = part.bag.sources.get(path)
    modified_at = acquisition.modified_at if acquisition else None
    if path.startswith("data/state/"):
        return path.removeprefix("data/"), modified_at or (acquisition.acquired_at if acquisition else None)
    if acquisition is None or not acquisition.source:
        return source_of(path), modified_at
    source = posix_path(acquisition.source)
    suffix = META_SUFFIX if path.endswith(META_SUFFIX) and not source.endswith(META_SUFFIX) else ""
    return source + suffix, modified_at


def merged_manifest(parts: Sequence[Part], log: ProblemLog, *, zoned: bool = False) -> Manifest:
    """Return the first manifest with the acquisitions of all, their members named as `Member.name` is.

    Another machine in a later one is wrong use (UsageError): its story would be told as the first one's. So is another
    time zone, for the log has local times and one zone would put those of the other hours off, unless somebody named
    the zone (*zoned*); then it is a problem. Without any, an empty manifest of format ``""``.
    """
    found = [(part, part.bag.manifest) for part in parts if part.bag and part.bag.manifest]
    if not found:
        return Manifest(format="")
    first = found[0][1]
    for part, other in found[1:]:
        if first.is_of_another_machine(other):
            names = f"{other.host['name']!r}, the bundle before it of {first.host['name']!r}"
            raise UsageError(
                f"{part.prefix.rstrip('/')} is of the machine {names}: "
                "a report tells of one machine; analyze them one by one"
            )
        if first.timezone and other.timezone and first.timezone != other.timezone:
            differs = f"is from the time zone {other.timezone}, the bundle before it from {first.timezone}"
            if not zoned:
                raise UsageError(
                    f"{part.prefix.rstrip('/')} {differs}: a report tells of one machine; analyze them one by one, "
                    "or, if it is one machine that moved, name with --tz the zone that shall count for both"
                )
            log.add(part.prefix.rstrip("/"), f"{differs}: the zone that was named counts for both")
    acquisitions = tuple(
        replace(entry, member=entry.member and part.prefix + entry.member)
        for part, manifest in found
        for entry in manifest.acquisitions
    )
    return replace(first, acquisitions=acquisitions)
