"""``--max-size``: what says most enters first, the room is used, and what found none is named."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from claude_evidence.collector._types import Item
from claude_evidence.collector.budget import expected_bytes, in_order, may_be_cut
from claude_evidence.collector.definitions import load
from claude_evidence.model import Outcome
from tests.collector.run_helpers import LOGS, collect, manifest, members, tree

NEEDED = ("System.evtx", "AppModel-Runtime_Admin.evtx", "AppXDeploymentServer_Operational.evtx", "Logs/main.log")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine with little evidence and hundreds of conversations."""
    return tree(tmp_path_factory.mktemp("noisy"), "noisy-healthy")


@pytest.mark.parametrize("limit", [110_000, 200_000, 330_000])
def test_event_logs_and_the_app_log_come_before_hundreds_of_small_things(
    host: Path, tmp_path: Path, limit: int
) -> None:
    bundle = tmp_path / "case.zip"
    done = collect(host, bundle, "--max-size", str(limit))
    assert done.returncode == 0, done.stderr
    assert limit - 6_000 <= bundle.stat().st_size <= limit
    held = list(members(bundle))
    for ending in NEEDED:
        assert any(name.endswith(ending) for name in held), ending
    skipped = [entry for entry in manifest(bundle).acquisitions if entry.outcome is Outcome.SKIPPED]
    assert skipped
    assert {entry.artifact for entry in skipped} == {"ClaudeTranscripts"}
    assert all("--max-size" in entry.detail for entry in skipped)
    assert "skipped: ClaudeTranscripts (" in done.stdout


def test_nothing_is_dropped_that_would_have_fitted(host: Path, tmp_path: Path) -> None:
    assert collect(host, tmp_path / "whole.zip").returncode == 0
    size = (tmp_path / "whole.zip").stat().st_size
    assert collect(host, tmp_path / "case.zip", "--max-size", str(size + 4_000)).returncode == 0
    assert not [e for e in manifest(tmp_path / "case.zip").acquisitions if e.outcome is Outcome.SKIPPED]


def test_a_huge_log_leaves_room_for_the_small_things(tmp_path: Path) -> None:
    root = tree(tmp_path)
    chance = random.Random(7)
    lines = (
        b"2026-05-17 08:30:00 [info] [CCD] %d %s\r\n" % (n, chance.randbytes(40).hex().encode()) for n in range(9000)
    )
    log = root / LOGS / "main.log"
    log.write_bytes(b"".join(lines))
    bundle = tmp_path / "case.zip"
    assert collect(root, bundle, "--max-size", "250KB").returncode == 0
    outcomes = {(e.artifact, e.outcome) for e in manifest(bundle).acquisitions if e.outcome is not Outcome.MISSING}
    assert {outcome for _, outcome in outcomes} == {Outcome.COLLECTED}
    assert "cut to about its newest" in next(
        e.detail for e in manifest(bundle).acquisitions if e.source.endswith("main.log") and e.detail
    )
    assert bundle.stat().st_size <= 250_000


def test_the_newest_lines_of_the_log_are_there_in_the_smallest_bundle(tmp_path: Path) -> None:
    root, bundle = tree(tmp_path, "exdev-storm-second-drive"), tmp_path / "case.zip"
    assert collect(root, bundle, "--max-size", "100KB").returncode == 0
    (entry,) = (e for e in manifest(bundle).acquisitions if e.source.endswith("main.log"))
    assert "cut to about its newest" in entry.detail
    assert bundle.stat().st_size <= 100_000


def test_older_files_of_a_rotated_log_come_after_what_is_small() -> None:
    artifacts = {artifact.name: artifact for artifact in load()}
    items = [
        Item(artifacts[name], source, Path(os.devnull).open, 9)  # type: ignore[arg-type]
        for name, source in (
            ("ClaudeLogs", "C:/x/main1.log"),
            ("ClaudeTranscripts", "C:/x/a.jsonl"),
            ("ClaudeSessionRegistry", "C:/x/local_a.json"),
            ("ClaudeLogs", "C:/x/main.log"),
            ("ClaudeConfig", "C:/x/config.json"),
        )
    ]
    order = [item.source[5:] for item in in_order(items)]
    assert order == ["config.json", "main.log", "local_a.json", "a.jsonl", "main1.log"]
    assert [may_be_cut(item) for item in items] == [True, False, False, True, False]
    assert all(expected_bytes(item) > 0 for item in items)
