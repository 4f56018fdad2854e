"""Zip bombs and crowds: what comes out is counted, whatever the headers say, and the rest of the evidence is read."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from claude_evidence.bundle import Bundle, Limits, MemberError, open_bundle

MIB = 1024 * 1024
LOG = b"2026-05-17 07:27:00 [info] Starting app\n" * 50
LIMITS = Limits(total_bytes=8 * MIB, member_bytes=4 * MIB, ratio=50, free_bytes=MIB, members=1000, nested_bytes=MIB)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    return target.getvalue()


def declaring(data: bytes, size: int) -> bytes:
    """Return *data* with the size that its directory gives for the first member changed to *size*."""
    field = data.index(b"PK\x01\x02") + 24
    return data[:field] + struct.pack("<I", size) + data[field + 4 :]


def opened(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> Bundle:
    (tmp_path / "a.zip").write_bytes(data)
    return open_bundle([tmp_path / "a.zip"], limits)


def read_all(bundle: Bundle) -> dict[str, bytes | str]:
    """Return every member's bytes, or why there are none."""
    found: dict[str, bytes | str] = {}
    for member in bundle.members:
        try:
            bundle.hashed(member)
            with bundle.open(member) as stream:
                found[member.name] = stream.read()
        except MemberError as error:
            found[member.name] = str(error)
    return found


def said(bundle: Bundle) -> str:
    return "\n".join(f"{problem.where}: {problem.message}" for problem in bundle.problems)


@pytest.mark.parametrize(
    ("data", "why"),
    [(bytes(3 * MIB), "taken for a zip bomb"), (noise(200_000) + bytes(6 * MIB), "limit for one member")],
    ids=["ratio", "size"],
)
@pytest.mark.parametrize("honest", [True, False])
def test_a_bomb_is_refused_by_what_it_declares_and_by_what_comes_out(
    tmp_path: Path, data: bytes, why: str, honest: bool
) -> None:
    whole = zipped({"x.log": data, "y.log": LOG})
    whole = whole if honest else declaring(whole, 100)
    with opened(tmp_path, whole) as bundle:
        bomb = bundle.members[0]
        for _ in range(2):
            with pytest.raises(MemberError, match=why):
                bundle.open(bomb).read()
            with pytest.raises(MemberError, match=why):
                bundle.hashed(bomb)
        assert read_all(bundle)["y.log"] == LOG
    with opened(tmp_path, whole, LIMITS.raised(100)) as bundle:
        assert read_all(bundle) == {"x.log": data, "y.log": LOG}


def test_a_member_that_declares_too_much_is_refused_though_it_is_small(tmp_path: Path) -> None:
    with opened(tmp_path, declaring(zipped({"x.log": LOG, "y.log": LOG}), 5 * MIB)) as bundle:
        assert "limit for one member" in str(read_all(bundle)["x.log"])


def test_a_file_that_rightly_shrinks_a_thousandfold_is_read(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({"local_1.json": bytes(144_258)})) as bundle:
        assert read_all(bundle) == {"local_1.json": bytes(144_258)}


def test_small_bombs_together_pass_the_ratio_of_the_whole(tmp_path: Path) -> None:
    files = {f"{number}.log": bytes(MIB) for number in range(6)} | {"z.log": LOG}
    with opened(tmp_path, zipped(files), replace(LIMITS, free_bytes=MIB + len(LOG))) as bundle:
        found = read_all(bundle)
    assert [name for name, data in found.items() if data == files[name]] == ["0.log", "z.log"]
    assert {why for why in found.values() if isinstance(why, str)} == {
        "the whole unfolds to more than 50 times its size: taken for a zip bomb"
    }


def test_the_work_that_bombs_cost_is_bounded(tmp_path: Path) -> None:
    bombs = {f"{number:02}.log": bytes(2 * MIB) for number in range(20)}
    data = zipped(bombs)
    for name in bombs:
        entry = data.rindex(name.encode()) - 46
        data = data[: entry + 24] + struct.pack("<I", 1) + data[entry + 28 :]
    with opened(tmp_path, data) as bundle:
        found = [str(why) for why in read_all(bundle).values()]
    assert sum("taken for a zip bomb" in why for why in found) == 8
    assert sum("all members together" in why for why in found) == 12


def test_members_together_pass_the_limit_for_the_whole(tmp_path: Path) -> None:
    files = {f"{number:02}.log": noise(200_000, number) + bytes(MIB - 200_000) for number in range(10)}
    with opened(tmp_path, zipped(files)) as bundle:
        found = read_all(bundle)
    assert [name for name, data in found.items() if data == files[name]] == [f"{number:02}.log" for number in range(8)]
    assert "all members together pass 8,388,608 bytes" in str(found["08.log"])


def test_reading_again_costs_nothing_of_the_budget(tmp_path: Path) -> None:
    files = {f"{number}.log": noise(MIB, number) for number in range(7)}
    with opened(tmp_path, zipped(files)) as bundle:
        for _ in range(3):
            assert read_all(bundle) == files
            assert bundle.verify() == ()


def test_bombs_in_and_as_inner_zips_are_not_unfolded(tmp_path: Path) -> None:
    inner, big = zipped({"x.log": bytes(3 * MIB)}), zipped({"y.log": noise(2 * MIB)})
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with opened(tmp_path, zipped({"in.zip": inner, "ok.log": LOG}, method)) as bundle:
            found = read_all(bundle)
            assert "taken for a zip bomb" in str(found["in.zip/x.log"])
            assert found["ok.log"] == LOG
    with opened(tmp_path, zipped({"big.zip": big})) as bundle:
        assert [member.name for member in bundle.members] == ["big.zip"]
        assert "big.zip: is a zip that cannot be opened: is larger than 1,048,576 bytes" in said(bundle)


def test_a_bomb_for_a_list_of_hashes_is_said(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({"b/bagit.txt": b"", "b/manifest-sha256.txt": bytes(3 * MIB)})) as bundle:
        assert "manifest-sha256.txt: cannot be read: unfolds to more than 50 times" in said(bundle)


def test_a_hundred_thousand_members_open(tmp_path: Path) -> None:
    one = zipped({"uploads/auto/C%3A/Users/alice/000000.log": b"x"}, zipfile.ZIP_STORED)
    start = one.index(b"PK\x01\x02")
    local, head = one[:start], one[start : start + 42]
    numbers = range(100_000)
    directory = b"".join(
        head + struct.pack("<I", n * len(local)) + b"uploads/auto/C%%3A/Users/alice/%06d.log" % n for n in numbers
    )
    count = len(numbers) & 0xFFFF
    sizes = (len(directory), len(local) * len(numbers))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, *sizes, 0)
    whole = local * len(numbers) + directory + end
    with opened(tmp_path, whole, Limits()) as bundle:
        assert len(bundle.members) == 100_000
        assert bundle.members[-1].path == "C:/Users/alice/099999.log"
        assert bundle.problems == ()


def test_members_past_the_limit_are_said(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({f"{number}.log": b"x" for number in range(1100)})) as bundle:
        assert len(bundle.members) == 1000
        assert "past the limit for members only 1,000 are read" in said(bundle)
