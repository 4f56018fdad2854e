"""Every sample, and a bundle that is private already, through ``redact``: private, and with the same findings."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import open_bundle
from claude_evidence.collector import definitions
from claude_evidence.collector._path_parts import roles
from claude_evidence.model import Level, Report
from claude_evidence.parsers import parse
from claude_evidence.samples.scenario import SCENARIOS, load, names
from tests.collector.run_helpers import collect, environment, manifest, members, tree
from tests.sample_sides import shipped

SAMPLES = SCENARIOS.parent
# Between them they hold every kind of evidence; an analysis is what takes the time here.
ANALYSED = {
    "config-catalogue",
    "cowork-catalogue",
    "exdev-storm-second-drive",
    "launch-catalogue",
    "sessions-catalogue",
}
VARIABLES = {
    "users.homedir": "C:/Users/alice", "users.localappdata": "C:/Users/alice/AppData/Local", "fixed_drives": "D:",
    "users.appdata": "C:/Users/alice/AppData/Roaming", "users.temp": "C:/Users/alice/AppData/Local/Temp",
    "environ_systemroot": "C:/Windows", "environ_programdata": "C:/ProgramData",
}  # fmt: skip


def redact(bundle: Path, output: Path, home: Path) -> None:
    words = [sys.executable, "-m", "claude_evidence", "redact", str(bundle), "-o", str(output)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert "left out" not in done.stdout


def report(bundle: Path) -> Report:
    rules = shipped()
    with open_bundle([bundle]) as opened:
        assert opened.verify() == ()
        return analyze(parse(opened, rules.fields), rules)


def found(bundle: Path) -> dict[str, tuple[int, Level]]:
    return {f.rule: (f.count, f.level) for f in report(bundle).findings if f.level.rank > Level.INFORMATIONAL.rank}


@pytest.mark.parametrize("name", names())
def test_a_sample_has_the_same_findings_and_names_nobody(name: str, tmp_path: Path) -> None:
    sample, output = SAMPLES / f"{name}.zip", tmp_path / "private.zip"
    if not sample.exists():
        pytest.skip("the samples' bundles are not shipped")
    redact(sample, output, tmp_path)
    if name in ANALYSED:
        expected = load(SCENARIOS / f"{name}.yaml").expect["findings"]
        assert found(output) == {rule: (told["count"], told["level"]) for rule, told in expected.items()}
    for member, data in members(output).items():
        for word in ("alice", "desktop-sample"):
            assert word.encode() not in data.lower(), member
            assert word.encode("utf-16-le") not in data.lower(), member


def test_what_is_private_already_stays_as_it_is(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{n}.zip" for n in ("first", "second", "third"))
    done = collect(tree(tmp_path, "exdev-storm-second-drive"), first)
    assert done.returncode == 0, done.stderr
    redact(first, second, tmp_path / "home")
    redact(second, third, tmp_path / "other")
    told = [{n: d for n, d in members(b).items() if n.startswith(("data/files/", "data/state/"))}
            for b in (first, second, third)]  # fmt: skip
    assert told[0] == told[1] == told[2]
    assert found(first) == found(second) != {}
    assert any(name.endswith(".json.tmp") for name in told[0])
    assert manifest(first).host == manifest(second).host == manifest(third).host
    sources = [{(e.artifact, e.source) for e in manifest(b).acquisitions} for b in (first, second, third)]
    assert sources[0] == sources[1] == sources[2]


def test_what_was_asked_for_stays_readable_in_the_manifest() -> None:
    """A wildcard is nobody's name: the manifest says what was looked for and not found."""
    for artifact in definitions.load():
        for source in artifact.sources:
            for path in source.names if source.type in ("FILE", "PATH") else ():
                for variable, value in VARIABLES.items():
                    path = path.replace(f"%%{variable}%%", value)
                parts = [part for part in path.replace("\\", "/").split("/")[1:] if part]
                chosen = [p for p, role in zip(parts, roles(parts), strict=True) if role and p not in ("alice", "*")]
                assert chosen == [], path


def test_the_mapping_and_the_bundle_are_beside_each_other(tmp_path: Path) -> None:
    output = tmp_path / "private.zip"
    redact(SAMPLES / "healthy.zip", output, tmp_path)
    assert (tmp_path / "private.mapping.json").exists()
    assert not any("mapping" in name for name in zipfile.ZipFile(output).namelist())
