"""Loading rules: names, references, inheritance, filters, and what is shown of a rule."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_evidence.analyzers._forms import Asked, Correlation, Detection, Joined
from claude_evidence.analyzers._questions import Fits
from claude_evidence.analyzers._text import Glob
from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.rules import describe, load_rules
from claude_evidence.model import Level, UsageError
from tests.analyzers.rule_texts import LOGIN, PATTERN, load, put


def test_a_public_rule_is_named_after_its_file(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "win_many_logons.yml", LOGIN))
    (document,) = rules.documents
    assert (document.name, document.stem, document.line) == ("win_many_logons", "win_many_logons", 2)
    assert (document.level, document.title, document.generate) == (Level.HIGH, "Many failed logons", True)
    assert rules.fields == {"EventID", "TargetUserName", "IpAddress"}
    assert rules.problems == () and rules.not_judged == ()
    assert document.id == "7a0c7a4e-0d2c-4c3f-8a51-5b5f8e0f2c11"


def test_the_documents_of_a_pattern_belong_together(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN))
    named = {document.name: document for document in rules.documents}
    assert {document.stem for document in rules.documents} == {"pattern"}
    assert {name: document.generate for name, document in named.items()} == {
        "pattern": False,
        "pattern__both": True,
        "pattern__second": False,
    }
    both = named["pattern__both"].asks
    assert isinstance(both, Correlation)
    assert [*both.targets.values()] == ["pattern", "pattern__second"]
    (alias,) = both.aliases.values()
    assert {both.targets[reference]: field for reference, field in alias.items()} == {
        "pattern": "SessionId",
        "pattern__second": "Image",
    }


def test_fields_are_all_that_can_be_asked_of_stored_records(tmp_path: Path) -> None:
    text = PATTERN.replace("count_by: SessionId", "count_by: SessionId\n  facts: [{label: a, field: Extra}]")
    assert load(put(tmp_path, "pattern.yml", text)).fields == {
        "Message",
        "SessionId",
        "Extra",
        "Image",
        "NewProcessName",
        "ParentImage",
        "ParentProcessName",
        "OriginalFileName",
    }


def test_parts_inherit_what_is_said_but_not_what_counts(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN))
    both = next(document for document in rules.documents if document.name == "pattern__both")
    assert both.custom == {"explanation": "It went boom."}
    assert both.false_positives == ("none",)
    assert both.references == ("https://example.invalid/issues/1",)


def test_a_correlation_can_say_that_its_parts_are_reported_too(tmp_path: Path) -> None:
    text = PATTERN.replace("timespan: 5m", "timespan: 5m\n  generate: true")
    assert all(document.generate for document in load(put(tmp_path, "pattern.yml", text)).documents)


def test_correlations_find_rules_by_id_across_files(tmp_path: Path) -> None:
    put(tmp_path, "b/login.yml", LOGIN)
    correlation = {
        "type": "event_count",
        "rules": ["7A0C7A4E-0d2c-4c3f-8a51-5b5f8e0f2c11"],
        "group-by": ["Computer"],
        "timespan": "1h",
        "condition": {"gte": 10},
    }
    put(tmp_path, "a/storm.yml", yaml.safe_dump({"title": "Storm", "correlation": correlation}))
    rules = load(tmp_path)
    assert [(document.name, document.generate) for document in rules.documents] == [("storm", True), ("login", False)]


def test_two_rules_of_one_name_stay_apart_and_the_nearer_one_is_meant(tmp_path: Path) -> None:
    def pack(level: str) -> str:
        return PATTERN.replace("medium", level)

    put(tmp_path, "a/pattern.yml", pack("low"))
    put(tmp_path, "b/pattern.yml", pack("high"))
    rules = load(tmp_path)
    assert len({document.name for document in rules.documents}) == len(rules.documents) == 6
    assert {document.stem for document in rules.documents} == {"pattern", "pattern_2"}
    files = {document.name: document.file for document in rules.documents}
    for document in rules.documents:
        if isinstance(document.asks, Correlation):
            assert {files[target] for target in document.asks.targets.values()} == {document.file}


def test_unnamed_documents_of_one_file_are_rules_of_their_own(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "many.yml", LOGIN + "---" + LOGIN.replace("7a0c", "7a0d")))
    assert [document.stem for document in rules.documents] == ["many", "many_2"]


def test_a_file_met_twice_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path, "login.yml", LOGIN)
    assert len(load(tmp_path, path, tmp_path).documents) == 1


def test_legacy_actions_are_carried_out(tmp_path: Path) -> None:
    text = """
action: global
title: Legacy
logsource: {product: windows, service: system}
level: low
---
detection: {a: {EventID: 1}, condition: a}
---
action: repeat
detection: {a: {EventID: 2}}
---
action: reset
---
title: Alone
logsource: {product: windows, service: security}
detection: {a: {EventID: 3}, condition: a}
"""
    documents = load(put(tmp_path, "legacy.yml", text)).documents
    plain = [document.asks for document in documents if isinstance(document.asks, Detection)]
    assert [(d.title, d.level, asks.logsource.service) for d, asks in zip(documents, plain, strict=True)] == [
        ("Legacy", Level.LOW, "system"),
        ("Legacy", Level.LOW, "system"),
        ("Alone", Level.MEDIUM, "security"),
    ]
    assert [asks.conditions for asks in plain] == [(Asked("EventID", Fits(Glob.literal(n))),) for n in "123"]


def test_a_filter_narrows_the_rules_it_names(tmp_path: Path) -> None:
    put(tmp_path, "login.yml", LOGIN)
    section = {"rules": ["login"], "host": {"Computer": "LAB", "Extra": 1}, "condition": "not host"}
    narrowing = {"title": "Not the lab", "logsource": {"product": "windows"}, "filter": section}
    put(tmp_path, "lab.yml", yaml.safe_dump(narrowing))
    rules = load(tmp_path)
    (document,) = rules.documents
    assert isinstance(document.asks, Detection) and isinstance(both := document.asks.conditions[0], Joined)
    assert both.word == "and" and isinstance(both.parts[1], Joined) and both.parts[1].word == "not"
    assert {"Computer", "Extra"} < rules.fields and rules.problems == ()


@pytest.mark.parametrize("change", [{"rules": ["nobody"]}, {"condition": "not nothing"}, {"condition": 5}])
def test_a_filter_without_effect_is_said(tmp_path: Path, change: dict[str, Any]) -> None:
    put(tmp_path, "login.yml", LOGIN)
    section = {"rules": ["login"], "host": {"Computer": "LAB"}, "condition": "not host", **change}
    narrowing = {"title": "Not the lab", "logsource": {"product": "windows"}, "filter": section}
    put(tmp_path, "lab.yml", yaml.safe_dump(narrowing, sort_keys=False))
    rules = load(tmp_path)
    assert len(rules.documents) == 1
    assert [problem.where for problem in rules.problems] == [f"{tmp_path / 'lab.yml'}:4"]


def test_the_own_rules_load_whole() -> None:
    rules = load_rules([])
    assert rules.documents and rules.problems == () and rules.not_judged == ()
    stems = {document.stem for document in rules.documents}
    assert stems == {document.file.stem for document in rules.documents}
    assert "EventID" in rules.fields
    assert load_rules([], defaults=False) == RuleSet()


def test_naming_the_own_folder_does_not_load_it_twice() -> None:
    own = load_rules([])
    folder = own.documents[0].file.parent.parent
    assert [d.name for d in load_rules([folder]).documents] == [d.name for d in own.documents]


def test_loading_leaves_out_what_only_conversion_needs() -> None:
    program = (
        "import sys; from claude_evidence.analyzers.rules import load_rules; load_rules([]);"
        "print([m for m in sys.modules if m.split('.')[0] in ('pandas', 'requests', 'jinja2')"
        " or m.startswith(('sigma.backends', 'sigma.plugins', 'sigma.validators', 'sigma.data'))])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_describe_shows_summary_and_text(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN.replace("boom", "bo\u202eom")))
    whole, part = describe(rules, "pattern"), describe(rules, "pattern__both")
    assert "It went boom" not in whole and "\\u202e" in whole and "\u202e" not in whole
    assert "temporal_ordered of pattern, pattern__second within 5m" in whole and "feeds a correlation" in whole
    assert part.startswith("pattern__both: The first thing, then the second")
    assert whole.endswith(PATTERN.strip().replace("boom", "bo\\u202eom"))


def test_describe_takes_a_pattern_as_public_lists_write_it() -> None:
    rules = load_rules(())
    name = "msix_install_failed_0x80073CF6"
    assert describe(rules, name) == describe(rules, "msix-install-failed-0x80073cf6")


def test_describe_proposes_near_names(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN))
    with pytest.raises(UsageError, match=r"no rule is called patern; did you mean .*pattern"):
        describe(rules, "patern")
