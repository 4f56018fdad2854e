"""Planted hosts on a mounted disk, collected by the command itself: nothing planted is left, said or listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from claude_evidence.collector import definitions, hosts
from claude_evidence.collector._types import Options
from claude_evidence.collector.collect import AuditRefusedError, run
from claude_evidence.collector.survey import find_files
from claude_evidence.samples._hive import Keys, write_hive
from tests.collector.canaries import left, left_in_places, left_in_text
from tests.collector.planted_host import AT, files
from tests.collector.planted_person import Person, person
from tests.collector.run_helpers import collect, entries, manifest, tree

HIVES = "C/Windows/System32/config"
CURRENT = r"Microsoft\Windows NT\CurrentVersion"


USERS = ("", "claude", "al", "admin", "Zoë", "Jürgen Groß-Müller", "李明")


@pytest.mark.parametrize(("seed", "user"), list(enumerate(USERS, 40)))
def test_nothing_planted_is_left_in_a_collection(seed: int, user: str, tmp_path: Path) -> None:
    who = person(seed, user)
    root = write_host(who, seed, tmp_path / "disk")
    artifacts, host, options = definitions.load(), hosts.image(root), Options(key_path=tmp_path / "key")
    bundle = tmp_path / "bundle.zip"
    try:
        made = run(artifacts, host, bundle, options, find_files(artifacts, host, options))
    except AuditRefusedError as error:
        pytest.fail("the audit refuses:\n" + "\n".join(map(str, error.leaks)))
    finally:
        shutil.rmtree(root)
    assert who.plantings > 3000
    found = left(bundle, who.identities(), who.folders()) + left_in_places(bundle, who.user)
    assert not found, "\n".join(found)
    assert made.manifest.redacted
    assert len(manifest(bundle).acquisitions) > 20
    assert any(entry.member for entry in entries(bundle, "main.log")), "the logs were collected"


COMMON = (
    "computer",
    "security",
    "first",
    "europe",
    "berlin",
    "bundle",
    "manifest",
    "payload",
    "format",
    "grace",
    "mark",
)


@pytest.mark.parametrize("user", COMMON)
def test_a_harmless_host_is_not_refused_whatever_its_users_are_called(user: str, tmp_path: Path) -> None:
    root = tree(tmp_path, "healthy")
    logs = root / "C/Users" / user / "AppData/Roaming/Claude/logs"
    logs.mkdir(parents=True)
    (logs / "main.log").write_text(f"2026-05-02 10:11:12 [info] Loaded from C:\\Users\\{user}\\x\n")
    artifacts, host, options = definitions.load(), hosts.image(root), Options(key_path=tmp_path / "key")
    try:
        run(artifacts, host, tmp_path / "b.zip", options, find_files(artifacts, host, options))
    except AuditRefusedError as error:
        pytest.fail("the audit refuses:\n" + "\n".join(map(str, error.leaks)))
    assert not left_in_places(tmp_path / "b.zip", user)


def test_what_the_command_says_names_nobody(tmp_path: Path) -> None:
    who = person(50, "Zoë")
    root = write_host(who, 50, tmp_path / "disk")
    done = collect(root, tmp_path / "bundle.zip", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr[-2000:]
    assert not left(tmp_path / "bundle.zip", who.identities(), who.folders())
    assert not left_in_text(done.stdout + done.stderr, who.identities(), who.folders())


def write_host(who: Person, seed: int, root: Path) -> Path:
    """Write the planted host and its registry below *root*, a folder for each drive."""
    for file in files(who, seed):
        path = root / file.path.replace(":", "", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    data = root / f"C/Users/{who.user}/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    for name in (f"{who.project}.bak", f"copy of {who.full_name}.json", f"{who.email}.txt"):
        (data / name).write_text("x")
    (root / HIVES).mkdir(parents=True)
    for name, keys in _hives(who).items():
        place = root / HIVES / name if "." not in name else root / f"C/Users/{who.user}/{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(write_hive(place.name, keys, AT))
    return root


def _hives(who: Person) -> dict[str, Keys]:
    home, control = rf"C:\Users\{who.user}", r"ControlSet001\Control"
    run_key = {
        "Claude": rf'"{home}\AppData\Local\Claude.exe" --user={who.user}',
        who.project: rf"{home}\{who.project}\x",
    }
    return {
        "SOFTWARE": {
            CURRENT: {"ProductName": "Windows 10 Pro", "CurrentBuild": "26100", "RegisteredOwner": who.full_name,
                      "RegisteredOrganization": who.company},
            rf"{CURRENT}\ProfileList\{who.sid}": {"ProfileImagePath": home, "Flags": 0},
        },
        "SYSTEM": {
            "Select": {"Current": 1, "Default": 1},
            rf"{control}\ComputerName\ComputerName": {"ComputerName": who.host},
            r"ControlSet001\Services\Tcpip\Parameters": {"Hostname": who.host, "Domain": f"{who.domain}.example"},
        },
        "NTUSER.DAT": {r"Software\Microsoft\Windows\CurrentVersion\Run": run_key},
    }  # fmt: skip


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    who = person(51, "Jürgen Groß-Müller")
    root = write_host(who, 51, tmp_path / "disk")
    done = collect(root, tmp_path / "bundle.zip", "--no-redact", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr[-2000:]
    found = "\n".join(left(tmp_path / "bundle.zip", who.identities(), who.folders()))
    missed = [identity.value for identity in who.identities() if f"{identity.value!r} is left" not in found]
    assert not missed
    assert all(f"{name!r} is left" in found for name in who.folders())
    assert left_in_places(tmp_path / "bundle.zip", who.user)
