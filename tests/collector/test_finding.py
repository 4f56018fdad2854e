"""Files found by pattern: whatever lies on the way, nothing raises, loops or leads out of the disk."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from claude_evidence.collector import _found
from claude_evidence.collector._expansion import expand
from claude_evidence.collector._types import Artifact, Source, Store
from claude_evidence.collector.finding import PLACEHOLDER, find
from claude_evidence.model import Outcome
from tests.collector.source_helpers import HOME, PACKAGE, linux, looked, put, snapshot, windows

LOGS = "%%users.localappdata%%/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/logs/*.log"
posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes as POSIX has them")
unprivileged = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is denied to root")


def test_variables_are_what_they_are_on_each_system(tmp_path: Path) -> None:
    (tmp_path / "w" / "D" / "WpSystem").mkdir(parents=True)
    (tmp_path / "w" / "C" / "Users" / "Zoë" / "AppData").mkdir(parents=True)
    (tmp_path / "w" / "C" / "Users" / "Public").mkdir()
    host = windows(tmp_path / "w")
    assert expand("%%users.appdata%%/x", host) == (
        "C:/Users/Zoë/AppData/Roaming/x", "C:/Users/alice/AppData/Roaming/x",
    )  # fmt: skip
    assert expand("%%fixed_drives%%/%%users.temp%%", host)[0] == "C:/C:/Users/Zoë/AppData/Local/Temp"
    assert expand("%%fixed_drives%%/x", host) == ("C:/x", "D:/x")
    assert expand("%%environ_programdata%%", host) == ("C:/ProgramData",)
    assert expand("%%environ_systemroot%%/System32", host) == ("C:/Windows/System32",)
    other = linux(tmp_path / "l")
    assert expand("%%users.homedir%%/.claude", other) == ("/home/alice/.claude",)
    assert expand("%%users.appdata%%/x", other) == ()
    assert expand("/etc/x", other) == ("/etc/x",)


def test_case_does_not_count_on_windows_and_counts_on_linux(tmp_path: Path) -> None:
    place = put(tmp_path / "w", PACKAGE.replace("LocalCache", "LOCALCACHE").replace("Roaming/Claude", "roaming/CLAUDE")
                + "/Logs/MAIN.LOG")  # fmt: skip
    found, rest = looked(windows(tmp_path / "w"), LOGS)
    assert [f.local.samefile(place) for f in found] == [True]
    assert found[0].path.endswith("/LOCALCACHE/roaming/CLAUDE/Logs/MAIN.LOG")
    assert not rest
    put(tmp_path / "l", "home/alice/.config/claude/logs/main.log")
    found, rest = looked(linux(tmp_path / "l"), "%%users.homedir%%/.config/Claude/logs/*.log")
    assert not found
    assert [entry.outcome for entry in rest] == [Outcome.MISSING]


def test_two_spellings_side_by_side_are_two_files(tmp_path: Path) -> None:
    host = windows(tmp_path)
    put(tmp_path, f"{HOME}/x/main.log", b"1")
    put(tmp_path, f"{HOME}/x/Main.log", b"22")
    if len(list((tmp_path / HOME / "x").iterdir())) == 1:
        pytest.skip("this file system holds them for one")
    for pattern in ("*.log", "main.log", "MAIN.LOG"):
        found, _ = looked(host, f"%%users.homedir%%/x/{pattern}")
        assert sorted(f.size_bytes for f in found) == [1, 2]


def test_two_spellings_of_a_folder_are_two_folders_even_where_files_have_no_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = windows(tmp_path)
    put(tmp_path, f"{HOME}/Logs/main.log", b"1")
    put(tmp_path, f"{HOME}/logs/main.log", b"22")
    if len(list((tmp_path / HOME).glob("[lL]ogs"))) == 1:
        pytest.skip("this file system holds them for one")
    described = _found.describe
    monkeypatch.setattr(
        "claude_evidence.collector._walk.describe",
        lambda path, local: replace(described(path, local), identity=None),
    )
    found, _ = looked(host, "%%users.homedir%%/LOGS/main.log", "%%users.homedir%%/logs/main.log")
    assert sorted(f.size_bytes for f in found) == [1, 2]
    assert not any(f.note for f in found)


def test_what_gives_nothing_is_one_missing_for_each_pattern(tmp_path: Path) -> None:
    host = windows(tmp_path)
    for number in range(30):
        (tmp_path / HOME / "AppData" / "Local" / "a" / str(number)).mkdir(parents=True)
    found, rest = looked(host, "%%users.localappdata%%/a/*/*.log", "%%users.localappdata%%/b/*.log", LOGS)
    assert not found
    assert {entry.outcome for entry in rest} == {Outcome.MISSING}
    assert [entry.source for entry in rest[:2]] == [
        "C:\\Users\\alice\\AppData\\Local\\a\\*\\*.log", "C:\\Users\\alice\\AppData\\Local\\b\\*.log",
    ]  # fmt: skip
    assert len(rest) == 3


def test_what_is_never_stored_is_not_even_missed(tmp_path: Path) -> None:
    source = Source("FILE", ("%%users.homedir%%/none",))
    asked = Artifact("Silent", "read only", frozenset({"windows"}), (source,), Store.NOTHING)
    assert not list(find(asked, windows(tmp_path)))


def test_sources_of_another_system_are_not_asked(tmp_path: Path) -> None:
    source = Source("FILE", ("/etc/none",), frozenset({"linux"}))
    asked = Artifact("Other", "elsewhere", frozenset({"windows", "linux"}), (source,))
    assert not list(find(asked, windows(tmp_path / "w")))
    assert len(list(find(asked, linux(tmp_path / "l")))) == 1


def test_wildcards_are_only_the_star_and_the_question_mark(tmp_path: Path) -> None:
    host = linux(tmp_path)
    broken = "a\u2028.log" if os.name == "nt" else "a\n.log"
    for name in ("a[1].log", "a1.log", "ab.log", "b.log", ".log", broken):
        put(tmp_path, f"home/alice/{name}")
    assert {f.path[12:] for f in looked(host, "%%users.homedir%%/a[1].log")[0]} == {"a[1].log"}
    assert {f.path[12:] for f in looked(host, "%%users.homedir%%/a?.log")[0]} == {"a1.log", "ab.log", broken}
    assert len(looked(host, "%%users.homedir%%/*.log")[0]) == 6


def test_any_depth_is_bounded(tmp_path: Path) -> None:
    host = linux(tmp_path)
    for depth in range(7):
        put(tmp_path, "home/alice/" + "d/" * depth + "x.log")
    assert len(looked(host, "%%users.homedir%%/**/x.log")[0]) == 4
    assert len(looked(host, "%%users.homedir%%/**5/x.log")[0]) == 6
    assert len(looked(host, "%%users.homedir%%/**1/x.log")[0]) == 2


@posix
def test_loops_end_and_are_said(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/a/x.log")
    (tmp_path / "home/alice/a/up").symlink_to("..")
    (tmp_path / "home/alice/a/self").symlink_to(".")
    (tmp_path / "home/alice/a/round").symlink_to("round")
    found, rest = looked(
        host, "%%users.homedir%%/**9/*.log", "%%users.homedir%%/a/round/x", "%%users.homedir%%/a/roun?"
    )
    assert [f.path for f in found] == ["/home/alice/a/x.log"]
    assert {(entry.outcome, entry.source) for entry in rest if "loop" in entry.detail} == {
        (Outcome.SKIPPED, "/home/alice/a/up"), (Outcome.SKIPPED, "/home/alice/a/self"),
    }  # fmt: skip
    assert [entry.outcome for entry in rest if "round" in entry.source] == [Outcome.MISSING, Outcome.SKIPPED]


@posix
@pytest.mark.parametrize("target", ["{outside}", "../" * 40 + "{outside}", "/../../{outside}"])
def test_links_never_lead_out_of_the_disk(tmp_path: Path, target: str) -> None:
    outside = put(tmp_path, "outside/secret.log", b"secret").parent
    disk = tmp_path / "disk"
    host = linux(disk)
    (disk / "home/alice/out").symlink_to(
        target.format(outside=str(outside).lstrip("/") if "../" in target else outside)
    )
    found, rest = looked(host, "%%users.homedir%%/out/*.log", "%%users.homedir%%/*/secret.log")
    assert not found
    assert {entry.outcome for entry in rest} == {Outcome.MISSING}
    put(disk, f"{str(outside).lstrip('/')}/inside.log", b"inside")
    found, _ = looked(linux(disk), "%%users.homedir%%/out/*.log")
    assert [f.local.read_bytes() for f in found] == [b"inside"]
    assert found[0].note.startswith("/home/alice/out is a link to ")


@posix
@pytest.mark.parametrize(
    "target",
    ["D:\\WpSystem\\S-1\\Cache", "\\??\\D:\\WpSystem\\S-1\\Cache", "/mnt/x/.NTFS-3G/D:/WpSystem/S-1/Cache",
     "{root}/D/WpSystem/S-1/Cache", "../../../../../../../D/WpSystem/S-1/Cache", "\\\\?\\d:\\wpsystem\\s-1\\CACHE"],
)  # fmt: skip
def test_junctions_of_a_mounted_disk_lead_to_its_own_drives(tmp_path: Path, target: str) -> None:
    put(tmp_path, "D/WpSystem/S-1/Cache/Roaming/Claude/logs/main.log", b"there")
    host = windows(tmp_path)
    link = tmp_path / HOME / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache"
    link.parent.mkdir(parents=True)
    link.symlink_to(target.format(root=tmp_path))
    found, rest = looked(host, LOGS, "%%fixed_drives%%/WpSystem/*/Cache/Roaming/Claude/logs/*.log")
    assert [f.local.read_bytes() for f in found] == [b"there"]
    assert "LocalCache is a link to " in found[0].note
    assert "the same as D:\\WpSystem\\S-1\\Cache\\Roaming\\Claude\\logs\\main.log" in found[0].note
    assert {entry.outcome for entry in rest} == {Outcome.MISSING}
    assert [entry.source[:1] for entry in rest] == ["C"]


@posix
def test_a_junction_to_a_drive_that_is_not_here_leads_nowhere(tmp_path: Path) -> None:
    host = windows(tmp_path)
    (tmp_path / HOME / "x").symlink_to("Q:\\elsewhere")
    (tmp_path / HOME / "y").symlink_to("/??/Volume{0}/elsewhere")
    found, rest = looked(host, "%%users.homedir%%/?/*.log", "%%users.homedir%%/x")
    assert not found
    assert [(entry.outcome, entry.detail) for entry in rest] == [
        (Outcome.MISSING, ""), (Outcome.SKIPPED, "C:\\Users\\alice\\x is a link to Q:\\elsewhere; it leads nowhere"),
    ]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "link"), reason="no hard links")
def test_one_file_under_two_names_is_found_once(tmp_path: Path) -> None:
    host = linux(tmp_path)
    first = put(tmp_path, "home/alice/a.log", b"1")
    os.link(first, tmp_path / "home/alice/b.log")
    found, rest = looked(host, "%%users.homedir%%/*.log", "%%users.homedir%%/b.log")
    assert [(f.path, f.note) for f in found] == [("/home/alice/a.log", "the same as /home/alice/b.log")]
    assert not rest


@posix
def test_pipes_and_sockets_are_said_and_never_opened(tmp_path: Path) -> None:
    host = linux(tmp_path)
    os.mkfifo(tmp_path / "home/alice/pipe.log")
    with socket.socket(socket.AF_UNIX) as server:
        short = os.open(tmp_path / "home/alice", os.O_RDONLY)
        try:
            server.bind(f"/proc/self/fd/{short}/s.log" if Path("/proc/self/fd").exists() else "s.log")
        except OSError:
            pytest.skip("no socket can be made here")
        finally:
            os.close(short)
        found, rest = looked(host, "%%users.homedir%%/*.log")
    assert not found
    assert {entry.detail for entry in rest} == {"is no regular file"}


@posix
@unprivileged
def test_what_is_denied_is_said_once_and_the_rest_goes_on(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/a/x/1.log")
    put(tmp_path, "home/alice/b/x/1.log")
    denied = tmp_path / "home/alice/a"
    denied.chmod(0)
    try:
        found, rest = looked(host, "%%users.homedir%%/*/x/*.log", "%%users.homedir%%/a/*/*.log")
    finally:
        denied.chmod(stat.S_IRWXU)
    assert [f.path for f in found] == ["/home/alice/b/x/1.log"]
    assert {entry.outcome for entry in rest} == {Outcome.DENIED}
    assert len({entry.source for entry in rest}) == len(rest)


@pytest.mark.parametrize("bit", [0x1000, 0x40000, 0x400000])
def test_placeholders_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bit: int) -> None:
    """No file system here keeps these attributes: what a mounted NTFS volume tells is given in its place."""
    host = linux(tmp_path)
    put(tmp_path, "home/alice/cloud.log", b"12345")
    put(tmp_path, "home/alice/here.log")
    own = _found.attribute_bits
    monkeypatch.setattr(
        _found, "attribute_bits", lambda local, status: bit if local.name == "cloud.log" else own(local, status)
    )
    found, rest = looked(host, "%%users.homedir%%/*.log")
    assert [f.path for f in found] == ["/home/alice/here.log"]
    assert [(e.outcome, e.detail, e.size_bytes) for e in rest] == [(Outcome.SKIPPED, PLACEHOLDER, 5)]


@posix
def test_names_of_every_kind_are_found(tmp_path: Path) -> None:
    host = linux(tmp_path)
    odd = ["ünï", "日本", "a b", "e\u0301", "\u202egnp", "x" * 200, "con", "nul.txt", "a:b", "%41", "tail.", " "]
    for name in odd:
        put(tmp_path, f"home/alice/{name}.log")
    raw = os.fsencode(tmp_path / "home" / "alice") + b"/bad\xff\xfe.log"
    try:
        Path(os.fsdecode(raw)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system refuses names that are no UTF-8")
    found, _ = looked(host, "%%users.homedir%%/*.log")
    assert {f.path.removeprefix("/home/alice/") for f in found} == {f"{name}.log" for name in odd} | {
        os.fsdecode(b"bad\xff\xfe.log")
    }
    for thing in found:
        with thing.open() as file:
            assert file.read() == b"x"


@posix
def test_a_path_that_is_longer_than_any_system_takes_is_no_error(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/" + "/".join(["d" * 200] * 6) + "/x.log")
    assert len(looked(host, "%%users.homedir%%/" + "*/" * 6 + "*.log")[0]) == 1
    found, rest = looked(
        host, "%%users.homedir%%/" + "n" * 5000, "%%users.homedir%%/a\0b", "%%users.homedir%%/" + "d/" * 9000
    )
    assert not found
    assert {entry.outcome for entry in rest} <= {Outcome.MISSING, Outcome.FAILED}


def test_folders_are_found_by_path_and_files_by_file(tmp_path: Path) -> None:
    host = linux(tmp_path)
    put(tmp_path, "home/alice/x/y")
    assert [f.path for f in looked(host, "%%users.homedir%%/*", kind="PATH")[0]] == ["/home/alice/x"]
    assert not looked(host, "%%users.homedir%%/*")[0]


def test_nothing_is_changed(tmp_path: Path) -> None:
    host = windows(tmp_path)
    for number in range(5):
        put(tmp_path, f"{PACKAGE}/logs/main{number}.log", b"line\n" * 100)
    before = snapshot(tmp_path)
    found, _ = looked(host, LOGS)
    for thing in found:
        with thing.open() as file:
            assert file.read(5) == b"line\n"
    assert len(found) == 5
    assert snapshot(tmp_path) == before
