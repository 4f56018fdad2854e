from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.analyzers._forms import Detection
from claude_evidence.analyzers._matching import Matched
from claude_evidence.analyzers._sources import Sources
from claude_evidence.analyzers._streams import RowEvents
from claude_evidence.analyzers._windows import Ranges
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Coverage, Reason
from tests.analyzers.abc_rules import BASES, DTYPES, found, judged
from tests.analyzers.helpers import correlation, coverage, plain, rules, table
from tests.analyzers.oracle import Row


def at(kind: str, *times: float | None, **more: Any) -> list[Row]:
    return [{"K": kind, "at": time, **more} for time in times]


AND_NOT = correlation("r", "temporal_ordered", ["a", "b"], "60s", condition="a and not b")


def test_a_window_past_the_end_of_the_evidence_is_inconclusive() -> None:
    """Only the a at 0 is certain; were it not there, nothing could be said."""
    data = at("a", 0, 100)
    assert found(AND_NOT, data, coverage("thing", last=120)) == {"": {0}}
    assert found(AND_NOT, data, coverage("thing", last=160)) == {"": {0, 1}}
    for answered in ([], at("b", 40)):
        judgement = judged(AND_NOT, [*at("a", 0), *answered], coverage("thing", last=59))
        assert not judgement.hits
        assert [entry.reason for entry in judgement.not_judged] == ([] if answered else [Reason.INCONCLUSIVE])


def test_the_end_of_the_rows_stands_for_an_unknown_end_of_the_evidence() -> None:
    cover = (Coverage("thing", "thing", "m"),)
    assert found(AND_NOT, [*at("a", 0), *at("c", 60)], cover) == {"": {0}}
    assert judged(AND_NOT, [*at("a", 0), *at("c", 59)], cover).not_judged[0].reason is Reason.INCONCLUSIVE


def test_an_event_at_the_same_time_ends_the_absence() -> None:
    assert found(AND_NOT, [*at("b", 0), *at("a", 0), *at("c", 99)]) == {}


def test_a_storm_is_one_hit() -> None:
    data = [*at("a", *(n / 1000 for n in range(30_000))), *at("b", 15.0)]
    for kind in ("temporal", "temporal_ordered"):
        [hit] = judged(correlation("r", kind, ["a", "b"], "1h"), data).hits
        assert hit.count == (30_001 if kind == "temporal" else 15_002)
    [hit] = judged(correlation("r", "event_count", ["a"], "10s", condition={"gte": 1000}), data).hits
    assert hit.count == 30_000
    assert hit.rows["thing"].tolist() == list(range(30_000))


@pytest.mark.parametrize(
    ("kind", "condition", "matches"),
    [
        ("event_count", {"gte": 2}, False),
        ("value_sum", {"gte": 4, "field": "V"}, False),
        ("value_sum", {"gte": 2, "field": "V"}, True),
        ("value_count", {"gte": 2, "field": "V"}, False),
        ("value_count", {"gte": 1, "field": ["V", "G"]}, True),
    ],
)
def test_a_row_that_two_documents_match_counts_once(kind: str, condition: dict[str, Any], *, matches: bool) -> None:
    rule = correlation("r", kind, ["a", "b"], "5s", condition=condition)
    assert found(rule, at("ab", 0, V="2", G="x")) == ({"": {0}} if matches else {})


def test_values_that_differ_in_case_are_one() -> None:
    data = [*at("a", 0, V="p"), *at("a", 1, V="P")]
    assert not found(correlation("r", "value_count", ["a"], condition={"gte": 2, "field": "V"}), data)
    assert found(correlation("r", "value_count", ["a"], condition={"eq": 1, "field": "V"}), data) == {"": {0, 1}}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=6))
def test_members_of_ranges_are_each_told_once(borders: list[tuple[int, int]]) -> None:
    ranges = Ranges(np.array([low for low, _ in borders], np.intp), np.array([high for _, high in borders], np.intp))
    expected = sorted({n for low, high in borders for n in range(low, high)})
    assert ranges.members().tolist() == expected
    assert np.flatnonzero(ranges.marked(10)).tolist() == expected


def test_a_row_that_two_sources_give_is_one_event() -> None:
    sources = Sources({"thing": table(at("a", 0, 1, 2), DTYPES)}, ())
    assert isinstance(BASES[0].asks, Detection)
    [source] = sources.of(BASES[0].asks.logsource)
    matches = [Matched(source, np.array([0, 1])), Matched(source, np.array([1, 2]))]
    events = RowEvents("a", matches, sources, local=False)
    assert events.identities() == [("thing", 0), ("thing", 1), ("thing", 2)]
    assert len(events.times) == len(events.texts(["K"])) == 3


def test_aliases_join_fields_of_different_names() -> None:
    aliases = {"package": {"a": "G", "b": "H"}}
    rule = correlation("r", "temporal_ordered", ["a", "b"], "5s", group_by=["package"], aliases=aliases)
    data: list[Row] = [
        {"K": "a", "G": "Claude_1", "H": "no"},
        {"K": "b", "at": 1, "H": "claude_1"},
        {"K": "b", "at": 1, "H": "other"},
    ]
    [hit] = judged(rule, data).hits
    assert (hit.group, hit.rows["thing"].tolist()) == ("Claude_1", [0, 1])
    assert {name: rows.tolist() for name, rows in hit.parts.items()} == {"a": [0], "b": [1]}


def test_a_correlation_may_rest_on_another() -> None:
    """Three a within 10 s, and after that a b of the same group."""
    burst = correlation("burst", "event_count", ["a"], "10s", condition={"gte": 3}, group_by=["G"], generate=False)
    rule = correlation("r", "temporal_ordered", ["burst", "b"], "10s", group_by=["G"])
    data: list[Row] = [
        *at("a", 0, 1, 2, 3, G="x"),
        *at("a", 0, 1, G="y"),
        *at("b", 13, G="X"),
        *at("b", 12, G="y"),
        *at("b", 14, G="x"),
    ]
    given_rules = rules(*BASES, burst, rule)
    [hit] = judge(given_rules, {"thing": table(data, DTYPES)}, coverage("thing")).hits
    assert hit.group == "x"
    assert {name: rows.tolist() for name, rows in hit.parts.items()} == {"a": [0, 1, 2, 3], "b": [6]}


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (correlation("r", "value_median", ["a"], condition={"gte": 1, "field": "V"}), "value_median"),
        (
            correlation("r", "value_percentile", ["a"], condition={"gte": 1, "field": "V", "percentile": 9}),
            "value_percentile",
        ),
        (correlation("r", "temporal", ["a"], condition="not a"), "absence"),
        (correlation("r", "temporal", ["a"], condition="a and not a"), "never hold"),
        (correlation("r", "temporal_ordered", ["a", "b"], condition={"lt": 2}), "lt"),
        (correlation("r", "temporal", ["a", "a"]), "twice"),
        (correlation("r", "temporal", ["a", "r"]), "itself"),
        (correlation("r", "temporal", ["a", "nobody"]), "nobody"),
        (correlation("r", "temporal", ["a", "b"], group_by=["Absent"]), "Absent"),
        (correlation("r", "temporal", ["a", "b"], group_by=["p"], aliases={"p": {"a": "G"}}), "alias p"),
    ],
)
def test_what_is_not_supported_is_named(rule: Any, reason: str) -> None:
    judgement = judged(rule, [*at("abc", 0, 1)])
    assert not judgement.hits
    assert reason in judgement.not_judged[0].detail


def test_a_correlation_needs_the_answers_of_its_documents() -> None:
    other = plain(
        {"s": {"EventID": 1}, "condition": "s"}, "d", {"product": "windows", "service": "system"}, generate=False
    )
    rule = correlation("r", "temporal", ["a", "d"])
    tables = {"thing": table(at("a", 0), DTYPES)}
    [entry] = judge(rules(*BASES, other, rule), tables, coverage("thing")).not_judged
    assert entry.detail == "needs the event log System, which is not in the evidence"
