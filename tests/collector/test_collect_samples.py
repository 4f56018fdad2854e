"""The tree of each sample, collected and analysed, gives exactly the sample's findings, and a sound, private bag."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import open_bundle
from claude_evidence.collector import definitions, hosts
from claude_evidence.collector._types import Options
from claude_evidence.collector.collect import Collected, run
from claude_evidence.collector.survey import find_files
from claude_evidence.model import Level, Outcome, Report
from claude_evidence.parsers import parse
from claude_evidence.samples._tree import DECOY, write_tree
from claude_evidence.samples.scenario import SCENARIOS, load, names
from tests.collector.run_helpers import members
from tests.sample_sides import shipped

# Only Get-AppxPackage tells that a package is «Modified, NeedsRemediation»: on a disk the five refused starts tell it.
OF_A_DISK = {"msix_needs_remediation": {"count": 5, "document": "msix_needs_remediation__process_refused"}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="module", params=names())
def made(request: pytest.FixtureRequest, place: Path) -> tuple[str, Collected]:
    name = str(request.param)
    root = place / name
    write_tree(load(SCENARIOS / f"{name}.yaml"), root)
    artifacts, host, options = definitions.load(), hosts.image(root), Options(key_path=place / "key")
    done = run(artifacts, host, place / f"{name}.zip", options, find_files(artifacts, host, options))
    shutil.rmtree(root)
    return name, done


@cache
def report(bundle: Path) -> Report:
    rules = shipped()
    with open_bundle([bundle]) as opened:
        assert opened.verify() == ()
        return analyze(parse(opened, rules.fields), rules)


def test_findings_are_the_samples(made: tuple[str, Collected]) -> None:
    name, done = made
    expected: dict[str, Any] = dict(load(SCENARIOS / f"{name}.yaml").expect)
    found = {f.rule: f for f in report(done.path).findings if f.level.rank > Level.INFORMATIONAL.rank}
    assert set(found) == set(expected["findings"])
    for rule, told in expected["findings"].items():
        wanted = {**told, **(OF_A_DISK.get(rule, {}) if name == "launch-catalogue" else {})}
        assert found[rule].count == wanted["count"], rule
        assert found[rule].level == wanted["level"], rule
        assert found[rule].document == wanted.get("document", rule)
    context = [f.document for f in report(done.path).findings if f.level is Level.INFORMATIONAL]
    assert context == expected.get("context", [])


def test_nothing_private_and_nothing_foreign_is_in_it(made: tuple[str, Collected]) -> None:
    _, done = made
    for name, data in members(done.path).items():
        for word in (b"alice", b"DESKTOP-SAMPLE", DECOY.encode()):
            assert word.lower() not in data.lower(), name
            assert word.decode().lower().encode("utf-16-le") not in data.lower(), name
        assert "alice" not in name.lower()


def test_every_acquisition_is_told(made: tuple[str, Collected]) -> None:
    _, done = made
    assert done.manifest.redacted
    assert done.manifest.started_at and done.manifest.finished_at
    for entry in done.manifest.acquisitions:
        assert (entry.member is None) or entry.outcome is Outcome.COLLECTED
        assert entry.artifact and entry.source
        assert "alice" not in entry.source + entry.detail
    assert "ClaudeIdentities" not in {entry.artifact for entry in done.manifest.acquisitions if entry.member}


def test_the_bundle_is_small_and_other_tools_accept_it(made: tuple[str, Collected], tmp_path: Path) -> None:
    _, done = made
    assert done.size_bytes == done.path.stat().st_size < 25_000_000
    zipfile.ZipFile(done.path).extractall(tmp_path)
    (base,) = tmp_path.iterdir()
    words = [sys.executable, "-W", "ignore", "-m", "bagit", "--validate", str(base)]
    validated = subprocess.run(words, capture_output=True)
    assert validated.returncode == 0, validated.stderr
    if shutil.which("sha256sum"):
        for listed in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            words = ["sha256sum", "--strict", "--quiet", "-c", listed]
            subprocess.run(words, cwd=base, check=True)
