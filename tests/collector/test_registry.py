"""The registry of a mounted disk, read from real hives: whole, damaged, locked, large."""

from __future__ import annotations

import os
import random
import sys
import tracemalloc
from pathlib import Path

import pytest

from claude_evidence.collector import registry, windows_facts
from claude_evidence.collector._types import User
from claude_evidence.model import Outcome
from claude_evidence.samples._hive import Keys
from claude_evidence.samples._registry import hives
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.offline import ALICE, CLASSES, NTUSER, PROFILES, SID, SOFTWARE, SYSTEM, Folder

CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
VALUES: Keys = {
    r"Microsoft\Mixed": {
        "": "default", "Text": "Zoë\0rest", "Number": 7, "Large": (1 << 40) + 5, "Lines": ["one", "two"],
        "Bytes": b"\0\1\2\3\4", "Few": b"\1",
    },
    r"Microsoft\Größe": {"日本": "ja"},
    **{rf"Microsoft\Wide\Key{number}": {"Number": number} for number in range(700)},
    **PROFILES,
}  # fmt: skip


def test_values_have_their_types_and_names_no_case(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    host.hive(SOFTWARE, VALUES)
    read = registry.of(host)
    values = read.values(r"hklm\software\MICROSOFT\mixed")
    assert values == {
        "": "default", "Text": values["Text"], "Number": 7, "Large": (1 << 40) + 5, "Lines": ["one", "two"],
        "Bytes": b"\0\1\2\3\4", "Few": b"\1",
    }  # fmt: skip
    assert registry.text(read, r"HKLM\SOFTWARE\Microsoft\Mixed", "TEXT") == "Zoë"
    assert registry.number(read, r"HKLM\SOFTWARE\Microsoft\Mixed", "number") == 7
    assert registry.number(read, r"HKLM\SOFTWARE\Microsoft\Mixed", "Text") is None
    assert set(read.subkeys(r"HKLM\SOFTWARE\Microsoft\Wide")) == {f"Key{number}" for number in range(700)}
    assert read.values(r"HKLM\SOFTWARE\Microsoft\Wide\Key699") == {"Number": 699}
    assert read.values(r"HKLM\SOFTWARE\Microsoft\GRÖSSE".replace("SS", "ß")) == {"日本": "ja"}
    assert read.problems == []


def test_what_is_not_there_is_empty_and_no_problem(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    host.hive(SOFTWARE, VALUES)
    read = registry.of(host)
    for key in (r"HKLM\SOFTWARE\Nothing", r"HKLM\SOFTWARE\Microsoft\Mixed\Deeper", r"HKLM\SAM", "", "HKU", "HKCU\\x"):
        assert (read.values(key), read.subkeys(key), read.has(key)) == ({}, (), False)
    assert read.has(r"HKLM\SOFTWARE\Microsoft")
    assert read.problems == []


def test_the_control_set_is_the_one_in_use(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    keys: Keys = {
        "Select": {"Current": 2},
        r"ControlSet001\Services\X": {"Start": 4},
        r"ControlSet002\Services\X": {"Start": 3},
    }
    host.hive(SYSTEM, keys)
    assert registry.of(host).values(r"HKLM\SYSTEM\CurrentControlSet\Services\X") == {"Start": 3}


def test_a_user_has_two_hives_found_by_sid_or_by_profile(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    host.hive(NTUSER, {r"Software\Run": {"Claude": "x"}})
    host.hive(CLASSES, {r"Local Settings\Software": {"y": 1}})
    nameless = User("alice", "C:/Users/alice")
    read = registry.of(host)
    assert read.values(rf"{registry.user_key(read, nameless)}\Software\Run") == {"Claude": "x"}
    assert read.values(rf"{registry.user_key(read, ALICE)}\Software\Run") == {}
    host.hive(SOFTWARE, VALUES)
    read = registry.of(host)
    assert read.values(rf"{registry.user_key(read, ALICE)}\Software\Run") == {"Claude": "x"}
    assert read.values(rf"HKU\{SID.lower()}\software\CLASSES\Local Settings\Software") == {"y": 1}


def test_a_hive_that_is_missing_or_no_hive_is_said_once(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    read = registry.of(host)
    for _ in range(3):
        assert windows_facts.facts(read) == {}
    assert {(one.source, one.outcome) for one in read.problems} == {
        (SOFTWARE, Outcome.MISSING),
        (SYSTEM, Outcome.MISSING),
    }
    assert len(read.problems) == 2
    host.local(SOFTWARE).parent.mkdir(parents=True)
    for content in (b"", b"regf", b"\0" * 8192, b"regf" + b"\xff" * 20_000, random.Random(1).randbytes(9000)):
        host.local(SOFTWARE).write_bytes(content)
        read = registry.of(host)
        assert read.values(CURRENT) == {}
        assert [one.outcome for one in read.problems] == [Outcome.FAILED], content[:8]
    host.local(SYSTEM).mkdir()
    read = registry.of(host)
    assert read.values(r"HKLM\SYSTEM\Select") == {}
    assert [(one.outcome, one.detail) for one in read.problems] == [(Outcome.FAILED, "no file")]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is denied to this user")
def test_a_hive_that_may_not_be_read_is_denied(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    host.hive(SOFTWARE, VALUES).chmod(0)
    read = registry.of(host)
    assert read.subkeys(r"HKLM\SOFTWARE") == ()
    assert [one.outcome for one in read.problems] == [Outcome.DENIED]


def test_damage_anywhere_never_raises_and_never_speaks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    host = Folder(tmp_path)
    path = host.hive(SOFTWARE, {**PROFILES, r"Microsoft\Mixed": VALUES[r"Microsoft\Mixed"]})
    whole, chance = path.read_bytes(), random.Random(7)
    heard = 0
    for number in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(4096, len(data)) if number % 8 else chance.randrange(512)
            data[at] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        path.write_bytes(data[: chance.randrange(len(data))] if number % 10 == 0 else data)
        read = registry.of(host)
        windows_facts.profiles(read)
        for key in (r"HKLM\SOFTWARE\Microsoft\Mixed", CURRENT, r"HKLM\SOFTWARE"):
            assert isinstance(read.values(key), dict)
            assert isinstance(read.subkeys(key), tuple)
        heard += bool(read.problems)
    assert heard > 10
    assert capfd.readouterr() == ("", "")


def test_a_list_that_holds_itself_ends(tmp_path: Path) -> None:
    """Lists of lists that all name one list would hold four thousand million keys."""
    host = Folder(tmp_path)
    path = host.hive(SOFTWARE, {f"Key{number}": {} for number in range(3)})
    data = bytearray(path.read_bytes())
    leaf = data.index(b"lh")
    data += b"\0" * (4096 - len(data) % 4096)
    index = len(data) - 4096
    data += b"\0" * 4 + b"ri" + (65535).to_bytes(2, "little") + (leaf - 4 - 4096).to_bytes(4, "little") * 65535
    root = data.index(b"nk")
    data[root + 28 : root + 32] = (index).to_bytes(4, "little")
    path.write_bytes(data)
    assert len(registry.of(host).subkeys(r"HKLM\SOFTWARE")) <= registry.MOST


def test_a_large_hive_is_not_held(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    path = host.hive(SOFTWARE, VALUES)
    os.truncate(path, 100 << 20)
    registry.of(host).has(CURRENT)  # loads the library
    tracemalloc.start()
    read = registry.of(host)
    assert read.values(r"HKLM\SOFTWARE\Microsoft\Wide\Key699") == {"Number": 699}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_what_a_dirty_hive_may_lack_is_said(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    path = host.hive(SOFTWARE, VALUES)
    data = bytearray(path.read_bytes())
    data[4] ^= 1  # the first sequence number, which the last change raised
    path.write_bytes(data)
    read = registry.of(host)
    assert read.values(r"HKLM\SOFTWARE\Microsoft\Wide\Key1") == {"Number": 1}
    assert [(one.outcome, one.source) for one in read.problems] == [(Outcome.COLLECTED, SOFTWARE)]


@pytest.mark.parametrize("system", ["linux", "macos"])
def test_other_systems_have_none(system: str, tmp_path: Path) -> None:
    read = registry.of(Folder(tmp_path, system, live=True))
    assert (read.values(CURRENT), read.subkeys(CURRENT), read.has(CURRENT), read.problems) == ({}, (), False, [])
    assert (windows_facts.facts(read), windows_facts.zone(read), windows_facts.profiles(read)) == ({}, (None, None), {})


def test_facts_of_a_sample(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "exdev-storm-second-drive.yaml")
    host = Folder(tmp_path)
    for path, keys in hives(scenario).items():
        host.hive(path, keys)
    read = registry.of(host)
    facts = windows_facts.facts(read)
    assert facts["name"] == scenario.raw["host"]["name"]
    assert facts["os"] == scenario.raw["host"]["os"]
    assert facts["architecture"] == "AMD64"
    assert "domain" not in facts
    assert windows_facts.zone(read)[0] == str(scenario.zone)
    assert windows_facts.profiles(read) == {"C:/Users/alice": SID}
    assert read.problems == []


@pytest.mark.parametrize(
    ("build", "os_name"),
    [("19045", "Windows 10 Pro"), ("22000", "Windows 11 Pro"), ("26100", "Windows 11 Pro"), ("", "Windows 10 Pro")],
)
def test_windows_11_is_told_by_its_build(tmp_path: Path, build: str, os_name: str) -> None:
    host = Folder(tmp_path)
    current: Keys = {
        r"Microsoft\Windows NT\CurrentVersion": {
            "ProductName": "Windows 10 Pro",
            "CurrentBuildNumber": build,
            "UBR": 4061,
        }
    }
    host.hive(SOFTWARE, current)
    facts = windows_facts.facts(registry.of(host))
    assert facts["os"] == os_name
    assert facts.get("build") == (f"{build}.4061" if build else None)


@pytest.mark.parametrize(
    ("name", "bias", "told"),
    [
        ("W. Europe Standard Time", (1 << 32) - 120, ("Europe/Berlin", 7200)),
        ("Pacific Standard Time", 480, ("America/Los_Angeles", -28800)),
        ("UTC", 0, ("Etc/UTC", 0)),
        ("Mars Standard Time", 5_000_000, (None, None)),
        ("W. Europe Standard Time\0junk", (1 << 32) - 60, ("Europe/Berlin", 3600)),
    ],
)
def test_time_zones(tmp_path: Path, name: str, bias: int, told: tuple[str | None, int | None]) -> None:
    host = Folder(tmp_path)
    zone: Keys = {
        "Select": {"Current": 1},
        r"ControlSet001\Control\TimeZoneInformation": {"TimeZoneKeyName": name, "ActiveTimeBias": bias},
    }
    host.hive(SYSTEM, zone)
    assert windows_facts.zone(registry.of(host)) == told


def test_only_people_have_profiles(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    listed = {
        "S-1-12-1-1-2-3-4": r"D:\Users\Zoë",
        "S-1-5-21-1-2-3-1002.bak": r"C:\Users\old",
        "S-1-5-19": r"%systemroot%\ServiceProfiles\LocalService",
        "S-1-5-80-1-2-3-4-5": r"C:\Users\MSSQL",
        "S-1-5-21-1-2-3-1003": "",
    }
    profiles: Keys = {
        rf"Microsoft\Windows NT\CurrentVersion\ProfileList\{sid}": {"ProfileImagePath": path}
        for sid, path in listed.items()
    }
    host.hive(SOFTWARE, profiles)
    assert windows_facts.profiles(registry.of(host)) == {"D:/Users/Zoë": "S-1-12-1-1-2-3-4"}


@pytest.mark.skipif(sys.platform != "win32", reason="this machine has no registry")
def test_this_machine_says_what_it_is() -> None:
    read = registry.of(Folder(Path("C:/"), live=True))
    assert windows_facts.facts(read)["build"]
    assert read.has(r"HKCU\Software")
    assert read.values(r"HKLM\SOFTWARE\There Is No Such Key") == {}
