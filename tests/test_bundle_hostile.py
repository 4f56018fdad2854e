"""Zips crafted byte by byte where ``zipfile`` refuses to: nothing crashes, and nothing is lost in silence."""

from __future__ import annotations

import bz2
import hashlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_evidence.bundle import Bundle, Limits, MemberError, open_bundle

MIB = 1024 * 1024
LOG = b"".join(b"2026-05-17 07:27:%02d [info] line %d\n" % (n % 60, n) for n in range(400))
SMALL = Limits(total_bytes=8 * MIB, member_bytes=4 * MIB, ratio=50, free_bytes=MIB, members=1000, nested_bytes=MIB)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


@dataclass
class Item:
    """One entry, and every lie that its headers may tell."""

    name: bytes
    data: bytes = LOG
    method: int = 8
    packed: bytes | None = None
    flags: int = 0x800
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    local_name: bytes | None = None
    offset: int | None = None
    attributes: int = 0
    system: int = 0
    version: int = 20
    extra: bytes = b""

    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return {8: deflated, 12: bz2.compress}.get(self.method, bytes)(self.data)

    def numbers(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        size = len(self.data) if self.size is None else self.size
        return crc, len(self.body()) if self.packed_size is None else self.packed_size, size

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        lengths = (len(name), len(self.extra))
        head = (b"PK\x03\x04", self.version, self.flags, self.method, 0, 0x21, *self.numbers(), *lengths)
        return struct.pack("<4s5H3I2H", *head) + name + self.extra + self.body()

    def central(self, offset: int) -> bytes:
        at = offset if self.offset is None else self.offset
        head = (b"PK\x01\x02", self.system << 8, self.version, self.flags, self.method, 0, 0x21, *self.numbers(),
                len(self.name), len(self.extra), 0, 0, 0, self.attributes, at)  # fmt: skip
        return struct.pack("<4s6H3I5H2I", *head) + self.name + self.extra


def craft(*items: Item, comment: bytes = b"", prefix: bytes = b"", count: int | None = None) -> bytes:
    body = b""
    directory = b""
    for item in items:
        directory += item.central(len(body))
        body += item.local()
    count = len(items) if count is None else count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), len(comment))
    return prefix + body + directory + end + comment


def opened(tmp_path: Path, data: bytes, limits: Limits = SMALL) -> Bundle:
    (tmp_path / "a.zip").write_bytes(data)
    return open_bundle([tmp_path / "a.zip"], limits)


def read_all(bundle: Bundle) -> dict[str, bytes | str]:
    """Return every member's bytes, or why there are none."""
    found: dict[str, bytes | str] = {}
    for member in bundle.members:
        try:
            hashed = bundle.hashed(member)
            with bundle.open(member) as stream:
                data = stream.read()
            assert hashed.sha256 == hashlib.sha256(data).hexdigest()
            assert hashed.size_bytes == len(data)
            found[member.name] = data
        except MemberError as error:
            assert len(str(error).splitlines()) == 1
            found[member.name] = f"! {error}"
    return found


def said(bundle: Bundle) -> str:
    assert all(problem.stage == "bundle" for problem in bundle.problems)
    return "\n".join(f"{problem.where}: {problem.message}" for problem in bundle.problems)


def test_the_crafted_zip_is_one_that_zipfile_reads_too(tmp_path: Path) -> None:
    data = craft(Item(b"a.log"), Item(b"b.log", method=0), Item(b"c.log", method=12), comment=b"hi")
    with zipfile.ZipFile(io.BytesIO(data)) as known:
        assert {name: known.read(name) for name in known.namelist()} == dict.fromkeys(("a.log", "b.log", "c.log"), LOG)
    with opened(tmp_path, data) as bundle:
        assert read_all(bundle) == dict.fromkeys(("a.log", "b.log", "c.log"), LOG)
        assert bundle.problems == ()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"/etc/passwd", "etc/passwd"),
        (b"../../x.log", "x.log"),
        (b"a/../../../x.log", "a/x.log"),
        (b"C:\\Windows\\x.log", "C/Windows/x.log"),
        (b"\\\\server\\share\\x.log", "server/share/x.log"),
        (b"evil.exe\x00.log", "evil.exe_.log"),
        (b"a\x1b[31m\n.log", "a_[31m_.log"),
        (b"", "_"),
        (b"\xff\xfe.log", "\ufffd\ufffd.log"),
    ],
)
def test_unsafe_names_are_made_safe_and_said(tmp_path: Path, raw: bytes, name: str) -> None:
    with opened(tmp_path, craft(Item(raw))) as bundle:
        assert read_all(bundle) == {name: LOG}
        assert raw.startswith(b"\xff") or f"{name}: its name in the zip is unsafe" in said(bundle)


def test_backslashes_alone_are_no_problem(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"C\\Users\\alice\\main.log"), Item(b"C\\Users\\", b"", 0))) as bundle:
        assert [member.path for member in bundle.members] == ["C:/Users/alice/main.log"]
        assert bundle.problems == ()


def test_names_in_old_code_pages_are_read(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item("é.log".encode("cp437"), flags=0), Item("ü.log".encode(), flags=0))) as bundle:
        assert sorted(read_all(bundle)) == ["é.log", "ü.log"]


def test_duplicates_and_case_collisions_are_all_kept_and_said(tmp_path: Path) -> None:
    same = (b"a/main.log", b"a/main.log", b"A/MAIN.LOG", b"a/./main.log")
    with opened(tmp_path, craft(*(Item(name, b"%d" % number) for number, name in enumerate(same, 1)))) as bundle:
        assert sorted(map(str, read_all(bundle).values())) == ["b'1'", "b'2'", "b'3'", "b'4'"]
        assert len({member.name.casefold() for member in bundle.members}) == 4
        assert said(bundle).count("another member has this name already") == 3


def test_a_symbolic_link_is_said_and_not_followed(tmp_path: Path) -> None:
    link = Item(b"main.log", b"/etc/passwd", 0, attributes=0o120777 << 16, system=3)
    with opened(tmp_path, craft(link, Item(b"b.log"))) as bundle:
        assert read_all(bundle) == {"b.log": LOG}
        assert "main.log: is a link: not followed" in said(bundle)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (Item(b"x.log", flags=0x801), "is encrypted"),
        (Item(b"x.log", method=9), "method 9 (Deflate64)"),
        (Item(b"x.log", method=14), "method 14 (LZMA)"),
        (Item(b"x.log", method=99), "method 99 (AES)"),
        (Item(b"x.log", method=77), "method 77 (unknown)"),
        (Item(b"x.log", offset=7), "local header is not where"),
        (Item(b"x.log", offset=0xFFFFFFF0), "local header is not where"),
    ],
)
def test_what_cannot_be_read_is_listed_and_says_why(tmp_path: Path, item: Item, why: str) -> None:
    with opened(tmp_path, craft(Item(b"good.log"), item)) as bundle:
        found = read_all(bundle)
        assert found["good.log"] == LOG
        assert why in str(found["x.log"])


def test_a_version_from_the_future_does_not_matter(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log", version=99))) as bundle:
        assert read_all(bundle) == {"x.log": LOG}


def test_two_names_for_one_entry_are_said(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log", local_name=b"y.log"))) as bundle:
        assert read_all(bundle) == {"x.log": LOG}
        assert "x.log: has another name in its local header" in said(bundle)


def test_overlapping_entries_are_said_and_held_to_the_ratio(tmp_path: Path) -> None:
    kernel = Item(b"0.log", bytes(MIB))
    told = len(kernel.body())
    quotes = [Item(b"%d.log" % n, bytes(MIB), packed=b"", packed_size=told, offset=0) for n in range(1, 50)]
    with opened(tmp_path, craft(kernel, *quotes)) as bundle:
        found = read_all(bundle)
        assert "entries overlap" in said(bundle)
        assert found["0.log"] == bytes(MIB)
        assert sum(isinstance(data, str) for data in found.values()) >= 45


def test_an_encrypted_inner_zip_is_listed(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"in.zip", craft(Item(b"x")), flags=0x801))) as bundle:
        assert [member.name for member in bundle.members] == ["in.zip"]
        assert "in.zip: is a zip that cannot be opened: is encrypted" in said(bundle)


def test_bytes_before_and_behind_the_archive_are_said(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log"), prefix=b"MZ" * 500)) as bundle:
        assert read_all(bundle) == {"x.log": LOG}
        assert "a.zip: begins 1,000 bytes late" in said(bundle)
    with opened(tmp_path, craft(Item(b"x.log")) + b"tail") as bundle:
        assert read_all(bundle) == {"x.log": LOG}
        assert "a.zip: holds bytes behind its end" in said(bundle)


def test_an_archive_hidden_in_the_comment_is_said(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log"), comment=craft(Item(b"hidden.log")))) as bundle:
        assert read_all(bundle) == {"hidden.log": LOG}
        assert "ends in two directories" in said(bundle)


def test_a_signature_in_the_comment_does_not_mislead(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log"), comment=b"a PK\x05\x06 in passing" + bytes(30))) as bundle:
        assert read_all(bundle) == {"x.log": LOG}


def test_a_zip64_archive_is_read(tmp_path: Path) -> None:
    big = zipfile.ZipFile(tmp_path / "big.zip", "w", zipfile.ZIP_DEFLATED)
    with big, big.open("x.log", "w", force_zip64=True) as stream:
        stream.write(LOG)
    item = Item(b"y.log", size=0xFFFFFFFF, packed_size=0xFFFFFFFF, packed=deflated(LOG))
    item.extra = struct.pack("<HHQQ", 1, 16, len(LOG), len(item.body()))
    body, directory = item.local(), item.central(0)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), len(body))
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(body) + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "y.zip").write_bytes(body + directory + end64 + locator + end)
    with open_bundle([tmp_path / "big.zip", tmp_path / "y.zip"]) as bundle:
        assert read_all(bundle) == {"big.zip/x.log": LOG, "y.zip/y.log": LOG}
        assert bundle.problems == ()


def test_a_wrong_count_is_said_and_all_entries_are_read(tmp_path: Path) -> None:
    with opened(tmp_path, craft(Item(b"x.log"), Item(b"y.log"), count=1)) as bundle:
        assert read_all(bundle) == {"x.log": LOG, "y.log": LOG}
        assert "promises 1 entries and lists 2" in said(bundle)


def test_many_problems_alike_are_counted_not_listed(tmp_path: Path) -> None:
    with opened(tmp_path, craft(*(Item(b"../%d.log" % number, b"") for number in range(150)))) as bundle:
        assert len(bundle.problems) == 101
        assert bundle.problems[-1].message.startswith("50 more of these: its name in the zip is unsafe")
