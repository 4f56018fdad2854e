"""What stands for a value inside an event log: as long as the value, told in the mapping, and shown by ``--reveal``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector._equal import Equal
from claude_evidence.collector._types import Kind
from claude_evidence.collector.scrub_evtx import names_something
from claude_evidence.collector.tokens import Tokens
from claude_evidence.reveal import load_mapping, revealed
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.run_helpers import collect, environment, members

KEY = bytes(range(32))


@given(st.sets(st.text("abcdefghijklmnop", min_size=4, max_size=9), min_size=1, max_size=30))
def test_names_of_four_characters_and_more_are_told_apart_and_revealed(names: set[str]) -> None:
    tokens = Tokens(KEY)
    equal = Equal(tokens, KEY)
    made = {name: equal.fit(Kind.USER, name, name) for name in sorted(names)}
    assert all(len(new) == len(name) for name, new in made.items())
    assert len(set(made.values())) == len(names)
    for name, new in made.items():
        assert tokens.mapping[new] == name
        assert len(new) > 5 or (re.search("[a-f]", new) and re.search("[0-9]", new))


def test_what_two_short_values_share_leads_to_one_of_them() -> None:
    tokens = Tokens(KEY)
    equal = Equal(tokens, KEY)
    made: dict[str, set[str]] = {}
    for first in "abcdefghijklmnopqrstuvwxyz":
        for second in "abcdefghijklmnopqrstuvwxyz":
            made.setdefault(equal.fit(Kind.USER, first + second, "xx"), set()).add(first + second)
    assert any(len(names) > 1 for names in made.values())
    assert all(tokens.mapping[new] in names for new, names in made.items() if new in tokens.mapping)


@pytest.mark.parametrize("text", ["C:", "d:\\", " E: "])
def test_a_drive_is_nobodys_name(text: str) -> None:
    assert not names_something(text)
    assert names_something("C:\\Users")


def test_the_mapping_shows_whom_an_event_log_names(tmp_path: Path) -> None:
    write_tree(load(SCENARIOS / "update-breaks-launch.yaml"), tmp_path / "host")
    bundle = tmp_path / "case.zip"
    assert collect(tmp_path / "host", bundle).returncode == 0
    report = json.loads(next(data for name, data in members(bundle).items() if name.endswith("redaction.json")))
    assert "as long as the value" in report["event_logs_note"]
    mapping = load_mapping(tmp_path / "case.mapping.json")
    (form,) = next(iter(report["event_logs"]["user"].values()))
    assert len(form) == len("alice") == 5
    assert revealed(f"started by HOST\\{form}.", mapping) == "started by HOST\\alice."
    with zipfile.ZipFile(bundle) as opened:
        logs = b"".join(opened.read(name) for name in opened.namelist() if name.endswith(".evtx"))
    assert form.encode("utf-16-le") in logs
    line = [sys.executable, "-m", "claude_evidence", "analyze", str(bundle), "-o", "-", "-f", "json", "-q"]
    done = subprocess.run(
        [*line, "--reveal", str(tmp_path / "case.mapping.json")], capture_output=True, env=environment(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert form.encode() not in done.stdout
