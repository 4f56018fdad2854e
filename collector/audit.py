"""The independent audit: the finished bundle is read again, and one identifying value that is left refuses it.

It shares nothing with what made the bundle private but the types: it has its own list of forms and its own search. It
reads every member's bytes and name, the zip's comments and extra fields and what lies between the members, in UTF-8,
UTF-16 of both orders at any position, code pages 1252, 437 and 850, in every case and normal form, escaped (JSON, URL,
HTML, octal), as slug, 8.3 name, base64 and hex; event logs with the edges of their values.

**Words.** A value counts where it stands alone: ``alice`` in ``malice`` or ``aliceX`` is another word, in
``alice_backup``, ``alice.old`` and ``-Users-alice-`` it is left over. Only letters with cases and digits make a longer
word; scripts without cases do not. In event logs a value's edge is a word's edge. Secrets and values of environment
variables of eight characters and more count glued to anything. Names that are short or common (``anywhere`` is False)
count in an identity's place only: see `_audit_places`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, BinaryIO

from claude_evidence.collector import _audit_zip
from claude_evidence.collector._audit_evtx import HEADER_BYTES, Edges, is_event_log
from claude_evidence.collector._audit_search import Hit, Search
from claude_evidence.collector._audit_zip import BLOCK_BYTES, Block
from claude_evidence.collector._types import Identity
from claude_evidence.sharing import shared

Progress = Callable[[str, int, int], None]
MOST_LEAKS = 1000
_NAMES_AT_ONCE = 2000
_PACKED_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd", b"Rar!", b"MSCF")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Leak:
    """A value that is left in the bundle. Its text never repeats the value.

    ``member`` is the member's name as stored, without the base folder, or the entry's number where the name itself is
    the leak; ``kind`` a `Kind`'s word, or ``unreadable`` for what cannot be judged; ``where`` says place and form.
    """

    member: str
    kind: str
    where: str

    def __str__(self) -> str:
        return f"{self.member}: {self.kind} left {self.where}"


def are_packed(leaks: Iterable[Leak]) -> bool:
    """Return whether names in base64 or hex are among *leaks*: the redaction looks for them when it is told to."""
    return any(leak.where.endswith(", as base64 or hex") for leak in leaks)


def audit(
    bundle: Path, identities: Iterable[Identity], *, redact_ips: bool = False, progress: Progress | None = None
) -> tuple[Leak, ...]:
    """Return what of *identities* and of secrets is left in the zip at *bundle*: nothing, where it may be given away.

    Each kind is told once for a member's bytes and once for its name, and at most `MOST_LEAKS`. What cannot be read is
    a leak of kind ``unreadable``.
    *progress* hears member, bytes done and bytes in all. Memory is bounded by the names of the members.
    """
    leaks: dict[tuple[str, str, str], Leak] = {}
    try:
        with closing(_Members(bundle, Search(identities, redact_ips=redact_ips))) as members:
            for leak in _all(members, progress or (lambda member, done, total: None)):
                leaks.setdefault(_sameness(leak), leak)
                if len(leaks) >= MOST_LEAKS:
                    break
    except _UNREADABLE as error:
        leak = Leak("the bundle", "unreadable", f"as a whole: {type(error).__name__}")
        leaks[_sameness(leak)] = leak
    return tuple(leaks.values())


def _sameness(leak: Leak) -> tuple[str, str, str]:
    return leak.member, leak.kind, leak.where.partition(" ")[0]


def _all(members: _Members, progress: Progress) -> Iterator[Leak]:
    file, archive, search = members.file, members.archive, members.search
    entries = archive.infolist()
    suspects = yield from _names(file, entries, search)
    for hit in _found(search, [Block(0, archive.comment)]):
        yield _leak("the bundle", hit, "in its comment")
    for block in _audit_zip.gaps(file, entries, archive.start_dir):
        if block.data.strip(b"\0"):
            for hit in _found(search, [block]):
                yield _leak("the bundle", hit, "between its members")
    jobs = [_Job(n, _shown(entry, n, n in suspects), entry.file_size) for n, entry in enumerate(entries, 1)]
    done, total = 0, sum(job.size_bytes for job in jobs)
    with closing(shared(members, jobs, lambda job: job.size_bytes)) as found:
        for job, leaks in zip(jobs, found, strict=True):
            progress(job.shown, done, total)
            yield from leaks
            done += job.size_bytes


@dataclass(frozen=True, slots=True)
class _Job:
    number: int
    shown: str
    size_bytes: int


class _Members:
    """The bundle, read member by member: a process that it is sent to opens it for itself."""

    def __init__(self, bundle: Path, search: Search) -> None:
        self._bundle, self.search = bundle, search

    @cached_property
    def file(self) -> BinaryIO:
        return self._bundle.open("rb")

    @cached_property
    def archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.file)

    def __getstate__(self) -> dict[str, object]:
        return {"_bundle": self._bundle, "search": self.search}

    def __call__(self, job: _Job, read: Callable[[int], None]) -> list[Leak]:
        """Return what is left in one member, each kind once."""
        leaks: dict[tuple[str, str, str], Leak] = {}
        for leak in _member(self.archive, self.archive.infolist()[job.number - 1], job.shown, self.search):
            leaks.setdefault(_sameness(leak), leak)
        return list(leaks.values())

    def close(self) -> None:
        if "file" in self.__dict__:
            self.file.close()


def _shown(entry: zipfile.ZipInfo, number: int, hidden: bool) -> str:
    return f"entry {number}" if hidden else entry.filename.partition("/")[2] or entry.filename


def _names(file: BinaryIO, entries: list[zipfile.ZipInfo], search: Search) -> Generator[Leak, None, set[int]]:
    """Yield what names, comments and extra fields tell; return the numbers of the entries concerned."""
    suspects: set[int] = set()
    for start in range(0, len(entries), _NAMES_AT_ONCE):
        told = [_audit_zip.trivia(file, entry) for entry in entries[start : start + _NAMES_AT_ONCE]]
        if not any(_found(search, [Block(0, b"\n".join(told))])):
            continue
        for number, text in enumerate(told, start + 1):
            for hit in _found(search, [Block(0, text)]):
                suspects.add(number)
                yield _leak(f"entry {number}", hit, "in its name, comment or extra field")
    return suspects


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, search: Search) -> Iterator[Leak]:
    try:
        with archive.open(entry) as source:
            start = source.read(8)
            source.seek(0)
            if start.startswith(_PACKED_STARTS):
                yield Leak(shown, "unreadable", "as a whole: it is compressed within")
            for hit in _found(search, _pieces(source, start), is_event_log(start)):
                yield _leak(shown, hit, f"at byte {hit.position:,}")
    except _UNREADABLE as error:
        yield Leak(shown, "unreadable", f"as a whole: {type(error).__name__}")


def _pieces(source: IO[bytes], start: bytes) -> Iterator[Block]:
    return _audit_zip.aligned(source, HEADER_BYTES) if is_event_log(start) else _audit_zip.blocks(source)


def _found(search: Search, blocks: Iterable[Block], event_log: bool = False) -> Iterator[Hit]:
    """Yield what *search* finds in *blocks*, at its byte in the member."""
    for block in blocks:
        if b"\0" not in block.data:
            hits = search.text(block.data)
        elif not block.data.strip(b"\0"):
            continue
        else:
            hits = search.binary(block.data, Edges(block.data) if event_log else None)
        for hit in hits:
            yield Hit(hit.kind, hit.form, block.offset + hit.position)


def _leak(member: str, hit: Hit, place: str) -> Leak:
    return Leak(member, hit.kind, f"{place}, as {hit.form}")


__all__ = ["BLOCK_BYTES", "MOST_LEAKS", "Leak", "audit"]
