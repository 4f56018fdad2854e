"""``diff``: whether a failure is over is told by what was logged since, never by what is no longer there to be seen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.analyzers.compare import compare
from claude_evidence.bundle_write import write_bundle
from claude_evidence.comparison import Answer
from claude_evidence.model import Manifest
from tests.sample_sides import SAMPLES, sample, side
from tests.test_cli import refused, run

CLAUDE = "data/files/C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
LOG = f"{CLAUDE}/logs/main.log"
ACCOUNT, ORG = "092924e5-1d52-4d61-b570-ee38c9b874fc", "dd94fcb2-4898-4b6c-8dc3-55c1ea147158"
FOLDER = f"C:\\Users\\alice\\AppData\\Roaming\\Claude\\claude-code-sessions\\{ACCOUNT}\\{ORG}"
SESSIONS = [f"local_badaa8c2-2023-4ceb-af07-d9d0af93c0{n:02d}" for n in range(8)]
SESSION = f"{CLAUDE}/claude-code-sessions/{ACCOUNT}/{ORG}/{SESSIONS[0]}.json"
EXDEV = "msix_exdev_session_save"
MONDAY, FRIDAY = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 5, 8, 12, tzinfo=UTC)


def storm(day: int, count: int = 8) -> str:
    return "".join(
        f"2026-05-{day:02d} 09:{n:02d}:00 [error] Failed to save session {SESSIONS[n]}: EXDEV: cross-device link not "
        f"permitted, rename '{FOLDER}\\{SESSIONS[n]}.json.tmp' -> '{FOLDER}\\{SESSIONS[n]}.json'\n"
        for n in range(count)
    )


def quiet(day: int) -> str:
    return "".join(
        f"2026-05-{day:02d} {hour:02d}:00:00 [info] [updater] Checking for updates\n" for hour in range(8, 12)
    )


def bundle(path: Path, taken: datetime, files: Mapping[str, str | bytes], **host: str) -> Path:
    facts = {"name": "DESKTOP-SAMPLE", "os": "Windows 11", **host}
    manifest = Manifest(bundle_id=path.stem, started_at=taken, finished_at=taken, host=facts, timezone="UTC")
    data = [(place, text.encode() if isinstance(text, str) else text) for place, text in files.items()]
    write_bundle(path, manifest, data, timestamp=taken)
    return path


def told(before: Path, after: Path, *arguments: str) -> Any:
    done = run("diff", before, after, "-f", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answer(document: Any, rule: str = EXDEV) -> dict[str, Any]:
    (found,) = [one for one in document["findings"] if one["rule"] == rule]
    return dict(found)


@pytest.fixture
def monday(tmp_path: Path) -> Path:
    return bundle(tmp_path / "monday.zip", MONDAY, {LOG: storm(4)})


def test_a_failure_without_a_record_since_is_over(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: storm(4) + quiet(7)})
    document = told(monday, friday)
    found = answer(document)
    assert (found["answer"], found["before"], found["after"], found["since"]) == ("not since", 8, 8, 0)
    assert document["headline"] == "Nothing of what the first bundle shows has happened since"
    assert document["schema"] == "claude-evidence/comparison/1"


def test_a_failure_that_goes_on_is_counted_from_then(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: storm(4) + storm(7, 5)})
    found = answer(told(monday, friday))
    assert (found["answer"], found["before"], found["after"], found["since"]) == ("still happening", 8, 13, 5)
    done = run("diff", monday, friday)
    assert done.stdout.startswith("Not over: ")
    assert "5 records since the first bundle" in done.stdout.replace("\n   ", "")
    assert run("diff", monday, friday, "--fail-on", "high").returncode == 1
    assert run("diff", monday, friday, "--fail-on", "critical").returncode == 0


def test_a_log_that_ends_before_says_nothing(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: storm(4)})
    document = told(monday, friday)
    assert answer(document)["answer"] == "cannot be said"
    assert document["headline"].startswith("It cannot be said")


def test_a_bundle_without_the_log_says_nothing(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {SESSION: "{}"})
    assert answer(told(monday, friday))["answer"] == "cannot be said"


def test_records_that_were_rotated_away_are_no_cure_and_no_failure(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: quiet(7)})
    assert answer(told(monday, friday))["answer"] == "not since"


def test_what_only_the_later_bundle_shows_is_new_unless_it_is_older(tmp_path: Path) -> None:
    monday = bundle(tmp_path / "monday.zip", MONDAY, {LOG: quiet(4)})
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: quiet(4) + storm(7)})
    assert answer(told(monday, friday))["answer"] == "new"
    older = bundle(tmp_path / "older.zip", FRIDAY, {LOG: storm(3) + quiet(7)})
    found = answer(told(monday, older))
    assert found["answer"] == "not since"
    assert "older than the first bundle" in found["detail"]


def test_a_spoiled_file_is_a_state_and_counts_while_it_is_there(tmp_path: Path) -> None:
    rule = "session_json_all_null"
    whole = json.dumps({"sessionId": SESSIONS[0], "title": "x", "createdAt": 1, "lastActivityAt": 2}).encode()
    monday = bundle(tmp_path / "monday.zip", MONDAY, {LOG: quiet(4), SESSION: bytes(2048)})
    same = bundle(tmp_path / "same.zip", FRIDAY, {LOG: quiet(7), SESSION: bytes(2048)})
    mended = bundle(tmp_path / "mended.zip", FRIDAY, {LOG: quiet(7), SESSION: whole})
    assert answer(told(monday, same), rule)["answer"] == "unchanged"
    document = told(monday, mended)
    assert answer(document, rule)["answer"] == "gone"
    (change,) = document["conversations"]
    assert change["session_id"] == SESSIONS[0]
    assert change["before"] == "null-filled"


def test_conversations_without_a_session_are_told_apart(monday: Path, tmp_path: Path) -> None:
    ids = [f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in range(2)]
    spoken = (
        '{"type":"user","sessionId":"%s","timestamp":"2026-05-06T09:00:00Z","message":{"role":"user","content":"x"}}\n'
    )
    place = "data/files/C/Users/alice/.claude/projects/C--work/{}.jsonl"
    files = {place.format(one): spoken % one for one in ids}
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: quiet(7), **files})
    changes = told(monday, friday)["conversations"]
    assert sorted(one["session_id"] for one in changes if one["after"] == "CLI only") == ids


def test_what_is_calm_does_not_hide_conversations_that_are_missing(tmp_path: Path) -> None:
    ids = [f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in range(2)]
    spoken = (
        '{"type":"user","sessionId":"%s","timestamp":"2026-05-01T09:00:00Z","message":{"role":"user","content":"x"}}\n'
    )
    files = {f"data/files/C/Users/alice/.claude/projects/C--work/{one}.jsonl": spoken % one for one in ids}
    first = bundle(tmp_path / "first.zip", MONDAY, {LOG: quiet(3), **files})
    same = bundle(tmp_path / "same.zip", FRIDAY, {LOG: quiet(7), **files})
    fewer = bundle(tmp_path / "fewer.zip", FRIDAY, {LOG: quiet(7), **dict(list(files.items())[:1])})
    assert told(first, same)["headline"] == "Neither bundle shows a failure"
    assert told(first, fewer)["headline"] == (
        "Neither bundle shows a failure, but 1 conversation of the first bundle is not in the second"
    )


def test_boots_are_counted_only_where_a_log_tells_of_them(monday: Path, tmp_path: Path) -> None:
    logs = []
    for number in (1, 2):
        logs.append(tmp_path / f"{number}" / "main.log")
        logs[-1].parent.mkdir()
        logs[-1].write_text(f"2026-05-0{number} 10:00:00 [info] Starting app {{\n", "utf-8")
    assert compare(side(logs[0]), side(logs[1])).boots is None
    done = run("diff", *logs, "-q")
    assert (done.returncode, "boot" in done.stdout) == (0, False)
    assert compare(side(monday), side(monday)).boots is None
    assert compare(side(sample("healthy")), side(sample("healthy"))).boots == 0


def test_bundles_that_may_be_of_two_machines_are_named() -> None:
    told = " ".join(compare(side(sample("exdev-one-drive")), side(sample("healthy"))).notes)
    assert "Their time zones differ (America/Chicago and Europe/London)" in told
    assert "They share no conversation" in told


def test_wrong_use_is_one_line(monday: Path, tmp_path: Path) -> None:
    friday = bundle(tmp_path / "friday.zip", FRIDAY, {LOG: quiet(7)})
    other = bundle(tmp_path / "other.zip", FRIDAY, {LOG: quiet(7)}, name="DESKTOP-OTHER")
    assert "earlier one first" in refused(run("diff", friday, monday))
    assert "two machines" in refused(run("diff", monday, other))
    assert "no such file" in refused(run("diff", monday, tmp_path / "none.zip"))
    assert "read itself" in refused(run("diff", monday, friday, "-o", friday, "--force"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_bundle_compared_with_itself_has_nothing_new(path: Path) -> None:
    comparison = compare(side(path), side(path))
    assert {one.answer for one in comparison.findings} <= {Answer.SAME, Answer.UNKNOWN}
    assert (comparison.conversations, comparison.facts) == ((), ())


def test_markdown_and_text_carry_no_markup_of_the_evidence(tmp_path: Path) -> None:
    hostile = "\x1b[31m<img src=x onerror=alert(1)> @somebody ![](http://x) \u202e"
    before = bundle(tmp_path / "before.zip", MONDAY, {LOG: quiet(3)})
    after = bundle(tmp_path / "after.zip", FRIDAY, {LOG: quiet(3)}, os=hostile)
    for form in ("md", "text"):
        done = run("diff", before, after, "-f", form)
        assert done.returncode == 0, done.stderr
        assert "somebody" in done.stdout
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        outside = re.sub(r"(`+)[^`].*?\1", "", done.stdout)  # a code span is shown as it is
        assert form == "text" or not any(mark in outside for mark in ("<img", "![", "@somebody"))
