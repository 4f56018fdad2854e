"""What cannot be used is named with its file and line, and is not judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_evidence.model import Level, Reason
from tests.analyzers.rule_texts import LOGIN, load, put, with_

UNSUPPORTED = {
    "expand": ({"detection__selection": {"User|expand": "%admins%"}}, "placeholders"),
    "modifier": ({"detection__selection": {"User|soundslike": "x"}}, "soundslike"),
    "regex number": ({"detection__selection": {"User|re": 5}}, "put it in quotes"),
    "aggregation": ({"detection__condition": "selection | count() by User > 5"}, "aggregation"),
    "timeframe": ({"detection__timeframe": "5m"}, "timeframe"),
    "missing selection": ({"detection__condition": "selectoin"}, "selectoin"),
    "broken condition": ({"detection__condition": "selection and ("}, "condition"),
    "bad regex": ({"detection__selection": {"User|re": "("}}, "egular"),
    "bad cidr": ({"detection__selection": {"User|cidr": "x"}}, "CIDR"),
    "nested": ({"detection__selection": {"User": {"gte": 5}}}, ""),
    "no text": ({"logsource": {"product": "windows", "service": []}}, "no text"),
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
    expected = {"selection": ("User",), "logsource": ("logsource", "service")}.get(changed, (changed,))
    assert line.strip().startswith(expected)


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
    assert len(rules.documents) == 1 and rules.documents[0].references == ("one",)


def test_an_unknown_level_is_said(tmp_path: Path) -> None:
    rules = load(put(tmp_path, "login.yml", with_(level="catastrophic")))
    assert rules.documents[0].level is Level.MEDIUM
    assert "catastrophic" in rules.problems[0].message


@pytest.mark.parametrize("value", [5, 1.5, True, "x", [], {}, [[1]], [{"a": {}}, None, 5], {"a": {"b": "c"}}])
def test_what_custom_holds_has_its_form_whatever_is_written_there(tmp_path: Path, value: Any) -> None:
    keys = ("explanation", "needs", "group_by", "count_by", "remedy", "facts", "versions", "because_of")
    loaded = load(put(tmp_path, "custom.yml", with_(custom=dict.fromkeys(keys, value))))
    (rule,) = loaded.documents
    custom = rule.custom
    assert all(isinstance(custom.get(key, ""), str) for key in ("explanation", "count_by"))
    for key in ("needs", "because_of"):
        assert all(isinstance(word, str | int | float) for word in custom.get(key, []))
    for key in ("remedy", "facts"):
        assert all(isinstance(entry, dict) and set(map(type, entry)) <= {str} for entry in custom.get(key, []))
    assert any("custom.versions has not the expected form" in p.message for p in loaded.problems) is (value != {})


def test_a_custom_section_that_is_no_mapping_is_said(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, "custom.yml", with_(custom=["x"])))
    assert [problem.message for problem in loaded.problems] == ["custom has not the expected form: in part passed over"]
    assert loaded.documents[0].custom == {}


@pytest.mark.parametrize("pattern", ["(?!x)y", "(", "\x1b[31m(?=x)"])
def test_a_refused_regular_expression_is_named_and_nothing_else_speaks_of_it(
    tmp_path: Path, pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    rules = load(put(tmp_path, "odd.yml", with_(detection__selection={"User|re": ["fine", pattern]})))
    (problem,) = rules.problems
    assert "lookaround" in problem.message
    assert capfd.readouterr() == ("", "")
