"""Whether a bundle is still what it was: each kind of change is found, and no promise is not a kept one."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claude_evidence.bundle import open_bundle, write_bundle
from claude_evidence.model import Acquisition, Manifest, Outcome

WHEN = datetime(2026, 5, 17, 7, 27, 30, tzinfo=UTC)
LOG, OTHER = "data/files/C/a.log", "data/files/C/b.log"
Change = Callable[[Path], object]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Return an unzipped bundle."""
    entry = Acquisition("log", "C:\\a.log", Outcome.COLLECTED, WHEN, WHEN, LOG)
    files: list[tuple[str, bytes | Path]] = [(LOG, b"one\n"), (OTHER, b"two\n")]
    write_bundle(tmp_path / "case.zip", Manifest(bundle_id="b", acquisitions=(entry,)), files, timestamp=WHEN)
    zipfile.ZipFile(tmp_path / "case.zip").extractall(tmp_path)
    return tmp_path / "case"


def zip_of(bag: Path) -> Path:
    path = bag.with_name("changed.zip")
    with zipfile.ZipFile(path, "w") as target:
        for file in sorted(bag.rglob("*")):
            target.write(file, f"case/{file.relative_to(bag).as_posix()}")
    return path


def found(path: Path) -> list[str]:
    with open_bundle([path]) as bundle:
        assert bundle.promised
        return sorted(f"{problem.where}: {problem.message}" for problem in bundle.verify())


def rewrite(bag: Path, name: str, old: str, new: str) -> None:
    text = (bag / name).read_text(encoding="utf-8")
    assert old in text
    (bag / name).write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def seal(bag: Path) -> None:
    """Write the tag manifest anew, as somebody would who wants a change to pass."""
    lines = [f"{hashlib.sha256((bag / n).read_bytes()).hexdigest()}  {n}\n"
             for n in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")]  # fmt: skip
    (bag / "tagmanifest-sha256.txt").write_text("".join(lines), newline="\n")


def test_an_untouched_bundle_keeps_its_promises(bag: Path) -> None:
    assert found(bag) == found(zip_of(bag)) == found(bag.with_name("case.zip")) == []


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (lambda bag: (bag / LOG).write_bytes(b"One\n"), LOG, "is altered"),
        (lambda bag: (bag / LOG).write_bytes(b""), LOG, "is altered"),
        (lambda bag: (bag / LOG).unlink(), LOG, "is missing: the bag promises it"),
        (lambda bag: (bag / "data/files/C/c.log").write_bytes(b""), "data/files/C/c.log", "is extra"),
        (lambda bag: (bag / "notes.txt").write_bytes(b""), "notes.txt", "is extra"),
        (lambda bag: (bag / "fetch.txt").write_bytes(b"https://x - data/y"), "fetch.txt", "not fetched"),
        (lambda bag: (bag / "bagit.txt").write_bytes(b"BagIt-Version: 0.97\n"), "bagit.txt", "is altered"),
        (lambda bag: (bag / "bagit.txt").unlink(), "bagit.txt", "is missing"),
        (lambda bag: (bag / "manifest-sha256.txt").unlink(), "manifest-sha256.txt", "not complete"),
        (lambda bag: (bag / "tagmanifest-sha256.txt").unlink(), "tagmanifest-sha256.txt", "nothing vouches"),
        (lambda bag: rewrite(bag, "data/collection.json", "b", "c"), "data/collection.json", "is altered"),
        (lambda bag: rewrite(bag, "bag-info.txt", ".3", ".4"), "bag-info.txt", "bytes in 4 files, and"),
    ],
)  # fmt: skip
def test_each_change_is_found(bag: Path, change: Change, where: str, message: str) -> None:
    change(bag)
    for path in (bag, zip_of(bag)):
        assert [line for line in found(path) if line.startswith(f"{where}: ") and message in line]


def test_an_altered_member_is_not_verified_and_a_problem_of_the_report(bag: Path) -> None:
    (bag / LOG).write_bytes(b"One\n")
    with open_bundle([zip_of(bag)]) as bundle:
        assert [bundle.hashed(member).verified for member in bundle.members] == [False, True]
        assert [(problem.where, problem.message) for problem in bundle.problems] == [
            (LOG, "its bytes are not those that the bundle promises")
        ]


def test_a_change_that_spares_the_collection_is_found_in_it(bag: Path) -> None:
    old = (bag / LOG).read_bytes()
    (bag / LOG).write_bytes(b"new\n")
    rewrite(bag, "manifest-sha256.txt", hashlib.sha256(old).hexdigest(), hashlib.sha256(b"new\n").hexdigest())
    seal(bag)
    assert [line.split(":")[0] for line in found(bag)] == [LOG]
    with open_bundle([bag]) as bundle:
        assert bundle.hashed(bundle.members[0]).verified is False


def test_a_member_that_only_the_collection_names_is_missed(bag: Path) -> None:
    raw = json.loads((bag / "data/collection.json").read_text())
    raw["acquisitions"][0]["member"] = "data/files/C/gone.log"
    before = (bag / "data/collection.json").read_bytes()
    (bag / "data/collection.json").write_text(json.dumps(raw))
    after = (bag / "data/collection.json").read_bytes()
    rewrite(bag, "manifest-sha256.txt", hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest())
    seal(bag)
    assert "data/files/C/gone.log: is missing: the collection names it" in found(bag)


def test_a_duplicate_cannot_hide_behind_the_true_one(bag: Path) -> None:
    path = zip_of(bag)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as target:
        target.writestr(f"case/{LOG}", b"forged\n")
    assert f"{LOG}: is there 2 times" in found(path)
    assert [line for line in found(path) if line.startswith(f"{LOG}: is altered")]
    with open_bundle([path]) as bundle:
        assert [(member.name, bundle.hashed(member).verified) for member in bundle.members] == [
            (LOG, True), ("data/files/C/a~2.log", False), (OTHER, True)]  # fmt: skip


def test_a_file_beside_the_bag_is_read_and_has_no_promise(bag: Path) -> None:
    path = zip_of(bag)
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("stray.log", b"stray\n")
    with open_bundle([path]) as bundle:
        assert {member.name: bundle.hashed(member).verified for member in bundle.members} == {
            LOG: True, OTHER: True, "stray.log": None}  # fmt: skip
        assert ("stray.log", "lies outside the bag: nothing promises its bytes") in [
            (problem.where, problem.message) for problem in bundle.problems
        ]
    assert found(path) == ["stray.log: lies outside the bag: nothing promises its bytes"]


def test_what_cannot_be_read_is_not_verified(bag: Path) -> None:
    path = zip_of(bag)
    data = bytearray(path.read_bytes())
    entry = data.rindex(f"case/{LOG}".encode()) - 46
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert f"{LOG}: cannot be verified: is encrypted" in found(path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_place_of_a_member_is_missing(bag: Path, tmp_path: Path) -> None:
    (tmp_path / "same.log").write_bytes((bag / LOG).read_bytes())
    (bag / LOG).unlink()
    (bag / LOG).symlink_to(tmp_path / "same.log")
    assert f"{LOG}: is missing: the bag promises it" in found(bag)


def test_a_truncated_bundle_says_what_is_missing_and_gives_the_rest(bag: Path) -> None:
    whole = bag.with_name("case.zip").read_bytes()
    cut = bag.with_name("cut.zip")
    cut.write_bytes(whole[: whole.index(b"case/data/collection.json") - 30])
    with open_bundle([cut]) as bundle:
        assert [member.path for member in bundle.members] == ["C:/a.log", "C:/b.log"]
        assert [bundle.hashed(member).verified for member in bundle.members] == [None, None]
    assert "manifest-sha256.txt: is missing: the bag is not complete" in found(cut)


def test_a_foreign_bag_is_verified_too_and_shows_all_its_files(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    (bag / "data" / "C" / "Users").mkdir(parents=True)
    (bag / "data" / "C" / "Users" / "a%25 b.log").write_bytes(b"one\n")
    (bag / "bagit.txt").write_text("BagIt-Version: 0.97\n")
    promise = hashlib.sha256(b"one\n").hexdigest().upper()
    (bag / "manifest-sha256.txt").write_text(f"{promise} *data/C/Users/a%2525 b.log\r\n")
    with open_bundle([bag]) as bundle:
        member = bundle.hashed(bundle.members[0])
        assert (member.name, member.path, member.verified) == ("data/C/Users/a%25 b.log", "C:/Users/a%25 b.log", True)
        assert bundle.manifest == Manifest(format="")
    assert found(bag) == []


@pytest.mark.parametrize("line", ["nonsense", "00  data/x", f"{'0' * 64}  ../../etc/x", f"{'0' * 64}  /etc/x"])
def test_a_line_that_is_no_promise_is_said(bag: Path, line: str) -> None:
    with (bag / "manifest-sha256.txt").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with open_bundle([bag]) as bundle:
        assert bundle.problems[0].where == "manifest-sha256.txt"
        assert {problem.message for problem in bundle.problems[1:]} <= {"is missing: the bag promises it"}
        assert bundle.problems[0] in bundle.verify()


def test_two_promises_for_one_file_are_said(bag: Path) -> None:
    with (bag / "manifest-sha256.txt").open("a", encoding="utf-8") as file:
        file.write(f"{'0' * 64}  {LOG}\n")
    with open_bundle([bag]) as bundle:
        assert "another hash for a path named before" in bundle.problems[0].message


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 5}'])
def test_a_spoiled_collection_is_a_problem_and_the_members_are_read(bag: Path, text: str) -> None:
    (bag / "data/collection.json").write_text(text)
    with open_bundle([bag]) as bundle:
        assert [member.path for member in bundle.members] == ["C:/a.log", "C:/b.log"]
        assert {problem.where for problem in bundle.problems} == {"data/collection.json"}


def test_another_tools_collection_json_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "collection.json").write_text('{"format": "other/1"}')
    with open_bundle([tmp_path]) as bundle:
        assert [member.name for member in bundle.members] == ["data/collection.json"]
        assert not bundle.promised
        assert bundle.problems == ()


def test_reading_says_what_was_taken_out(bag: Path) -> None:
    """The report shows the problems of reading: evidence that was removed is not passed over in silence."""
    (bag / LOG).unlink()
    for path in (bag, zip_of(bag)):
        with open_bundle([path]) as bundle:
            assert [problem.where for problem in bundle.problems if "is missing" in problem.message] == [LOG]
