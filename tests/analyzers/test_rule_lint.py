"""The strict check: each mistake is named with its file and line, and good rules give no word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from claude_evidence.analyzers._lint_common import Subject
from claude_evidence.analyzers._lint_detection import check_detection
from claude_evidence.analyzers._rule_drafts import Words, drafts
from claude_evidence.analyzers._rule_files import RuleFile
from claude_evidence.analyzers._rule_places import default_folder
from claude_evidence.analyzers._yaml_lines import read
from claude_evidence.analyzers.joins import known_fields
from claude_evidence.analyzers.rule_lint import check
from claude_evidence.model import UsageError
from claude_evidence.parsers import columns
from tests.analyzers.rule_texts import GOOD, PUBLIC

TABLES = {
    "app_log": frozenset({"Service", "Component", "Message", "SessionId"}),
    "session_registry": frozenset({"SessionId", "FileSize"}),
}


def complaints(folder: Path, text: str, name: str = "save_storm.yml") -> list[tuple[int, str]]:
    """Return line and message of everything the check says about *text*."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    found = check([path], known_fields=TABLES)
    assert all(problem.stage == "rules" and problem.where.startswith(f"{path}:") for problem in found)
    return [(int(problem.where.rpartition(":")[2]), problem.message) for problem in found]


def test_a_good_rule_gives_no_word(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD) == []


def test_the_own_rules_are_good() -> None:
    problems = check([], known_fields=known_fields(columns()))
    assert [f"{problem.where}: {problem.message}" for problem in problems] == []


@pytest.mark.parametrize("path", sorted(default_folder().rglob("*.yml")), ids=lambda path: path.stem)
def test_no_comment_swallows_text_of_the_own_rules(path: Path) -> None:
    """After a space, YAML takes ``#59934; it did not help others`` for a comment: half a warning would be lost."""
    text = path.read_text(encoding="utf-8")
    read = str(list(yaml.safe_load_all(text)))
    assert sorted(re.findall(r"#\d+", read)) == sorted(re.findall(r"#\d+", text))


MISTAKES = {
    # name: old text, new text, part of the message (the line is that of the new text)
    "level mistyped": ("level: high", "levl: high", "levl is not known; did you mean level?"),
    "detections": ("falsepositives:\n  -", "falsepositive:\n  -", "did you mean falsepositives?"),
    "level": ("level: critical", "level: criticl", "did you mean critical?"),
    "status": ("status: test\nref", "status: tested\nref", "tested is not one of"),
    "id": ("id: 5c8c1b1e-9d0b-4a53-8d6f-3a3b7e2f7a11", "id: 5c8c1b1e", "no UUID"),
    "title": ("title: The storm", "title: " + "x" * 121, "121 characters"),
    "no title": ("title: The storm", "title: ''", "no title"),
    "date": ("date: 2026-05-17", "date: 17 May", "date"),
    "tags": ("tags: [detection.health]", "tags: [health]", "namespace"),
    "name": ("name: save_storm__many", "name: storm", "is not save_storm or save_storm__part"),
    "hyphen": ("name: save_storm__many", "name: save_storm__how-many", "letters, digits and underscores"),
    "logsource key": ("  service: main", "  services: main", "services in logsource"),
    "table": ("  category: app_log", "  category: app_logs", "no table app_logs; did you mean app_log?"),
    "field": ("    Message|contains: EXDEV", "    Mesage|contains: EXDEV", "no field Mesage; did you mean Message?"),
    "modifier": ("    Message|contains: EX", "    Message|contain: EX", "contain is not known; did you mean contains?"),
    "fieldref": ("    Message|contains: EXDEV", "    Message|fieldref: Nothing", "no field Nothing"),
    "expand": ("    Message|contains: EXDEV", "    Message|expand: '%x%'", "placeholders"),
    "regex": ("    Message|contains: EXDEV", "    Message|re: '('", "egular"),
    "unused": ("  handled:", "  handed:", "never uses the selection handed"),
    "missing": ("  condition: selection and not handled", "  condition: selction or handled", "selction"),
    "pattern": ("  condition: selection and not handled", "  condition: 1 of other_*", "other_*"),
    "aggregation": ("  condition: selection and not handled", "  condition: selection | count() > 5", "aggregation"),
    "hex": ("    Message|contains: EXDEV", "    Message: 0x80070020", "the number 2147942432; put it in quotes"),
    "octal": ("    Message|contains: EXDEV", "    Message: 0123", "the number 83"),
    "underscores": ("    Message|contains: EXDEV", "    Message: 1_000", "the number 1000"),
    "sexagesimal": ("    Message|contains: EXDEV", "    Message: 12:30", "the number 750"),
    "word for true": ("    Message|contains: EXDEV", "    Message: on", "on is read as true"),
    "word for false": ("    Message|contains: EXDEV", "    Message: No", "No is read as false"),
    "float": ("    Message|contains: EXDEV", "    Message: 1.10", "1.10 is read as a number"),
    "exponent": ("    Message|contains: EXDEV", "    Message: 1e3", "1e3 is read as a number"),
    "day": ("    Message|contains: EXDEV", "    Message: 2026-05-17", "read as a date"),
    "nothing": ("    Message|contains: EXDEV", "    Message:", "a value is missing"),
    "key": ("  handled:", "  off:", "off is read as false"),
    "short code": ("    Message|contains: EXDEV", "    HResult: '0x5'", "eight hex digits"),
    "version": ("  versions: {first: '1.2'", "  versions: {first: 1.10", "1.10 is read as a number"),
    "twice": ("status: test\nref", "status: test\nstatus: test\nref", "the key status is given twice"),
    "custom key": ("  does_not_work:", "  doesnt_work:", "did you mean does_not_work?"),
    "explanation": ("  explanation: The app", "  explanations: The app", "explanations in custom"),
    "confidence": ("  confidence: high", "  confidence: sure", "the confidence sure"),
    "show": ("show: distinct}", "show: all}", "show all is not one of"),
    "fact": ("field: SessionId, show", "field: Session, show", "no record of this rule has the field Session"),
    "risk": ("      risk: safe", "      risk: none", "the risk none"),
    "step": ("    - step: Copy the file.", "    - stp: Copy the file.", "did you mean step?"),
    "texts": ("  does_not_work: [Waiting.]", "  does_not_work: Waiting.", "no list of texts"),
    "stem": ("  because_of: [save_storm]", "  because_of: [save_strom]", "did you mean save_storm?"),
    "needs a column": ("  needs: [zone,", "  needs: [session_registry.Nothing,", "has no Nothing"),
    "needs": ("  needs: [zone,", "  needs: [zones,", "neither zone nor a table"),
    "issue": ("  issues: [59934]", "  issues: ['59934']", "is no number"),
    "unlinked issue": ("  issues: [59934]", "  issues: [59934, 4711]", "no link to issue 4711"),
    "reference": ("  - https://example.invalid/issues/59934", "  - see issues/59934", "is no link"),
    "group": ("  group_by: [SessionId]", "  group_by: [Sesion]", "the field Sesion"),
    "counted": ("  count_by: SessionId", "  count_by: Nothing", "the field Nothing"),
    "correlation key": ("  timespan: 1h", "  timeframe: 1h", "timeframe in correlation"),
    "timespan": ("  timespan: 1h", "  timespan: 1 hour", "the timespan 1 hour"),
    "grouping": ("  group-by: [SessionId]", "  group_by: [SessionId]", "group_by in correlation"),
    "group field": ("  group-by: [SessionId]", "  group-by: [Sesion]", "no field Sesion; did you mean SessionId?"),
    "unknown rule": ("    - save_storm\n", "    - save_strom\n", "save_strom"),
    "itself": ("    - save_storm\n", "    - save_storm__many\n", "names itself"),
    "count": ("  condition: {gte: 100}", "  condition: {min: 100}", "the key min in condition"),
    "kind": ("  type: event_count", "  type: event_counts", "event_counts"),
}


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_where_it_is(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    found = complaints(tmp_path, GOOD.replace(old, new))
    first = GOOD[: GOOD.index(old)].count("\n") + 1
    # an entry of rules is named by the line of its key, the one before
    lines = range(first - 1 if old.startswith("    - ") else first, first + new.count("\n") + 1)
    assert [line for line, said in found if message in said and line in lines], (lines, found)


MISSING = {
    "group-by": ("  group-by: [SessionId]\n", "group-by is missing"),
    "timespan": ("  timespan: 1h\n", "timespan is missing"),
    "level": ("level: critical\n", "no level"),
    "name": ("name: save_storm__many\n", "call it save_storm or save_storm__part"),
    "id": ("id: 5c8c1b1e-9d0b-4a53-8d6f-3a3b7e2f7a11\n", "no id"),
    "explanation": ("  explanation: The app could not move its file.\n", "custom.explanation is missing"),
    "confidence": ("  confidence: high\n", "custom.confidence is missing"),
    "remedy": ("  remedy:\n    - step: Copy the file.\n      risk: safe\n", "custom.remedy is missing; write []"),
    "risk": ("      risk: safe\n", "has no risk"),
    "issues": ("  issues: [59934]\n", "custom.issues is missing"),
    "false positives": ("falsepositives:\n  - A disk that is being replaced.\n", "falsepositives is empty"),
    "references": ("references:\n  - https://example.invalid/issues/59934\n", "no link to issue 59934"),
}


@pytest.mark.parametrize(("part", "message"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_said(tmp_path: Path, part: str, message: str) -> None:
    assert GOOD.count(part) == 1
    assert [said for _, said in complaints(tmp_path, GOOD.replace(part, "")) if message in said]


@pytest.mark.parametrize("explicit", ["  remedy: []\n", "  remedy:\n    - {step: Wait., risk: safe}\n"])
def test_a_remedy_may_be_explicitly_none(tmp_path: Path, explicit: str) -> None:
    text = GOOD.replace("  remedy:\n    - step: Copy the file.\n      risk: safe\n", explicit)
    assert complaints(tmp_path, text) == []


def test_no_grouping_must_be_said(tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD.replace("  group-by: [SessionId]", "  group-by: []")) == []


def test_all_mistakes_are_reported_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("level: high", "levl: high").replace("Message|contains: EXDEV", "Message|contain: 0x10")
    found = complaints(tmp_path, text.replace("timespan: 1h", "timespan: 0h"))
    assert len(found) >= 5 and found == sorted(found)


def test_a_base_that_is_not_reported_needs_no_explanation(tmp_path: Path) -> None:
    own = "title: Base\nname: save_storm__base\nlevel: low\nlogsource: {product: claude_desktop, category: app_log}\n"
    own += "detection: {a: {Message: x}, condition: a}\n---\n"
    text = own + GOOD.replace("    - save_storm\n", "    - save_storm__base\n").replace("  generate: true\n", "")
    assert complaints(tmp_path, text) == []


def test_a_public_rule_needs_none_of_our_extras(tmp_path: Path) -> None:
    assert complaints(tmp_path, PUBLIC, "proc_creation_win_office_shell.yml") == []


def test_a_public_rule_is_checked_too(tmp_path: Path) -> None:
    text = PUBLIC.replace("all of selection_*", "selection_parent").replace("windows", "linux")
    assert complaints(tmp_path, text, "x.yml") == [
        (7, "its log source is product linux, and only windows and claude_desktop are read"),
        (13, "the condition never uses the selection selection_child"),
    ]


def test_names_and_ids_are_unique_over_all_rules(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yml", tmp_path / "b.yml"
    for path in (first, second):
        path.write_text(PUBLIC + "name: twin\n")
    found = [f"{problem.where}: {problem.message}" for problem in check([tmp_path])]
    assert found == [
        f"{second}:2: the id 438025f9-5856-4663-83f7-52f878a70a50 is also given at {first}:1",
        f"{second}:19: the name twin is also given at {first}:1",
    ]


def test_the_own_rules_are_known_to_every_check(tmp_path: Path) -> None:
    text = GOOD.replace("because_of: [save_storm]", "because_of: [msix_exdev_session_save]")
    assert complaints(tmp_path, text) == []
    taken = PUBLIC + "name: msix_exdev_session_save\n"
    assert "is also given at rules/sessions/" in complaints(tmp_path, taken, "x.yml")[0][1]


def test_event_fields_are_checked_in_the_own_rules() -> None:
    text = """\
title: x
name: x
logsource: {product: windows, service: appmodel-runtime}
detection:
  selection:
    EventID: 208
    HResult: '0x80070020'
    PackageFulName: x
  condition: selection
"""
    for own in (True, False):
        file = RuleFile(Path("x.yml"), "x.yml", own=own, reading=read(text.encode()))
        (draft,) = drafts(file)
        said = list(check_detection(Subject(draft, True, True, Words({}, [], []), frozenset())))
        expected = [(8, "appmodel-runtime has no field PackageFulName; did you mean PackageFullName?")]
        assert said == (expected if own else [])


def test_files_that_are_no_rules(tmp_path: Path) -> None:
    contents = {"a.yml": b"a: [", "b.yml": b"", "c.yml": b"- x", "d.yml": b"title: x\n", "e.yml": b"{" * 200_000}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found = {Path(p.where).name: p.message for p in check([tmp_path], known_fields=TABLES)}
    assert found["a.yml:1"].startswith("not valid YAML")
    assert found["b.yml:1"] == "the file holds no document"
    assert found["c.yml:1"] == "the document is no mapping"
    assert "neither detection nor correlation" in found["d.yml:1"]
    assert "nested deeper" in found["e.yml:1"]


def test_a_path_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        check([tmp_path / "missing.yml"])
