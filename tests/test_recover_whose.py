"""Whose is it? No conversation gets another's words, account or transcript, and of several copies the newest counts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.recovery_trees import (
    ACCOUNT,
    CLAUDE,
    ENTRIES,
    NOW_MS,
    ORG,
    PROJECT,
    account_for,
    apply,
    entry,
    plan,
    put,
    put_entry,
    put_mapping,
    put_transcript,
    record,
    recover,
    snapshot,
    uid,
)

OTHER_ACCOUNT, OTHER_ORG = ENTRIES.replace(ACCOUNT, uid(500)), ENTRIES.replace(ORG, uid(600))
OUTSIDE = ENTRIES.replace("Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming", "Roaming")


def put_in(root: Path, folder: str, number: int, ending: str = ".json", age_ms: int = 0, **more: Any) -> Path:
    told = entry(number, lastActivityAt=NOW_MS - age_ms, **more)
    path = put(root, f"{folder}/local_{uid(number)}{ending}", json.dumps(told).encode())
    os.utime(path, ns=((NOW_MS - age_ms) * 1_000_000,) * 2)
    return path


def signed_in(root: Path) -> None:
    put(root, f"{CLAUDE}/config.json", json.dumps({"lastKnownAccountUuid": ACCOUNT}).encode())


def cut(inside: int, **more: Any) -> bytes:
    return json.dumps(entry(inside, **more, filler="x" * 500)).encode()[:-100]


def told(root: Path, kit: Path, session: str) -> dict[str, Any]:
    assert recover(root, kit) == 0
    (one,) = [c for c in plan(kit)["conversations"] if session in (c["session_id"], c["cli_session_id"])]
    return dict(one)


def made(root: Path, number: int, folder: str = ENTRIES) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((root / f"{folder}/local_{uid(number)}.json").read_bytes())
    return value


@pytest.mark.parametrize("mapped", [True, False])
def test_cut_entry_that_names_another_conversation_gives_it_nothing(mapped: bool, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}.json", cut(2, title="the other's title"))
    put_transcript(root, 2)
    if mapped:
        put_mapping(root, 1, 1)
        put_transcript(root, 1)
    before = snapshot(root)
    one = told(root, kit, f"local_{uid(1)}")
    assert one["way"] == "nothing"
    assert "names another conversation" in one["reason"]
    assert apply(kit, root) == 0
    assert snapshot(root).items() >= before.items()


def test_title_is_taken_from_the_cut_temporary_copy_where_the_entry_is_all_null(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 900)
    put(root, f"{ENTRIES}/local_{uid(1)}.json.tmp", cut(1, title="Early potatoes", isArchived=True))
    put_transcript(root, 1)
    put_mapping(root, 1, 1)
    assert told(root, kit, f"local_{uid(1)}")["way"] == "rebuild"
    assert apply(kit, root) == 0
    assert made(root, 1)["title"] == "Early potatoes"
    assert made(root, 1)["isArchived"] is True
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"


@pytest.mark.parametrize("ending", [".json", ".json.tmp"])
def test_of_several_copies_the_newest_takes_the_place(ending: str, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    signed_in(root)
    put_transcript(root, 1)
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 90)
    for number, (title, age_ms) in enumerate([("old", 9_000_000), ("new", 1_000), ("middle", 5_000_000)]):
        put_in(root, ENTRIES.replace(ACCOUNT, uid(500 + number)), 1, ending, age_ms, title=title)
    assert told(root, kit, f"local_{uid(1)}")["way"] == ("from_tmp" if ending == ".json.tmp" else "from_copy")
    assert apply(kit, root) == 0
    assert made(root, 1)["title"] == "new"


@pytest.mark.parametrize("newer", [ENTRIES, OUTSIDE])
def test_of_two_sides_of_the_redirection_the_newer_is_taken(newer: str, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_transcript(root, 1)
    for folder in (ENTRIES, OUTSIDE):
        put_in(root, folder, 1, ".json.tmp", 0 if folder == newer else 9_000_000, title=folder)
    assert told(root, kit, f"local_{uid(1)}")["way"] == "from_tmp"
    assert apply(kit, root) == 0
    assert made(root, 1, newer)["title"] == newer
    assert len(list(root.rglob("local_*.tmp"))) == 1, "the other side is left as it is"


@pytest.mark.parametrize("damaged", [True, False])
def test_copy_whose_transcript_is_gone_is_pointed_to_the_one_that_the_log_knows(damaged: bool, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_in(root, ENTRIES, 1, ".json.tmp", title="Kale", cliSessionId=uid(77))
    if damaged:
        put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 90)
    put_transcript(root, 2)
    put_mapping(root, 1, 2)
    one = told(root, kit, f"local_{uid(1)}")
    assert one["way"] == "from_tmp"
    assert {"cliSessionId", "priorCliSessionIds"} <= {field["name"] for field in one["fields"]}
    assert apply(kit, root) == 0
    assert (made(root, 1)["title"], made(root, 1)["cliSessionId"]) == ("Kale", uid(2))
    assert account_for(root)[f"local_{uid(1)}"].state == "healthy"
    assert recover(root, tmp_path / "again") == 0
    assert plan(tmp_path / "again")["files"] == []


def test_copy_that_names_another_is_passed_over_for_one_that_does_not(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_transcript(root, 1)
    put(root, f"{ENTRIES}/local_{uid(1)}.json", b"\0" * 90)
    put_in(root, OTHER_ORG, 1, ".json.tmp", 5_000_000, title="its own")
    put_in(root, ENTRIES, 1, ".json.tmp", 0, title="another's", sessionId=f"local_{uid(2)}")
    assert told(root, kit, f"local_{uid(1)}")["way"] == "from_tmp"
    assert apply(kit, root) == 0
    assert made(root, 1)["title"] == "its own"


@pytest.mark.parametrize("data", [b"{}", b'{"x":1}', b'{"sessionId":null}', b'{"sessionId":7}'])
@pytest.mark.parametrize("mapped", [True, False])
def test_temporary_copy_that_says_nothing_is_no_entry(data: bytes, mapped: bool, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put(root, f"{ENTRIES}/local_{uid(1)}.json.tmp", data)
    put_transcript(root, 1)
    if mapped:
        put_mapping(root, 1, 1)
    one = told(root, kit, f"local_{uid(1)}")
    assert one["way"] == ("rebuild" if mapped else "nothing")
    assert apply(kit, root) == 0
    if mapped:
        assert made(root, 1)["cliSessionId"] == uid(1)
        assert not (root / f"{ENTRIES}/local_{uid(1)}.json.tmp").exists()


def test_transcript_of_a_readable_entry_is_not_given_twice(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_transcript(root, 1)
    put_entry(root, 1)
    put_entry(root, 2, ".json.tmp", cliSessionId=uid(1).upper())
    one = told(root, kit, f"local_{uid(2)}")
    assert (one["way"], "belongs to" in one["reason"]) == ("nothing", True)


def test_template_comes_from_no_other_account(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    signed_in(root)
    private: dict[str, Any] = {
        "remoteMcpServersConfig": [{"name": "theirs"}],
        "emailAddress": "x@example.com",
        "accountName": "bob",
    }
    put_in(root, OTHER_ACCOUNT, 1, **private, effort="high")
    put_transcript(root, 1)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    put_transcript(root, 2)
    put_mapping(root, 2, 2)
    one = told(root, kit, f"local_{uid(2)}")
    assert one["way"] == "rebuild"
    assert any("no readable entry to learn" in lost for lost in one["lost"])
    assert apply(kit, root) == 0
    assert not (private.keys() | {"effort"}) & made(root, 2).keys()


def test_template_may_come_from_another_organisation_of_the_account(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_in(root, OTHER_ORG, 1, effort="high")
    put_transcript(root, 1)
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    put_transcript(root, 2)
    put_mapping(root, 2, 2)
    assert told(root, kit, f"local_{uid(2)}")["way"] == "rebuild"
    assert apply(kit, root) == 0
    assert made(root, 2)["effort"] == "high"


@pytest.mark.parametrize("known", [True, False])
def test_conversation_without_entry_goes_to_no_account_by_guess(known: bool, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    for number, folder in ((1, OTHER_ACCOUNT), (2, ENTRIES)):
        put_in(root, folder, number)
        put_transcript(root, number)
    put_transcript(root, 3)
    if known:
        signed_in(root)
    assert recover(root, kit) == 0
    (one,) = plan(kit)["conversations"]
    if known:
        (file,) = plan(kit)["files"]
        assert file["place"].startswith(f"{ENTRIES}/")
    else:
        assert (one["way"], "several accounts" in one["reason"]) == ("nothing", True)


@pytest.mark.parametrize("listed", [True, False])
def test_transcript_of_one_person_goes_into_no_list_of_another(listed: bool, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    bobs = OTHER_ACCOUNT.replace("alice", "bob")
    signed_in(root)
    put_entry(root, 1)
    put_transcript(root, 1)
    for number in (2, 3) if listed else (2,):
        spoken = record(number, "user") + record(number, "assistant")
        put(root, f"{PROJECT.replace('alice', 'bob')}/{uid(number)}.jsonl", spoken)
    if listed:
        config = json.dumps({"lastKnownAccountUuid": uid(500)}).encode()
        put(root, f"{CLAUDE.replace('alice', 'bob')}/config.json", config)
        put_in(root, bobs, 3, age_ms=9_000_000)
    one = told(root, kit, uid(2))
    places = [file["place"] for file in plan(kit)["files"]]
    if listed:
        assert [place.rpartition("/")[0] for place in places] == [bobs]
    else:
        assert (one["way"], "profile of a person" in one["reason"], places) == ("nothing", True, [])


def test_plan_says_when_the_organisation_is_a_guess(tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_in(root, ENTRIES, 1, age_ms=9_000_000)
    put_transcript(root, 1)
    put_transcript(root, 3)
    assert told(root, tmp_path / "one", uid(3))["doubt"] == ""
    put_in(root, OTHER_ORG, 2)
    put_transcript(root, 2)
    assert uid(600) in told(root, kit, uid(3))["doubt"]
    assert "What is not sure: Nothing says which organisation" in (kit / "plan.md").read_text("utf-8")
