"""A log in which records repeat is kept as a category of texts: the report is the one that texts alone would give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import Limits, open_bundle
from claude_evidence.model import Evidence
from claude_evidence.parsers import parse
from tests.sample_sides import shipped

ONE, TWO = "local_c6493c1e-1b2c-4d5e-8f90-0123456789ab", "local_0f3a2b1c-1b2c-4d5e-8f90-0123456789ab"
CLI, OTHER = "aaaaaaaa-1b2c-4d5e-8f90-0123456789ab", "bbbbbbbb-1b2c-4d5e-8f90-0123456789ab"
FILE = rf"C:\Users\alice\AppData\Roaming\Claude\claude-code-sessions\a\b\{ONE}.json"
SAYS = (
    "[info] Starting app {\n  appVersion: '1.7196.0',\n}",
    f"[info] Mapping internal session {ONE} to CLI session {CLI}",
    f"[info] [CCD] {TWO} lets go of cliSessionId={OTHER}",
    f"[error] Failed to save session {ONE}: EXDEV: cross-device link not permitted, rename '{FILE}.tmp' -> '{FILE}'",
    f"[info] Worktree of {ONE} goes to {TWO} and local_99999999-1b2c-4d5e-8f90-0123456789ab",
    "[info] Killing 2 PTY process tree",
    "[info] beforeQuit",
    "[info] [updater] Checking for updates",
    f"[info] Deleted session {TWO}",
)


def evidence(folder: Path, times: int, logs: int) -> Evidence:
    for number in range(logs):
        lines = [
            f"2026-05-{17 + number} 07:{at // 60 % 60:02}:{at % 60:02} {SAYS[at % len(SAYS)]}\n" for at in range(times)
        ]
        (folder / ("main.log" if number == 0 else f"main{number}.log")).write_text("".join(lines), encoding="utf-8")
    with open_bundle([folder], Limits(), zone="Europe/Berlin") as bundle:
        return parse(bundle, shipped().fields, zone="Europe/Berlin")


@pytest.mark.parametrize("logs", [1, 2])
def test_the_report_is_the_one_that_the_texts_give(tmp_path: Path, logs: int) -> None:
    found = evidence(tmp_path, 500, logs)
    log = found.tables["app_log"]
    assert isinstance(log["Message"].dtype, pd.CategoricalDtype)
    plain = replace(found, tables={**found.tables, "app_log": log.assign(Message=log["Message"].astype("str"))})
    rules = shipped()
    report = analyze(found, rules)
    assert report == analyze(plain, rules)
    assert {finding.rule for finding in report.findings} >= {"msix_exdev_session_save"}
    assert len(report.conversations) == 3


def test_siblings_of_both_kinds_are_one_column_of_texts(tmp_path: Path) -> None:
    (tmp_path / "main1.log").write_text("2026-05-16 07:00:00 [info] alone\n", encoding="utf-8")
    messages = evidence(tmp_path, 500, 1).tables["app_log"]["Message"]
    assert messages.dtype == "str"
    assert messages.tolist()[:2] == ["alone", "Starting app {\n  appVersion: '1.7196.0',\n}"]
