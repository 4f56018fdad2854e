"""The bundle that is written: a valid bag, the same bytes each time, all or nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from claude_evidence.bundle import MemberNames, manifest_from_json, open_bundle, write_bundle
from claude_evidence.model import Acquisition, Manifest, Outcome, UsageError

WHEN = datetime(2026, 5, 17, 7, 27, 30, tzinfo=UTC)
FILES: list[tuple[str, bytes | Path]] = [
    ("data/state/p.json", b"[]"),
    ("data/files/C/é b.log", b"x" * 5000),
    ("data/files/C/a.log", b""),
]


def write(path: Path, **changes: object) -> str:
    given = {"manifest": Manifest(tool="tool 1"), "files": FILES, "timestamp": WHEN, **changes}
    return write_bundle(path, given.pop("manifest"), given.pop("files"), **given)  # type: ignore[arg-type]


def test_what_is_written_is_what_rfc_8493_asks_for(tmp_path: Path) -> None:
    sha256 = write(tmp_path / "case.zip")
    assert sha256 == hashlib.sha256((tmp_path / "case.zip").read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "case.zip") as opened:
        assert opened.testzip() is None
        files = {name: opened.read(name) for name in opened.namelist()}
    assert list(files) == [f"case/{name}" for name in (
        "bagit.txt", "data/files/C/a.log", "data/files/C/é b.log", "data/state/p.json", "data/collection.json",
        "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")]  # fmt: skip
    assert files["case/bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    size = 5002 + len(files["case/data/collection.json"])
    assert files["case/bag-info.txt"].decode() == (
        f"Bag-Software-Agent: tool 1\nBagging-Date: 2026-05-17\nPayload-Oxum: {size}.4\n")  # fmt: skip
    assert f"{hashlib.sha256(b'[]').hexdigest()}  data/state/p.json\n" in files["case/manifest-sha256.txt"].decode()
    assert files["case/tagmanifest-sha256.txt"].decode().count("\n") == 3
    with open_bundle([tmp_path / "case.zip"]) as bundle:
        assert bundle.verify() == ()
        assert bundle.problems == ()


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum of the coreutils")
def test_coreutils_accept_the_unzipped_bag(tmp_path: Path) -> None:
    names = MemberNames()
    sources = ["C:\\L\\AppModel-Runtime%4Admin.evtx", "C:\\a\\x%4y.log", "C:\\a\\x_4y.log", "C:\\é\\ a .log", "/-n"]
    write(tmp_path / "case.zip", files=[(names.of(source), source.encode()) for source in sources])
    zipfile.ZipFile(tmp_path / "case.zip").extractall(tmp_path)
    for listed in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        command = ["sha256sum", "--strict", "-c", listed]
        done = subprocess.run(command, cwd=tmp_path / "case", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count(": OK") == (6 if listed.startswith("manifest") else 3)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source.log"
    source.write_bytes(b"x" * 5000)
    (tmp_path / "b").mkdir()
    first = write(tmp_path / "case.zip")
    swapped = [FILES[2], ("data/files/C/é b.log", source), FILES[0]]
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=9)))
    assert write(tmp_path / "b" / "case.zip", files=swapped, timestamp=elsewhere) == first


def test_another_process_with_another_hash_seed_and_zone_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from claude_evidence.bundle import write_bundle; from claude_evidence.model import Manifest\n"
        "files = [('data/state/a', b'a'), ('data/state/b', b'b' * 9999)]\n"
        "host = {'name': 'DESKTOP-SAMPLE', 'os': 'Windows 11'}\n"
        "write_bundle(Path(sys.argv[1]), Manifest(host=host), files, timestamp=datetime(2026, 5, 17, 23, tzinfo=UTC))"
    )
    written = []
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Los_Angeles")):
        path = tmp_path / seed / "case.zip"
        path.parent.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_without_compression_no_byte_depends_on_the_python_that_writes(tmp_path: Path) -> None:
    known = "304a506c18ae13f96091bbe1b5b20d65dfc70e4f4a1acd56ba2904646d68373e"
    assert write(tmp_path / "case.zip", compress=False, manifest=Manifest()) == known


def test_attributes_and_times_are_fixed(tmp_path: Path) -> None:
    write(tmp_path / "case.zip")
    with zipfile.ZipFile(tmp_path / "case.zip") as opened:
        for entry in opened.infolist():
            assert (entry.create_system, entry.external_attr >> 16) == (3, 0o100644)
            assert entry.date_time == (2026, 5, 17, 7, 27, 30)
            assert not entry.extra


def test_acquisitions_learn_hash_and_size_of_their_members(tmp_path: Path) -> None:
    entries = (
        Acquisition("log", "C:\\a.log", Outcome.COLLECTED, member="data/files/C/é b.log"),
        Acquisition("t", "C:\\t", Outcome.SKIPPED, member="data/state/t.meta.json", sha256="00" * 32, size_bytes=10**9),
        Acquisition("none", "C:\\n", Outcome.MISSING),
    )
    made: list[str] = []

    def files() -> Iterator[tuple[str, bytes | Path]]:
        for name, data in [*FILES, ("data/state/t.meta.json", b"{}")]:
            made.append(name)
            yield name, data

    def manifest() -> Manifest:
        assert len(made) == 4
        return Manifest(acquisitions=entries)

    write(tmp_path / "case.zip", files=files(), manifest=manifest)
    with zipfile.ZipFile(tmp_path / "case.zip") as opened:
        stored = manifest_from_json(opened.read("case/data/collection.json"), pytest.fail)
    assert stored is not None
    told = replace(entries[0], sha256=hashlib.sha256(b"x" * 5000).hexdigest(), size_bytes=5000)
    assert stored.acquisitions == (told, *entries[1:])


@pytest.mark.parametrize(
    "name",
    ["data/../x", "/data/x", "x", "data/a%b", "data\\x", "data/a\nb", "data/C:/x", "data/a//b", "data/STATE/P.json",
     "data/collection.json", ""],
)  # fmt: skip
def test_a_name_that_is_unsafe_or_given_twice_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"name|twice"):
        write(tmp_path / "case.zip", files=[*FILES, (name, b"")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "entry",
    [
        Acquisition("a", "s", Outcome.COLLECTED, member="data/state/p.json", sha256="00" * 32),
        Acquisition("a", "s", Outcome.COLLECTED, member="data/state/p.json", size_bytes=3),
        Acquisition("a", "s", Outcome.COLLECTED, member="data/state/none.json"),
    ],
)
def test_an_acquisition_that_its_member_belies_is_refused(tmp_path: Path, entry: Acquisition) -> None:
    with pytest.raises(ValueError, match="acqui"):
        write(tmp_path / "case.zip", manifest=Manifest(acquisitions=(entry,)))


def test_a_failure_on_the_way_keeps_the_old_bundle_and_removes_the_partial(tmp_path: Path) -> None:
    write(tmp_path / "case.zip")
    before = (tmp_path / "case.zip").read_bytes()
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "case.zip", files=[*FILES, ("data/state/z", tmp_path / "gone.log")])
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]
    assert (tmp_path / "case.zip").read_bytes() == before


def test_a_place_that_cannot_be_written_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "none" / "case.zip")


def test_line_breaks_in_the_tool_name_add_no_line_to_bag_info(tmp_path: Path) -> None:
    write(tmp_path / "case.zip", manifest=Manifest(tool="a\nPayload-Oxum: 1.1"))
    with open_bundle([tmp_path / "case.zip"]) as bundle:
        assert bundle.verify() == ()
