"""Hostile and unlucky input: names that lead elsewhere, links, bombs, a full disk; nothing goes where it should not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence import recovery_twin, recovery_twin_files
from claude_evidence.cli import cli
from claude_evidence.recovery_place import is_plain, of_machine, on_machine
from claude_evidence.recovery_twin_files import RefusedError
from tests.recovery_trees import (
    CLAUDE,
    ENTRIES,
    PROJECT,
    account_for,
    apply,
    entry,
    loaded,
    plan,
    put,
    put_entry,
    put_mapping,
    put_transcript,
    record,
    recover,
    snapshot,
    uid,
    undo,
)

LINKS = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


def ways(kit: Path) -> dict[str, tuple[str, str]]:
    return {c["session_id"]: (c["way"], c["reason"]) for c in plan(kit)["conversations"]}


def lost_entry(root: Path) -> None:
    put_entry(root, 1, ".json.tmp")
    put_transcript(root, 1)


def test_temporary_copy_that_names_another_conversation_is_left_alone(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put_transcript(root, 1)
    put_entry(root, 2, ".json.tmp", sessionId=f"local_{uid(1)}")
    put_entry(root, 3, ".json.tmp", sessionId="local_..\\..\\x")
    put_entry(root, 4, ".json.tmp", sessionId=["local"])
    assert recover(root, kit) == 0
    told = ways(kit)
    assert {way for way, _ in told.values()} == {"nothing"}
    assert len(told) == 3
    assert "another conversation" in told[f"local_{uid(2)}"][1]
    assert plan(kit)["files"] == []


def test_ids_that_are_paths_never_become_one(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1, cliSessionId="..\\..\\x")
    evil = json.dumps({**entry(2), "sessionId": "local_../../../x"}).encode()
    put(root, f"{ENTRIES}/local_under_score.json.tmp", evil)
    put(
        root,
        f"{CLAUDE}/logs/main.log",
        b"2026-05-01 10:00:00 [info] Mapping internal session local_../../x to CLI session ../y\n",
    )
    put_transcript(root, 5)
    put(root, f"{PROJECT}/..%2f..%2fz.jsonl", record(6, "user") + record(6, "assistant"))
    assert recover(root, kit) == 0
    for file in plan(kit)["files"]:
        assert file["place"].startswith(f"{ENTRIES}/local_")
        assert is_plain(file["place"])
    before = set(snapshot(tmp_path)) - {name for name in snapshot(tmp_path) if name.startswith("kit/")}
    apply(kit, root)
    after = {name for name in snapshot(tmp_path) if not name.startswith("kit/")}
    assert {Path(name).parent.as_posix() for name in after - before} == {f"disk/{ENTRIES}"}


def test_bombs_are_no_entries_and_no_templates(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"[" * 300_000)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b'{"sessionId":' + b'{"a":' * 100_000)
    put(root, f"{ENTRIES}/local_{uid(3)}.json.tmp", b'{"sessionId":"x","n":' + b"9" * 100_000 + b"}")
    put(root, f"{ENTRIES}/local_{uid(4)}.json", b"\0" * 64)
    put(root, f"{ENTRIES}/local_{uid(5)}.json", b'{"sessionId": "' + b"a" * (17 << 20) + b'"}')
    put_mapping(root, 4, 4)
    deep = b'{"type":"custom-title","customTitle":' + b"[" * 50_000 + b"]" * 50_000 + b"}\n"
    put_transcript(root, 4, deep, record(4, "user"), record(4, "assistant"))
    assert recover(root, kit) == 0
    assert ways(kit)[f"local_{uid(4)}"][0] == "rebuild"
    assert apply(kit, root) == 0
    made = json.loads((root / f"{ENTRIES}/local_{uid(4)}.json").read_bytes())
    assert made["title"] == "Recovered conversation of 2026-05-01"


def test_two_entries_for_one_transcript(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    for number in (1, 2):
        put(root, f"{ENTRIES}/local_{uid(number)}.json", b"\0" * 64)
    lines = [f"Mapping internal session local_{uid(n)} to CLI session {uid(7)}" for n in (1, 2)]
    put(root, f"{CLAUDE}/logs/main.log", "".join(f"2026-05-01 10:00:00 [info] {line}\n" for line in lines).encode())
    put_transcript(root, 7)
    assert recover(root, kit) == 0
    assert sorted(way for way, _ in ways(kit).values()) == ["nothing", "rebuild"]
    assert apply(kit, root) == 0
    put_entry(root, 3, cliSessionId=uid(7))
    assert recover(root, tmp_path / "again") == 0
    assert plan(tmp_path / "again")["files"] == []


def test_folder_with_control_characters_is_not_taken(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 64)
    put_mapping(root, 1, 1)
    put_transcript(root, 1, record(1, "user", cwd="C:\\a\x1b[2J\n| evil |"), record(1, "assistant", cwd="rel\\ative"))
    assert recover(root, kit) == 0
    assert apply(kit, root) == 0
    assert "cwd" not in json.loads((root / f"{ENTRIES}/local_{uid(1)}.json").read_bytes())
    text = (kit / "plan.md").read_text("utf-8")
    assert "is not used" in text
    assert "\x1b" not in text


@LINKS
def test_links_are_never_followed_for_writing(tmp_path: Path) -> None:
    root, kit, outside = tmp_path / "disk", tmp_path / "kit", tmp_path / "outside"
    lost_entry(root)
    target = put(outside, f"local_{uid(2)}.json.tmp", json.dumps(entry(2)).encode())
    (root / ENTRIES / target.name).symlink_to(target)
    assert recover(root, kit) == 0
    assert {file["place"] for file in plan(kit)["files"]} == {
        f"{ENTRIES}/local_{uid(1)}.json", f"{ENTRIES}/local_{uid(1)}.json.tmp",
    }  # fmt: skip
    before = snapshot(outside)
    (root / ENTRIES).rename(outside / "entries")
    (root / ENTRIES).symlink_to(outside / "entries")
    moved = snapshot(outside)
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert any("link" in line for line in said)
    assert snapshot(outside) == moved
    assert before.items() <= moved.items()


@LINKS
def test_linked_folder_inside_the_disk_is_written_where_it_truly_lies(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost_entry(root)
    moved = root / "D" / "WpSystem" / "S-1-5-21-1" / "sessions"
    moved.parent.mkdir(parents=True)
    there = root / CLAUDE / "claude-code-sessions"
    there.rename(moved)
    there.symlink_to(moved)
    before = snapshot(root)
    assert recover(root, kit) == 0
    assert {file["host"][:13] for file in plan(kit)["files"]} == {"D:/WpSystem/S"}
    assert apply(kit, root) == 0
    assert undo(kit, root) == 0
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "place", ["../x", "a/../../x", "/etc/x", "C:/x", "a\\b", "", "a//b", "./a", "a/\x00", "con", "a/Nul.json"]
)
def test_places_that_lead_elsewhere_are_refused(place: str, tmp_path: Path) -> None:
    assert not is_plain(place)
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost_entry(root)
    recover(root, kit)
    if place.lower().rpartition("/")[2].partition(".")[0] in ("con", "nul"):
        return
    told = plan(kit)
    told["files"][0]["place"] = place
    (kit / "plan.json").write_text(json.dumps(told))
    with pytest.raises(RefusedError, match="not one to write to"):
        loaded(kit, root)


@given(st.text(max_size=60))
def test_plain_places_stay_below_their_root(place: str) -> None:
    if is_plain(place):
        assert os.path.normpath(os.path.join("/root", place)) == f"/root/{place}"  # noqa: PTH118
        assert of_machine(place, "linux") == f"/{place}"


@pytest.mark.parametrize("path", ["C:/Users/a.json", "//server/share/a.json", "//s/share/a.json", "//c/Users/a.json"])
def test_path_on_a_drive_or_a_share_is_found_again(path: str) -> None:
    """Folders are redirected to shares; a server may have a name of one letter, and is no drive for that."""
    place = on_machine(path, "windows")
    assert is_plain(place)
    assert of_machine(place, "windows") == path


def test_kit_goes_only_where_it_may(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "disk"
    lost_entry(root)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "left.partial").mkdir()
    before = snapshot(tmp_path)
    for name in ("full", "file", "disk/kit", "nowhere/kit", "left", ".claude/kit", "AppData/Roaming/Claude/kit"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True) if name[0] in ".A" else None
        assert recover(root, tmp_path / name) == 2, name
        assert "Error: " in capsys.readouterr().err
    assert snapshot(tmp_path) == before
    assert recover(root, tmp_path / "empty") == 0
    assert cli.main(["recover", str(root), "--root", str(root), "-o", str(tmp_path / "k")]) == 2
    assert cli.main(["recover", "-", "-o", str(tmp_path / "k")]) == 2
    assert cli.main(["recover", str(tmp_path / "none"), "-o", str(tmp_path / "k")]) == 2
    assert not (tmp_path / "k").exists()
    assert not list(tmp_path.glob("k*.partial"))


def test_full_disk_leaves_no_half_kit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost_entry(root)
    real = Path.open

    def full(self: Path, mode: str = "r", *more: object, **named: object) -> object:
        if mode == "xb" and self.name == "undo.ps1":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    assert recover(root, kit) == 2
    assert "No space left" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_disk_that_fills_while_a_transcript_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put_transcript(root, 1, record(1, "user"), b"\0\0\n", *[record(1, "assistant")] * 2000)
    real = Path.open

    def full(self: Path, mode: str = "r", *more: object, **named: object) -> object:
        if mode == "xb" and self.suffix == ".jsonl":
            return real(Path("/dev/full"), "wb")
        return real(self, mode, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    assert recover(root, kit) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk"]


def test_conversation_that_grows_while_it_is_read_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claude_evidence import cli_recover

    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost_entry(root)
    put_entry(root, 2, ".json.tmp")
    put_transcript(root, 2)
    real = cli_recover._repairs

    def meanwhile(*given: object) -> object:
        found = real(*given)  # type: ignore[arg-type]
        put_entry(root, 1, ".json.tmp", title="written on")
        return found

    monkeypatch.setattr(cli_recover, "_repairs", meanwhile)
    assert recover(root, kit) == 0
    assert ways(kit)[f"local_{uid(1)}"][0] == "nothing"
    assert "changed while it was read" in ways(kit)[f"local_{uid(1)}"][1]
    assert ways(kit)[f"local_{uid(2)}"][0] == "from_tmp"
    assert sorted(path.name for path in (kit / "new").iterdir()) == ["00001.json"]


def test_kit_carries_its_own_program(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost_entry(root)
    recover(root, kit)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-I", str(kit / "recovery.py"), *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    before = snapshot(root)
    assert "from claude_evidence" not in (kit / "recovery.py").read_text("utf-8")
    assert run("apply", "--root", str(root), "--what-if").returncode == 0
    assert snapshot(root) == before
    assert run("apply", "--root", str(root)).returncode == 0
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"
    assert "nothing to do" in run("apply", "--root", str(root)).stdout
    assert run("undo", "--root", str(root)).returncode == 0
    assert snapshot(root) == before
    (kit / "plan.json").write_text('{"format": "another/1"}')
    assert run("apply", "--root", str(root)).returncode == 2


def test_twin_refuses_while_claude_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recovery_twin, "running", lambda: ["claude.exe"])
    assert recovery_twin.main(["apply"]) == 2
    assert "still running (claude.exe)" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a program is named by its link here")
def test_running_programs_are_seen(tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "60"])
    try:
        assert "claude" in recovery_twin_files.running()
    finally:
        process.kill()
        process.wait()


@settings(max_examples=15)
@given(st.binary(max_size=300), st.sampled_from([".json", ".json.tmp"]), st.booleans())
def test_whatever_lies_in_an_entry(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str, mapped: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    root, kit = folder / "disk", folder / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}{ending}", data)
    put_transcript(root, 1)
    if mapped:
        put_mapping(root, 1, 1)
    before = snapshot(root)
    assert recover(root, kit) == 0
    assert apply(kit, root) == 0
    assert undo(kit, root) == 0
    assert snapshot(root) == before
