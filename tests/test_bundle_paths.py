"""Names: safe to show and extract, distinct on every file system, and led back to the host."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.bundle_names import MemberNames, member_name, source_of
from claude_evidence.bundle_paths import Distinct, collision_key, host_path, is_tame, numbered, safe_name

NASTY = st.sampled_from([
    "..", ".", "", "C:", "c:", "\\\\.\\C:", "%5C%5C.%5CC%3A", "C%3A", "%2e%2e", "%2F", "\x00", "\u2028", "\ud800", "a",
    "A", "Users", "x%4y.evtx", "CON", "aux.log", "a.", "ä", "a\u0308", "~2", "\x1b[2J", "//", "?",
])  # fmt: skip
PATHS = st.builds(
    lambda parts, separators: "".join(part + separator for part, separator in zip(parts, separators, strict=False)),
    st.lists(NASTY | st.text(max_size=3), max_size=6),
    st.lists(st.sampled_from(["/", "\\", ""]), min_size=6, max_size=6),
)


def assert_safe(name: str) -> None:
    assert name
    assert not PurePosixPath(name).is_absolute()
    assert not PureWindowsPath(name).is_absolute()
    assert not PureWindowsPath(name).drive
    assert not PureWindowsPath(name).root
    assert "\\" not in name
    assert not {"", ".", ".."} & set(name.split("/"))
    assert not [c for c in name if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    name.encode("utf-8")


@given(PATHS)
def test_a_safe_name_stays_below_its_folder_and_stays_itself(raw: str) -> None:
    name = safe_name(raw)
    assert_safe(name)
    assert safe_name(name) == name
    assert is_tame(name)


@given(PATHS)
def test_a_host_path_has_no_step_up_and_no_backslash(raw: str) -> None:
    path = host_path(safe_name(raw))
    assert ".." not in path.split("/")
    assert "\\" not in path
    assert not [c for c in path if unicodedata.category(c) in {"Cc", "Cs"}]


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("a/b.log", "a/b.log"),
        ("./a//b/./c", "a/b/c"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\x", "C/Windows/x"),
        ("c:x", "C/x"),
        ("\\\\server\\share\\x", "server/share/x"),
        ("a\x00b\nc", "a_b_c"),
        ("..", "_"),
    ],
)
def test_known_names_are_made_safe(raw: str, safe: str) -> None:
    assert safe_name(raw) == safe


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("uploads/auto/C%3A/Users/alice/main.log", "C:/Users/alice/main.log"),
        ("uploads/ntfs/%5C%5C.%5CC%3A/Users/alice/main.log", "C:/Users/alice/main.log"),
        ("clients/C.1/collections/F.2/uploads/auto/c%3A/a%20b/x%2by.log", "C:/a b/x+y.log"),
        ("uploads/auto/C%3A/Logs/AppModel-Runtime%254Admin.evtx", "C:/Logs/AppModel-Runtime%4Admin.evtx"),
        ("uploads/auto/C%3A/Logs/AppModel-Runtime%4Admin.evtx", "C:/Logs/AppModel-Runtime%4Admin.evtx"),
        ("uploads/auto/C%3A/Users/%C3%A9l%C3%A8ve/main.log", "C:/Users/élève/main.log"),
        ("uploads/auto/C%3A/a/%2e%2e%2f%2e%2e/x", "C:/a/x"),
        ("C/Users/alice/main.log", "C:/Users/alice/main.log"),
        ("host1/2026/D/WpSystem/S-1-5-21-1/main.log", "D:/WpSystem/S-1-5-21-1/main.log"),
        ("fs/C:/Users/alice/main.log", "C:/Users/alice/main.log"),
        ("C/Logs/AppModel-Runtime%4Admin.evtx", "C:/Logs/AppModel-Runtime%4Admin.evtx"),
        ("AppModel-Runtime%4Admin.evtx", "AppModel-Runtime%4Admin.evtx"),
        ("Claude/logs/main.log", "Claude/logs/main.log"),
        ("notes/c/readme.json", "notes/c/readme.json"),
        ("C/main.log", "C/main.log"),
    ],
)
def test_host_paths_of_known_collectors(name: str, path: str) -> None:
    assert host_path(name) == path


@given(st.lists(PATHS, max_size=12))
def test_distinct_names_do_not_collide_on_any_file_system(names: list[str]) -> None:
    distinct = Distinct()
    claimed = [distinct.claim(safe_name(name)) for name in names]
    assert len({collision_key(name) for name in claimed}) == len(names)
    for name in claimed:
        assert_safe(name)


def test_a_variant_that_is_taken_already_is_not_handed_out() -> None:
    distinct = Distinct()
    assert [distinct.claim(n) for n in ("a/main~2.log", "a/main.log", "a/MAIN.log", "a/main.log")] == [
        "a/main~2.log", "a/main.log", "a/MAIN~3.log", "a/main~4.log"]  # fmt: skip


def test_numbers_go_before_the_extension() -> None:
    assert [numbered(name, 2) for name in ("x.json.tmp", "a.b/LOCK", ".x")] == ["x.json~2.tmp", "a.b/LOCK~2", ".x~2"]


@given(st.lists(PATHS, max_size=10))
def test_member_names_are_safe_portable_and_one_to_one(sources: list[str]) -> None:
    names = MemberNames()
    by_source = {source: names.of(source) for source in sources}
    for name in by_source.values():
        assert_safe(name)
        assert name.startswith("data/files/")
        assert not set(name) & set('<>:"|?*%')
        assert not [p for p in name.split("/") if p[-1] in ". " or p.lower() in {"con", "aux.log"}]
        assert max(len(part.encode()) for part in name.split("/")) <= 210
    assert [names.of(source) for source in sources] == [by_source[source] for source in sources]


@given(st.lists(st.lists(st.sampled_from(["x%4", "x_4", "X_4", "x_4~2", "x?4"]), min_size=1, max_size=3), max_size=12))
def test_two_files_never_share_a_name(paths: list[list[str]]) -> None:
    names = MemberNames()
    sources = {"C:\\" + "\\".join(parts) for parts in paths}
    assert len({collision_key(names.of(source)) for source in sorted(sources)}) == len(sources)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("C:\\Users\\alice\\x%4y.evtx", "data/files/C/Users/alice/x_4y.evtx"),
        ("C:\\L\\AppModel-Runtime%4Admin.evtx", "data/files/C/L/AppModel-Runtime_Admin.evtx"),
        ("\\\\?\\d:\\WpSystem\\a.log", "data/files/D/WpSystem/a.log"),
        ("\\\\server\\share\\a.log", "data/files/UNC/server/share/a.log"),
        ("/home/alice/.config/Claude/main.log", "data/files/root/home/alice/.config/Claude/main.log"),
        ("C:\\a\\CON.log", "data/files/C/a/_CON.log"),
        ("C:\\a\\x.txt:stream", "data/files/C/a/x.txt_stream"),
    ],
)
def test_member_names_of_host_paths(source: str, name: str) -> None:
    assert member_name(source) == name


@pytest.mark.parametrize("source", ["C:/Users/alice/a.log", "/home/alice/a.log", "//server/share/a.log"])
def test_a_plain_path_comes_back_from_its_member_name(source: str) -> None:
    assert source_of(member_name(source)) == source


def test_long_names_are_cut_and_keep_their_extension() -> None:
    names = MemberNames()
    first, second = (names.of(f"C:/{'é' * 150}{end}.jsonl") for end in "ab")
    assert first != second
    assert first.endswith(".jsonl")
    assert second.endswith(".jsonl")
