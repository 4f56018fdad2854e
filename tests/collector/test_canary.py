"""Whole hosts with thousands of planted values go through both passes: nothing is left, and the audit says the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.collector.audit import audit
from tests.collector.canaries import left, left_in_places
from tests.collector.planted_host import files
from tests.collector.planted_person import person
from tests.collector.two_passes import make_bundle

USERS = ("", "claude", "al", "admin", "user", "Zoë", "Jürgen Groß-Müller", "o'brien.x", "李明", "Максим", "data", "log")


@settings(max_examples=4)
@example(seed=1, user="")
@example(seed=2, user="claude")
@example(seed=3, user="al")
@example(seed=4, user="admin")
@example(seed=5, user="Zoë")
@example(seed=6, user="Jürgen Groß-Müller")
@given(seed=st.integers(0, 2**32), user=st.sampled_from(USERS))
def test_no_planted_value_is_left(seed: int, user: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    who = person(seed, user)
    bundle = tmp_path_factory.mktemp("canary") / "bundle.zip"
    redactor = make_bundle(who, files(who, seed), bundle)
    assert who.plantings > 3000
    found = left(bundle, who.identities(), who.folders()) + left_in_places(bundle, who.user)
    assert not found, "\n".join(found)
    leaks = audit(bundle, redactor.identities)
    assert not leaks, "the audit alone refuses:\n" + "\n".join(map(str, leaks))
