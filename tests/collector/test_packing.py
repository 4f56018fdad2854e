"""Items on their way into the bundle: cut, left out or stored, and what is said of each."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from claude_evidence.bundle_writer import BundleWriter
from claude_evidence.collector._compressor import best_compressor
from claude_evidence.collector._first_pass import see
from claude_evidence.collector._types import Artifact, Item, Kind, Scrub, Source, Store, User
from claude_evidence.collector.budget import Budget, in_order
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.packing import CHANGED, Packer
from claude_evidence.model import Acquisition, Manifest, Outcome

WHEN = datetime(2026, 5, 17, 8, 30, tzinfo=UTC)
LOGS = "C:/Users/alice/AppData/Roaming/Claude/logs"


def artifact(rank: int = 1, store: Store = Store.CONTENT) -> Artifact:
    return Artifact("ClaudeLogs", "", frozenset({"windows"}), (Source("FILE", ("x",)),), store, rank=rank)


def of(path: Path, *, rank: int = 1, opened: Callable[[], BinaryIO] | None = None, scrub: Scrub = Scrub.TEXT) -> Item:
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Item(artifact(rank), f"{LOGS}/{path.name}", opened or (lambda: path.open("rb")), path.stat().st_size,
                modified, scrub=scrub)  # fmt: skip


def log(path: Path, lines: int, age_s: int = 0) -> Path:
    chance = random.Random(lines)
    path.write_text("".join(f"2026-05-17 08:30:00 [info] {n} {chance.getrandbits(256):x}\r\n" for n in range(lines)))
    os.utime(path, (WHEN.timestamp() - age_s,) * 2)
    return path


def pack(items: Iterable[Item], most: int = 25_000_000, between: Callable[[], Any] = lambda: None
         ) -> tuple[dict[str, Acquisition], dict[str, bytes]]:  # fmt: skip
    """Return what came of *items*, by the last part of their names, and the members stored."""
    import zipfile

    discovery = Discovering([User("alice", "C:/Users/alice")], b"k" * 32)
    seen, failed = see(list(items), discovery, lambda item, count: None)
    between()
    file = io.BytesIO()
    writer = BundleWriter(file, "case", WHEN, compressor=best_compressor())
    packer = Packer(writer, discovery.redactor(), Budget(most, len(seen)))
    by_id = {id(one.item): one for one in seen}
    told = [*failed, *(packer.pack(by_id[id(item)]) for item in in_order(one.item for one in seen))]
    writer.finish(Manifest(acquisitions=tuple(told)))
    assert len(file.getvalue()) <= max(most, 6000)
    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
        stored = {name.rpartition("/")[2]: opened.read(name) for name in opened.namelist()}
    return {entry.source.rpartition("\\")[2]: entry for entry in told}, stored


def test_a_log_is_stored_without_its_names(tmp_path: Path) -> None:
    (tmp_path / "main.log").write_bytes(b"2026-05-17 08:30:00 [info] in C:\\Users\\alice\\x\r\n")
    told, stored = pack([of(tmp_path / "main.log")])
    entry = told["main.log"]
    assert entry.outcome is Outcome.COLLECTED
    assert entry.member and entry.member.startswith("data/files/C/Users/user-")
    assert b"alice" not in stored["main.log"]
    assert b"[info] in C:\\Users\\user-" in stored["main.log"]
    assert "alice" not in entry.source


def test_rotated_siblings_are_dropped_whole_oldest_first(tmp_path: Path) -> None:
    names = ["main.log", "main1.log", "main2.log", "main3.log"]
    items = [of(log(tmp_path / name, 800 if name != "main2.log" else 9000, n * 60)) for n, name in enumerate(names)]
    told, stored = pack(items, 200_000)
    assert [told[name].outcome for name in names] == ["collected", "collected", "skipped", "skipped"]
    assert "--max-size" in told["main3.log"].detail
    assert stored["main.log"] == (tmp_path / "main.log").read_bytes()
    assert "main3.log" not in stored, "a gap in a log misleads, though this sibling would have fitted"


def test_the_newest_log_that_does_not_fit_alone_keeps_its_newest_lines_and_says_so(tmp_path: Path) -> None:
    items = [of(log(tmp_path / "main.log", 20_000)), of(log(tmp_path / "main1.log", 10, 60))]
    told, stored = pack(items, 200_000)
    whole = (tmp_path / "main.log").read_bytes()
    assert whole.endswith(stored["main.log"])
    assert whole[-len(stored["main.log"]) - 2 :].startswith(b"\r\n"), "cut in the middle of a line"
    assert len(stored["main.log"]) > 100_000
    assert f"of {len(whole):,} bytes" in told["main.log"].detail
    assert told["main1.log"].outcome is Outcome.SKIPPED


def test_what_is_no_log_is_never_cut(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(os.urandom(300_000))
    told, stored = pack([of(tmp_path / "config.json")], 200_000)
    assert told["config.json"].outcome is Outcome.SKIPPED
    assert "config.json" not in stored


def test_rank_decides_before_age(tmp_path: Path) -> None:
    new, old = log(tmp_path / "ssh.log", 2000), log(tmp_path / "config.json", 2000, 9999)
    told, _ = pack([of(new, rank=3), of(old, rank=0)], 130_000)
    assert (told["config.json"].outcome, told["config.json"].detail) == ("collected", "")
    assert told["ssh.log"].outcome == "skipped" or "cut to" in told["ssh.log"].detail


class Failing(io.RawIOBase):
    """A file on a disk that fails after some bytes, as a real one does."""

    def __init__(self, path: Path, after: int) -> None:
        self._file, self._left = path.open("rb"), after

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self._left <= 0:
            raise OSError(5, "Input/output error")
        piece = self._file.read(min(len(buffer), self._left))
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()


def failing(path: Path, after: int) -> BinaryIO:
    return Failing(path, after)  # type: ignore[return-value]


def test_an_item_whose_reading_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    paths = [log(tmp_path / name, 60_000) for name in ("main.log", "window.log", "ssh.log")]
    whole = 1 << 40
    after = iter([whole, whole, 2 << 20])
    items = [of(paths[0]), of(paths[1], opened=lambda: failing(paths[1], next(after))), of(paths[2])]
    told, stored = pack(items)
    assert (told["window.log"].outcome, told["window.log"].member) == (Outcome.FAILED, None)
    assert "the disk cannot read it" in told["window.log"].detail
    assert "window.log" not in stored
    assert stored["ssh.log"] == paths[2].read_bytes()


def test_an_item_that_the_first_pass_cannot_read_is_not_tried_again(tmp_path: Path) -> None:
    path = log(tmp_path / "main.log", 60_000)
    told, stored = pack([of(path, opened=lambda: failing(path, 1000))])
    assert told["main.log"].outcome is Outcome.FAILED
    assert "main.log" not in stored


def test_what_is_appended_between_the_passes_is_not_taken_and_said(tmp_path: Path) -> None:
    path = log(tmp_path / "main.log", 10)
    whole = path.read_bytes()

    def append() -> None:
        with path.open("ab") as more:
            more.write(b"carol@example.org")

    told, stored = pack([of(path)], between=append)
    assert stored["main.log"] == whole
    assert told["main.log"].detail == CHANGED


def test_what_is_replaced_between_the_passes_is_left_out_and_said(tmp_path: Path) -> None:
    path = log(tmp_path / "main.log", 10)

    def replace() -> None:
        path.unlink()
        log(path, 11)

    told, stored = pack([of(path)], between=replace)
    assert told["main.log"].outcome is Outcome.FAILED
    assert "replaced" in told["main.log"].detail
    assert "main.log" not in stored


def test_what_vanishes_between_the_passes_is_missing(tmp_path: Path) -> None:
    path = log(tmp_path / "main.log", 10)
    told, stored = pack([of(path)], between=path.unlink)
    assert told["main.log"].outcome is Outcome.MISSING
    assert "main.log" not in stored


def test_two_paths_that_scrub_to_one_name_are_two_members(tmp_path: Path) -> None:
    paths = [log(tmp_path / name, 1) for name in ("main.log", "Main.log" if os.name != "nt" else "main2.log")]
    told, _ = pack(of(path) for path in paths)
    members = {entry.member for entry in told.values()}
    assert len(members) == 2


def test_what_is_read_for_its_values_alone_teaches_them(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text('{"oauthAccount": {"emailAddress": "zoe@example.org"}}')
    (tmp_path / "main.log").write_bytes(b"2026-05-17 08:30:00 [info] zoe@example.org\n")
    discovery = Discovering((), b"k" * 32)
    items = [of(tmp_path / "known.json", scrub=Scrub.JSON), of(tmp_path / "main.log")]
    see(items, discovery, lambda item, count: None)
    redactor = discovery.redactor()
    assert Kind.EMAIL in {identity.kind for identity in redactor.identities}


@pytest.mark.parametrize("compressor", [None, best_compressor()])
def test_either_way_of_packing_gives_the_same_members(tmp_path: Path, compressor: Callable[[], object] | None) -> None:
    data = log(tmp_path / "main.log", 5000).read_bytes()
    file = io.BytesIO()
    writer = BundleWriter(file, "case", WHEN, compressor=compressor)
    writer.add("data/files/C/main.log", [data[:100], b"", data[100:]])
    writer.finish(Manifest())
    import zipfile

    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
        assert opened.read("case/data/files/C/main.log") == data
        assert opened.getinfo("case/data/files/C/main.log").compress_size < len(data)
