"""Names that are short or everyday words count where only an identity stands, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_evidence.collector._types import Identity, Kind
from claude_evidence.collector.audit import audit
from claude_evidence.samples.scenario import FOLDER
from tests.collector.planted import CONFINED, SID, make_zip

SAMPLES = sorted(FOLDER.glob("*.zip"))
HOST = Identity(Kind.HOST, "LAPTOP-QX7ZK2")
PLACES = (
    r"C:\Users\{}\AppData",
    r"c:\users\{}",
    r"C:\\Users\\{}\\AppData",
    r"C:\\\\Users\\\\{}\\\\x",
    "/home/{}/.config",
    "/Users/{}/Library",
    "file:///C:/Users/{}/x",
    "C%3A%5CUsers%5C{}%5CAppData",
    r"projects\C--Users-{}-garden",
    "-home-{}-x",
    r"C:\Documents and Settings\{}\x",
    r"LAPTOP-QX7ZK2\{}",
    r"host-3fa94c\{} logged on",
    r'{{"o":"domain-3fa94c\\{}"}}',
    r"AzureAD\{}",
    "{}@northgate.example",
    "to <{}@mail.northgate.example>",
    "user={}",
    "USERNAME={}",
    '"userName": "{}"',
    "user: {}, at",
    "account name:  {}",
    "TargetUserName={}",
    f"{SID} ({{}})",
    "sid-3fa94c: {}",
    "{} (sid-3fa94c)",
    f"'{{}}' {SID}",
    r"\u0055sers\{}\x",
)
HARMLESS = (
    "{}",
    "{} started",
    r"C:\Users\user-3fa94c\AppData\Roaming\{}\logs\main.log",
    "/opt/{}/x",
    "[{}] ready",
    "{}: done",
    r"HKLM\Software\{}",
    "npm i @x/{}@2.1.4",
    "{}.exe",
    "{}_pzs8sxrjxfjjc",
    "origin: https://{}.ai",
    "name={}",
    "appName: '{}'",
    "user-3fa94c",
    r"C:\Users\user-3fa94c\x",
    "the user {} guide",
    r"NT AUTHORITY\{}",
    "user={}-code",
    r"Users\Public\{}",
)


@pytest.mark.parametrize("identity", CONFINED, ids=lambda identity: identity.value)
def test_a_common_name_in_its_place_is_a_leak(identity: Identity, tmp_path: Path) -> None:
    members = {}
    for number, place in enumerate(PLACES):
        for name in (identity.value, identity.value.upper()):
            text = f"2026-05-02 10:11:12 [info] {place.format(name)}\r\nnext\r\n"
            for codec in ("utf-8", "utf-16", "utf-16-be"):
                members[f"{number} {name} {codec}"] = text.encode(codec)
    leaks = audit(make_zip(tmp_path / "b.zip", members), [identity])
    known = {name for name in members if "LAPTOP" not in PLACES[int(name.split()[0])]}
    assert known - {leak.member for leak in leaks} == set()
    leaks = audit(make_zip(tmp_path / "c.zip", members), [identity, HOST])
    assert members.keys() - {leak.member for leak in leaks if leak.kind == "user"} == set()


@pytest.mark.parametrize("identity", CONFINED, ids=lambda identity: identity.value)
def test_a_common_name_elsewhere_is_none(identity: Identity, tmp_path: Path) -> None:
    lines = [f"2026-05-02 10:11:12 [info] {text.format(identity.value)}" for text in HARMLESS]
    members = {codec: "\r\n".join(lines).encode(codec) for codec in ("utf-8", "utf-16")}
    assert audit(make_zip(tmp_path / "b.zip", members), [identity, HOST]) == ()


@pytest.mark.parametrize("name", ["data/files/C/Users/al/AppData/x.log", "data/files/C/x/-Users-al-x/a.json"])
def test_a_common_name_in_a_members_name_is_found(name: str, tmp_path: Path) -> None:
    leaks = audit(make_zip(tmp_path / "b.zip", {name: b"x"}), [Identity(Kind.USER, "al", anywhere=False)])
    assert [(leak.member, leak.kind) for leak in leaks] == [("entry 1", "user")]


@pytest.mark.parametrize("text", [r"\\PC\share", r"pc\user-3fa94c", "COMPUTERNAME=PC", '"hostName":"PC"', "host: PC"])
def test_a_short_host_name_in_its_place_is_found(text: str, tmp_path: Path) -> None:
    bundle = make_zip(tmp_path / "b.zip", {"x": text.encode(), "y": b"a PC with pc.exe in C:\\pc\\x"})
    assert [leak.member for leak in audit(bundle, [Identity(Kind.HOST, "PC", anywhere=False)])] == ["x"]


@pytest.mark.parametrize("bundle", SAMPLES, ids=lambda path: path.stem)
def test_no_sample_is_refused_for_people_who_are_not_in_it(bundle: Path) -> None:
    strangers = [
        Identity(Kind.USER, "bobby"), Identity(Kind.USER, "Zoë"), Identity(Kind.FULL_NAME, "Anna Müller"),
        Identity(Kind.HOST, "LAPTOP-QX7ZK2"), Identity(Kind.DOMAIN, "NORTHGATE"), Identity(Kind.SID, SID),
        Identity(Kind.EMAIL, "anna@contoso.example"), Identity(Kind.SECRET, "hunter2xyZ9k4QwL"),
        Identity(Kind.TITLE, "A garden of my own"), *CONFINED,
        *(Identity(Kind.USER, name, anywhere=False) for name in ("data", "system", "user", "error", "app", "main")),
    ]  # fmt: skip
    assert audit(bundle, strangers) == ()


@pytest.mark.parametrize("bundle", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_refused_for_its_own_user(bundle: Path) -> None:
    kinds = {leak.kind for leak in audit(bundle, [Identity(Kind.USER, "alice"), Identity(Kind.HOST, "DESKTOP-SAMPLE")])}
    assert kinds == {"user", "host"}
