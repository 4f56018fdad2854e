"""A pytest plugin: ``@pytest.mark.evidence("bundle.zip", finds=["rule"])``, and ``*.evidence.yaml`` files as tests.

pytest loads this module in every run of every project where the package is installed: until a test asks for evidence,
nothing but the standard library and pytest is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from claude_evidence.analyzers._types import RuleSet
    from claude_evidence.expectation import Expectation
    from claude_evidence.model import Report

MARKER = (
    'evidence(*bundles, finds=[], not_finds=[], only=False, level="informational", rules=[], default_rules=True, '
    "zone=None): analyse the evidence (paths relative to the test file) with claude-evidence and hold its findings "
    "to what is expected; the fixture evidence_report gives the report"
)
FILES = "Names of YAML files that are tests of bundles (patterns); empty: none."
PATTERNS = ["*.evidence.yaml", "*.evidence.yml"]
KEPT_REPORTS = 8
Checked = tuple["Expectation", "Report", frozenset[str]]
_CHECKED = pytest.StashKey[list[Checked]]()
_RULES = pytest.StashKey[dict[Any, "RuleSet"]]()
_REPORTS = pytest.StashKey[dict[Any, "Report"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``evidence_files``."""
    parser.addini("evidence_files", FILES, type="args", default=PATTERNS)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a YAML file that is a test."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    if any(fnmatch(file_path.name, pattern) for pattern in parent.config.getini("evidence_files")):
        return EvidenceFile.from_parent(parent, path=file_path)
    return None


class EvidenceFile(pytest.File):
    """A YAML file about a bundle."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the one test that the file is; it is read only when the test runs."""
        yield EvidenceItem.from_parent(self, name=self.path.name.partition(".")[0])


class EvidenceItem(pytest.Item):
    """The test that a YAML file is."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.add_marker(pytest.mark.evidence)  # so that -m evidence chooses it

    def runtest(self) -> None:
        """Do nothing: what is expected is compared before any test runs, see `pytest_runtest_call`."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is, and its name."""
        return self.path, 0, self.name


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Analyse what the test's markers or its file name; wrong use is an error of one line."""
    if not isinstance(item, EvidenceItem) and not _markers(item):
        return
    from claude_evidence.usage import UsageError, printable

    problem = ""
    try:
        item.stash[_CHECKED] = [_checked(item.config, expected) for expected in _expected(item)]
    except UsageError as error:
        problem = printable(str(error))
    if problem:
        where = f"{item.path.name}: " if isinstance(item, EvidenceItem) else ""
        pytest.fail(f"evidence: {where}{problem}", pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail the test, before its own code runs, where the evidence does not show what is expected."""
    if not (checked := item.stash.get(_CHECKED, [])):
        return
    from claude_evidence.expectation import difference

    if texts := [text for one in checked if (text := difference(*one))]:
        pytest.fail("\n\n".join(texts), pytrace=False)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let go of the reports."""
    if _CHECKED in item.stash:
        del item.stash[_CHECKED]


@pytest.fixture
def evidence_report(request: pytest.FixtureRequest) -> Report:
    """The report (`claude_evidence.model.Report`) of the evidence that the test's nearest ``evidence`` marker names."""
    checked = request.node.stash.get(_CHECKED, [])
    if not checked:
        pytest.fail('evidence: the fixture evidence_report needs @pytest.mark.evidence("bundle.zip")', pytrace=False)
    report: Report = checked[0][1]
    return report


def _expected(item: pytest.Item) -> list[Expectation]:
    """Return what the test expects: its file's keys, or those of all its markers, the nearest first."""
    if isinstance(item, EvidenceItem):
        return [_read(item.path)]
    from claude_evidence.expectation import expectation
    from claude_evidence.usage import UsageError

    markers = _markers(item)
    for marker in markers:
        if "bundle" in marker.kwargs:
            raise UsageError("'bundle' is no keyword of the marker: the bundle comes first, without a name")
    return [expectation({"bundle": list(marker.args), **marker.kwargs}, item.path.parent) for marker in markers]


def _markers(item: pytest.Item) -> list[pytest.Mark]:
    """Return the markers that say something, the nearest first: a bare one is a word to choose tests by."""
    return [marker for marker in item.iter_markers("evidence") if marker.args or marker.kwargs]


def _read(path: Path) -> Expectation:
    """Return what the file at *path* says; without ``bundle`` it is about the zip of its own name."""
    from claude_evidence.analyzers._yaml_lines import read
    from claude_evidence.expectation import expectation
    from claude_evidence.usage import UsageError

    reading = read(path.read_bytes())
    if reading.error:
        raise UsageError(f"line {reading.error.line}: {reading.error}")
    if reading.repeated:
        line, key = reading.repeated[0]
        raise UsageError(f"line {line}: the key {key} is given twice")
    given = reading.documents[0].value if reading.documents else None
    if len(reading.documents) != 1 or not isinstance(given, Mapping):
        raise UsageError("one mapping is wanted, such as bundle: and finds:")
    expected = expectation({"bundle": f"{path.name.partition('.')[0]}.zip", **given}, path.parent)
    if expected.is_empty:
        raise UsageError("nothing is expected; give finds, not_finds or only: true")
    return expected


def _checked(config: pytest.Config, expected: Expectation) -> Checked:
    from claude_evidence.expectation import check_names

    rules = _rules(config, expected)
    check_names(expected, {name for d in rules.documents for name in (d.stem, d.name)})
    report = _report(config, expected, rules)
    told = {(entry.rule, entry.title) for entry in report.not_judged}
    reported = [document for document in rules.documents if document.generate]
    answered = {name for d in reported if (d.stem, d.title) not in told for name in (d.stem, d.name)}
    unanswered = {name for d in reported for name in (d.stem, d.name)} - answered
    return expected, report, frozenset(unanswered)


def _rules(config: pytest.Config, expected: Expectation) -> RuleSet:
    from claude_evidence.analyzers.rules import load_rules

    known = config.stash.setdefault(_RULES, {})
    key = expected.rules, expected.default_rules
    if key not in known:
        known[key] = load_rules(expected.rules, defaults=expected.default_rules)
    return known[key]


def _report(config: pytest.Config, expected: Expectation, rules: RuleSet) -> Report:
    """Return the report on what is named; a few are kept, for the tests beside this one."""
    from claude_evidence.analyzers.report import analyze
    from claude_evidence.bundle import open_bundle
    from claude_evidence.parsers import parse

    known = config.stash.setdefault(_REPORTS, {})
    key = expected.source, tuple(path.stat().st_mtime_ns for path in expected.bundles)
    if key not in known:
        with open_bundle(expected.bundles, zone=expected.zone) as bundle:
            report = analyze(parse(bundle, rules.fields, zone=expected.zone), rules, inputs=bundle.inputs)
        while len(known) >= KEPT_REPORTS:
            del known[next(iter(known))]
        known[key] = report
    return known[key]
