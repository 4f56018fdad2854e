"""Several inputs of one machine, and zips in zips: told apart by their names, read as one."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claude_evidence.bundle import Bundle, open_bundle, write_bundle
from claude_evidence.model import Acquisition, Manifest, Outcome, UsageError

WHEN = datetime(2026, 5, 17, 7, 27, 30, tzinfo=UTC)
LOG = b"2026-05-17 07:27:00 [info] Starting app\n" * 50
LOG_NAME = "data/files/C/Users/alice/main.log"


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def make_bundle(path: Path, host: str = "DESKTOP-SAMPLE", zone: str = "Europe/Berlin") -> Path:
    entry = Acquisition("log", "C:\\Users\\alice\\main.log", Outcome.COLLECTED, WHEN, WHEN, LOG_NAME)
    manifest = Manifest(bundle_id="b1", host={"name": host}, timezone=zone, acquisitions=(entry,))
    write_bundle(path, manifest, [(LOG_NAME, LOG)], timestamp=WHEN)
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


def test_several_inputs_are_told_apart_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "main.log").write_bytes(LOG)
    (tmp_path / "two" / "main.log").write_bytes(b"other")
    inputs = [tmp_path / "main.log", tmp_path / "two", make_zip(tmp_path / "x.zip", {"C/Users/alice/y.log": b"y"})]
    with open_bundle(inputs) as bundle:
        assert names(bundle) == ["main.log", "two/main.log", "x.zip/C/Users/alice/y.log"]
        assert [member.path for member in bundle.members] == ["main.log", "main.log", "C:/Users/alice/y.log"]
        assert [member.name for member in bundle.inputs] == ["main.log", "two", "x.zip"]
    with open_bundle([tmp_path / "main.log", tmp_path / "two" / "main.log"]) as bundle:
        assert contents(bundle) == {"main.log": LOG, "main~2.log": b"other"}


def test_an_input_given_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "main.log").write_bytes(LOG)
    with open_bundle([tmp_path / "main.log", tmp_path / "." / "main.log"]) as bundle:
        assert names(bundle) == ["main.log"]
        assert "given twice" in messages(bundle)


def test_the_first_of_two_bundles_gives_the_manifest_and_both_give_acquisitions(tmp_path: Path) -> None:
    one, two = make_bundle(tmp_path / "one.zip"), make_bundle(tmp_path / "two.zip", zone="Asia/Tokyo")
    with open_bundle([one, two], zone="Europe/Berlin") as bundle:
        assert bundle.manifest.host == {"name": "DESKTOP-SAMPLE"}
        assert bundle.manifest.timezone == "Europe/Berlin"
        acquired = [entry.member for entry in bundle.manifest.acquisitions if entry.member]
        assert sorted(acquired) == names(bundle)
        assert all(bundle.hashed(member).verified for member in bundle.members)
        assert bundle.verify() == ()
        assert "Asia/Tokyo" in messages(bundle)


def test_bundles_of_two_time_zones_are_wrong_use_until_a_zone_is_named(tmp_path: Path) -> None:
    one, two = make_bundle(tmp_path / "one.zip"), make_bundle(tmp_path / "two.zip", zone="Europe/London")
    with pytest.raises(UsageError, match=r"two\.zip is from the time zone Europe/London.*--tz"):
        open_bundle([one, two])
    with open_bundle([one, two], zone="Europe/London") as bundle:
        assert "the zone that was named counts for both" in messages(bundle)


def test_bundles_of_two_machines_are_wrong_use(tmp_path: Path) -> None:
    one, two = make_bundle(tmp_path / "one.zip"), make_bundle(tmp_path / "two.zip", "OTHER-HOST")
    with pytest.raises(UsageError, match=r"two\.zip is of the machine 'OTHER-HOST'"):
        open_bundle([one, two])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_in_a_zip_is_opened_and_one_deeper_is_listed(tmp_path: Path, method: int) -> None:
    deep = make_zip(tmp_path / "deep.zip", {"x.log": b"x"}).read_bytes()
    inner = make_zip(tmp_path / "inner.zip", {"C/Users/alice/main.log": LOG, "deep.zip": deep}).read_bytes()
    outer = make_zip(tmp_path / "outer.zip", {"host/inner.zip": inner, "note.txt": b"n", "zz.zip": b"no zip"}, method)
    with open_bundle([outer]) as bundle:
        assert contents(bundle) == {"host/inner.zip/C/Users/alice/main.log": LOG, "host/inner.zip/deep.zip": deep,
                                    "note.txt": b"n", "zz.zip": b"no zip"}  # fmt: skip
        assert bundle.members[0].path == "C:/Users/alice/main.log"
        assert "host/inner.zip/deep.zip: is a zip in a zip in a zip" in messages(bundle)
        assert "zz.zip: is named like a zip and is none" in messages(bundle)


def test_a_bundle_in_a_zip_is_still_a_bundle(tmp_path: Path) -> None:
    data = make_bundle(tmp_path / "case.zip").read_bytes()
    with open_bundle([make_zip(tmp_path / "outer.zip", {"case.zip": data})]) as bundle:
        assert bundle.manifest.bundle_id == "b1"
        assert names(bundle)[0] == f"case.zip/{LOG_NAME}"
        assert all(bundle.hashed(member).verified for member in bundle.members)
        assert bundle.verify() == ()


def test_zips_in_a_folder_are_opened(tmp_path: Path) -> None:
    for number in range(40):
        make_zip(tmp_path / f"{number:02}.zip", {"main.log": b"%d" % number})
    with open_bundle([tmp_path]) as bundle:
        assert contents(bundle) == {f"{number:02}.zip/main.log": b"%d" % number for number in range(40)}
