"""The way back: a kit made of a tree, applied to a copy, leads to a healthy ledger; undone, to the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.recovery_trees import (
    ACCOUNT,
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

GOOD = {"healthy", "CLI only"}
LOST = {"all-null-session": 1, "exdev-one-drive": 23, "exdev-storm-second-drive": 14, "sessions-catalogue": 21,
        "update-breaks-launch": 1}  # fmt: skip


def there_and_back(root: Path, work: Path) -> int:
    """Recover *root*, apply, look, undo; return how many conversations came back."""
    before, kit = snapshot(root), work / "kit"
    lost = {key for key, row in account_for(root).items() if row.recoverable in ("yes", "partly")}
    assert recover(root, kit) == 0
    assert snapshot(root) == before
    assert apply(kit, root) == 0
    after = account_for(root)
    ways = {c["session_id"].lower() or c["cli_session_id"]: c for c in plan(kit)["conversations"]}
    assert {key for key, c in ways.items() if c["way"] != "nothing"} >= lost & after.keys()
    for key, told in ways.items():
        if told["way"] != "nothing":
            assert after[key].state in GOOD, (key, after[key])
            assert after[key].recoverable == "nothing to do"
    assert recover(root, work / "again") == 0
    assert plan(work / "again")["files"] == []
    assert not (work / "again" / "apply.ps1").exists()
    changed = snapshot(root)
    assert apply(kit, root) == 0
    assert snapshot(root) == changed
    assert undo(kit, root) == 0
    assert snapshot(root) == before
    assert undo(kit, root) == 0
    assert snapshot(root) == before
    return sum(c["way"] != "nothing" for c in ways.values())


@pytest.mark.parametrize("name", sorted(LOST))
def test_every_sample_goes_there_and_back(name: str, tmp_path: Path) -> None:
    root = tmp_path / "disk"
    write_tree(load(SCENARIOS / f"{name}.yaml"), root)
    assert there_and_back(root, tmp_path) == LOST[name]


@pytest.mark.parametrize("name", ["healthy", "linked-folder", "near-misses", "other-account"])
def test_sample_without_a_lost_conversation_gives_no_script(name: str, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    write_tree(load(SCENARIOS / f"{name}.yaml"), root)
    assert recover(root, kit) == 0
    assert sorted(path.name for path in kit.iterdir()) == ["plan.json", "plan.md"]


def test_save_under_way_on_a_disk_that_stands_still_is_a_lost_entry(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    write_tree(load(SCENARIOS / "noisy-healthy.yaml"), root)
    assert recover(root, tmp_path / "kit") == 0
    told, *gone = plan(tmp_path / "kit")["conversations"]
    assert {(one["way"], one["reason"]) for one in gone} == {
        ("nothing", "the CLI has deleted its transcript; a backup may have it")
    }
    assert (told["way"], told["recoverable"]) == ("from_tmp", "partly")
    assert "transcript is not here" in told["lost"][0]


def test_lines_of_null_bytes(tmp_path: Path) -> None:
    root, hurt = tmp_path / "disk", b"\0" * 5000 + b"\n"
    put_entry(root, 1)
    first, last = record(1, "user"), record(1, "assistant")
    torn = b'{"type":"user","mess\n'
    whole = put_transcript(root, 1, first, hurt, b"\0" * 300 + last, torn, record(1, "user", cwd="C:\\other"))
    assert account_for(root)[f"local_{uid(1)}"].state == "null-filled"
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    assert whole.read_bytes() == first + last + record(1, "user", cwd="C:\\other")
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"
    (told,) = plan(tmp_path / "kit")["conversations"]
    assert told["recoverable"] == "partly"
    assert "2 lines" in told["lost"][0]


def test_entry_that_was_cut_keeps_what_it_said(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    put_entry(root, 1, effort="high", permissionMode="bypassPermissions", remoteMcpServersConfig=[{"name": "beds"}])
    cut = put_entry(root, 2, title="Slugs", titleSource="user", isArchived=True, filler="x" * 400)
    cut.write_bytes(cut.read_bytes()[:-300])
    put_transcript(root, 1)
    put_transcript(root, 2, record(2, "user"), record(2, "assistant", timestamp="2026-05-02T10:00:00Z"))
    put(root, f"{CLAUDE}/config.json", json.dumps({"lastKnownAccountUuid": ACCOUNT}).encode())
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    made = json.loads(cut.read_bytes())
    assert made["title"] == "Slugs"
    assert made["titleSource"] == "user"
    assert made["isArchived"] is True
    assert made["effort"] == "high"
    assert made["remoteMcpServersConfig"] == [{"name": "beds"}]
    assert made["permissionMode"] == "default", "what was allowed in one conversation is allowed in no other"
    assert made["sessionId"] == f"local_{uid(2)}"


def test_damaged_entry_with_its_complete_temporary_copy(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    tmp = put_entry(root, 1, ".json.tmp", title="Pears")
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 900)
    put_transcript(root, 1)
    data = tmp.read_bytes()
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    assert (root / f"{ENTRIES}/local_{uid(1)}.json").read_bytes() == data
    assert not tmp.exists(), "it would keep the app from saving again"
    assert (tmp_path / "kit" / "backup").is_dir()


def test_entry_that_lost_its_transcript_is_pointed_to_it_again(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    path = put_entry(root, 1, cliSessionId=uid(77), transcriptUnavailable=True)
    put_transcript(root, 2, record(2, "user"), record(2, "assistant"))
    put_mapping(root, 1, 2)
    assert account_for(root)[f"local_{uid(1)}"].state == "orphaned"
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    made = json.loads(path.read_bytes())
    assert made["cliSessionId"] == uid(2)
    assert made["priorCliSessionIds"] == [uid(77)]
    assert made["transcriptUnavailable"] is False
    assert made["title"] == "A garden plan"


def test_transcript_without_entry_gets_one_with_its_own_words(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    put_entry(root, 1, title="Somebody else's", branch="other", bridgeSessionIds=["x"], prs=[1])
    put_transcript(root, 1)
    titles = [b'{"type":"ai-title","aiTitle":"Old"}\n', b'{"type":"custom-title","customTitle":"Frost\\u0000 dates"}\n']
    model = {"role": "assistant", "content": [], "model": "claude-opus-4-8"}
    put_transcript(root, 2, *titles, record(2, "user"), record(2, "assistant", message=model))
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    (new,) = [path for path in (root / ENTRIES).glob("*.json") if uid(1) not in path.name]
    made = json.loads(new.read_bytes())
    assert (made["title"], made["titleSource"]) == ("Frost dates", "user")
    assert made["cliSessionId"] == uid(2)
    assert made["model"] == "claude-opus-4-8"
    assert made["completedTurns"] == 1
    assert made["createdAt"] == made["lastActivityAt"] == 1_777_629_600_000
    assert not {"branch", "bridgeSessionIds", "prs"} & made.keys()


def test_conversation_that_changed_since_is_left_alone_and_others_are_not(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    for number in (1, 2):
        put_entry(root, number, ".json.tmp")
        put_transcript(root, number)
    recover(root, kit)
    (root / f"{ENTRIES}/local_{uid(1)}.json.tmp").write_bytes(b"{}")
    twin, said = loaded(kit, root)
    assert twin.apply() == 1
    assert any("changed since the plan was made" in line for line in said)
    assert not (root / f"{ENTRIES}/local_{uid(1)}.json").exists()
    assert (root / f"{ENTRIES}/local_{uid(2)}.json").exists()
    (root / f"{ENTRIES}/local_{uid(2)}.json").write_bytes(b"the app wrote on")
    before = snapshot(root)
    assert undo(kit, root) == 1
    assert snapshot(root) == before


def test_what_if_and_a_spoiled_kit_change_nothing(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1, ".json.tmp")
    put_transcript(root, 1)
    recover(root, kit)
    before = snapshot(root)
    twin, said = loaded(kit, root, what_if=True)
    assert twin.apply() == 0
    assert any(line.startswith("would change") for line in said)
    assert not (kit / "backup").exists()
    next((kit / "new").iterdir()).write_bytes(b"spoiled")
    assert apply(kit, root) == 1
    assert snapshot(root) == before


def test_apply_that_was_stopped_half_way_goes_on(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1, ".json.tmp")
    put_transcript(root, 1)
    before = snapshot(root)
    recover(root, kit)
    twin, _ = loaded(kit, root)
    twin._back_up(twin.files[1])
    twin._change(twin.files[0])  # and the power went
    assert apply(kit, root) == 0
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"
    assert undo(kit, root) == 0
    assert snapshot(root) == before


def test_folder_and_zip_of_files_copied_by_hand(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    put_entry(root, 1, ".json.tmp")
    put_transcript(root, 1)
    shutil.make_archive(str(tmp_path / "files"), "zip", root / "C/Users/alice")
    from claude_evidence.cli import cli

    for given in (root / "C/Users/alice", tmp_path / "files.zip"):
        kit = tmp_path / f"kit-{given.suffix}"
        assert cli.main(["recover", str(given), "-o", str(kit), "-q"]) == 0
        assert {file["host"] for file in plan(kit)["files"]} == {""}
        copy = tmp_path / f"copy-{given.suffix}"
        shutil.copytree(root / "C/Users/alice", copy)
        assert apply(kit, copy) == 0
        assert (copy / f"{ENTRIES}/local_{uid(1)}.json".removeprefix("C/Users/alice/")).exists()


def test_bundle_holds_no_conversation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from claude_evidence.cli import cli

    sample = Path(__file__).resolve().parents[1] / "samples" / "all-null-session.zip"
    assert cli.main(["recover", str(sample), "-o", str(tmp_path / "kit")]) == 2
    assert list(tmp_path.iterdir()) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert "never the conversations themselves" in line
    assert "--root" in line


def test_plan_names_everything(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put_transcript(root, 1)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    put_mapping(root, 2, 2)
    put_transcript(root, 2)
    recover(root, kit, "--fix", "launch", "--fix", "migrate")
    told = plan(kit)
    (file,) = told["files"]
    assert told["format"] == "claude-evidence/recovery-plan/1"
    assert file["host"] == f"C:/{file['place'][2:]}"
    assert file["before"] != file["after"]
    assert sorted(p.name for p in kit.iterdir()) == [
        "apply.ps1", "fix-launch.ps1", "migrate.ps1", "new", "plan.json", "plan.md", "recovery.py", "undo.ps1",
    ]  # fmt: skip
    text = (kit / "plan.md").read_text("utf-8")
    for word in (
        f"apply.ps1 -Root '{root}' -WhatIf",
        "-ThisMachine",
        "undo.ps1",
        "| `title` |",
        "fix-launch.ps1",
        "migrate.ps1",
        PROJECT.split("/")[0],
    ):
        assert word in text
    assert {field["name"] for field in told["conversations"][0]["fields"]} >= {"title", "cwd", "createdAt"}


def test_too_little_known_is_no_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from claude_evidence.cli import cli

    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put_entry(root, 2)
    assert cli.main(["recover", "--root", str(root), "-o", str(kit)]) == 0
    said = "Conversations: 0 can be brought back, 0 cannot, of 2 too little is known, 0 need nothing."
    assert said in capsys.readouterr().out
    assert "| too little is known | 2 |" in (kit / "plan.md").read_text("utf-8")


def test_where_an_id_comes_from_is_told(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    logs = []
    for number in (1, 2, 3):
        put_transcript(root, number)
        put_mapping(root, number, number)
        logs.append((root / f"{CLAUDE}/logs/main.log").read_bytes())
    put(root, f"{CLAUDE}/logs/main.log", b"".join(logs))
    recover(root, kit)
    told = {
        c["session_id"]: field["from"]
        for c in plan(kit)["conversations"]
        for field in c["fields"]
        if field["name"] == "sessionId"
    }
    assert told == {
        f"local_{uid(2)}": "its file's name",
        f"local_{uid(3)}": "what else names it, as the app's log",
    }


def test_readable_copy_in_another_folder_takes_the_place_of_the_damaged_entry(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    put(root, f"{CLAUDE}/config.json", json.dumps({"lastKnownAccountUuid": ACCOUNT}).encode())
    other = put(root, f"{ENTRIES.replace(ACCOUNT, uid(500))}/local_{uid(1)}.json", b"")
    other.write_bytes(json.dumps(entry(1, title="Plums")).encode())
    hurt = put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 90)
    put_transcript(root, 1)
    assert there_and_back(root, tmp_path) == 1
    apply(tmp_path / "kit", root)
    assert hurt.read_bytes() == other.read_bytes()
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"
