"""From repairs to files: each conversation's new entry and mended transcript, written into the kit with their hashes.

Bytes come through `Bundle.open`, and each is hashed as it is read: a file that changed since the tables were made is a
reason to leave its conversation alone, not a wrong copy.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from claude_evidence import untrusted
from claude_evidence.bundle import Bundle, MemberError
from claude_evidence.model import Member
from claude_evidence.recovery_entry import Entry, read_entry, read_rest, rebuilt, relinked, written
from claude_evidence.recovery_lines import BLOCK_BYTES
from claude_evidence.recovery_lost import NO_TRANSCRIPT, lost, torn
from claude_evidence.recovery_mend import mend
from claude_evidence.recovery_place import is_plain
from claude_evidence.recovery_said import read_said, title
from claude_evidence.recovery_types import Action, Change, Piece, Repair, Saved, Way
from claude_evidence.usage import UsageError

NEW = "new"
_SMALL_BYTES = 16 << 20
T = TypeVar("T")


class _LeftAloneError(Exception):
    """Why a conversation cannot be saved after all, in a sentence."""


class _Reading:
    """A member being read, whose own trouble is told from that of the disk which the kit is written to."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise _LeftAloneError(f"a file of it cannot be read: {error.strerror}") from error

    def __enter__(self) -> _Reading:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stream.close()


@dataclass(slots=True)
class Build:
    """One kit under way in *folder*; ``host`` leads a place to the file's path on its own machine."""

    bundle: Bundle
    folder: Path
    host: Callable[[str], str] = field(default=lambda place: "")
    hashes: dict[str, str] = field(default_factory=dict)
    changes: int = 0
    _members: dict[str, Member] = field(default_factory=dict)
    _places: dict[str, Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._members = {member.name: member for member in self.bundle.members}
        self._places = {member.name.lower(): member for member in self.bundle.members}

    def all(self, repairs: Iterable[Repair]) -> tuple[Saved, ...]:
        """Return what came of each of *repairs*; UsageError where the kit itself cannot be written."""
        return tuple(self._one(number, repair) for number, repair in enumerate(repairs, 1))

    def _one(self, number: int, repair: Repair) -> Saved:
        first, saved = self.changes, Saved(number, repair)
        if repair.way is Way.NOTHING:
            return self._told(saved)
        try:
            return self._made(saved)
        except _LeftAloneError as error:
            reason = str(error)
        except MemberError as error:
            reason = f"a file of it {error}"
        for path in [
            self._path(n, ending) for n in range(first + 1, self.changes + 1) for ending in (".json", ".jsonl")
        ]:
            path.unlink(missing_ok=True)
        self.changes = first
        return Saved(number, replace(repair, way=Way.NOTHING, recoverable="no", reason=reason), kept=self._kept(repair))

    def _told(self, saved: Saved) -> Saved:
        return replace(saved, kept=self._kept(saved.repair))

    def _kept(self, repair: Repair) -> tuple[str, ...]:
        """Return the files of a conversation that stay where they are."""
        return tuple(dict.fromkeys(name for name in (repair.entry, repair.source, repair.transcript) if name))

    def _made(self, saved: Saved) -> Saved:
        repair = saved.repair
        made = _MAKERS.get(repair.way)
        if made:
            saved = made(self, saved)
        if repair.mend or repair.way is Way.MEND:
            saved = self._mend(saved)
        for name in repair.aside:
            saved = self._aside(saved, name)
        return saved

    def _from_copy(self, saved: Saved) -> Saved:
        data = self._bytes(saved.repair.source)
        values = _entry(data)
        session = saved.repair.target.rpartition("/")[2].removesuffix(".json")
        if values is None:
            raise _LeftAloneError("its copy is not whole")
        if str(values.get("sessionId")).lower() != session.lower():
            raise _LeftAloneError("its copy names another conversation: look at it by hand")
        pieces: tuple[Piece, ...] = (Piece("all of it", "its own copy, byte for byte"),)
        if saved.repair.relink:
            entry = relinked(values, saved.repair.cli_session_id)
            values, data, pieces = entry.values, written(entry.values), _changed(entry)
        saved = self._write(saved, saved.repair.target, data, self._modified(saved.repair.source))
        if values.get("cliSessionId") and not saved.repair.transcript:
            saved = replace(saved, repair=replace(saved.repair, recoverable="partly"), lost=(NO_TRANSCRIPT,))
        return replace(_described(saved, values), pieces=pieces)

    def _relink(self, saved: Saved) -> Saved:
        values = _entry(self._bytes(saved.repair.entry))
        if values is None:
            raise _LeftAloneError("its entry can no longer be read")
        entry = relinked(values, saved.repair.cli_session_id)
        saved = self._write(saved, saved.repair.target, written(entry.values), self._modified(saved.repair.entry))
        return replace(_described(saved, entry.values), pieces=_changed(entry))

    def _rebuild(self, saved: Saved) -> Saved:
        repair = saved.repair
        with self._open(repair.transcript) as stream:
            said = read_said(stream)
        rest: dict[str, Any] = {}
        for name in repair.rests:
            with self._open(name) as stream:
                rest = {**read_rest(stream), **rest}
        template = {}
        if repair.template:
            with self._open(repair.template) as stream:
                template = read_entry(stream) or {}
        modified = self._members[repair.entry or repair.transcript].modified_at
        entry = rebuilt(
            repair.target.rpartition("/")[2].removesuffix(".json"), repair.cli_session_id, said,
            rest=rest, template=template, worktree=repair.worktree, written_at=modified,
            named_by=repair.named_by,
        )  # fmt: skip
        last = untrusted.epoch_ms(entry.values.get("lastActivityAt"))
        saved = self._write(saved, repair.target, written(entry.values), modified if repair.entry else last)
        return replace(_described(saved, entry.values), pieces=entry.pieces, lost=lost(repair, entry, said))

    def _mend(self, saved: Saved) -> Saved:
        name = saved.repair.transcript
        place = self._place(name)
        number = self._next()
        new = self._path(number, ".jsonl")
        with self._open(name) as source, _created(new) as target:
            found = _guarded(lambda: mend(source, target, str(self.folder)), new)
        self._same(name, found.before)
        change = Change(
            number, saved.number, Action.WRITE, place, self.host(place), f"{NEW}/{new.name}", found.before,
            found.before_bytes, found.after, found.after_bytes, _ms(self._modified(name)),
        )  # fmt: skip
        pieces = (*saved.pieces, Piece("transcript", f"its own, {found.kept_lines:,} records kept as they were"))
        return replace(saved, changes=(*saved.changes, change), pieces=pieces, lost=(*saved.lost, *torn(found)))

    def _aside(self, saved: Saved, name: str) -> Saved:
        place, data = self._place(name), self._bytes(name)
        change = Change(
            self._next(), saved.number, Action.ASIDE, place, self.host(place), before=_sha256(data),
            before_bytes=len(data), modified_ms=_ms(self._modified(name)),
        )  # fmt: skip
        return replace(saved, changes=(*saved.changes, change))

    def _write(self, saved: Saved, target: str, data: bytes, modified: datetime | None) -> Saved:
        there = self._places.get(target.lower())
        place = self._place(there.name if there else target)
        before = self._bytes(there.name) if there else None
        if before == data:
            return saved
        number = self._next()
        new = self._path(number, ".json")
        with _created(new) as stream:
            _guarded(lambda: stream.write(data), new)
        change = Change(
            number, saved.number, Action.WRITE, place, self.host(place), f"{NEW}/{new.name}",
            None if before is None else _sha256(before), None if before is None else len(before),
            _sha256(data), len(data), _ms(modified),
        )  # fmt: skip
        return replace(saved, changes=(*saved.changes, change))

    def _next(self) -> int:
        self.changes += 1
        return self.changes

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / NEW / f"{number:05}{ending}"

    def _modified(self, name: str) -> datetime | None:
        return self._members[name].modified_at

    def _place(self, name: str) -> str:
        """Return the place of a member, or of a new file beside members, where scripts can write to it."""
        member = self._members.get(name)
        if (member is not None and self.bundle.found_as(member) != name) or not is_plain(name):
            raise _LeftAloneError(
                "its path is not one that a script can safely write to, or it lies in a zip in the input"
            )
        return name

    def _open(self, name: str) -> BinaryIO:
        if name not in self._members:
            raise _LeftAloneError("a file of it is no longer there")
        return cast("BinaryIO", _Reading(self.bundle.open(self._members[name])))

    def _bytes(self, name: str) -> bytes:
        """Return a whole small file, the one that the tables were made from."""
        held = bytearray()
        with self._open(name) as stream:
            while (piece := stream.read(BLOCK_BYTES)) and len(held) <= _SMALL_BYTES:
                held += piece
        if len(held) > _SMALL_BYTES:
            raise _LeftAloneError("a file of it is too large to be an entry")
        self._same(name, _sha256(held))
        return bytes(held)

    def _same(self, name: str, sha256: str) -> None:
        if self.hashes.get(name, sha256) != sha256:
            raise _LeftAloneError("a file of it changed while it was read: quit the app and recover again")


_MAKERS = {
    Way.FROM_TMP: Build._from_copy,
    Way.FROM_COPY: Build._from_copy,
    Way.RELINK: Build._relink,
    Way.REBUILD: Build._rebuild,
}


def _entry(data: bytes) -> dict[str, object] | None:
    return read_entry(io.BytesIO(data))


def _changed(entry: Entry) -> tuple[Piece, ...]:
    """Return what relinking changed, and how much it did not."""
    changed = tuple(piece for piece in entry.pieces if piece.came_from != "the entry itself")
    return (*changed, Piece(f"{len(entry.values) - len(changed)} others", "the entry itself, unchanged"))


def _described(saved: Saved, values: dict[str, object]) -> Saved:
    return replace(
        saved, title=title(values.get("title")), folder=untrusted.text(values.get("cwd")) or "",
        last_activity_at=untrusted.epoch_ms(values.get("lastActivityAt")),
    )  # fmt: skip


def _created(path: Path) -> BinaryIO:
    return _guarded(lambda: path.open("xb"), path)


def _guarded(action: Callable[[], T], path: Path) -> T:
    """Return what *action* returns; the kit's own disk being full or gone ends the run."""
    try:
        return action()
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or type(error).__name__}") from error


def _sha256(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


def _ms(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)
