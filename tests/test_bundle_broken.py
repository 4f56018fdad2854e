"""Zips that are damaged or cut off: what can be had is had, and each loss is said."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_evidence.bundle import Bundle, MemberError, open_bundle
from claude_evidence.model import UsageError

LOG = b"".join(b"2026-05-17 07:27:%02d [info] line %d\n" % (n % 60, n) for n in range(400))
NOISE = random.Random(5).randbytes(2_000_000)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    return target.getvalue()


def opened(tmp_path: Path, data: bytes) -> Bundle:
    (tmp_path / "a.zip").write_bytes(data)
    return open_bundle([tmp_path / "a.zip"])


def read_all(bundle: Bundle) -> dict[str, bytes]:
    """Return every member's bytes, which must be what its hash and size say."""
    found = {}
    for member in bundle.members:
        hashed = bundle.hashed(member)
        with bundle.open(member) as stream:
            found[member.name] = stream.read()
        assert hashed.sha256 == hashlib.sha256(found[member.name]).hexdigest()
        assert hashed.size_bytes == len(found[member.name])
    return found


def said(bundle: Bundle) -> str:
    assert all(problem.stage == "bundle" for problem in bundle.problems)
    return "\n".join(f"{problem.where}: {problem.message}" for problem in bundle.problems)


def with_directory_field(data: bytes, name: bytes, offset: int, value: int) -> bytes:
    """Return *data* with the 32-bit field at *offset* of the directory's entry for *name* changed."""
    entry = data.index(b"PK\x01\x02")
    while data[entry + 46 : entry + 46 + len(name)] != name:
        entry = data.index(b"PK\x01\x02", entry + 4)
    return data[: entry + offset] + struct.pack("<I", value) + data[entry + offset + 4 :]


def test_a_wrong_crc_gives_the_bytes_and_is_said_when_they_are_read(tmp_path: Path) -> None:
    data = with_directory_field(zipped({"x.log": LOG, "y.log": LOG}), b"x.log", 16, 1)
    with opened(tmp_path, data) as bundle:
        assert bundle.problems == ()
        assert read_all(bundle) == {"x.log": LOG, "y.log": LOG}
        assert said(bundle).startswith("x.log: is damaged or was changed: its CRC-32")
        assert len(bundle.problems) == 1


@pytest.mark.parametrize("size", [0, 10])
def test_a_member_larger_than_declared_is_given_whole_and_said(tmp_path: Path, size: int) -> None:
    with opened(tmp_path, with_directory_field(zipped({"x.log": LOG}), b"x.log", 24, size)) as bundle:
        assert read_all(bundle) == {"x.log": LOG}
        assert f"holds {len(LOG):,} bytes where the zip's directory says {size}" in said(bundle)


@pytest.mark.parametrize("method", [0, 8, 12])
def test_a_member_that_breaks_off_gives_what_came_before(tmp_path: Path, method: int) -> None:
    data = with_directory_field(zipped({"x.bin": NOISE, "y.log": LOG}, method), b"x.bin", 20, 1_400_000)
    with opened(tmp_path, data) as bundle:
        found = read_all(bundle)
        assert found["y.log"] == LOG
        assert NOISE.startswith(found["x.bin"])
        assert len(found["x.bin"]) >= (800_000 if method == zipfile.ZIP_BZIP2 else 1_390_000)
        assert f"x.bin: is {'cut short' if method == 0 else 'damaged'}" in said(bundle)


@pytest.mark.parametrize("repeats", [1, 50, 2000])
def test_damage_costs_at_most_a_byte_of_what_came_before_it(tmp_path: Path, repeats: int) -> None:
    packer = zlib.compressobj(9, wbits=-15)
    sound = packer.compress(LOG * repeats) + packer.flush(zlib.Z_FULL_FLUSH)
    data = zipped({"x.log": LOG * repeats + NOISE[:500_000]})
    start = 30 + len("x.log")
    at = start + len(sound)
    damaged = data[:start] + sound + b"\x07" + data[at + 1 :]
    with opened(tmp_path, damaged) as bundle:
        found = read_all(bundle)["x.log"]
        assert (LOG * repeats).startswith(found)
        assert len(found) >= len(LOG) * repeats - 1
        assert "x.log: is damaged" in said(bundle)


class Unseekable(io.BytesIO):
    """Makes zipfile write sizes behind the bytes, as streaming writers do."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("target", [io.BytesIO, Unseekable], ids=["sizes in front", "sizes behind"])
@pytest.mark.parametrize("method", [0, 8, 12])
def test_a_zip_without_its_directory_gives_what_local_headers_tell(
    tmp_path: Path, method: int, target: type[io.BytesIO]
) -> None:
    files = {f"{number}.log": LOG + b"%d" % number for number in range(3)}
    stream = target()
    with zipfile.ZipFile(stream, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    whole = stream.getvalue()
    with opened(tmp_path, whole[: whole.index(b"PK\x01\x02")]) as bundle:
        assert read_all(bundle) == files
        assert said(bundle) == "a.zip: its directory is missing or damaged: 3 entries were found without it"


def test_a_zip_cut_in_its_last_member_gives_the_beginning_of_it(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({"x.log": LOG, "y.bin": NOISE})[:1_000_000]) as bundle:
        found = read_all(bundle)
        assert found["x.log"] == LOG
        assert NOISE.startswith(found["y.bin"])
        assert len(found["y.bin"]) > 990_000
        assert "y.bin: is damaged" in said(bundle)


@pytest.mark.parametrize("broken", [1, 3])
def test_a_damaged_directory_is_mended_from_local_headers(tmp_path: Path, broken: int) -> None:
    data = zipped({f"{number}.log": LOG for number in range(5)})
    pieces = data.split(b"PK\x01\x02")
    data = b"PK\x01\x02".join(pieces[: broken + 1]) + b"????" + b"PK\x01\x02".join(pieces[broken + 1 :])
    with opened(tmp_path, data) as bundle:
        assert read_all(bundle) == {f"{number}.log": LOG for number in range(5)}
        assert "5 entries were found without it" in said(bundle)


@pytest.mark.parametrize("data", [b"garbage" * 1000, b"PK", b"PK\x03\x04", b"PK\x05\x06" + bytes(4), bytes(100_000)])
def test_garbage_named_zip_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError, match=r"a\.zip: is no zip file") as caught:
        opened(tmp_path, data)
    assert len(str(caught.value).splitlines()) == 1


WHOLE = zipped({"a/x.log": LOG, "in.zip": zipped({"y.log": LOG}), "b/data/collection.json": b"{}", "b/bagit.txt": b"x"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4),
    st.integers(len(WHOLE) // 3, len(WHOLE)),
)
def test_no_damage_whatever_raises_anything_else(tmp_path: Path, changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(WHOLE)
    for position, value in changes:
        data[position] = value
    try:
        with opened(tmp_path, bytes(data[:end])) as bundle:
            for member in bundle.members:
                try:
                    bundle.hashed(member)
                except MemberError as error:
                    assert len(str(error).splitlines()) == 1
            bundle.verify()
            said(bundle)
    except UsageError as error:
        assert len(str(error).splitlines()) == 1
