"""What a person may hand in, and that all of it is read the same way: members, paths, times, hashes, streams."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from claude_evidence.bundle import Bundle, Limits, open_bundle, write_bundle
from claude_evidence.bundle_entry import ZipEntry
from claude_evidence.bundle_limits import Budget
from claude_evidence.model import Acquisition, Manifest, Outcome, UsageError

WHEN = datetime(2026, 5, 17, 7, 27, 30, tzinfo=UTC)
LOG = b"2026-05-17 07:27:00 [info] Starting app\n" * 50
LOG_NAME = "data/files/C/Users/alice/AppData/Roaming/Claude/logs/main.log"
LOG_SOURCE = "C:\\Users\\alice\\AppData\\Roaming\\Claude\\logs\\main.log"


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def make_bundle(path: Path, host: str = "DESKTOP-SAMPLE", zone: str = "Europe/Berlin") -> Path:
    entries = (
        Acquisition("log", LOG_SOURCE, Outcome.COLLECTED, WHEN, WHEN, LOG_NAME),
        Acquisition("dump", "C:\\Users\\alice\\dump", Outcome.MISSING),
        Acquisition("packages", "Get-AppxPackage", Outcome.COLLECTED, WHEN, None, "data/state/packages.json"),
        Acquisition("transcript", "C:\\Users\\alice\\a.jsonl", Outcome.COLLECTED, WHEN, WHEN,
                    "data/files/C/Users/alice/a.jsonl.meta.json", "00" * 32, 9),
    )  # fmt: skip
    manifest = Manifest(bundle_id="b1", host={"name": host}, timezone=zone, acquisitions=entries)
    files: list[tuple[str, bytes | Path]] = [
        (LOG_NAME, LOG),
        ("data/state/packages.json", b"[]"),
        ("data/files/C/Users/alice/a.jsonl.meta.json", b"{}"),
        ("data/redaction.json", b"{}"),
    ]
    write_bundle(path, manifest, files, timestamp=WHEN)
    return path


def names(bundle: Bundle) -> list[str]:
    return [member.name for member in bundle.members]


def contents(bundle: Bundle) -> dict[str, bytes]:
    found = {}
    for member in bundle.members:
        with bundle.open(member) as stream:
            found[member.name] = stream.read()
    return found


def messages(bundle: Bundle) -> str:
    return "\n".join(f"{problem.where}: {problem.message}" for problem in bundle.problems)


def test_our_bundle_gives_members_with_host_paths_times_and_kept_promises(tmp_path: Path) -> None:
    with open_bundle([make_bundle(tmp_path / "case.zip")]) as bundle:
        members = {member.name: bundle.hashed(member) for member in bundle.members}
        assert bundle.promised
        assert bundle.problems == ()
        assert bundle.manifest.host == {"name": "DESKTOP-SAMPLE"}
    assert list(members) == ["data/files/C/Users/alice/AppData/Roaming/Claude/logs/main.log",
                             "data/files/C/Users/alice/a.jsonl.meta.json", "data/state/packages.json"]  # fmt: skip
    log = members[LOG_NAME]
    assert (log.path, log.modified_at) == (LOG_SOURCE.replace("\\", "/"), WHEN)
    assert (log.sha256, log.size_bytes, log.verified) == (hashlib.sha256(LOG).hexdigest(), len(LOG), True)
    assert members["data/files/C/Users/alice/a.jsonl.meta.json"].path == "C:/Users/alice/a.jsonl.meta.json"
    state = members["data/state/packages.json"]
    assert (state.path, state.modified_at) == ("state/packages.json", WHEN)


@pytest.mark.parametrize("inside", [True, False], ids=["the bag's folder", "the folder around it"])
def test_an_unzipped_bundle_reads_like_the_zip(tmp_path: Path, inside: bool) -> None:
    path = make_bundle(tmp_path / "case.zip")
    zipfile.ZipFile(path).extractall(tmp_path / "out")
    with open_bundle([path]) as zipped, open_bundle([tmp_path / "out" / ("case" if inside else "")]) as folder:
        assert [zipped.hashed(m) for m in zipped.members] == [folder.hashed(m) for m in folder.members]
        assert folder.manifest == zipped.manifest
        assert folder.verify() == ()


def test_a_folder_gives_its_files_with_their_times(tmp_path: Path) -> None:
    for name in ("Users/alice/main.log", "b.json"):
        (tmp_path / "C" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "C" / name).write_bytes(LOG)
        os.utime(tmp_path / "C" / name, (WHEN.timestamp(), WHEN.timestamp()))
    with open_bundle([tmp_path]) as bundle:
        members = [bundle.hashed(member) for member in bundle.members]
        with bundle.open(members[0]) as stream:
            assert stream.seekable()
        assert [(m.name, m.path, m.modified_at, m.verified) for m in members] == [
            ("C/Users/alice/main.log", "C:/Users/alice/main.log", WHEN, None),
            ("C/b.json", "C/b.json", WHEN, None),
        ]
        assert bundle.manifest == Manifest(format="")
        assert [(i.name, i.sha256, i.size_bytes) for i in bundle.inputs] == [(tmp_path.name, "", 2 * len(LOG))]
        assert not bundle.promised


def test_a_loose_file_is_one_member(tmp_path: Path) -> None:
    (tmp_path / "main.log").write_bytes(LOG)
    with open_bundle([tmp_path / "main.log"]) as bundle:
        assert contents(bundle) == {"main.log": LOG}
        assert bundle.members[0].path == "main.log"
        assert [(i.name, i.sha256) for i in bundle.inputs] == [("main.log", hashlib.sha256(LOG).hexdigest())]


def test_a_foreign_zip_gives_host_paths_and_needs_a_zone_for_its_times(tmp_path: Path) -> None:
    path = tmp_path / "collection.zip"
    entry = zipfile.ZipInfo("uploads/auto/C%3A/Users/alice/main.log", (2026, 1, 17, 8, 27, 30))
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(entry, LOG)
    with open_bundle([path]) as bundle, open_bundle([path], zone="Europe/Berlin") as zoned:
        assert [(m.path, m.modified_at) for m in bundle.members] == [("C:/Users/alice/main.log", None)]
        assert zoned.members[0].modified_at == datetime(2026, 1, 17, 7, 27, 30, tzinfo=UTC)
        assert bundle.verify() == ()
        assert not bundle.promised


@pytest.mark.parametrize(
    "extra",
    [
        b"UT\x05\x00\x01" + int(WHEN.timestamp()).to_bytes(4, "little"),
        b"\x0a\x00\x20\x00" + bytes(4) + b"\x01\x00\x18\x00"
        + (int(WHEN.timestamp() + 11_644_473_600) * 10**7).to_bytes(8, "little") * 3,
    ],
    ids=["Unix field", "NTFS field"],
)  # fmt: skip
def test_a_zip_entry_that_carries_utc_has_a_time_without_a_zone(tmp_path: Path, extra: bytes) -> None:
    entry = zipfile.ZipInfo("main.log", (1999, 1, 1, 0, 0, 0))
    entry.extra = extra
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        target.writestr(entry, LOG)
    with open_bundle([tmp_path / "a.zip"]) as bundle:
        assert bundle.members[0].modified_at == WHEN


def test_a_zip_by_content_needs_no_suffix(tmp_path: Path) -> None:
    with open_bundle([make_zip(tmp_path / "upload", {"a/main.log": LOG})]) as bundle:
        assert contents(bundle) == {"a/main.log": LOG}


def test_a_member_is_unfolded_once_for_hash_and_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = ZipEntry.stream

    def counted(entry: ZipEntry, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
        opened.append(entry.name)
        return real(entry, budget, note)

    monkeypatch.setattr(ZipEntry, "stream", counted)
    with open_bundle([make_zip(tmp_path / "a.zip", {"a.log": LOG, "b.log": LOG})]) as bundle:
        for member in bundle.members:
            bundle.hashed(member)
            assert bundle.open(member).read(4) == LOG[:4]
            assert bundle.open(member).read() == LOG
            bundle.hashed(member)
    assert opened == ["a.log", "b.log"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_huge_member_comes_as_a_stream_with_the_same_bytes(
    tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claude_evidence.bundle_reading.HELD_BYTES", 100_000)
    data = bytes(range(256)) * 1_200 + b"\nlast line"
    with open_bundle([make_zip(tmp_path / "a.zip", {"a.log": data, "b.log": data}, method)]) as bundle:
        member = bundle.hashed(bundle.members[0])
        assert member.sha256 == hashlib.sha256(data).hexdigest()
        with bundle.open(member) as one, bundle.open(bundle.members[1]) as two:
            assert not one.seekable()
            assert one.read(7) == two.read(7) == data[:7]
            assert b"".join(one) == two.read() == data[7:]
        assert bundle.problems == ()


def test_a_file_is_hashed_as_it_is_read(tmp_path: Path) -> None:
    data = b"2026-05-17 07:27:12 [info] hello\n" * 200_000
    (tmp_path / "main.log").write_bytes(data)
    with open_bundle([tmp_path / "main.log"]) as bundle:
        (member,) = bundle.members
        with bundle.open(member) as stream:
            assert b"".join(iter(lambda: stream.read(3_000_000), b"")) == data
        (tmp_path / "main.log").write_bytes(b"another file by now")
        assert bundle.hashed(member).sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_that_is_read_in_part_or_with_jumps_is_hashed_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "a").write_bytes(data)
    for reading in (lambda s: s.read(100), lambda s: (s.read(10), s.seek(2_000_000), s.read())):
        with open_bundle([tmp_path / "a"]) as bundle:
            (member,) = bundle.members
            with bundle.open(member) as stream:
                reading(stream)
            assert bundle.hashed(member).sha256 == hashlib.sha256(data).hexdigest()
            assert bundle.hashed(member).size_bytes == len(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 5 * 2**20 + 77])
def test_what_shrinks_much_is_unfolded_whole(tmp_path: Path, size: int, method: int) -> None:
    data = (bytes(1000) + LOG * 600)[: size // 2] + bytes(size - size // 2)
    with open_bundle([make_zip(tmp_path / "a.zip", {"a.log": data[:size]}, method)]) as bundle:
        assert contents(bundle) == {"a.log": data[:size]}
        assert bundle.problems == ()


def test_an_empty_folder_and_an_empty_zip_are_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", make_zip(tmp_path / "empty.zip", {})):
        with open_bundle([path]) as bundle:
            assert bundle.members == ()
            assert "holds no files" in messages(bundle)


def test_wrong_use_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    (tmp_path / "garbage.zip").write_bytes(b"PK garbage" * 100)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    good = tmp_path / "good.log"
    good.write_bytes(LOG)
    for paths in ([], [tmp_path / "none"], [tmp_path / "empty.log"], [tmp_path / "garbage.zip"], [tmp_path / "loop"],
                  [good, tmp_path / "none"]):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            open_bundle(paths)
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(UsageError, match="Mars/Olympus"):
        open_bundle([good], zone="Mars/Olympus")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_what_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a" / "locked").mkdir(parents=True)
    (tmp_path / "a" / "locked").chmod(0)
    try:
        with pytest.raises(UsageError):
            open_bundle([tmp_path / "a" / "locked"])
        with open_bundle([tmp_path / "a"]) as bundle:
            assert "locked: this folder cannot be read" in messages(bundle)
    finally:
        (tmp_path / "a" / "locked").chmod(0o700)


def test_links_in_a_folder_are_said_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.log").write_bytes(LOG)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "real.log").write_bytes(LOG)
    (folder / "file.log").symlink_to(tmp_path / "secret.log")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    (folder / "self").symlink_to(folder, target_is_directory=True)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
    with open_bundle([folder]) as bundle:
        assert names(bundle) == ["real.log"]
        said = messages(bundle)
    assert [line for line in said.splitlines() if "is a link" in line] == [
        f"{name}: is a link: not followed" for name in ("file.log", "self", "up")
    ]
    assert ("pipe: is no regular file" in said) == hasattr(os, "mkfifo")


def test_a_folder_past_the_limit_for_members_is_cut_and_said(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.log").write_bytes(LOG)
    with open_bundle([tmp_path], Limits(members=3)) as bundle:
        assert names(bundle) == ["0.log", "1.log", "2.log"]
        assert "more than 3 files" in messages(bundle)


def test_opening_and_reading_writes_nothing(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"../../evil.log": LOG, "a.log": LOG}).read_bytes()
    folder = tmp_path / "only"
    folder.mkdir()
    path = make_zip(folder / "outer.zip", {"inner.zip": inner, "/abs.log": LOG})
    before = sorted(tmp_path.rglob("*"))
    with open_bundle([path]) as bundle:
        contents(bundle)
        bundle.verify()
    assert sorted(tmp_path.rglob("*")) == before
