"""Every pattern has its rule, its proof and its near miss; the page that lists them is current."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.catalogue import DOCUMENTED, catalogue
from claude_evidence.analyzers.report import analyze
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Report
from claude_evidence.parsers import parse
from claude_evidence.samples.scenario import SCENARIOS, load, names

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "lines.yaml").read_text(encoding="utf-8"))
PATTERNS = """
    msix-appcontainer-job-race-0x80070020 msix-update-blocked-0x80073D02 msix-deferred-registration
    msix-needs-remediation msix-repair-register-loop msix-relaunch-fail-0x80070002 msix-stale-temp-msix-0x80070002
    msix-update-lock-cowork-svc-0x80070020 msix-stuck-servicing-0x80073D28 msix-install-failed-0x80073CF6
    msix-install-failed-0x80073CFF msix-install-failed-0x80073CF9 msix-install-failed-0x80073CF3
    cowork-service-races-servicing msix-stealth-update-no-relaunch sessions-killed-by-update
    updater-loop-msix-disabled update-deferred-for-days log-folder-moved
    startup-run-key-stale-version
    msix-exdev-session-save session-json-tmp-stuck msix-scandir-unknown loaded-0-persisted-sessions
    session-save-plant-detected junction-userdata-refused session-save-open-dir-refused session-dir-never-created
    session-json-all-null session-json-truncated transcript-nul-blocks transcript-empty-stub orphaned-cli-session-id
    transcript-unavailable-stub transcript-id-mismatch sidebar-lost-index-transcripts-intact
    account-org-folder-switch account-org-null-loadsessions tombstoned-session sessions-index-stale
    remote-control-orphan-404 worktree-orphan-lease worktree-reaped-while-leased worktree-lease-stolen
    chromium-storage-reset peer-message-dropped
    cowork-vm-service-not-running cowork-service-not-created cowork-vm-hcs-error cowork-vm-hcs-logon-right-0x80070569
    cowork-vm-disk-unusable cowork-vm-rootfs-exdev cowork-vm-file-locked-eperm cowork-vm-vhdx-path-mismatch
    cowork-vm-session-disk-missing cowork-vm-guest-connect-timeout cowork-vm-stale-stopped-vm-reused
    cowork-vmcompute-access-denied disk-full-enospc
    gpu-crash-101457950 app-hang-moapphang oom-crash renderer-crash-large-session ccd-cli-exit-nonzero
    ccd-cli-exit-dll-not-found ccd-cli-spawn-failure
    msix-vfs-config-split desktop-config-wiped mcp-spawn-enoent mcp-server-early-exit mcp-config-entry-invalid
    rpm-cache-enametoolong
"""


@cache
def rules() -> RuleSet:
    return load_rules(())


def stems() -> set[str]:
    return {document.stem for document in rules().documents}


def test_every_pattern_is_one_file_and_no_file_is_none() -> None:
    assert {pattern.replace("-", "_") for pattern in PATTERNS.split()} == stems()
    assert not {name.replace("-", "_") for name, *_ in DOCUMENTED} & stems()


def test_every_rule_is_proved_by_a_scenario() -> None:
    proved: set[str] = set()
    for name in names():
        expect = load(SCENARIOS / f"{name}.yaml").expect
        proved |= {*expect["findings"], *(word.partition("__")[0] for word in expect.get("context", []))}
    assert stems() <= proved


def test_on_a_host_full_of_near_misses_every_rule_is_answered() -> None:
    with open_bundle([ROOT / "samples" / "near-misses.zip"]) as bundle:
        report = analyze(parse(bundle, rules().fields), rules())
    told = {(left.rule, left.title) for left in report.not_judged}
    answered = {d.stem for d in rules().documents if d.generate and (d.stem, d.title) not in told}
    assert answered == stems()


def test_causes_lead_to_no_circle() -> None:
    edges: dict[str, set[str]] = {stem: set() for stem in stems()}
    for document in rules().documents:
        for effect in document.custom.get("leads_to", []):
            edges[document.stem].add(effect)
        for cause in document.custom.get("because_of", []):
            edges[cause].add(document.stem)
    left = dict(edges)
    while left:
        last = {stem for stem, effects in left.items() if not effects & left.keys()}
        assert last, f"a circle among {sorted(left)}"
        left = {stem: effects for stem, effects in left.items() if stem not in last}


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert page == catalogue(rules()), "run python -m claude_evidence.analyzers.catalogue > docs/catalogue.md"


def test_the_readme_counts_the_patterns_of_each_area() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    areas = Counter(path.parent.name for path in (ROOT / "rules").glob("*/*.yml"))
    counts = [int(n) for n in re.findall(r"^\| [a-zA-Z][^|]* \| (\d+) \|", told, re.MULTILINE)]
    assert counts == [areas[area] for area in ("launch", "sessions", "cowork", "crash", "config")]
    assert f"\n{sum(counts)} failures, " in told


def analysed(text: str, log: str, folder: Path) -> Report:
    (folder / log).write_bytes(f"{text}\n".encode())
    with open_bundle([folder / log]) as bundle:
        return analyze(parse(bundle, rules().fields), rules())


def cases(kind: str) -> list[tuple[str, str, str]]:
    return [(rule, known.get("log", "main.log"), text) for rule, known in LINES.items() for text in known[kind]]


@pytest.mark.parametrize(("rule", "log", "text"), cases("match"))
def test_a_single_quoted_line_gives_its_rule(rule: str, log: str, text: str, tmp_path: Path) -> None:
    found = {finding.rule for finding in analysed(text, log, tmp_path).findings}
    assert rule in found


@pytest.mark.parametrize(("rule", "log", "text"), cases("near"))
def test_a_near_miss_does_not(rule: str, log: str, text: str, tmp_path: Path) -> None:
    assert rule not in {finding.rule for finding in analysed(text, log, tmp_path).findings}


RISKY = ("reinstall", "repair installation", "run the installer", "press reset", "press repair", "remove-appxpackage")
RISKY_COMMANDS = ("add-appxpackage -path", "remove-appxpackage", "remove-item", "sc.exe delete", "rmdir")
COPIES = ("copy ", "copies", "copied")


def remedies() -> list[tuple[str, list[dict[str, Any]]]]:
    found = []
    for path in sorted((ROOT / "rules").glob("*/*.yml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if steps := document.get("custom", {}).get("remedy"):
                found.append((document["name"], steps))
    return found


@pytest.mark.parametrize(("name", "steps"), remedies(), ids=[name for name, _ in remedies()])
def test_what_may_lose_data_says_so_and_comes_after_a_copy(name: str, steps: list[dict[str, Any]]) -> None:
    copied = False
    for step in steps:
        text, command = step["step"].lower(), step.get("command", "").lower()
        risky = any(word in text for word in RISKY) or any(word in command for word in RISKY_COMMANDS)
        loses = step["risk"] == "loses data unless backed up"
        copied = copied or any(word in text for word in COPIES) or "keep " in text
        assert loses or not risky or "repair installation of windows" in text, f"{name}: {step['step']}"
        assert copied or not loses or "nothing in it is needed" in text, f"{name}: {step['step']}"
        assert not command.startswith(("ls ", "sudo ", "cp ", "rm ")), f"{name}: no command of Windows"


MENDED_BY_A_KIT = [
    "session_json_tmp_stuck",
    "session_json_all_null",
    "session_json_truncated",
    "transcript_nul_blocks",
    "orphaned_cli_session_id",
    "sidebar_lost_index_transcripts_intact",
    "msix_exdev_session_save",
]


@pytest.mark.parametrize(("name", "steps"), remedies(), ids=[name for name, _ in remedies()])
def test_a_command_can_be_run_as_it_stands(name: str, steps: list[dict[str, Any]]) -> None:
    """By a person in trouble: it neither hangs nor writes over, and it finds the folder of either kind of install."""
    for command in (step.get("command", "") for step in steps):
        # a file in use is asked for a million times otherwise, 30 s apart
        assert "robocopy" not in command or ("/R:1" in command and "/W:1" in command), command
        assert "-AllUsers" not in command, "removes the data of people who have no copy"
        if "setx TEMP" in command:
            assert command.index("New-Item") < command.index("setx"), "programs fail where the folder is not there"
        if "env:APPDATA\\Claude" in command and name not in (
            "session_dir_never_created",
            "session_save_open_dir_refused",
        ):
            assert "Packages\\Claude_" in command, f"a packaged app keeps its data elsewhere: {command}"


@pytest.mark.parametrize("name", MENDED_BY_A_KIT)
def test_lost_conversations_are_pointed_to_the_kit(name: str) -> None:
    commands = [step.get("command", "") for step in dict(remedies())[name]]
    assert "claude-evidence recover -o kit" in commands
