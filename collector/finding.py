"""Where the files of an artifact lie on a host: variables and wildcards followed, links once, nothing opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from claude_evidence.collector._expansion import expand
from claude_evidence.collector._found import Found, shown
from claude_evidence.collector._types import Artifact, Host, Store
from claude_evidence.collector._walk import Trouble, Walk
from claude_evidence.model import Acquisition, Outcome

PLACEHOLDER = "placeholder: its content is in the cloud and is not fetched"
NOT_REGULAR = "is no regular file"
_KINDS = {"FILE": False, "PATH": True}

__all__ = ["Found", "find"]


def find(artifact: Artifact, host: Host) -> Iterator[Found | Acquisition]:
    """Yield every file that the FILE sources of *artifact* name and every folder that its PATH sources name.

    What gives nothing is one `missing` acquisition for each pattern (none for what is never stored); a folder that may
    not be listed, a loop of links, a placeholder and what is no file are one each. A file that several paths lead to
    is found by the first and says so.
    Never raises for what the host does.
    """
    yield from _Search(artifact, host).found()


class _Search:
    def __init__(self, artifact: Artifact, host: Host) -> None:
        self._artifact, self._host = artifact, host
        self._walk = Walk(host)
        self._found: dict[object, Found] = {}
        self._others: dict[str, Acquisition] = {}

    def found(self) -> Iterator[Found | Acquisition]:
        """Yield what came of all sources: files in the order of the patterns, then what was not obtained."""
        for source in self._artifact.sources:
            if source.type not in _KINDS or self._host.system not in (source.systems or self._artifact.systems):
                continue
            for name in source.names:
                for pattern in expand(name, self._host):
                    self._pattern(pattern, folders=_KINDS[source.type])
        yield from self._found.values()
        yield from self._others.values()

    def _pattern(self, pattern: str, *, folders: bool) -> None:
        some = False
        for hit in self._walk.matches(pattern):
            if isinstance(hit, Trouble):
                some = True
                self._note(hit.path, hit.outcome, hit.detail)
            elif hit.is_folder == folders:  # of the other kind is as good as nothing
                some = True
                self._take(hit)
        if not some and self._artifact.store is not Store.NOTHING:
            self._note(pattern, Outcome.MISSING, "")

    def _take(self, hit: Found) -> None:
        if hit.is_placeholder:
            self._note(hit.path, Outcome.SKIPPED, PLACEHOLDER, hit)
        elif not hit.is_regular and not hit.is_folder:
            self._note(hit.path, Outcome.SKIPPED, hit.note or NOT_REGULAR, hit)
        else:
            self._keep(hit)

    def _keep(self, hit: Found) -> None:
        key = hit.identity or hit.path  # spelt as the folder spells it: in another case it is another file
        first = self._found.setdefault(key, hit)
        if first.path != hit.path:
            note = f"the same as {shown(hit.path)}"
            if note not in first.note:
                self._found[key] = replace(first, note="; ".join(filter(None, (first.note, note))))

    def _note(self, path: str, outcome: Outcome, detail: str, hit: Found | None = None) -> None:
        modified, size = (hit.modified_at, hit.size_bytes) if hit else (None, None)
        entry = Acquisition(
            self._artifact.name, shown(path), outcome, datetime.now(UTC), modified, size_bytes=size, detail=detail
        )
        self._others.setdefault(self._walk.key(path) if outcome is Outcome.MISSING else path, entry)
