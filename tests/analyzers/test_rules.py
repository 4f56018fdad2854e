"""Loading rules: good ones, strangers' ones, broken ones, and what is said of each."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.correlations import SigmaCorrelationRule

from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.rules import describe, load_rules
from claude_evidence.model import Level, Reason, UsageError

LOGIN = """
title: Many failed logons
id: 7a0c7a4e-0d2c-4c3f-8a51-5b5f8e0f2c11
status: test
logsource: {product: windows, service: security}
detection:
  selection:
    EventID: 4625
    TargetUserName|endswith: admin
  filter:
    IpAddress|cidr: 10.0.0.0/8
  condition: selection and not filter
level: high
"""

PATTERN = """
title: The first thing
name: pattern
logsource: {product: claude_desktop, category: app_log, service: main}
detection:
  selection:
    Message|contains: boom
  condition: selection
references: [https://example.invalid/issues/1]
falsepositives: [none]
level: medium
custom:
  explanation: It went boom.
  count_by: SessionId
---
title: The first thing, then the second
name: pattern__both
correlation:
  type: temporal_ordered
  rules: [pattern, pattern__second]
  group-by: [who]
  aliases:
    who: {pattern: SessionId, pattern__second: Image}
  timespan: 5m
level: critical
---
title: The second thing
name: pattern__second
logsource: {product: windows, category: process_creation}
detection:
  selection:
    ParentImage|fieldref: OriginalFileName
  condition: selection
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(*paths: Path) -> RuleSet:
    return load_rules(paths, defaults=False)


def with_(**changes: Any) -> str:
    """Return LOGIN with top-level keys, or with ``detection__x`` entries, replaced."""
    rule = yaml.safe_load(LOGIN)
    for key, value in changes.items():
        section, _, entry = key.partition("__")
        target = rule[section] if entry else rule
        target[entry or key] = value
    return yaml.safe_dump(rule)


def test_a_public_rule_is_named_after_its_file(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "win_many_logons.yml", LOGIN))
    (document,) = rules.documents
    assert (document.name, document.stem, document.line) == ("win_many_logons", "win_many_logons", 2)
    assert (document.level, document.title, document.generate) == (Level.HIGH, "Many failed logons", True)
    assert rules.fields == {"EventID", "TargetUserName", "IpAddress"}
    assert rules.problems == () and rules.not_judged == ()
    assert str(document.sigma.id) == "7a0c7a4e-0d2c-4c3f-8a51-5b5f8e0f2c11"


def test_the_documents_of_a_pattern_belong_together(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN))
    named = {document.name: document for document in rules.documents}
    assert {document.stem for document in rules.documents} == {"pattern"}
    assert {name: document.generate for name, document in named.items()} == {
        "pattern": False,
        "pattern__both": True,
        "pattern__second": False,
    }
    both = named["pattern__both"].sigma
    assert isinstance(both, SigmaCorrelationRule)
    assert [reference.rule for reference in both.referenced_rules] == [
        named["pattern"].sigma,
        named["pattern__second"].sigma,
    ]
    (alias,) = both.aliases
    assert {reference.rule.name: field for reference, field in alias.mapping.items()} == {
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
    assert both.sigma.falsepositives == ["none"]
    assert both.sigma.references == ["https://example.invalid/issues/1"]


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
    for document in rules.documents:
        if isinstance(document.sigma, SigmaCorrelationRule):
            levels = {str(reference.rule.level) for reference in document.sigma.referenced_rules} - {"None"}
            own = {
                str(d.sigma.level) for d in rules.documents if d.file == document.file and d.name.startswith("pattern")
            }
            assert levels < own


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
    assert [(d.title, d.level, d.sigma.logsource.service) for d in documents] == [  # type: ignore[union-attr]
        ("Legacy", Level.LOW, "system"),
        ("Legacy", Level.LOW, "system"),
        ("Alone", Level.MEDIUM, "security"),
    ]
    asked = [d.sigma.detection["a"].detection_items[0].value[0].number for d in documents]  # type: ignore[union-attr]
    assert asked == [1, 2, 3]


def test_a_filter_narrows_the_rules_it_names(tmp_path: Path) -> None:
    put(tmp_path, "login.yml", LOGIN)
    section = {"rules": ["login"], "host": {"Computer": "LAB", "Extra": 1}, "condition": "not host"}
    narrowing = {"title": "Not the lab", "logsource": {"product": "windows"}, "filter": section}
    put(tmp_path, "lab.yml", yaml.safe_dump(narrowing))
    rules = load(tmp_path)
    (document,) = rules.documents
    assert "not" in document.sigma.detection.condition[0].split(") and (")[1]  # type: ignore[union-attr]
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


UNSUPPORTED = {
    "expand": ({"detection__selection": {"User|expand": "%admins%"}}, "placeholders"),
    "modifier": ({"detection__selection": {"User|soundslike": "x"}}, "soundslike"),
    "aggregation": ({"detection__condition": "selection | count() by User > 5"}, "aggregation"),
    "timeframe": ({"detection__timeframe": "5m"}, "timeframe"),
    "missing selection": ({"detection__condition": "selectoin"}, "selectoin"),
    "broken condition": ({"detection__condition": "selection and ("}, "condition"),
    "bad regex": ({"detection__selection": {"User|re": "("}}, "egular"),
    "bad cidr": ({"detection__selection": {"User|cidr": "x"}}, "CIDR"),
    "nested": ({"detection__selection": {"User": {"gte": 5}}}, ""),
    "product": ({"logsource": {"product": "linux"}}, "linux"),
    "category": ({"logsource": {"product": "windows", "category": "magic"}}, "magic"),
    "service": ({"logsource": {"product": "windows", "service": "magic"}}, "magic"),
}


@pytest.mark.parametrize(("changes", "named"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_not_supported_is_named_with_its_line(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    path = put(tmp_path, "odd.yml", with_(**changes))
    rules = load(path)
    (problem,), (left,) = rules.problems, rules.not_judged
    assert rules.documents == ()
    assert named in problem.message and named in left.detail
    assert (left.rule, left.reason, left.title) == ("odd", Reason.NOT_EVALUABLE, "Many failed logons")
    where, _, number = problem.where.rpartition(":")
    assert where == str(path) and left.detail.startswith(f"{problem.where}: ")
    (changed,) = (key.rpartition("__")[2] for key in changes)
    line = path.read_text().splitlines()[int(number) - 1]
    assert line.strip().startswith("User" if changed == "selection" else changed)


CORRELATION = {
    "itself": ({"rules": ["storm"]}, "itself"),
    "nobody": ({"rules": ["nobody"]}, "nobody"),
    "none": ({"rules": []}, "names no rule"),
    "type": ({"type": "value_avg", "condition": {"field": "a", "gte": 1}}, "value_avg"),
    "timespan": ({"timespan": "soon"}, "soon"),
    "no condition": ({"condition": None}, "condition"),
    "alias": ({"aliases": {"who": {"nobody": "User"}}}, "nobody"),
    "mapping": ({"rules": [{"a": 1}]}, "no name"),
}


@pytest.mark.parametrize(("changes", "named"), CORRELATION.values(), ids=CORRELATION)
def test_a_correlation_that_cannot_be_resolved_is_not_judged(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    put(tmp_path, "login.yml", LOGIN)
    section = {"type": "event_count", "rules": ["login"], "timespan": "1h", "condition": {"gte": 3}, **changes}
    put(tmp_path, "storm.yml", yaml.safe_dump({"title": "Storm", "name": "storm", "correlation": section}))
    rules = load(tmp_path)
    assert [document.name for document in rules.documents] == ["login"]
    assert [left.rule for left in rules.not_judged] == ["storm"] and named in rules.not_judged[0].detail


def test_an_ambiguous_reference_is_not_judged(tmp_path: Path) -> None:
    for folder in "ab":
        put(tmp_path, f"{folder}/login.yml", LOGIN + "name: twin\n")
    section = {"type": "event_count", "rules": ["twin"], "timespan": "1h", "condition": {"gte": 3}}
    put(tmp_path, "storm.yml", yaml.safe_dump({"title": "Storm", "correlation": section}))
    (left,) = load(tmp_path).not_judged
    assert "2 rules" in left.detail


def test_what_rests_on_a_rejected_rule_or_on_itself_is_not_judged(tmp_path: Path) -> None:
    put(tmp_path, "base.yml", with_(logsource={"product": "linux"}) + "name: base\n")
    for name, needs in {"over": "base", "above": "over", "ring": "gnir", "gnir": "ring"}.items():
        section = {"type": "event_count", "rules": [needs], "timespan": "1h", "condition": {"gte": 3}}
        put(tmp_path, f"{name}.yml", yaml.safe_dump({"title": name, "name": name, "correlation": section}))
    rules = load(tmp_path)
    reasons = {left.rule: left.detail for left in rules.not_judged}
    assert rules.documents == () and set(reasons) == {"base", "over", "above", "ring", "gnir"}
    assert "linux" in reasons["above"] and "circle" in reasons["ring"]


def test_a_bad_date_or_tag_does_not_cost_the_rule(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"date": "yesterday", "tags": ["no namespace", 5], "related": "x", "status": 7, "id": "x"}
    rules = load(put(tmp_path, "login.yml", with_(**changes, references="one", falsepositives=None)))
    assert len(rules.documents) == 1 and rules.documents[0].sigma.references == ["one"]


def test_an_unknown_level_is_said(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "login.yml", with_(level="catastrophic")))
    assert rules.documents[0].level is Level.MEDIUM
    assert "catastrophic" in rules.problems[0].message


def test_one_bad_file_in_a_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path, "a.yml", "title: [")
    put(tmp_path, "b.yml", LOGIN)
    put(tmp_path, "c.yml", LOGIN + "level: low\n")
    (tmp_path / "d.yml").write_bytes(os.urandom(64) + b"\0")
    put(tmp_path, "e.yml", "just text")
    rules = load(tmp_path)
    assert [document.name for document in rules.documents] == ["b"]
    places = {problem.where.rpartition("/")[2] for problem in rules.problems}
    assert {place.partition(":")[0] for place in places} == {"a.yml", "c.yml", "d.yml", "e.yml"}
    assert "c.yml:14" in places
    assert {left.rule for left in rules.not_judged} == {"a", "c", "d", "e"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.yml", b"title: x\ndetection: [", "x.yml:2: not valid YAML"),
        ("x.yml", b"[" * 200_000, "x.yml:1: nested deeper"),
        ("x.yml", b"title: x\n", "x.yml:1: it has neither detection nor correlation"),
        ("x.yml", b"", "x.yml: no rule in it"),
        ("x.yml", b"\0\0\0", "x.yml:1: not valid YAML"),
        ("x.txt", b"- 1\n- 2\n", "x.txt:1: the document is no mapping"),
        ("x.yml", b"x" * (2 << 20), "x.yml:1: the file is larger than 1024 KiB"),
    ],
)
def test_a_named_file_without_a_rule_is_wrong_use(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        load(tmp_path / name)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_path_that_gives_nothing_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "missing")
    with pytest.raises(UsageError, match=r"no \*\.yml"):
        load(tmp_path)
    put(tmp_path, "a/a.yml", "title: [")
    put(tmp_path, "a/b.yml", "title: [")
    with pytest.raises(UsageError, match=r"a\.yml:\d+: .*\(and 1 more\)"):
        load(tmp_path / "a")


def test_odd_entries_of_a_folder_do_no_harm(tmp_path: Path) -> None:
    put(tmp_path, "folder.yml/login.YAML", LOGIN)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dangling.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.yml").symlink_to(tmp_path / "self.yml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.yml")
    rules = load(tmp_path)
    assert [document.name for document in rules.documents] == ["login"]
    assert all("regular file" in problem.message or "cannot be read" in problem.message for problem in rules.problems)


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


def test_describe_proposes_near_names(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "pattern.yml", PATTERN))
    with pytest.raises(UsageError, match=r"no rule is called patern; did you mean .*pattern"):
        describe(rules, "patern")


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1.5, "", "x", "|", "(((", "%x%", [], {}, [None], [[]], [{}], {"a": {"b": 1}}, {1: 2}, ["a", None]]
)


def _steps(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return ([path] if path else []) + [step for key, child in inner for step in _steps(child, (*path, key))]


@st.composite
def _mutated(draw: st.DrawFn) -> list[Any]:
    documents: list[Any] = copy.deepcopy([*yaml.safe_load_all(PATTERN), yaml.safe_load(LOGIN)])
    for _ in range(draw(st.integers(1, 3))):
        steps = _steps(documents)
        *path, last = draw(st.sampled_from(steps)) if steps else (0,)
        target: Any = documents
        for step in path:
            target = target[step]
        target[last] = copy.deepcopy(draw(ODD))
    return documents


@given(_mutated())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_odd_values_anywhere_never_raise_and_no_document_is_lost(tmp_path: Path, documents: list[Any]) -> None:
    path = put(tmp_path, "pattern.yml", yaml.safe_dump_all(documents))
    try:
        rules = load(path)
    except UsageError:
        return
    rejected = len(rules.not_judged)
    given = sum(document is not None for document in documents)
    filters = sum(isinstance(document, dict) and "filter" in document for document in documents)
    assert len(rules.documents) + rejected == given - filters
