"""A mounted disk collected by the program on Windows: the same findings, and nothing of the disk is touched."""

from __future__ import annotations

import pytest

from claude_evidence.model import Level, Outcome
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.run_helpers import entries, manifest, state
from tests.windows import live, trees
from tests.windows.machine import Machine


@pytest.mark.parametrize("name", ["exdev-storm-second-drive", "update-breaks-launch"])
def test_findings_are_those_of_the_sample(windows: Machine, name: str) -> None:
    root = trees.tree(windows, name, f"disk-{name}")
    longest = max(len(windows.name(path)) for path in root.rglob("*"))
    assert longest > 260
    before = state(root)
    bundle, _ = trees.collect(windows, root, "--no-analyze")
    assert state(root) == before
    expected = load(SCENARIOS / f"{name}.yaml").expect["findings"]
    found = {f.rule: f.count for f in live.report(bundle).findings if f.level.rank > Level.INFORMATIONAL.rank}
    assert found == {rule: wanted["count"] for rule, wanted in expected.items()}
    assert manifest(bundle).timezone == load(SCENARIOS / f"{name}.yaml").text("timezone")


def test_names_in_any_case_are_found(windows: Machine) -> None:
    root = trees.tree(windows, "healthy", "disk-case")
    for path in sorted(root.rglob("*"), key=lambda path: -len(path.parts)):
        if path.parent != root:
            path.rename(path.with_name(path.name.swapcase()))
    bundle, _ = trees.collect(windows, root, "--no-analyze")
    taken = [entry for entry in entries(bundle, "MAIN.LOG") if entry.outcome is Outcome.COLLECTED]
    assert len(taken) == 1
    logs = live.acquired(bundle, "WindowsEventLogs")
    assert [entry for entry in logs if entry.outcome is Outcome.COLLECTED], logs


def test_the_verdict_is_left_to_where_it_can_be_told(windows: Machine) -> None:
    if not windows.imitated:
        pytest.skip("here everything is installed")
    root = trees.tree(windows, "wiped-config", "disk-verdict")
    bundle, printed = trees.collect(windows, root)
    assert f"claude-evidence analyze {windows.name(bundle)}" in printed
    assert "sha256" in printed.lower().replace("-", "")
