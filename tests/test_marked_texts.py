"""Every text that is marked for the catalogue is whole: it is found there, and gets the values that it asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from claude_evidence.messages import Message, told
from claude_evidence.model import Report
from claude_evidence.templates._environment import environment
from claude_evidence.templates._history import history
from claude_evidence.templates._view import main_finding, moments
from tests.messages import MANY, ONE, ROOT
from tests.templates.pseudo import report_of, speaking

VALUE = re.compile(r"%\((\w+)\)s")
SOURCES = ("src/claude_evidence/*.py", "analyzers/*.py", "templates/*.py", "parsers/*.py")
CODE = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern) if path.name != "messages.py")
TEMPLATES = sorted((ROOT / "templates").rglob("*.j2"))
MADE_ELSEWHERE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.IfExp, ast.BoolOp)
"""What a text may be in the place of a literal: a constant, marked where it is defined, or a rule's word."""


def wrong(texts: list[str], values: set[str], *, counted: bool) -> str:
    """Return what is wrong with *texts*, the forms of one, which get *values*; "" where nothing is."""
    asked = {name for text in texts for name in VALUE.findall(text)}
    given = values | ({"num"} if counted else set())
    if counted and "num" in values:
        return "num is given twice"
    if asked - given or values - asked:
        return f"asks for {sorted(asked)} and gets {sorted(given)}"
    if given and any("%" in VALUE.sub("", text).replace("%%", "") for text in texts):
        return "has a sign % that begins no value"
    return "" if all(text.strip() for text in texts) else "says nothing"


def marked(path: Path) -> Iterator[tuple[ast.Call, str, list[ast.expr]]]:
    """Yield the calls in *path* that mark a text, with the function's name and the arguments that are its forms."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ONE or name in MANY:
                yield node, name, node.args[: 1 if name in ONE else 2]


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_in_code_get_the_values_that_they_ask_for(path: Path) -> None:
    for call, name, forms in marked(path):
        where = f"{path.name}:{call.lineno}"
        texts = [form.value for form in forms if isinstance(form, ast.Constant) and isinstance(form.value, str)]
        if len(texts) < len(forms):
            assert name not in MANY, f"{where}: forms for numbers are no literals"
            assert isinstance(forms[0], MADE_ELSEWHERE), f"{where}: a text is put together"
            continue
        values = {keyword.arg for keyword in call.keywords}
        if None in values or name == "gettext_noop":
            continue
        reason = wrong(texts, {str(value) for value in values}, counted=name in MANY)
        assert not reason, f"{where}: {texts[0]!r} {reason}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_in_templates_are_literals_and_get_their_values(path: Path) -> None:
    for call in environment(html=True).parse(path.read_text("utf-8")).find_all(nodes.Call):
        name = getattr(call.node, "name", "")
        if name not in ONE and name not in MANY:
            continue
        where = f"{path.name}:{call.lineno}"
        forms = call.args[: 1 if name in ONE else 2]
        texts = [form.value for form in forms if isinstance(form, nodes.Const) and isinstance(form.value, str)]
        assert len(texts) == len(forms), f"{where}: {name} of something that is no literal"
        assert call.dyn_kwargs is None, f"{where}: values that cannot be seen here"
        reason = wrong(texts, {keyword.key for keyword in call.kwargs}, counted=name in MANY)
        assert not reason, f"{where}: {texts[0]!r} {reason}"


def test_mistakes_are_seen() -> None:
    assert not wrong(["%(a)s of %(b)s"], {"a", "b"}, counted=False)
    assert not wrong(["one row", "%(num)s rows"], set(), counted=True)
    assert not wrong(["100 %"], set(), counted=False)
    for texts, values, counted in (
        (["%(a)s"], set[str](), False),
        (["nothing"], {"a"}, False),
        (["%(a)s is 100 %"], {"a"}, False),
        (["a row", "%(num)s rows"], {"num"}, True),
        (["%(num)s"], set[str](), False),
        ([" "], set[str](), False),
    ):
        assert wrong(texts, values, counted=counted), texts


def read_by_code(report: Report) -> object:
    """Return what templates find by looking for words in a report."""
    package = history(report)
    main = main_finding(report)
    return (
        [(entry.time, entry.lane, entry.finding) for entry in moments(report, 40)],
        main.id if main else "",
        [(row.version, [(mark.kind, mark.count) for mark in row.marks]) for row in package.rows] if package else None,
    )


@pytest.mark.parametrize("sample", ["update-breaks-launch", "launch-catalogue", "all-null-session"])
def test_code_finds_the_words_it_looks_for_in_any_language(sample: str) -> None:
    report = report_of(ROOT / "samples" / f"{sample}.zip")
    with speaking():
        said = told(report)
    assert said != report
    assert read_by_code(said) == read_by_code(report)


def test_joined_columns_are_told_in_facts() -> None:
    report = report_of(ROOT / "samples" / "all-null-session.zip")
    facts = {label: value for finding in report.findings for label, value in finding.facts}
    with speaking():
        for label in ("Transcript", "Worktree lease", "Afterwards"):
            assert isinstance(facts[label], Message)
            assert told(facts[label]) != facts[label], label
