"""Rule files of strangers: broken, odd, hostile."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_evidence.model import UsageError
from tests.analyzers.rule_texts import LOGIN, PATTERN, load, put


def test_yaml_that_is_no_rule_does_not_stop_the_others_of_its_folder(tmp_path: Path) -> None:
    put(tmp_path, "b.yml", LOGIN)
    put(tmp_path, "e.yml", "just text")
    rules = load(tmp_path)
    assert [document.name for document in rules.documents] == ["b"]
    places = {Path(problem.where).name for problem in rules.problems}
    assert {place.partition(":")[0] for place in places} == {"e.yml"}
    assert {left.rule for left in rules.not_judged} == {"e"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", r"a\.yml:\d+: not valid YAML"),
        ("\0\0", r"a\.yml:1: not valid YAML"),
        ("title: x\ndetection: {s: {A: b}, condition: s}\n", r"a\.yml:1: it has no logsource"),
        (LOGIN + "level: low\n", r"a\.yml:14: the key level is given twice"),
    ],
)
def test_a_file_of_rules_that_cannot_be_read_is_wrong_use_in_a_folder_too(
    text: str, message: str, tmp_path: Path
) -> None:
    put(tmp_path, "a.yml", text)
    put(tmp_path, "b.yml", LOGIN)
    with pytest.raises(UsageError, match=message):
        load(tmp_path)


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


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights on Windows")
def test_odd_entries_of_a_folder_do_no_harm(tmp_path: Path) -> None:
    put(tmp_path, "folder.yml/login.YAML", LOGIN)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dangling.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.yml").symlink_to(tmp_path / "self.yml")
    os.mkfifo(tmp_path / "pipe.yml")
    rules = load(tmp_path)
    assert [document.name for document in rules.documents] == ["login"]
    assert all("regular file" in problem.message or "cannot be read" in problem.message for problem in rules.problems)


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
