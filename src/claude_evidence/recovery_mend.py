"""A transcript without its damage: null bytes and torn lines are left out, every whole record is kept as it was.

A crash while lines were appended leaves blocks of null bytes, alone on a line or before a record (#76059, #53821); what
is appended next stands behind them on the line that was cut. One pass, constant memory: a line over 16 MiB waits on
disk until it is known whether it holds null bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

from claude_evidence.recovery_lines import BLOCK_BYTES, LONG_LINE_BYTES
from claude_evidence.recovery_said import between_nulls, record_of


@dataclass(slots=True)
class Mended:
    """What came of the lines. ``null_lines`` were nothing but null bytes, ``torn_lines`` hold what is no whole record
    any more, ``freed_records`` had null bytes before or behind them. ``before`` and ``after`` are the SHA-256 of both
    files.
    """

    kept_lines: int = 0
    freed_records: int = 0
    null_lines: int = 0
    torn_lines: int = 0
    null_bytes: int = 0
    before: str = ""
    before_bytes: int = 0
    after: str = ""
    after_bytes: int = 0


def mend(source: BinaryIO, target: BinaryIO, spool_folder: str | None = None) -> Mended:
    """Copy the whole records of the transcript *source* to *target* and return what was left out."""
    hashes = hashlib.sha256(), hashlib.sha256()
    found = Mended()
    with _Line(spool_folder) as line:
        writer = _Writer(target, found, hashes[1])
        while block := source.read(BLOCK_BYTES):
            hashes[0].update(block)
            found.before_bytes += len(block)
            *ends, rest = block.split(b"\n")
            for end in ends:
                line.add(end)
                writer.write(line)
                line.clear()
            line.add(rest)
        if line.size_bytes:
            writer.write(line)
    found.before, found.after = hashes[0].hexdigest(), hashes[1].hexdigest()
    return found


@dataclass(slots=True)
class _Line:
    """A line under way: ``lead`` null bytes, then what ``spool`` holds."""

    spool_folder: str | None
    lead: int = 0
    size: int = 0
    inner_null: bool = False
    spool: Any = field(init=False)

    def __post_init__(self) -> None:
        self.spool = SpooledTemporaryFile(max_size=LONG_LINE_BYTES, dir=self.spool_folder)  # noqa: SIM115

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *failure: object) -> None:
        self.spool.close()

    @property
    def size_bytes(self) -> int:
        return self.lead + self.size

    def add(self, piece: bytes) -> None:
        if not self.size:
            rest = piece.lstrip(b"\0")
            self.lead += len(piece) - len(rest)
            piece = rest
        if piece:
            self.inner_null = self.inner_null or b"\0" in piece
            self.spool.write(piece)
            self.size += len(piece)

    def clear(self) -> None:
        self.lead, self.size, self.inner_null = 0, 0, False
        self.spool.seek(0)
        self.spool.truncate()


@dataclass(slots=True)
class _Writer:
    target: BinaryIO
    found: Mended
    sha256: Any

    def write(self, line: _Line) -> None:
        """Write *line* if it is a record, or blank; count what it is."""
        line.spool.seek(0)
        if line.size > LONG_LINE_BYTES:
            self._long(line)
            return
        data = line.spool.read()
        nulls = line.lead + data.count(0)
        self.found.null_bytes += nulls
        if nulls and not data.strip(b"\0"):
            self.found.null_lines += 1
        elif nulls:
            torn = 0
            for piece in between_nulls(data):
                torn += not self._piece(piece, freed=True)
            self.found.torn_lines += torn > 0
        else:
            self.found.torn_lines += not self._piece(data)

    def _piece(self, piece: bytes, *, freed: bool = False) -> bool:
        """Write *piece* if it is a record, or blank, and return whether it is."""
        if piece.strip() and record_of(piece) is None:
            return False
        self.found.kept_lines += 1
        self.found.freed_records += freed
        self._put(piece)
        self._put(b"\n")
        return True

    def _long(self, line: _Line) -> None:
        """Keep a line that is too long to be looked at, unless null bytes show that it is damaged."""
        if line.inner_null:
            self.found.torn_lines += 1
            return
        self.found.kept_lines += 1
        self.found.freed_records += line.lead > 0
        self.found.null_bytes += line.lead
        while piece := line.spool.read(BLOCK_BYTES):
            self._put(piece)
        self._put(b"\n")

    def _put(self, data: bytes) -> None:
        self.target.write(data)
        self.sha256.update(data)
        self.found.after_bytes += len(data)
