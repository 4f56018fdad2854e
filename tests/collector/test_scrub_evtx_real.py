"""The scrub of real event logs, sound and damaged: readers of three makers see the same records before and after."""

from __future__ import annotations

import io
import lzma
import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_evidence.collector import scrub_evtx as evtx
from claude_evidence.evtx_format import CHUNK_BYTES, FILE_BLOCK_BYTES
from claude_evidence.evtx_values import sid, sid_text
from tests.collector.evtx_scrubbing import (
    checksums,
    exported,
    foreign,
    leaves,
    left,
    machine_sid,
    pure,
    replacing,
    rust,
    same,
    same_sid,
    scrubbed,
)  # fmt: skip

DATA = os.environ.get("CLAUDE_EVIDENCE_REAL_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="CLAUDE_EVIDENCE_REAL_DATA names no folder of real event logs")
FILES = sorted((Path(DATA) / "evtx").rglob("*.evtx*")) if DATA else []
PURE = 10_000 if os.environ.get("CLAUDE_EVIDENCE_LONG_TESTS") else 60
COMPARED = 1500
"""Records of a log, evenly spread, that are compared field by field; all of them are counted."""
_USER = re.compile(r"\\Users\\([^\\\0]{3,20})\\", re.IGNORECASE)
_SID = re.compile(r"S-1-5-21(?:-\d+){4}")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_MACHINE = ("Public", "Default", "All Users", "User")
"""Profiles of nobody, and a word that element names hold: those stay."""


def content(path: Path) -> bytes:
    """The bytes of a log; of the large packed ones the first chunks, unless CLAUDE_EVIDENCE_LONG_TESTS is set."""
    if path.suffix != ".xz":
        return path.read_bytes()
    data = lzma.decompress(path.read_bytes())
    return data if os.environ.get("CLAUDE_EVIDENCE_LONG_TESTS") else data[: FILE_BLOCK_BYTES + 24 * CHUNK_BYTES]


def names(path: Path) -> list[str]:
    """The computers and users that a log names, as far as one reader shows them."""
    found = set()
    for _, _, row in rust(path)[0][:3000]:
        for place, value in leaves(row):
            if place == "/Event/System/Computer" and isinstance(value, str):
                found.add(value)
            elif isinstance(value, str):
                found |= {user for user in _USER.findall(value) if user not in _MACHINE}
    return sorted(name for name in found if len(name) > 3)


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "before.evtx"
    path.write_bytes(content(request.param))
    return path


def test_functions_that_change_nothing_give_the_same_bytes(log: Path) -> None:
    data = log.read_bytes()
    assert b"".join(evtx.scrub(io.BytesIO(data), same, same_sid, foreign=same)) == data


def test_readers_see_the_same_records_and_only_what_was_meant_differs(log: Path) -> None:
    data, known = log.read_bytes(), names(log)
    clean = scrubbed(data, known, foreign)
    path = log.with_name("after.evtx")
    path.write_bytes(clean)
    assert len(clean) == len(data)
    assert not left(clean, known)
    assert [(place, right) for place, right in checksums(data)] == list(checksums(clean))
    before, after = rust(log), rust(path)
    assert before[1] == after[1]
    assert [row[:2] for row in before[0]] == [row[:2] for row in after[0]]
    step = max(1, len(before[0]) // COMPARED)
    for (_, _, old), (_, _, new) in zip(before[0][::step], after[0][::step], strict=True):
        assert differences(old, new, known) == []
    if shutil.which("evtxexport"):
        for what in ("items", "recovered"):
            assert exported(log, what) == exported(path, what)


def differences(old: object, new: object, known: list[str]) -> list[tuple[str, object, object]]:
    """What differs between two contents of a record beyond names, SIDs and what tells of others."""
    replace, found = replacing(known), []
    pairs = list(zip(leaves(old), leaves(new), strict=True))
    for (place, was), (now_place, now) in pairs:
        texts = isinstance(was, str) and isinstance(now, str)
        meant = was == now or (texts and _meant(was, now, replace(was), place))
        if place != now_place or not meant:
            found.append((f"{place} {now_place}", was, now))
    return found


def _meant(was: str, now: str, replaced: str, place: str) -> bool:
    if now == replaced or _SID.sub(lambda match: sid_text(machine_sid(sid(match[0]))), was) == now:
        return True
    system = place.startswith("/Event/System/")
    if system or len(was.encode("utf-16-le")) != len(now.encode("utf-16-le")):
        return False
    return (
        bool(_HEX.fullmatch(was))
        or re.sub("[^\0-\x1f\x7f-\x9f]+", lambda m: foreign(m[0]), was) == now
        or _is_ansi(was)
    )


def _is_ansi(was: str) -> bool:
    """Whether a text has what only an 8-bit string of no text has: then what is text in it is replaced part by part."""
    return any(ord(character) in range(0x7F, 0x100) for character in was)


def test_the_pure_python_reader_sees_the_same_records(log: Path) -> None:
    """It needs a second for a few hundred records: records of one chunk from each log's middle."""
    data, path = log.read_bytes(), log.with_name("part.evtx")
    chunks = range(FILE_BLOCK_BYTES, len(data), CHUNK_BYTES)
    start = chunks[len(chunks) // 2]
    part = data[:FILE_BLOCK_BYTES] + data[start : start + CHUNK_BYTES]
    path.write_bytes(part)
    before = pure(path, PURE)
    path.write_bytes(scrubbed(part, names(log), foreign))
    assert pure(path, PURE) == before


def _damaged(data: bytes, chance: random.Random, name: str) -> Iterator[bytes]:
    """Yield ways in which *data* may have been damaged, *name* written into each at a few places."""
    for _ in range(3):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 200)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        for codec in ("utf-16-le", "utf-16-be", "utf-8"):
            at = chance.randrange(len(broken) - 100)
            form = name.encode(codec)
            broken[at : at + len(form)] = form
        if chance.random() < 0.5:
            at, size = chance.randrange(len(broken)), chance.randrange(5000)
            del broken[at : at + size]
        yield bytes(broken)


def test_damage_never_raises_and_never_leaks(log: Path) -> None:
    data, known = log.read_bytes()[: FILE_BLOCK_BYTES + 2 * CHUNK_BYTES], [*names(log), "Zoë Ångström"]
    for broken in _damaged(data, random.Random(len(data)), known[-1]):
        clean = scrubbed(broken, known, foreign)
        assert len(clean) == len(broken)
        assert not left(clean, known)
