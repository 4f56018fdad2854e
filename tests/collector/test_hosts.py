"""The host of a disk: its system, drives, people, name and zone, by what is there and in whatever case."""

from __future__ import annotations

import os
import plistlib
import sys
from pathlib import Path

import pytest

from claude_evidence.collector import hosts
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from claude_evidence.usage import UsageError
from tests.collector.source_helpers import put, snapshot

posix = pytest.mark.skipif(os.name == "nt", reason="links as POSIX has them")


@pytest.mark.parametrize(
    ("folders", "system", "drives"),
    [
        (["C/Users/alice/AppData"], "windows", ("C:/",)),
        (["c/users/alice/appdata", "d/WpSystem"], "windows", ("C:/", "D:/")),
        (["C/Windows/System32", "D/stuff", "Z/x"], "windows", ("C:/", "D:/", "Z:/")),
        (["E/Windows/System32", "C/Users"], "windows", ("E:/", "C:/")),
        (["Users/alice/AppData"], "windows", ("C:/",)),
        (["WINDOWS/SYSTEM32"], "windows", ("C:/",)),
        (["Users/alice/Library"], "macos", ("/",)),
        (["System/Library/CoreServices", "Users/x"], "macos", ("/",)),
        (["home/alice"], "linux", ("/",)),
        (["etc", "usr", "root"], "linux", ("/",)),
        (["root/home/alice"], "linux", ("/",)),
        (["root/Users/alice/Library"], "macos", ("/",)),
        (["root/.claude"], "linux", ("/",)),
    ],
)
def test_a_system_is_known_by_its_content(
    tmp_path: Path, folders: list[str], system: str, drives: tuple[str, ...]
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    host = hosts.image(tmp_path)
    assert (host.system, host.drives(), host.live) == (system, drives, False)


@pytest.mark.parametrize("folders", [[], ["x/y"], ["C/x"], ["root/x"], ["Users"]])
def test_what_is_no_system_is_wrong_use(tmp_path: Path, folders: list[str]) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(UsageError, match="holds no system"):
        hosts.image(tmp_path)


def test_what_is_no_folder_is_wrong_use(tmp_path: Path) -> None:
    for path in (tmp_path / "none", put(tmp_path, "file")):
        with pytest.raises(UsageError, match="cannot be listed"):
            hosts.image(path)


def test_the_people_of_a_windows_disk(tmp_path: Path) -> None:
    for name in ("alice", "Zoë", "Public", "DEFAULT", "Default User", "All Users", "defaultuser0", "claude"):
        (tmp_path / "C" / "Users" / name / "AppData").mkdir(parents=True)
    put(tmp_path, "C/Users/desktop.ini")
    (tmp_path / "D" / "users" / "bob").mkdir(parents=True)
    users = hosts.image(tmp_path).users()
    assert sorted(user.profile for user in users) == [
        "C:/Users/Zoë", "C:/Users/alice", "C:/Users/claude", "D:/Users/bob",
    ]  # fmt: skip
    assert {user.name for user in users} == {"Zoë", "alice", "claude", "bob"}


def test_what_the_registry_of_a_disk_tells(tmp_path: Path) -> None:
    write_tree(load(SCENARIOS / "healthy.yaml"), tmp_path)
    before = snapshot(tmp_path)
    host = hosts.image(tmp_path)
    (alice,) = host.users()
    assert (alice.name, alice.profile) == ("alice", "C:/Users/alice")
    assert alice.sid.startswith("S-1-5-21-")
    assert host.facts()["name"] == "DESKTOP-SAMPLE"
    assert host.zone()[0] == "Europe/London"
    assert snapshot(tmp_path) == before


def test_a_disk_without_a_registry_tells_what_it_can(tmp_path: Path) -> None:
    put(tmp_path, "C/Windows/System32/config/SOFTWARE", b"regf" + b"\xff" * 5000)
    host = hosts.image(tmp_path)
    assert host.facts() == {"os": "Windows"}
    assert host.zone() == (None, None)
    assert host.users() == ()


@posix
def test_a_linux_disk(tmp_path: Path) -> None:
    put(tmp_path, "etc/os-release", b'NAME="Sample"\nPRETTY_NAME="Sample Linux 12"\nBUILD_ID=7\n')
    put(tmp_path, "etc/hostname", b"desktop-sample.corp.example\n")
    put(tmp_path, "etc/passwd", b"root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:Alice Sample,,:/home/alice:/bin/sh\n"
        b"mail:x:8:8::/var/mail:\nnobody:x:65534:65534::/nonexistent:\nbroken\nx:y\n\xff:x:1001:1:\xff:/home/\xff:\n"
        b"gone:x:1002:1::/home/gone:\ncarol:x:1003:1::/srv/carol:/bin/sh\n")  # fmt: skip
    for folder in ("home/alice", "home/bob", "srv/carol", "root"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    host = hosts.image(tmp_path)
    assert host.facts() == {"name": "desktop-sample", "domain": "corp.example", "os": "Sample Linux 12", "build": "7"}
    assert host.zone()[0] == "Europe/Berlin"
    assert host.zone()[1] in (3600, 7200)
    assert {(user.name, user.profile, user.full_name) for user in host.users()} == {
        ("root", "/root", ""), ("alice", "/home/alice", "Alice Sample"), ("bob", "/home/bob", ""),
        ("carol", "/srv/carol", ""),
    }  # fmt: skip


@posix
@pytest.mark.parametrize(
    "target", ["/usr/share/zoneinfo/../../../etc/passwd", "/usr/share/zoneinfo/", "/x", "localtime"]
)
def test_a_zone_that_nobody_knows_is_none(tmp_path: Path, target: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to(target)
    assert hosts.image(tmp_path).zone() == (None, None)


@posix
def test_a_macos_disk(tmp_path: Path) -> None:
    version = {"ProductName": "macOS", "ProductVersion": "15.1", "ProductBuildVersion": "24B83"}
    put(tmp_path, "System/Library/CoreServices/SystemVersion.plist", plistlib.dumps(version))
    put(
        tmp_path,
        "private/var/db/dslocal/nodes/Default/users/alice.plist",
        plistlib.dumps({"realname": ["Alice Sample"]}),
    )
    names = {"System": {"Network": {"HostNames": {"LocalHostName": "Mac-Sample"}}}}
    put(tmp_path, "Library/Preferences/SystemConfiguration/preferences.plist",
        plistlib.dumps(names, fmt=plistlib.FMT_BINARY))  # fmt: skip
    (tmp_path / "var").symlink_to("private/var")
    (tmp_path / "etc").symlink_to("/private/etc")
    (tmp_path / "private/etc").mkdir()
    (tmp_path / "private/etc/localtime").symlink_to("/var/db/timezone/zoneinfo/America/New_York")
    for name in ("alice", "Shared", "Guest"):
        (tmp_path / "Users" / name / "Library").mkdir(parents=True)
    host = hosts.image(tmp_path)
    assert host.facts() == {"os": "macOS 15.1", "build": "24B83", "name": "Mac-Sample"}
    assert host.zone()[0] == "America/New_York"
    assert [(user.name, user.full_name) for user in host.users()] == [("alice", "Alice Sample")]
    assert host.local("/USERS/Alice/library").is_dir()


@posix
@pytest.mark.parametrize("data", [b"", b"bplist00" + b"\xff" * 60, b"<plist><dict>", b"\0" * 99, plistlib.dumps([1])])
def test_damaged_lists_of_a_macos_disk_tell_nothing(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, "System/Library/CoreServices/SystemVersion.plist", data)
    put(tmp_path, "Library/Preferences/SystemConfiguration/preferences.plist", data)
    assert hosts.image(tmp_path).facts() == {"os": "macOS"}


def test_places_are_looked_up_without_regard_to_case(tmp_path: Path) -> None:
    place = put(tmp_path, "c/USERS/Alice/AppData/Ünï/X.log")
    host = hosts.image(tmp_path)
    for path in ("C:/Users/alice/appdata/ünï/x.LOG", "c:/users/ALICE/AppData/U\u0308ni\u0308/x.log"):
        assert host.local(path).samefile(place)
    assert not host.local("C:/Users/alice/none/x").exists()
    assert not host.local("Q:/Users").exists()
    assert not host.local("//server/share/x").exists()


@posix
def test_places_never_leave_the_disk(tmp_path: Path) -> None:
    put(tmp_path, "secret")
    disk = tmp_path / "disk"
    (disk / "home/alice").mkdir(parents=True)
    (disk / "home/alice/a").symlink_to("../../../secret")
    (disk / "home/alice/b").symlink_to(str(tmp_path / "secret"))
    (disk / "home/alice/c").symlink_to("d")
    (disk / "home/alice/d").symlink_to("c")
    host = hosts.image(disk)
    for name in ("a", "b", "c", "../../../secret", "c/x/../../../../../secret"):
        path = host.local(f"/home/alice/{name}")
        assert not path.exists()
        assert Path(os.path.realpath(disk)) in (path, *path.parents)


def test_this_machine() -> None:
    host = hosts.live()
    assert host.live
    assert host.system == {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    assert host.facts()["os"]
    assert isinstance(host.zone()[1], int)
    assert host.drives()
    assert all(host.local(drive).is_dir() for drive in host.drives()[:1])
    assert all(host.local(user.profile).is_dir() for user in host.users())
    assert str(Path.home().resolve()) == "/" or host.users() or os.name == "nt"
