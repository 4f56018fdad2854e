"""Each sample is what its scenario builds, and gives exactly the findings its scenario names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Level, Report
from claude_evidence.parsers import parse
from claude_evidence.samples.builder import build
from claude_evidence.samples.scenario import SCENARIOS, load, names
from claude_evidence.tally import tally
from claude_evidence.templates._ledger import sums
from claude_evidence.templates.render import render
from claude_evidence.templates.terminal import summary
from tests.sample_sides import shipped

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SESSION = re.compile(r"local_[0-9a-f-]{36}")


@cache
def report(name: str) -> Report:
    rules = shipped()
    with open_bundle([SAMPLES / f"{name}.zip"]) as bundle:
        return analyze(parse(bundle, rules.fields), rules)


@pytest.mark.parametrize("name", names())
def test_sample_is_what_its_scenario_builds(name: str, tmp_path: Path) -> None:
    copy = tmp_path / f"{name}.zip"
    build(load(SCENARIOS / f"{name}.yaml"), copy)
    assert copy.read_bytes() == (SAMPLES / f"{name}.zip").read_bytes(), "run python -m claude_evidence.samples"


@pytest.mark.parametrize("name", names())
def test_sample_gives_exactly_its_findings(name: str) -> None:
    expected = load(SCENARIOS / f"{name}.yaml").expect
    found = {f.rule: f for f in report(name).findings if f.level.rank > Level.INFORMATIONAL.rank}
    assert set(found) == set(expected["findings"])
    context = [f.document for f in report(name).findings if f.level is Level.INFORMATIONAL]
    assert context == expected.get("context", [])
    for rule, wanted in expected["findings"].items():
        finding = found[rule]
        assert finding.count == wanted["count"], rule
        assert finding.level == wanted["level"], rule
        assert finding.document == wanted.get("document", rule)
        assert dict(finding.facts).items() >= wanted.get("facts", {}).items()
        assert finding.explanation
        assert finding.remedy
    assert len({f.rule for f in report(name).findings}) == len(report(name).findings)


@pytest.mark.parametrize("name", names())
def test_sample_gives_no_problem_and_judges_what_it_can(name: str) -> None:
    made = report(name)
    assert made.problems == ()
    assert all(member.kind for member in made.custody.members)
    assert all(member.verified for member in made.custody.members)
    assert all(ref.sha256 for finding in made.findings for ref in finding.evidence)


def test_boots_of_the_update_come_closer_together() -> None:
    boots = report("update-breaks-launch").boots
    assert boots.tightening is True
    assert {month.month: month.median_days for month in boots.months}["2026-05"] == pytest.approx(6.0, abs=0.1)
    assert report("healthy").boots.tightening is None


def test_conversations_name_their_findings() -> None:
    made = report("all-null-session")
    ids = {finding.rule: finding.id for finding in made.findings}
    assert [c.findings for c in made.conversations if c.state == "null-filled"] == [(ids["session_json_all_null"],)]
    assert {c.findings for c in made.conversations if c.state == "healthy"} == {()}


def test_upgrade_is_told_in_its_order() -> None:
    entries = [entry for entry in report("update-breaks-launch").timeline if entry.lane in ("package", "launch")]
    told = [entry.text.split(":")[0] for entry in entries]
    wanted = [
        "Deployment started",
        "Packaged service terminated",
        "Package disabled for servicing",
        "Package folder moved",
        "Deployment finished",
        "Package enabled again",
        "Container could not be created",
        "Process could not be created",
    ]
    upgrade = told[told.index("Packaged service terminated") - 1 :]
    order = [upgrade.index(text) for text in wanted]
    assert order == sorted(order)
    assert "ForceApplicationShutdownOption" in next(e.text for e in entries if "Claude_pzs8sxrjxfjjc" in e.text)


def test_ledger_accounts_for_every_conversation() -> None:
    states = [c.state for c in report("noisy-healthy").conversations]
    assert states.count("CLI only") == 300
    assert states.count("remote") == 5
    assert states.count("deleted by user") == 1
    assert states.count("empty stub") == 4
    assert [c.state for c in report("update-breaks-launch").conversations] == ["orphaned", *["healthy"] * 3]
    (lost,) = [c for c in report("all-null-session").conversations if c.state == "null-filled"]
    assert lost.transcript_size_bytes == 38_518_504
    assert [ref.member.rpartition("/")[2][:6] for ref in lost.evidence] == ["local_", lost.cli_session_id[:6], "git-wo"]
    assert lost.cli_session_id in lost.evidence[1].member
    assert [c.state for c in report("exdev-one-drive").conversations].count("unsaved (.tmp only)") == 23


@pytest.mark.parametrize("name", names())
def test_every_conversation_of_a_sample_is_one_row_and_the_sums_hold(name: str) -> None:
    made = report(name)
    own, transcripts = seen_in_bytes(SAMPLES / f"{name}.zip")
    assert Counter(row.session_id for row in made.conversations if row.session_id) == Counter(own)
    assert {row.cli_session_id for row in made.conversations} >= transcripts
    assert len(made.conversations) <= len(own | transcripts)
    told = made.tally
    assert told == tally(made.conversations)
    assert told.states == load(SCENARIOS / f"{name}.yaml").expect["ledger"]
    assert {sum(parts.values()) for parts in (told.states, told.recoverable, told.counted_in)} == {told.seen}
    assert told.seen == len(made.conversations)
    assert all(row.proof and row.evidence and row.seen_in for row in made.conversations)
    assert all(row.how for row in made.conversations if row.recoverable != "nothing to do")


def seen_in_bytes(path: Path) -> tuple[set[str], set[str]]:
    """Return the sessions that files' names, leases and logs of a bundle speak of, and the transcripts in it."""
    own, transcripts = set(), set()
    with zipfile.ZipFile(path) as bundle:
        for member in bundle.namelist():
            base = member.rpartition("/")[2]
            if match := SESSION.match(base.removeprefix("deleted_")):
                own.add(match[0])
            if base.endswith((".jsonl", ".jsonl.meta.json")) and "/subagents/" not in member:
                transcripts.add(base.split(".")[0])
            if base.endswith(".log"):
                own |= set(SESSION.findall(bundle.read(member).decode()))
            if base == "git-worktrees.json":
                own |= {t["leasedBy"] for t in json.loads(bundle.read(member))["worktrees"].values() if t["leasedBy"]}
    return own, transcripts


def test_the_report_says_what_can_be_saved() -> None:
    rows = report("sessions-catalogue").conversations
    assert sums(rows) == (
        "35 conversations were seen: 20 orphaned, 5 unknown, 3 healthy, 2 CLI only, 2 truncated, 1 deleted by user, "
        "1 empty stub, 1 transcript missing. Counted where each was seen first: 7 in the registry, 1 more as "
        "tombstones, 22 more as transcripts, 1 more in worktree leases, 4 more in the log. "
        "Can be saved: 20 wholly, 1 partly, 9 not from this evidence; 5 need nothing."
    )
    for template in ("report.html.j2", "report.md.j2"):
        assert "20 orphaned, 5 unknown, 3 healthy" in render(report("sessions-catalogue"), template)
    assert "20 orphaned, 5 unknown" in " ".join(summary(report("sessions-catalogue"), colour=False, width=90).split())


def test_the_timeline_leaves_out_packages_that_only_sound_like_claude() -> None:
    assert not [entry.text for entry in report("noisy-healthy").timeline if "ClaudeHelper" in entry.text]
    assert [entry.text for entry in report("noisy-healthy").timeline if "Claude_1." in entry.text]


def analyse(name: str, folder: Path, form: str, **environment: str) -> bytes:
    command = [
        sys.executable,
        "-m",
        "claude_evidence",
        "analyze",
        str(SAMPLES / f"{name}.zip"),
        "-q",
        "-o",
        f"out.{form}",
    ]
    subprocess.run(
        command, cwd=folder, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1780000000", **environment}
    )
    return (folder / f"out.{form}").read_bytes()


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_report_is_the_same_whenever_and_wherever_it_is_made(form: str, tmp_path: Path) -> None:
    other = tmp_path / "another folder"
    other.mkdir()
    first = analyse("update-breaks-launch", tmp_path, form, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    time.sleep(0.01)
    second = analyse("update-breaks-launch", other, form, TZ="Asia/Kolkata", LC_ALL="de_DE.UTF-8", PYTHONHASHSEED="2")
    assert first == second
