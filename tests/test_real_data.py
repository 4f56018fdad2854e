"""Real event logs of machines without Claude: nothing raises, nothing is found, foreign Sigma rules count right."""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Level, Report
from claude_evidence.parsers import parse
from tests.sample_sides import shipped

evtx = pytest.importorskip("evtx")
DATA = os.environ.get("CLAUDE_EVIDENCE_REAL_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="CLAUDE_EVIDENCE_REAL_DATA names no folder of real event logs")
RULES = Path(__file__).parent / "rules"
FOLDER = Path(DATA or ".") / "evtx"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.evtx*")) if DATA else []


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[str], Path]:
    def give(name: str) -> Path:
        path = FOLDER / name
        if path.suffix != ".xz":
            return path
        target = tmp_path / path.stem
        target.write_bytes(lzma.decompress(path.read_bytes()))
        return target

    return give


def report(path: Path, *rule_paths: Path) -> Report:
    rules = load_rules(rule_paths) if rule_paths else shipped()
    with open_bundle([path]) as bundle:
        return analyze(parse(bundle, rules.fields), rules)


@pytest.mark.parametrize("name", FILES)
def test_no_file_raises_or_gives_a_finding_of_claude(name: str, unpacked: Callable[[str], Path]) -> None:
    made = report(unpacked(name))
    assert made.findings == ()
    assert [member.kind for member in made.custody.members] == ["events"]
    assert not [problem for problem in made.problems if "could not be read:" in problem.message]
    assert {entry.rule for entry in made.not_judged} >= {"msix_exdev_session_save", "session_json_all_null"}


def test_there_are_files() -> None:
    assert len(FILES) >= 25


def events(path: Path) -> Iterator[dict[str, Any]]:
    for record in evtx.PyEvtxParser(str(path)).records_json():
        yield json.loads(record["data"])["Event"]


def number(event: dict[str, Any]) -> int:
    stored = event["System"]["EventID"]
    return int(stored["#text"] if isinstance(stored, dict) else stored)


def provider(event: dict[str, Any]) -> str:
    return str(event["System"]["Provider"]["#attributes"]["Name"])


def store_update_error(event: dict[str, Any]) -> bool:
    data = event.get("EventData") or {}
    return (
        number(event) == 404
        and str(data["ErrorCode"]).lower().startswith("0x80073cf")
        and str(data["CallingProcess"]).lower().endswith(",wuauserv")
        and not re.search("^.+_neutral_", data["PackageFullName"])
    )


def unclean_boot(event: dict[str, Any]) -> bool:
    return (number(event), provider(event).lower()) in {(41, "microsoft-windows-kernel-power"), (6008, "eventlog")}


def container_churn(event: dict[str, Any]) -> bool:
    name = str((event.get("EventData") or {}).get("AppContainerName", ""))
    return (
        number(event) in (39, 42) and "shell" in name.lower() and bool(re.search(r"^[Mm]icrosoft\.[A-Za-z.]+_", name))
    )


@pytest.mark.parametrize(
    ("name", "rule", "matches"),
    [
        ("appx/win10_19044_aptsim__AppXDeploymentServer_Operational.evtx", "store_update_errors", store_update_error),
        ("system/belkasoft_17763__System.evtx", "unclean_boot", unclean_boot),
        ("appx/win10_17763_belkasoft__AppModel-Runtime_Admin.evtx", "app_container_churn", container_churn),
        ("appx/win10_19044_aptsim__AppModel-Runtime_Admin.evtx", "app_container_churn", container_churn),
    ],
)
def test_foreign_rule_counts_what_a_hand_query_counts(
    name: str, rule: str, matches: Callable[[dict[str, Any]], bool]
) -> None:
    by_hand = sum(map(matches, events(FOLDER / name)))
    found = {f.rule: f.count for f in report(FOLDER / name, RULES / f"{rule}.yml").findings}
    assert by_hand > 0
    assert found == {rule: by_hand}


def test_foreign_correlation_counts_what_a_hand_query_counts() -> None:
    path = FOLDER / "system/belkasoft_17763__System.evtx"
    boots = sorted(
        datetime.fromisoformat(e["System"]["TimeCreated"]["#attributes"]["SystemTime"])
        for e in events(path) if number(e) == 6005 and provider(e) == "EventLog"
    )  # fmt: skip
    hour = timedelta(hours=1)
    windows = [[b for b in boots if start <= b <= start + hour] for start in boots]
    by_hand = len({boot for window in windows if len(window) >= 3 for boot in window})
    found = report(path, RULES / "many_boots.yml").findings
    assert by_hand > 0
    assert [(f.rule, f.count) for f in found] == [("many_boots", by_hand)]


def cases(*kinds: str) -> list[dict[str, Any]]:
    """Return the quoted cases of the kinds given, none where there is no data."""
    if not DATA:
        return []
    lines = (Path(DATA) / "cases" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["kind"] in kinds]


@pytest.mark.parametrize("case", cases("main_log", "mixed"), ids=lambda case: f"case-{case['case']}")
def test_quoted_log_is_found_or_left_alone(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "main.log").write_text(case["excerpt"], encoding="utf-8")
    findings = report(tmp_path).findings
    found = {finding.rule for finding in findings}
    expected = case["label"].replace("-", "_")
    if case["negative"]:  # a server of somebody else that fails is a finding of its own, and no more
        alarming = {finding.rule for finding in findings if finding.level.rank >= Level.MEDIUM.rank}
        assert alarming <= ({expected} if expected.startswith("mcp_") else set())
    elif (
        expected == "msix_exdev_session_save"
        and "Failed to save session" in case["excerpt"]
        and "\n2026" not in case["excerpt"]
    ):
        assert expected in found
    else:
        assert found <= {expected, "msix_scandir_unknown"}
