"""What happens between the look and the change: other programs write, disks fill, files are locked; nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.recovery_twin import Kit
from claude_evidence.recovery_twin_files import File, RefusedError, is_own
from tests.recovery_trees import (
    ENTRIES,
    apply,
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


def entry_of(root: Path, number: int, ending: str = ".json") -> Path:
    return root / f"{ENTRIES}/local_{uid(number)}{ending}"


def lost(root: Path, *numbers: int) -> None:
    for number in numbers:
        put_entry(root, number, ".json.tmp")
        put_transcript(root, number)


def damaged(root: Path, number: int) -> None:
    put(root, f"{ENTRIES}/local_{uid(number)}.json", b"\0" * 90)
    put_entry(root, number, ".json.tmp")
    put_transcript(root, number)


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], object]) -> None:
    """Let *deed* happen once, right before the twin does what *name* says."""
    real: Any = getattr(Kit, name)
    left = [deed]

    def also(self: Kit, *given: Any) -> Any:
        if left:
            left.pop()()
        return real(self, *given)

    monkeypatch.setattr(Kit, name, also)


@pytest.mark.parametrize("step", ["_back_up", "_change", "_unchanged"])
@pytest.mark.parametrize("make", [lost, damaged])
def test_entry_that_the_app_writes_after_the_look_is_kept(
    make: Callable[..., None], step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    make(root, 1)
    lost(root, 2)
    recover(root, kit)
    meanwhile(monkeypatch, step, lambda: put_entry(root, 1, title="written by the app just now"))
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert b"written by the app just now" in entry_of(root, 1).read_bytes()
    assert entry_of(root, 1, ".json.tmp").exists(), "a conversation is changed wholly or not at all"
    assert entry_of(root, 2).exists(), "others get their turn"
    assert any("left alone" in line for line in said)
    assert not list(root.rglob("ce-*"))


def test_temporary_copy_that_the_app_writes_after_the_look_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    meanwhile(monkeypatch, "_change", lambda: put_entry(root, 1, ".json.tmp", title="newer"))
    assert apply(kit, root) == 1
    assert b"newer" in entry_of(root, 1, ".json.tmp").read_bytes()
    assert not entry_of(root, 1).exists(), "what was made of its old copy is taken back"


def test_file_that_comes_at_the_very_last_moment_is_not_written_over(tmp_path: Path) -> None:
    from claude_evidence.recovery_twin_files import put_new

    partial, target = put(tmp_path, "partial", b"ours"), put(tmp_path, "target", b"the app's")
    with pytest.raises(FileExistsError):
        put_new(partial, target)
    assert target.read_bytes() == b"the app's"
    assert partial.exists()


@pytest.mark.parametrize("step", ["_change", "_undone"])
def test_undo_keeps_what_the_app_writes_after_the_look(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    damaged(root, 1)
    recover(root, kit)
    assert apply(kit, root) == 0
    if step == "_undone":
        meanwhile(monkeypatch, step, lambda: put_entry(root, 1, title="a new title"))
    else:
        put_entry(root, 1, title="a new title")
    assert undo(kit, root) == 1
    assert b"a new title" in entry_of(root, 1).read_bytes()
    assert not entry_of(root, 1, ".json.tmp").exists()


def test_one_file_that_fails_takes_its_conversation_back_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    damaged(root, 1)
    damaged(root, 2)
    before = snapshot(root)
    recover(root, kit)
    real = Kit._keep

    def locked(self: Kit, path: Path, file: File, ending: str) -> None:
        if ending == "moved" and uid(1) in path.name:
            raise PermissionError(errno.EACCES, "The file is used by another process")
        real(self, path, file, ending)

    monkeypatch.setattr(Kit, "_keep", locked)
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert any("used by another process" in line for line in said)
    after = snapshot(root)
    assert {name: after[name] for name in before if uid(1) in name} == {n: s for n, s in before.items() if uid(1) in n}
    assert entry_of(root, 2).read_bytes()[:1] == b"{"
    monkeypatch.setattr(Kit, "_keep", real)
    assert apply(kit, root) == 0
    assert undo(kit, root) == 0
    assert snapshot(root) == before


def test_disk_that_fills_half_way_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost(root, 1, 2)
    before = snapshot(root)
    recover(root, kit)
    real = shutil.copy2

    def full(source: Any, target: Any, **named: Any) -> Any:
        if Path(target).name.startswith("ce-"):
            Path(target).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(source, target, **named)

    monkeypatch.setattr(shutil, "copy2", full)
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert sum("No space left" in line for line in said) == 2
    assert snapshot(root) == before
    monkeypatch.setattr(shutil, "copy2", real)
    assert apply(kit, root) == 0


def test_folder_that_is_not_there_refuses_only_its_conversation(tmp_path: Path) -> None:
    """A kit may be taken to a machine where the account's folder is another one."""
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put_transcript(root, 1)
    hurt = put_transcript(root, 2, record(2, "user"), b"\0\0\n", record(2, "assistant"))
    put(root, f"{ENTRIES}/local_{uid(2)}.json.tmp", b"")
    recover(root, kit)
    assert {file["before"] is None for file in plan(kit)["files"]} == {True, False}
    shutil.rmtree(root / ENTRIES)
    before = hurt.read_bytes()
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert any("folder is not there" in line for line in said)
    assert hurt.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_kit_is_for_its_owner_alone_and_modes_stay(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    private = put_transcript(root, 1, record(1, "user"), b"\0\0\n", record(1, "assistant"))
    private.chmod(0o640)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    put_mapping(root, 2, 2)
    put_transcript(root, 2)
    umask = os.umask(0)
    try:
        assert recover(root, kit) == 0
        assert apply(kit, root) == 0
    finally:
        os.umask(umask)
    assert stat.S_IMODE(private.stat().st_mode) == 0o640
    for path in (kit, *kit.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        if path.parent.name != "backup":
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    assert undo(kit, root) == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o640


def test_damaged_transcript_that_two_entries_name_is_mended_once(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    hurt = put_transcript(root, 1, record(1, "user"), b"\0\0\n", record(1, "assistant"))
    put_entry(root, 1)
    put_entry(root, 2, cliSessionId=uid(1))
    before = snapshot(root)
    recover(root, kit)
    assert len(plan(kit)["files"]) == 2
    assert apply(kit, root) == 0
    assert b"\0" not in hurt.read_bytes()
    assert apply(kit, root) == 0
    assert undo(kit, root) == 0
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "spoil",
    [
        {"kit_id": "../../x"}, {"kit_id": None}, {"files": None}, {"files": [1]}, {"files": [{}]},
        {"new": "../new/00001.json"}, {"new": "/etc/passwd"}, {"number": "x"}, {"place": None},
    ],
)  # fmt: skip
def test_spoiled_plan_is_refused_in_one_line(spoil: dict[str, Any], tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    told = plan(kit)
    (told if spoil.keys() & told.keys() else told["files"][0]).update(spoil)
    (kit / "plan.json").write_text(json.dumps(told))
    before = snapshot(root)
    done = subprocess.run(
        [sys.executable, "-I", str(kit / "recovery.py"), "apply", "--root", str(root)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert snapshot(root) == before


@pytest.mark.parametrize("host", ["C:/Users/../x", "C:x", "/home/../etc/x", "//server/../x", "x/y", "///x"])
def test_host_path_that_leads_elsewhere_is_refused(host: str, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    told = plan(kit)
    told["files"][0]["host"] = host
    (kit / "plan.json").write_text(json.dumps(told))
    with pytest.raises(RefusedError, match="not one to write to"):
        Kit(kit, this_machine=True).load()


def test_kit_of_a_disk_is_not_for_this_machine_unless_somebody_says_so(tmp_path: Path) -> None:
    root, kit = tmp_path / "it's a disk", tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    for what in ("apply", "undo"):
        done = subprocess.run(
            [sys.executable, "-I", str(kit / "recovery.py"), what, "--what-if"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "say with --root which disk or folder to change" in done.stderr
    Kit(kit, this_machine=True).load()
    told = (kit / "plan.md").read_text("utf-8")
    where = str(root).replace("'", "''")
    for line in (f"apply.ps1 -Root '{where}' -WhatIf", f"apply.ps1 -Root '{where}'`", f"undo.ps1 -Root '{where}'`"):
        assert line in told


@pytest.mark.parametrize("live", ["false", 1, None])
def test_only_a_plain_yes_makes_a_kit_this_machines(live: object, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    told = {**plan(kit), "live": live}
    (kit / "plan.json").write_text(json.dumps(told))
    with pytest.raises(RefusedError, match="not made on this machine"):
        Kit(kit).load()


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")
@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("x\u2019; calc; \u2018", "'{0}/x\u2019\u2019; calc; \u2018\u2018'"),
        ("a$b 'c'", "'{0}/a$b ''c'''"),
        ("a`b", "FOLDER"),
        ("a\nb", "FOLDER"),
    ],
)
def test_no_name_of_a_disk_is_a_command(name: str, quoted: str, tmp_path: Path) -> None:
    root, kit = tmp_path / name, tmp_path / "kit"
    lost(root, 1)
    recover(root, kit)
    told = (kit / "plan.md").read_text("utf-8")
    assert f"apply.ps1 -Root {quoted.format(tmp_path)} -WhatIf`" in told


def test_a_disk_is_named_from_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost(tmp_path / "disk", 1)
    monkeypatch.chdir(tmp_path)
    recover(Path("disk"), Path("kit"))
    assert f"-Root '{tmp_path / 'disk'}'" in Path("kit/plan.md").read_text("utf-8")


def test_the_top_of_this_machines_disk_is_this_machine(tmp_path: Path) -> None:
    assert is_own(None)
    assert is_own(Path(tmp_path.anchor)) is not (os.name == "nt" and tmp_path.drive != os.environ["SYSTEMDRIVE"])
    assert not is_own(tmp_path)
