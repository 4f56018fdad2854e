"""The format file for lnav: its samples are the app's lines, and lnav itself reads a log as we do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from claude_evidence.bundle import open_bundle
from claude_evidence.parsers import _log_formats, parse

ROOT = Path(__file__).resolve().parents[1]
FORMAT = ROOT / "docs" / "lnav" / "claude_desktop.json"
LNAV = shutil.which("lnav")


def test_each_sample_is_a_record_by_one_pattern_and_by_ours() -> None:
    told = json.loads(FORMAT.read_text("utf-8"))["claude_desktop_log"]
    patterns = {name: re.compile(one["pattern"].replace("(?<", "(?P<")) for name, one in told["regex"].items()}
    assert patterns.keys() == {kind.name for kind in _log_formats.DATED}
    for sample in told["sample"]:
        matching = {name for name, pattern in patterns.items() if pattern.match(sample["line"])}
        ours = {kind.name for kind in _log_formats.DATED if kind.start.match(sample["line"].encode())}
        assert matching == ours
        assert len(ours) == 1
        (name,) = ours
        if level := patterns[name].match(sample["line"]).groupdict().get("level"):  # type: ignore[union-attr]
            assert told["level"][sample["level"]] == level


@pytest.mark.skipif(LNAV is None, reason="no lnav here: its format file is held to our own patterns alone")
def test_lnav_counts_levels_and_components_as_we_do(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "TZ": "UTC"}

    def lnav(*arguments: str) -> str:
        done = subprocess.run([str(LNAV), *arguments], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        assert "error" not in done.stderr
        return done.stdout

    lnav("-i", str(FORMAT))
    with open_bundle([ROOT / "samples" / "update-breaks-launch.zip"]) as bundle:
        (member,) = [m for m in bundle.members if m.name.endswith("/main.log")]
        with bundle.open(member) as stream:
            log = tmp_path / "main.log"
            log.write_bytes(stream.read())
        rows = parse(bundle).tables["app_log"]
    rows = rows[rows["Member"] == member.name]
    query = "select log_level, component, count(*) as n from claude_desktop_log group by 1, 2"
    found = json.loads(lnav("-n", "-c", f";{query}", "-c", ":write-json-to -", str(log)))
    counts = {(one["log_level"].replace("warning", "warn"), one["component"] or ""): one["n"] for one in found}
    assert counts == rows.fillna({"Component": ""}).groupby(["Level", "Component"], observed=True).size().to_dict()
