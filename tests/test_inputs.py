"""What people have in hand instead of a bundle: each shape gives the findings that the bundle gives."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import Limits, open_bundle
from claude_evidence.model import Report
from claude_evidence.parsers import parse
from claude_evidence.templates.render import render
from tests.sample_sides import shipped

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
ZONE = "Europe/Berlin"
PACKAGE = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/"


def files(name: str) -> dict[str, bytes]:
    """Return the host's files of a sample: ``C/Users/…`` to bytes."""
    with zipfile.ZipFile(SAMPLES / f"{name}.zip") as sample:
        found = {info.filename: sample.read(info) for info in sample.infolist()}
    return {path.split("/data/files/")[1]: data for path, data in found.items() if "/data/files/" in path}


def report(*paths: Path, zone: str | None = ZONE) -> Report:
    rules = shipped()
    with open_bundle(paths, zone=zone) as bundle:
        return analyze(parse(bundle, rules.fields, zone=zone), rules)


def findings(made: Report) -> dict[str, int]:
    return {finding.rule: finding.count for finding in made.findings}


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


EXPECTED = {"msix_appcontainer_job_race_0x80070020": 7, "sessions_killed_by_update": 1, "orphaned_cli_session_id": 1}


@pytest.mark.parametrize(
    "shape",
    [
        lambda path: path,
        lambda path: f"uploads/auto/{path.replace('C/', 'C%3A/', 1)}",
        lambda path: f"uploads/ntfs/%5C%5C.%5CC%3A/{path[2:]}",
        lambda path: f"fs/C:/{path[2:]}",
        lambda path: f"Kape/2026-05-17T083000/{path}",
    ],
    ids=["plain", "velociraptor auto", "velociraptor ntfs", "velociraptor container", "kape"],
)
def test_collections_of_other_tools(shape: Callable[[str], str], tmp_path: Path) -> None:
    given = {shape(path): data for path, data in files("update-breaks-launch").items()}
    made = report(pack(tmp_path / "collection.zip", given))
    assert findings(made) == EXPECTED
    assert made.problems == ()


def test_folder(tmp_path: Path) -> None:
    for name, data in files("update-breaks-launch").items():
        target = tmp_path / "copied" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    assert findings(report(tmp_path / "copied")) == EXPECTED


def test_data_folder_zipped_by_hand(tmp_path: Path) -> None:
    own = {
        f"Claude/{path.split(PACKAGE)[1]}": data for path, data in files("exdev-one-drive").items() if PACKAGE in path
    }
    made = report(pack(tmp_path / "Claude.zip", own), zone="America/Chicago")
    assert findings(made)["msix_exdev_session_save"] == 230
    assert findings(made)["msix_scandir_unknown"] == 2
    assert {n.rule for n in made.not_judged} >= {"msix_appcontainer_job_race_0x80070020", "orphaned_cli_session_id"}


def test_loose_files_are_one_machines_evidence(tmp_path: Path) -> None:
    paths = []
    for name, data in files("update-breaks-launch").items():
        if name.endswith((".evtx", "main.log")):
            paths.append(tmp_path / Path(name).name)
            paths[-1].write_bytes(data)
    made = report(*paths)
    assert findings(made) == {
        "msix_appcontainer_job_race_0x80070020": 7,
        "sessions_killed_by_update": 1,
        "orphaned_cli_session_id": 1,
    }
    assert {f.document for f in made.findings} >= {"orphaned_cli_session_id__focus_without_start"}


QUOTED = """# Claude does not start
[error] Failed to save session local_<uuid>: EXDEV: cross-device link not permitted, rename 'a.json.tmp' -> 'a.json'
Event ID 215: 0x80070020: Cannot create the Desktop AppX container for package Claude_1.7196.0.0_x64__pzs8sxrjxfjjc
"""


@pytest.mark.parametrize("other", ["main.log", "update-breaks-launch.zip"])
def test_a_pasted_text_counts_together_with_what_it_is_given_with(other: str, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(QUOTED, encoding="utf-8")
    path = tmp_path / "main.log" if other == "main.log" else SAMPLES / other
    if other == "main.log":
        path.write_bytes(next(data for name, data in files("update-breaks-launch").items() if name.endswith(other)))
    both = findings(report(path, tmp_path / "issue.md"))
    assert both["msix_exdev_session_save"] == 1
    assert both["msix_appcontainer_job_race_0x80070020"] == (1 if other == "main.log" else 7)


def test_kind_is_known_by_content_where_the_name_says_nothing(tmp_path: Path) -> None:
    for number, (name, data) in enumerate(files("update-breaks-launch").items()):
        if name.endswith((".evtx", "main.log")):
            (tmp_path / f"file{number}").write_bytes(data)
    assert findings(report(tmp_path))["msix_appcontainer_job_race_0x80070020"] == 7


def test_without_a_zone_logs_and_events_are_not_compared(tmp_path: Path) -> None:
    own = {name: data for name, data in files("exdev-one-drive").items() if not name.endswith(".evtx")}
    made = report(pack(tmp_path / "c.zip", own), zone=None)
    assert "--tz" in made.notes[0]
    assert "loaded_0_persisted_sessions" in {n.rule for n in made.not_judged}
    storm = next(f for f in made.findings if f.rule == "msix_exdev_session_save")
    assert (storm.first_seen, str(storm.first_local)) == (None, "2026-04-14 09:20:00")


SERVICE_RULES = {"cowork_vm_service_not_running", "cowork_service_not_created", "cowork_vmcompute_access_denied"}


@pytest.mark.parametrize(
    ("kind", "entries", "rules"),
    [
        ("volumes", [], {"disk_full_enospc", "cowork_vm_disk_unusable"}),
        ("volumes", [{"drive": "C:/"}], {"disk_full_enospc"}),
        ("services", [], SERVICE_RULES),
        ("services", [{"name": "CoworkVMService", "start_type": "Auto"}], SERVICE_RULES),
    ],
)
def test_what_a_state_file_does_not_say_is_no_evidence(
    kind: str, entries: list[dict[str, str]], rules: set[str], tmp_path: Path
) -> None:
    given = {name: data for name, data in files("healthy").items() if name.endswith("main.log")}
    state = json.dumps({"format": f"claude-evidence/{kind}/1", "entries": entries}).encode()
    made = report(pack(tmp_path / "c.zip", {**given, f"state/{kind}.json": state}))
    words = {"volumes": "drives", "services": "Windows' services"}[kind]
    wanted = {entry.rule for entry in made.not_judged if words in entry.detail}
    assert rules <= wanted


def test_what_a_state_file_says_is_evidence(tmp_path: Path) -> None:
    entries = [{"name": name, "state": "Running"} for name in ("CoworkVMService", "vmcompute")]
    state = json.dumps({"format": "claude-evidence/services/1", "entries": entries}).encode()
    made = report(pack(tmp_path / "c.zip", {"state/services.json": state}))
    assert not [entry for entry in made.not_judged if "kind service" in entry.detail]


def test_what_no_parser_reads_is_listed(tmp_path: Path) -> None:
    made = report(
        pack(
            tmp_path / "c.zip", {"C/Users/alice/holiday.jpg": b"\xff\xd8\xff\xe0picture", "C/Users/alice/main.log": b""}
        )
    )
    assert {member.path: member.kind for member in made.custody.members}["C:/Users/alice/holiday.jpg"] is None


def test_a_zip_that_stays_closed_is_read_as_nothing(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    log = b"2026-05-17 07:27:41 [error] Failed to save session local_1: EXDEV: cross-device link not permitted\n"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as made:
        made.writestr("main.log", log * 2)
    middle = pack(tmp_path / "middle.zip", {"inner.zip": inner.read_bytes()})
    outer = pack(tmp_path / "outer.zip", {"middle.zip": middle.read_bytes(), "main.log": log})
    told = report(outer)
    assert {member.name: member.kind for member in told.custody.members} == {
        "main.log": "app_log",
        "middle.zip/inner.zip": None,
    }
    assert [problem.message for problem in told.problems] == ["is a zip in a zip in a zip: listed, not opened"]


def test_a_member_that_passes_a_limit_is_named_without_a_word_of_the_program(tmp_path: Path) -> None:
    outer = pack(tmp_path / "outer.zip", {"main.log": b"2026-05-17 07:27:41 [info] x\n", "b/main.log": bytes(2**20)})
    with open_bundle([outer], Limits(free_bytes=1000, ratio=2), zone=ZONE) as bundle:
        (problem,) = parse(bundle).problems
    assert problem.message.startswith("could not be read: unfolds to more than 2 times")


@pytest.mark.parametrize("name", ["update-breaks-launch", "exdev-one-drive"])
def test_the_report_in_an_issue_gives_the_main_finding_again(name: str, tmp_path: Path) -> None:
    first = report(SAMPLES / f"{name}.zip")
    (tmp_path / "issue.md").write_text(render(first, "report.md.j2"), encoding="utf-8")
    again = report(tmp_path / "issue.md")
    assert again.verdict.headline.split(";")[0] == first.verdict.headline.split(";")[0]
    assert {finding.rule for finding in again.findings} <= {
        *(finding.rule for finding in first.findings),
        "loaded_0_persisted_sessions",
        "orphaned_cli_session_id",
    }


def test_what_is_damaged_in_a_copied_folder_is_not_called_a_save_under_way(tmp_path: Path) -> None:
    for name, data in files("all-null-session").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, (1_790_000_000, 1_790_000_000))
    hurt = [row for row in report(tmp_path).conversations if row.state == "null-filled"]
    assert hurt
    assert not [row for row in hurt if "may still be saving" in row.how or row.recoverable == "nothing to do"]
