"""What a pattern's known versions mean on a machine."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from claude_evidence.analyzers._versions import host_version, known_versions, older
from claude_evidence.analyzers.report import analyze
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Manifest
from claude_evidence.parsers import parse

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize(
    ("versions", "host", "words"),
    [
        ({"fixed": "1.8000"}, "1.7196.0.0", "Fixed in 1.8000; this machine has 1.7196.0.0, so updating"),
        ({"fixed": "1.7196"}, "1.7196.0.0", "Fixed in 1.7196, and this machine has 1.7196.0.0: it happened before"),
        ({"first": "1.8000"}, "1.7196.0.0", "Known only from 1.8000 on"),
        ({"first": "1.7196"}, "1.7196.0.0", ""),
        ({"last": "1.6000"}, "1.7196.0.0", "Last reported with 1.6000"),
        ({"last": "1.7196"}, "1.7196.9.0", ""),
        ({"first": "1.8000"}, "", ""),
        ({"fixed": "1.8000"}, "unknown", ""),
        ({}, "1.7196.0.0", ""),
    ],
)
def test_versions_are_told_beside_the_machines(versions: dict[str, str], host: str, words: str) -> None:
    told = known_versions(versions, host)
    assert told.startswith(words) and bool(told) == bool(words)


def test_numbers_are_compared_as_numbers() -> None:
    assert older("1.9.0", "1.10") and not older("1.10", "1.9") and not older("2", "1.99")


def test_the_installed_package_is_believed_before_the_manifest() -> None:
    manifest = Manifest(host={"app_version": "1.1"})
    rows = {"Version": ["9.9", "1.2"], "PackageFullName": ["Contoso_9.9_x64__a", "Claude_1.2_x64__pzs8sxrjxfjjc"]}
    assert host_version(manifest, pd.DataFrame(rows)) == "1.2"
    assert host_version(manifest, pd.DataFrame(rows).iloc[:1]) == "1.1"
    assert host_version(Manifest(), pd.DataFrame(rows).iloc[:0]) == ""


def test_a_finding_says_whether_an_update_would_end_it(tmp_path: Path) -> None:
    rule = (SAMPLES.parent / "rules" / "sessions" / "session_json_all_null.yml").read_text(encoding="utf-8")
    own = tmp_path / "session_json_all_null.yml"
    own.write_text(f'{rule}  versions: {{fixed: "1.9000"}}\n', encoding="utf-8")
    rules = load_rules([own], defaults=False)
    with open_bundle([SAMPLES / "all-null-session.zip"]) as bundle:
        (finding,) = analyze(parse(bundle, rules.fields), rules).findings
    assert dict(finding.facts)["Versions"].startswith("Fixed in 1.9000; this machine has 1.7196.0.0")
