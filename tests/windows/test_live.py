"""Each sample's host as a living Windows: what the program collects there gives exactly the sample's findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_evidence.model import Level, Outcome
from claude_evidence.samples._transcript import PROSE
from claude_evidence.samples._tree import DECOY
from claude_evidence.samples.builder import SID
from claude_evidence.samples.scenario import SCENARIOS, load, names
from tests.collector.run_helpers import manifest
from tests.windows import live
from tests.windows.machine import Machine

TOOLS = {
    "stand_in_wevtutil.py": "wevtutil.exe",
    "stand_in_powershell.py": "WindowsPowerShell/v1.0/powershell.exe",
    "stand_in_sc.py": "sc.exe",
}


@pytest.fixture(scope="module")
def host(windows: Machine) -> Iterator[Machine]:
    """Windows with tools that answer for whichever sample's host it is."""
    if not windows.imitated:
        pytest.skip("a Windows that somebody uses does not become the host of a sample")
    for script, name in TOOLS.items():
        live.script(windows, script)
        windows.fake(windows.scratch / script, name)
    yield windows
    for name in TOOLS.values():
        windows.silence(name)


@pytest.fixture(scope="module", params=names())
def collected(request: pytest.FixtureRequest, host: Machine) -> tuple[str, Path]:
    name = str(request.param)
    live.bring(host, name)
    before = live.state(host, "C:\\Users", "C:\\ProgramData", "D:\\")
    bundle = live.collect(host, name)
    after = live.state(host, "C:\\Users", "C:\\ProgramData", "D:\\")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    # the key of the redaction is all that a run leaves on the machine
    assert {path for path in changed if "claude-evidence" not in path} <= {"\\\\?\\C:\\Users\\alice\\AppData\\Local"}
    return name, bundle


def test_findings_are_those_of_the_sample(collected: tuple[str, Path]) -> None:
    name, bundle = collected
    expected = load(SCENARIOS / f"{name}.yaml").expect
    made = live.report(bundle)
    found = {f.rule: f for f in made.findings if f.level.rank > Level.INFORMATIONAL.rank}
    assert set(found) == set(expected["findings"])
    for rule, wanted in expected["findings"].items():
        assert found[rule].count == wanted["count"], rule
        assert found[rule].level == wanted["level"], rule
        assert found[rule].document == wanted.get("document", rule)
    context = [f.document for f in made.findings if f.level is Level.INFORMATIONAL]
    assert context == expected.get("context", [])


def test_nothing_private_is_in_it(collected: tuple[str, Path]) -> None:
    data = live.content(collected[1]).lower()
    for word in ("alice", "DESKTOP-SAMPLE", SID, DECOY, PROSE, "winelab"):
        assert word.lower().encode() not in data, word
        assert word.lower().encode("utf-16-le") not in data, word


def test_the_machine_is_described(collected: tuple[str, Path]) -> None:
    name, bundle = collected
    scenario, told = load(SCENARIOS / f"{name}.yaml"), manifest(bundle)
    assert told.host["build"].split(".")[0] == str(scenario.raw["host"]["build"])
    assert told.host["os"] == scenario.raw["host"]["os"]
    assert told.redacted
    assert told.timezone, "the zone that Windows has, under the name of its largest city"
    logs = [entry for entry in told.acquisitions if entry.artifact == "WindowsEventLogs"]
    assert not [entry for entry in logs if entry.outcome in (Outcome.FAILED, Outcome.DENIED)], logs
    assert bool([e for e in logs if e.outcome is Outcome.COLLECTED]) == bool(scenario.raw.get("events"))
