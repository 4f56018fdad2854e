"""Our listing of Claude's folders, ``state/file_inventory.json``: every file and folder with size, times, attributes,
where a link leads, and what its bytes hash to.

A link is listed, and followed once where it concerns Claude: what lies behind others is none of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from claude_evidence.collector._found import Found, shown
from claude_evidence.collector._types import Artifact, Host, Item, Options, Scrub
from claude_evidence.collector._walk import Trouble, Walk
from claude_evidence.collector.finding import find
from claude_evidence.collector.reading import Digests, ends_sha256, open_shared, outcome_of
from claude_evidence.model import Acquisition

FORMAT = "claude-evidence/file-inventory/1"
STATE = "file_inventory.json"
SOURCE = "the files in Claude's folders"
WHOLE_BYTES = 64 << 20
"""Larger files are hashed at their two ends."""
CACHED_BYTES = 1 << 20
"""Larger files in caches are listed and not read at all."""
MOST_BYTES = 4 << 30
MOST_ENTRIES = 100_000
MOST_DEPTH = 48
_READERS = 2
_CACHES = frozenset(
    ("cache", "code cache", "cachestorage", "gpucache", "dawncache", "dawnwebgpucache", "dawngraphitecache",
     "blob_storage", "service worker", "shadercache", "grshadercache", "component_crx_cache", "cached-icons", "rpm",
     "vm_bundles", "claude-code-vm", "ac", "node_modules", "crashpad"),
)  # fmt: skip
_OURS = re.compile(r"claude|wpsystem|localcache", re.IGNORECASE)
_OUR_NAMES = frozenset({"roaming", "local", "logs", "projects", "sessions", "local-agent-mode-sessions"})
Private = Callable[[str], str]


@dataclass(slots=True)
class _Limits:
    """What is left of what one listing may read and hold."""

    entries: int = field(default_factory=lambda: MOST_ENTRIES)
    hashed: int = field(default_factory=lambda: MOST_BYTES)
    digests: Digests = field(default_factory=Digests)


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield the listing of the folders that *artifact* names, with true names, and what could not be listed."""
    things = list(find(artifact, host))
    folders = [thing for thing in things if isinstance(thing, Found)]
    yield from (thing for thing in things if isinstance(thing, Acquisition))
    if not folders:
        return
    document, troubles = _document(folders, host, Digests())
    for trouble in troubles:
        yield Acquisition(artifact.name, shown(trouble.path), trouble.outcome, datetime.now(UTC), detail=trouble.detail)
    place = work / STATE
    place.write_bytes(_written(document))
    yield Item(
        artifact,
        SOURCE,
        partial(open_shared, place),
        place.stat().st_size,
        acquired_at=datetime.now(UTC),
        state_name=artifact.state or STATE,
        scrub=Scrub.JSON,
    )


def listing(artifact: Artifact, host: Host, redact: Private = str, digests: Digests | None = None) -> bytes:
    """Return the listing of the folders that *artifact* names; *redact* makes each host path private.

    *digests* keeps what was learnt of each file, and gives what is known already. Never raises for what is there.
    """
    folders = [thing for thing in find(artifact, host) if isinstance(thing, Found)]
    document, _ = _document(folders, host, digests or Digests(), redact)
    return _written(document)


def paths(artifact: Artifact, host: Host) -> Iterator[str]:
    """Yield the host path of everything that `listing` lists, and what each link says; nothing is opened."""
    walk, limits = Walk(host), _Limits()
    for thing in find(artifact, host):
        if isinstance(thing, Found):
            for entry in _tree(thing, walk, limits, set()):
                yield entry.path
                if isinstance(entry, Found) and entry.reparse_target:
                    yield entry.reparse_target.replace("\\", "/")


def _document(
    folders: list[Found], host: Host, digests: Digests, redact: Private = str
) -> tuple[dict[str, Any], list[Trouble]]:
    walk, limits, seen = Walk(host), _Limits(digests=digests), set[object]()
    things = [thing for folder in folders for thing in _tree(folder, walk, limits, seen)]
    troubles = [thing for thing in things if isinstance(thing, Trouble)]
    listed = [thing for thing in things if isinstance(thing, Found)]
    questions = [_question(found, limits) for found in listed]
    with _readers() as pool:
        answers = pool.map(_answer, questions)
        entries = [_entry(found, redact, answer) for found, answer in zip(listed, answers, strict=True)]
    document: dict[str, Any] = {"format": FORMAT, "collected_at": datetime.now(UTC).isoformat(), "entries": entries}
    if limits.entries <= 0:
        document["state"] = f"cut after {MOST_ENTRIES} entries"
    return document, troubles


@contextmanager
def _readers() -> Iterator[ThreadPoolExecutor]:
    """Two threads: reading and hashing need no Python. Who is stopped does not wait for what is still to be read."""
    pool = ThreadPoolExecutor(_READERS)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _tree(top: Found, walk: Walk, limits: _Limits, seen: set[object]) -> Iterator[Found | Trouble]:
    """Yield *top* and all below it, each folder before what it holds and each once, by whatever links."""
    pending: list[tuple[Found, int]] = [(top, 0)]
    while pending and limits.entries > 0:
        found, depth = pending.pop()
        key = found.identity or walk.key(found.path)
        known = key in seen
        if known and not found.reparse_target and found.is_folder:
            continue
        limits.entries -= 1
        yield found
        if known or not found.is_folder or depth >= MOST_DEPTH or not (depth == 0 or _is_followed(found)):
            continue
        seen.add(key)
        below = list(walk.entries(found))
        yield from (thing for thing in below if isinstance(thing, Trouble))
        pending += [(thing, depth + 1) for thing in reversed(below) if isinstance(thing, Found)]


def _is_followed(found: Found) -> bool:
    if not found.reparse_target:
        return True
    name = found.path.rpartition("/")[2].casefold()
    return name in _OUR_NAMES or bool(_OURS.search(name) or _OURS.search(found.reparse_target))


def _entry(found: Found, redact: Private, answer: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "path": shown(redact(found.path)),
        "size_bytes": None if found.is_folder else found.size_bytes,
        "modified_at": found.modified_at.isoformat() if found.modified_at else None,
        "created_at": found.created_at.isoformat() if found.created_at else None,
        "attributes": list(found.attributes),
        "is_directory": found.is_folder,
    }
    if found.reparse_target:
        entry["reparse_target"] = shown(redact(found.reparse_target.replace("\\", "/")))
    entry |= answer
    return {key: value for key, value in entry.items() if value not in (None, [])}


def _question(found: Found, limits: _Limits) -> Callable[[], dict[str, Any]]:
    """Return what answers what the bytes of *found* say, as far as they are read at all."""
    size = found.size_bytes
    if not found.is_regular or found.reparse_target or found.is_placeholder:
        return dict
    if size > CACHED_BYTES and _CACHES.intersection(found.path.casefold().split("/")):
        return dict
    if size > WHOLE_BYTES or size > limits.hashed:
        return partial(_ends, found.local)
    limits.hashed -= size
    return partial(_whole, found.local, limits.digests)


def _answer(question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return question()
    except OSError as error:
        return {"reason": outcome_of(error)[1]}


def _ends(path: Path) -> dict[str, Any]:
    head, tail = ends_sha256(path)
    return {"head_sha256": head, "tail_sha256": tail}


def _whole(path: Path, digests: Digests) -> dict[str, Any]:
    digest = digests.of(path)
    return {"sha256": digest.sha256, "first_non_null_offset": digest.first_non_null}


def _written(document: dict[str, Any]) -> bytes:
    """Return the listing as JSON, an entry a line."""
    entries = ",\n".join(json.dumps(entry) for entry in document["entries"])
    head = json.dumps({key: value for key, value in document.items() if key != "entries"})
    return f'{head[:-1]}, "entries": [\n{entries}\n]}}\n'.encode()
