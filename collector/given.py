"""What of evidence that somebody gathered by hand is Claude's, and how each file of it is made private.

The same list says it that says what is collected: `artifacts.yaml`. A file at a place of Claude's is Claude's; where a
path tells no place (a loose file, a folder zipped by hand), the folder it lies in and its content do. All else is left
out, and said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO, Protocol

from claude_evidence.bundle_limits import MemberError
from claude_evidence.collector import _given_content as content
from claude_evidence.collector._channels import CHANNELS
from claude_evidence.collector._given_places import How, Match, Places, is_elsewhere
from claude_evidence.collector._types import Artifact, Scrub, Store
from claude_evidence.collector.packing import META_SUFFIX
from claude_evidence.collector.redactor import GIVEN
from claude_evidence.model import Acquisition, Manifest, Member, Outcome

STATE = "state/"
NOT_READ = "nothing here reads it"
NOT_CLAUDES = "is not Claude's: it lies where Claude keeps nothing"
LOOKS_LIKE = "is named like a file of Claude's, and lies where Claude keeps nothing"
NOT_TOLD = "nothing in it or in its path tells that it is Claude's"
OTHER_LOG = "an event log that is not taken"
AS_XML = "events exported as XML cannot be made private: give the .evtx itself"
PROSE = (
    "text that people wrote cannot be made private, for a name may stand anywhere: give the logs and files themselves"
)
NEVER_STORED = "is read for what identifies, and never stored"
PRESENCE = "that it is there is all that is told of it"
_LOG_FOLDER = re.compile(r"(?:.*/)?winevt/logs/[^/]+", re.IGNORECASE)
_SLASH = re.compile(r"%(?:25)?4|_(?=(?:admin|operational)\Z)")
_PROSE = re.compile(r".*\.(?:md|markdown)|[^/]*(?:issue|report|paste)[^/]*\.txt|pasted", re.IGNORECASE)
_CHANNELS = frozenset(channel.casefold() for channel in CHANNELS)


class Evidence(Protocol):
    """What is needed of an opened bundle."""

    members: tuple[Member, ...]
    manifest: Manifest

    def open(self, member: Member) -> BinaryIO:
        """Return the bytes of *member*; MemberError."""


@dataclass(frozen=True, slots=True)
class Given:
    """One file of the input. ``path`` is its host path, or ``state/…`` for what a command said; ``open`` gives its
    bytes; ``artifact`` says how they are made private, ``transcript`` that only their metadata may be stored.
    ``before`` is what an earlier bundle says of it.
    """

    path: str
    size_bytes: int
    modified_at: datetime | None
    open: Callable[[], BinaryIO]
    artifact: Artifact
    transcript: bool = False
    before: Acquisition | None = None


class _LeftOutError(Exception):
    """Why a file is not taken."""


def sort_out(
    evidence: Evidence, artifacts: Iterable[Artifact], vouched: Callable[[Member], bool] = lambda member: False
) -> tuple[list[Given], list[Acquisition]]:
    """Return what of *evidence* is made private and, as acquisitions, what is left out and why.

    *vouched* says of which files somebody told that they are Claude's, by naming them one by one.
    """
    sorter = _Sorter(evidence, artifacts, vouched)
    undecided = [member for member in evidence.members if not sorter.first(member)]
    for member in undecided:
        sorter.second(member)
    return sorter.given, sorter.left_out


class _Sorter:
    def __init__(self, evidence: Evidence, artifacts: Iterable[Artifact], vouched: Callable[[Member], bool]) -> None:
        self._evidence, self._vouched = evidence, vouched
        self._artifacts = {artifact.name: artifact for artifact in artifacts}
        self._states = {a.state.rpartition(".")[0]: a for a in self._artifacts.values() if a.state}
        self._places = Places(self._artifacts.values())
        acquisitions = evidence.manifest.acquisitions
        self._before = {entry.member: entry for entry in acquisitions if entry.member}
        self._folders: set[str] = set()
        self._maybe: dict[str, tuple[Match, ...]] = {}
        self.given: list[Given] = []
        self.left_out: list[Acquisition] = []

    def first(self, member: Member) -> bool:
        """Take *member* or leave it out; return False where only what lies beside it can tell."""
        try:
            return self._decided(member, member.path.replace("\\", "/"))
        except _LeftOutError as why:
            self._leave(member, Outcome.SKIPPED, str(why))
        except (MemberError, OSError) as error:
            self._leave(member, Outcome.FAILED, str(error))
        return True

    def second(self, member: Member) -> None:
        """Take *member* where it lies in a folder that turned out to be Claude's, else leave it out."""
        match = next((m for m in self._maybe[member.name] if m.folder in self._folders), None)
        if match:
            self._take(member, match.artifact)
        else:
            self._leave(member, Outcome.SKIPPED, NOT_TOLD)

    def _decided(self, member: Member, path: str) -> bool:
        before = self._before.get(member.name)
        stripped = path[: -len(META_SUFFIX)] if path.casefold().endswith(META_SUFFIX) else path
        matches = self._places.of(stripped)
        certain = [match for match in matches if match.how is not How.END]
        if certain:  # the place tells more than what an earlier bundle took the file for: that may be wrong, or a lie
            return self._certain(member, certain)
        artifact = self._known(path, before)
        if artifact is None and path.casefold().endswith(".evtx"):
            artifact = self._event_log(member, path)
        if artifact is None:
            artifact = self._by_content(member, path, bool(before and self._evidence.manifest.redacted))
            if artifact is None:
                self._maybe[member.name] = tuple(match for match in matches if match.folder is not None)
                return self._hopeless(member, path)
            self._folders.update(m.folder for m in matches if m.artifact is artifact and m.folder is not None)
        self._take(member, artifact)
        return True

    def _certain(self, member: Member, matches: list[Match]) -> bool:
        self._folders.update(match.folder for match in matches if match.folder is not None)
        stores = {match.artifact.store: match.artifact for match in reversed(matches)}
        if Store.NOTHING in stores:
            self._take(member, stores[Store.NOTHING])
        if Store.CONTENT in stores or Store.METADATA in stores:
            self._take(member, next(m.artifact for m in matches if m.artifact.store in (Store.CONTENT, Store.METADATA)))
        else:
            self._leave(member, Outcome.SKIPPED, PRESENCE if Store.PRESENCE in stores else NEVER_STORED)
        return True

    def _hopeless(self, member: Member, path: str) -> bool:
        """Return False where what lies beside *member* may still tell whose it is."""
        if self._maybe[member.name]:
            return False
        if _PROSE.fullmatch(path.rpartition("/")[2]):
            raise _LeftOutError(PROSE)
        if not is_elsewhere(path):
            raise _LeftOutError(NOT_READ)
        raise _LeftOutError(LOOKS_LIKE if self._places.knows(path) else NOT_CLAUDES)

    def _known(self, path: str, before: Acquisition | None) -> Artifact | None:
        """Return what an earlier bundle took the file for, or what the state of a machine is called."""
        if before and before.artifact in self._artifacts:
            return self._artifacts[before.artifact]
        folder, _, name = path.rpartition("/")
        return self._states.get(name.partition(".")[0].casefold()) if f"{folder}/" == STATE else None

    def _event_log(self, member: Member, path: str) -> Artifact:
        """Return the artifact of an event log whose channel is one that is collected."""
        name = path.rpartition("/")[2][: -len(".evtx")].casefold()
        named = _SLASH.sub("/", name) in _CHANNELS
        if _LOG_FOLDER.fullmatch(path):
            taken = named
        elif is_elsewhere(path):
            raise _LeftOutError(LOOKS_LIKE if named else NOT_CLAUDES)
        else:
            told = content.channels(lambda: self._evidence.open(member))
            taken = bool(told & CHANNELS.keys()) if told else named
        if not taken:
            raise _LeftOutError(OTHER_LOG)
        return self._artifacts["WindowsEventLogs"]

    def _by_content(self, member: Member, path: str, trusted: bool) -> Artifact | None:
        if is_elsewhere(path) and not trusted:
            return None
        with self._evidence.open(member) as source:
            head = source.read(content.HEAD_BYTES)
        if content.is_xml_of_events(head):
            raise _LeftOutError(AS_XML)
        if _PROSE.fullmatch(path.rpartition("/")[2]):
            return None
        vouched = trusted or self._vouched(member)
        return self._artifacts.get(content.artifact_of(head, lambda: self._evidence.open(member), vouched=vouched))

    def _take(self, member: Member, artifact: Artifact) -> None:
        path = member.path.replace("\\", "/")
        before = self._before.get(member.name)
        transcript = artifact.store is Store.METADATA and not path.casefold().endswith(META_SUFFIX)
        how = replace(
            artifact,
            name=before.artifact if before else GIVEN,
            store=artifact.store if artifact.store is Store.NOTHING else Store.CONTENT,
            scrub=_scrub(artifact, path),
        )
        opened = self._opener(member)
        self.given.append(Given(path, member.size_bytes, member.modified_at, opened, how, transcript, before))

    def _opener(self, member: Member) -> Callable[[], BinaryIO]:
        return lambda: self._evidence.open(member)

    def _leave(self, member: Member, outcome: Outcome, why: str) -> None:
        entry = self._before.get(member.name) or Acquisition(
            GIVEN, member.path, outcome, modified_at=member.modified_at
        )
        self.left_out.append(replace(entry, outcome=outcome, member=None, sha256=None, detail=why))


def _scrub(artifact: Artifact, path: str) -> Scrub:
    if artifact.store is Store.METADATA:
        return Scrub.OWN
    text = artifact.scrub is Scrub.JSON and path.startswith(STATE) and not path.casefold().endswith(".json")
    return Scrub.TEXT if text else artifact.scrub


def reasons(entries: Iterable[Acquisition]) -> Mapping[str, list[Acquisition]]:
    """Return *entries* by why they were left out, what is nearest to Claude's first."""
    found: dict[str, list[Acquisition]] = {}
    for entry in entries:
        found.setdefault(entry.detail, []).append(entry)
    return dict(sorted(found.items(), key=lambda item: (item[0] in (NOT_READ, NOT_CLAUDES), len(item[1]))))


def lines(entries: Iterable[Acquisition], shown: int) -> Iterator[str]:
    """Yield what was left out and why: by name up to *shown* for each reason, the rest counted."""
    for why, group in reasons(entries).items():
        yield from (f"left out: {entry.source} ({why})" for entry in group[:shown])
        if len(group) > shown:
            yield f"left out: {len(group) - shown:,} more ({why})"
