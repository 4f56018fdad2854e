"""The pytest plugin in real runs of pytest: what passes, what a failure says, and that nobody else is bothered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from claude_evidence.expectation import _because
from claude_evidence.model import NotJudged, Reason

pytest_plugins = ["pytester"]
SAMPLES = Path(__file__).resolve().parents[1] / "samples"
WIPED, NULL = "desktop_config_wiped", "session_json_all_null"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Another project's folder with two bundles in it, in which warnings are errors."""
    bundles = pytester.mkdir("bundles")
    for name in ("wiped-config", "other-account"):
        shutil.copy(SAMPLES / f"{name}.zip", bundles / f"{name}.zip")
    pytester.makeini(
        "[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\nfilterwarnings = error\n"
    )
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # a run in this process would load numpy a second time
    return project.runpytest_subprocess("-p", "no:hypothesispytest", *arguments)


def shown(result: pytest.RunResult) -> str:
    text = result.stdout.str()
    assert "Traceback" not in text + result.stderr.str()
    assert "INTERNALERROR" not in text
    return text


def test_what_is_there_passes(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_bundles=f"""
        import unittest
        import pytest

        pytestmark = pytest.mark.evidence("bundles/wiped-config.zip", finds=["{WIPED}"])

        def test_of_the_module(evidence_report):
            assert [f.count for f in evidence_report.findings] == [1]

        @pytest.mark.evidence("bundles/other-account.zip", finds={{"account_org_folder_switch": "medium"}},
                              not_finds=["{WIPED}"], only=True)
        def test_nearest_report(evidence_report):
            assert [f.rule for f in evidence_report.findings] == ["account_org_folder_switch"]

        @pytest.mark.evidence("bundles/wiped-config.zip", level="medium", only=True, zone="Europe/Vienna")
        def test_what_counts_for_little():
            pass

        class TestOld(unittest.TestCase):
            @pytest.mark.evidence("bundles/wiped-config.zip", finds="{WIPED}")
            def test_method(self):
                pass

        @pytest.mark.parametrize("name", [
            pytest.param(1, marks=pytest.mark.evidence("bundles/wiped-config.zip", finds=["{WIPED}"])),
        ])
        def test_parameter(name):
            assert name == 1
        """
    )
    project.makefile(".evidence.yaml", **{"bundles/wiped-config": f"finds: [{WIPED}]\nonly: true\n"})
    result = run(project, "-v")
    result.assert_outcomes(passed=6)
    assert "wiped-config.evidence.yaml::wiped-config PASSED" in shown(result)


def test_a_failure_says_what_was_found_and_why_not_more(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_bundles=f"""
        import pytest

        @pytest.mark.evidence("bundles/wiped-config.zip", finds=["{NULL}", "{WIPED}"])
        def test_missing():
            raise SystemExit("never reached")

        @pytest.mark.evidence("bundles/wiped-config.zip", finds={{"{WIPED}": "critical"}})
        def test_level():
            pass

        @pytest.mark.evidence("bundles/wiped-config.zip", finds=["{WIPED}"], level="high")
        def test_least_level():
            pass

        @pytest.mark.evidence("bundles/wiped-config.zip", not_finds=["{WIPED}"])
        def test_unwanted():
            pass

        @pytest.mark.evidence("bundles/wiped-config.zip", not_finds=["app_hang_moapphang"])
        def test_unknown():
            pass

        @pytest.mark.evidence("bundles/other-account.zip", only=True)
        @pytest.mark.evidence("bundles/wiped-config.zip", only=True)
        def test_more():
            pass

        @pytest.mark.xfail(strict=True)
        @pytest.mark.evidence("bundles/wiped-config.zip", finds=["{NULL}"])
        def test_known_to_fail():
            pass
        """
    )
    project.makefile(".evidence.yml", healthy="bundle: bundles/wiped-config.zip\nonly: true\n")
    result = run(project)
    result.assert_outcomes(failed=7, xfailed=1)
    text = shown(result)
    assert f"expected: {NULL}; not found: it could not be judged: " in text
    assert f"expected: {WIPED}; " not in text.partition("test_level")[0]
    assert f"expected: {WIPED} at level critical; found at level low\n" in text
    assert f"expected: {WIPED}; found at level low, below high, the least that counts" in text
    assert f"not expected: {WIPED}; found at level low" in text
    assert "not expected: app_hang_moapphang; whether it is there is not known: it could not be judged: needs" in text
    assert f"not expected: {WIPED}, nor anything else; found at level low" in text
    assert "not expected: account_org_folder_switch, nor anything else; found at level medium" in text
    assert re.search(rf"low +{WIPED}: .+; records: 1", text)
    assert "verdict: " in text
    assert "not judged:" in text
    assert "test_bundles.py:" not in text.partition("short test summary")[0]  # no traceback into the test's code


def test_wrong_use_is_one_line_and_an_error(project: pytest.Pytester) -> None:
    wrong = {
        '"bundles/gone.zip", finds=[]': "gone.zip: there is no such file or folder",
        f'"bundles/wiped-config.zip", finds=["{WIPED[:-1]}"]': f"did you mean {WIPED}",
        '"bundles/wiped-config.zip", found=[]': "'found' is no key; did you mean finds?",
        'bundle="bundles/wiped-config.zip"': "the bundle comes first, without a name",
        'finds=["desktop_config_wiped"]': "no bundle is named",
        '"bundles/wiped-config.zip", level="loud"': "level: 'loud' is no level",
        '"bundles/wiped-config.zip", finds={"desktop_config_wiped": 3}': f"finds: {WIPED}: 3 is no level",
        '"bundles/wiped-config.zip", finds=7': "finds is neither a name nor a list of names: 7",
        '"bundles/wiped-config.zip", only="yes"': "only is neither true nor false: 'yes'",
        '"bundles/wiped-config.zip", rules=["none.yml"]': "none.yml: there is no such file or folder",
        '"bundles/wiped-config.zip", zone="Mars/Olympus"': "'Mars/Olympus' is no known time zone",
        f'"bundles/wiped-config.zip", finds=["{WIPED}"], not_finds=["{WIPED}"]': "is in finds and in not_finds",
    }
    tests = [f"@pytest.mark.evidence({words})\ndef test_{n}(): pass\n" for n, words in enumerate(wrong)]
    project.makepyfile(test_wrong="\n".join(["import pytest", *tests, "def test_none(evidence_report): pass\n"]))
    result = run(project)
    result.assert_outcomes(errors=len(wrong) + 1)
    text = shown(result)
    for words in (*wrong.values(), 'needs @pytest.mark.evidence("bundle.zip")'):
        assert any(words in line for line in text.splitlines() if line.startswith(("evidence: ", "E "))), words


def test_a_bad_file_fails_alone(project: pytest.Pytester) -> None:
    wrong = {
        "bad": ("finds: [", "bad.evidence.yaml: line 1: not valid YAML"),
        "twice": ("only: true\nonly: true\n", "twice.evidence.yaml: line 2: the key only is given twice"),
        "keys": ("bundle: bundles/wiped-config.zip\nfind: []\n", "keys.evidence.yaml: 'find' is no key; did you mean"),
        "gone": ("only: true\n", "gone.zip: there is no such file or folder"),
        "word": ("only\n", "word.evidence.yaml: one mapping is wanted"),
        "nothing": ("", "nothing.evidence.yaml: one mapping is wanted"),
        "empty": ("bundle: bundles/wiped-config.zip\n", "empty.evidence.yaml: nothing is expected"),
        "tag": ("!!python/object:os.system {}\n", "tag.evidence.yaml: line 1: "),
        "name": ("bundle: bundles/wiped-config.zip\nfinds: [none]\n", "name.evidence.yaml: no rule is called 'none'"),
    }
    for name, (text, _) in wrong.items():
        project.path.joinpath(f"{name}.evidence.yaml").write_text(text, "utf-8")
    project.path.joinpath("latin.evidence.yaml").write_bytes(b"finds: [\xe4]\n")
    project.path.joinpath("good.evidence.yaml").write_text(
        "bundle: bundles/wiped-config.zip\nonly: true\nlevel: high\n"
    )
    result = run(project)
    result.assert_outcomes(passed=1, errors=len(wrong) + 1)
    text = shown(result)
    for _, words in wrong.values():
        assert f"evidence: {words}" in text or f"/{words}" in text, words


def test_rules_of_ones_own(project: pytest.Pytester) -> None:
    rule = """\
        title: The app was started
        id: 0c0ffee0-1111-4222-8333-444455556666
        name: app_started
        level: low
        logsource: {product: claude_desktop, category: app_log}
        detection: {selection: {Message|contains: Starting app}, condition: selection}
        """
    project.path.joinpath("app_started.yml").write_text("\n".join(line.strip() for line in rule.splitlines()))
    text = (
        "bundle: [bundles/wiped-config.zip]\nrules: app_started.yml\ndefault_rules: false\nfinds: {app_started: low}\n"
    )
    project.path.joinpath("own.evidence.yaml").write_text(f"{text}only: true\n")
    run(project).assert_outcomes(passed=1)


def test_works_with_xdist_and_is_chosen_by_its_marker(project: pytest.Pytester) -> None:
    project.makefile(".evidence.yaml", **{"bundles/wiped-config": f"finds: [{WIPED}]\n"})
    project.makefile(".evidence.yaml", **{"bundles/other-account": f"finds: [{WIPED}]\n"})
    project.makepyfile(
        test_bundles=f"""
        import pytest

        @pytest.mark.evidence("bundles/wiped-config.zip", finds=["{WIPED}"])
        def test_marked(evidence_report):
            assert evidence_report.findings

        def test_other():
            assert False
        """
    )
    result = run(project, "-n", "2", "-m", "evidence")
    result.assert_outcomes(passed=2, failed=1)
    assert f"expected: {WIPED}; not found" in shown(result)


def test_collecting_analyses_nothing(project: pytest.Pytester) -> None:
    project.makefile(".evidence.yaml", gone="finds: [")
    project.makepyfile(test_a="import pytest\n@pytest.mark.evidence('gone.zip')\ndef test_a(): pass\n")
    result = run(project, "--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["gone.evidence.yaml::gone", "test_a.py::test_a"], consecutive=False)


def test_can_be_switched_off(project: pytest.Pytester) -> None:
    project.makefile(".evidence.yaml", gone="finds: [")
    project.makepyfile(test_a="def test_a(): pass\n")
    run(project, "-p", "no:claude_evidence").assert_outcomes(passed=1)
    run(project, "-o", "evidence_files=").assert_outcomes(passed=1)
    assert "evidence(" in shown(run(project, "--markers"))
    assert "evidence(" not in shown(run(project, "--markers", "-p", "no:claude_evidence"))


def test_who_does_not_use_it_loads_nothing(project: pytest.Pytester) -> None:
    project.makefile(".yaml", other="a: 1\n")
    project.makepyfile(
        test_a="""
        import sys
        import pytest

        @pytest.mark.evidence  # a word of one's own
        def test_a():
            loaded = {name for name in sys.modules if name.startswith("claude_evidence")}
            assert loaded == {"claude_evidence", "claude_evidence.pytest_plugin"}
            assert not {"pandas", "numpy", "yaml", "click", "sigma", "evtx"} & set(sys.modules)
        """
    )
    run(project).assert_outcomes(passed=1)


def test_the_page_that_teaches_it_is_true(project: pytest.Pytester) -> None:
    page = (SAMPLES.parent / "docs" / "regression.md").read_text(encoding="utf-8")
    written = dict(re.findall(r"```(python|yaml)\n(.*?)```", page, re.DOTALL))
    shutil.copy(SAMPLES / "update-breaks-launch.zip", project.path)
    (project.path / "test_page.py").write_text(written["python"], encoding="utf-8")
    (project.path / "page.evidence.yaml").write_text(written["yaml"], encoding="utf-8")
    run(project).assert_outcomes(passed=2)


def test_a_reason_that_two_documents_of_a_rule_share_is_told_once() -> None:
    told = [NotJudged("a_rule", Reason.NOT_EVALUABLE, "needs the log main")] * 2
    assert _because("a_rule", told) == ": it could not be judged: needs the log main"
