"""File systems with their space, links along Claude's paths and in its folders, and what is encrypted there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from claude_evidence.collector import _claude_folders, _links, _state, _volumes
from claude_evidence.collector._links import Special
from claude_evidence.collector._types import Artifact, Host, Item, Options
from claude_evidence.model import Acquisition, Outcome

_MOST = 500
_SOURCE = "volumes and links"


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield ``volumes.json``: an entry per file system of this machine, and one per link or encrypted entry.

    Of a mounted disk only the links are told: how full it was, nobody can say.
    """
    entries: list[dict[str, object]] = []
    for volume in _of_machine(host, options):
        if volume.error:
            yield _state.entry(artifact, volume.place, Outcome.FAILED, volume.error)
        entries.append(_volume(volume))
    found = _specials(host)
    entries += [_entry(special) for special in found[:_MOST]]
    note = f"{len(found) - _MOST:,} more are not listed" if len(found) > _MOST else ""
    yield _state.document(artifact, "volumes", _SOURCE, entries, note)


def _of_machine(host: Host, options: Options) -> list[_volumes.Volume]:
    if not host.live:
        return []
    if host.system == "windows":
        return _volumes.of_windows(host.drives())
    homes = [user.profile for user in host.users()]
    paths = ["/", *homes, *_claude_folders.folders(host)]
    return _volumes.of_paths(paths, options.command_timeout_s)


def _specials(host: Host) -> list[Special]:
    """Return every link and encrypted entry once, in order of path.

    A link of a mounted disk means a place on the machine that the disk is from: it is not followed on this one.
    """
    found: dict[str, Special] = {}
    for folder in _claude_folders.folders(host):
        way = list(_links.along(folder, host.local, follow=host.live))
        elsewhere = not host.live and any(special.is_link for special in way)
        below = () if elsewhere else _links.within(folder, host.local)
        found |= {special.path: special for special in (*way, *below) if special.path not in found}
    return [found[path] for path in sorted(found)]


def _volume(volume: _volumes.Volume) -> dict[str, object]:
    return {
        "drive": volume.place,
        "drive_type": volume.type,
        "file_system": volume.file_system or None,
        "size_bytes": volume.size_bytes,
        "free_bytes": volume.free_bytes,
        "flags": list(volume.flags) or None,
    }


def _entry(special: Special) -> dict[str, object]:
    drive = special.path[:3] if special.path[1:3] == ":/" else None
    return {"drive": drive, "path": special.path, "link": special.kind, "target": special.target or None}
