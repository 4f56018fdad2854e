"""Cases quoted in public reports: what a person pasted must give the pattern it shows, and healthy quotes nothing.

Four cases quote no sign of their pattern, and no rule is bent to them: 52 quotes what came before the failed start, but
not the start itself; 94 is a trace of process access of another tool; 104 quotes a locked file (harmless alone) and its
title speaks of memory; 145 quotes a dialog of Windows that has no code.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.report import analyze
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Level
from claude_evidence.parsers import parse

DATA = os.environ.get("CLAUDE_EVIDENCE_REAL_DATA", "")
CASES = Path(DATA) / "cases" / "cases.jsonl"
pytestmark = pytest.mark.skipif(not DATA or not CASES.is_file(), reason="CLAUDE_EVIDENCE_REAL_DATA names no cases")
WITHOUT_A_SIGN = {52, 94, 104, 145}
QUOTED = ("main_log", "event_log", "powershell", "mixed")


@cache
def rules() -> RuleSet:
    return load_rules(())


@cache
def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def found(case: dict[str, Any], folder: Path) -> dict[str, Level]:
    report = folder / f"case-{case['case']}.md"
    report.write_text(case["excerpt"], encoding="utf-8")
    with open_bundle([report]) as bundle:
        return {finding.rule: finding.level for finding in analyze(parse(bundle, rules().fields), rules()).findings}


def pattern(case: dict[str, Any]) -> str:
    return str(case["label"]).replace("-", "_")


def test_nine_in_ten_cases_give_their_pattern(tmp_path: Path) -> None:
    chosen = [c for c in cases() if c["kind"] in QUOTED and c["fidelity"].startswith("verbatim") and not c["negative"]]
    missed = {case["case"] for case in chosen if pattern(case) not in found(case, tmp_path)}
    assert len(chosen) > 40
    assert len(missed) <= len(chosen) / 10
    assert missed <= WITHOUT_A_SIGN


def test_no_negative_gives_a_finding_outside_its_label(tmp_path: Path) -> None:
    negatives = [case for case in cases() if case["negative"]]
    assert len(negatives) > 10
    wrong = {
        case["case"]: rule
        for case in negatives
        for rule, level in found(case, tmp_path).items()
        if level.rank >= Level.MEDIUM.rank and not (rule == pattern(case) and rule.startswith("mcp_"))
    }
    assert wrong == {}


def test_listings_and_dumps_give_theirs_too(tmp_path: Path) -> None:
    """The forms that are not counted above: null bytes in words, scripts and dumps."""
    chosen = [c for c in cases() if c["label"] == "session-json-all-null" and c["kind"] in ("file_listing", "hexdump")]
    assert [pattern(case) in found(case, tmp_path) for case in chosen] == [True] * len(chosen)
