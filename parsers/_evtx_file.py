"""A binary event log into rows: sound chunks many at a time, damaged ones one by one; each loss is a `Problem`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES
from claude_evidence.model import Problem, UsageError
from claude_evidence.parsers import _evtx_chunks, _evtx_python, _evtx_rust
from claude_evidence.parsers._evtx_chunks import Chunk, Entry
from claude_evidence.parsers._evtx_rows import Rows

AUTO, RUST, PYTHON = "auto", "evtx", "python-evtx"
_INSTALLED = {RUST: _evtx_rust.installed, PYTHON: _evtx_python.installed}
_BATCH = 64
_NAMED_LOSSES = 3
"""Losses of one chunk that are named one by one; more are summed up."""


def engines(choice: str) -> tuple[str, ...]:
    """Return the engines to use, best first; UsageError where *choice* is unknown or not installed."""
    if choice not in {AUTO, RUST, PYTHON}:
        raise UsageError(f"unknown engine {choice!r}: choose from {AUTO}, {RUST}, {PYTHON}")
    chosen = tuple(name for name in (RUST, PYTHON) if choice in {AUTO, name} and _INSTALLED[name]())
    if not chosen:
        raise UsageError(f"engine {choice!r}: not installed here")
    return chosen


@dataclass(slots=True)
class Reading:
    """One event log being read."""

    member: str
    engines: tuple[str, ...]
    rows: Rows = field(default_factory=Rows)
    problems: list[Problem] = field(default_factory=list)

    def read(self, head: bytes, stream: BinaryIO) -> None:
        """Read *head*, the first 4,096 bytes, and the whole of *stream* after it into ``rows`` and ``problems``."""
        header = _evtx_chunks.file_header(head)
        for fault in header.faults:
            self._problem(fault)
        batch: list[Chunk] = []
        last, unchecked = -1, 0
        for chunk in _evtx_chunks.chunks(stream):
            last = chunk.index
            unchecked += chunk.unchecked
            if chunk.sound and RUST in self.engines:
                batch.append(chunk)
            if batch and (len(batch) == _BATCH or not chunk.sound):
                self._batch(batch)
                batch = []
            if not chunk.sound or RUST not in self.engines:
                self._single(chunk, header.chunks)
        self._batch(batch)
        if last + 1 < header.chunks:
            self._problem(f"the file ends before chunk {last + 1} of {header.chunks}: their records are lost")
        if unchecked:
            self._problem(f"{unchecked} of {last + 1} chunks carry no checksums: damage in them may show nowhere")

    def _problem(self, message: str, record: int | None = None) -> None:
        self.problems.append(Problem("parse", self.member, message, record))

    def _batch(self, batch: Sequence[Chunk]) -> None:
        before = len(self.rows)
        numbers, errors = _evtx_rust.read([chunk.data for chunk in batch], self.rows)
        if errors or len(numbers) != sum(chunk.expected for chunk in batch):
            self.rows.truncate(before)
            for chunk in batch:
                self._single(chunk, 0)

    def _single(self, chunk: Chunk, counted: int) -> None:
        """Read one chunk record by record; *counted* is how many chunks the file header counts."""
        if chunk.empty:
            if chunk.index < counted:
                self._problem(f"{_place(chunk)} is empty, though the file header counts it: its records are lost")
            return
        data, entries = _evtx_chunks.mend(chunk)
        lost = self._first(data, entries)
        reasons: dict[int, str] = {}
        if PYTHON in self.engines and lost:
            lost, reasons = self._second(data, lost)
        self._report(chunk, entries, lost, reasons)

    def _first(self, data: bytes, entries: Sequence[Entry]) -> list[Entry]:
        """Read the records of *data* by the Rust engine; return those it could not."""
        records = [entry for entry in entries if not entry.gap]
        if RUST not in self.engines or not records:
            return records
        position = len(self.rows)
        numbers, _ = _evtx_rust.read([data], self.rows)
        lost: list[Entry] = []
        waiting = iter(entries)
        for number in numbers:
            for entry in waiting:
                if entry.number == number:
                    if entry.carved:
                        self.rows.carved.add(position)
                    break
                lost.append(entry)
            position += 1
        return [entry for entry in (*lost, *waiting) if not entry.gap]

    def _second(self, data: bytes, entries: Sequence[Entry]) -> tuple[list[Entry], dict[int, str]]:
        """Read *entries* of *data* by python-evtx; return those it could not, and why by offset."""
        reader = _evtx_python.Reader(data)
        lost, reasons = [], {}
        for entry in entries:
            try:
                event = reader.read(entry.offset)
            except _evtx_python.Unreadable as error:
                lost.append(entry)
                reasons[entry.offset] = f" ({error})"
                continue
            if event.rendered is not None:
                self.rows.rendered[len(self.rows)] = event.rendered
            if entry.carved:
                self.rows.carved.add(len(self.rows))
            self.rows.add(event.system, event.payload, entry.number)
        return lost, reasons

    def _report(self, chunk: Chunk, entries: Sequence[Entry], lost: Sequence[Entry], reasons: dict[int, str]) -> None:
        records = [entry for entry in entries if not entry.gap]
        read = len(records) - len(lost)
        faults = [*chunk.faults, *(f"{e.size:,} bytes at offset {e.offset:,} are no record" for e in entries if e.gap)]
        named = lost if len(lost) <= _NAMED_LOSSES else ()
        if lost and not named:
            first, last = lost[0], lost[-1]
            faults.append(f"records {first.number} to {last.number} cannot be read{reasons.get(first.offset, '')}")
        if faults or (chunk.expected and chunk.expected != read):
            total = max(chunk.expected, len(records))
            self._problem(f"{_place(chunk)}: {'; '.join([*faults, f'{read} of {total} records read'])}")
        for entry in named:
            where = f"{_place(chunk)}: the record at offset {entry.offset:,} cannot be read"
            self._problem(where + reasons.get(entry.offset, ""), entry.number or None)


def _place(chunk: Chunk) -> str:
    return f"chunk {chunk.index} (at byte {FILE_BLOCK_BYTES + chunk.index * CHUNK_BYTES:,})"
