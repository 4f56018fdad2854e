from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.analyzers._matching import Matched
from claude_evidence.analyzers._sources import Sources
from claude_evidence.analyzers._streams import RowEvents
from claude_evidence.analyzers._types import Judgement
from claude_evidence.analyzers._windows import Ranges
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Coverage, Reason
from tests.analyzers.helpers import START, correlation, coverage, plain, rules, table
from tests.analyzers.oracle import Row

DTYPES = {"K": "str", "G": "category", "H": "str", "V": "str"}
SPAN = 3
NAMES = ("a", "b", "c")
BASES = [plain({"s": {"K|contains": name}, "condition": "s"}, name, generate=False) for name in NAMES]

events = st.lists(
    st.fixed_dictionaries(
        {"K": st.sampled_from(["a", "b", "c", "ab", "bc", "abc"])},
        optional={
            "at": st.integers(0, 12) | st.none(),
            "G": st.sampled_from(["x", "X", "y"]),
            "V": st.sampled_from(["1", "2", "p", "P", "0.5", "-1"]),
        },
    ),
    max_size=9,
)
Found = dict[str, set[int]]


def judged(rule: Any, data: Sequence[Row], cover: Sequence[Coverage] | None = None) -> Judgement:
    return judge(rules(*BASES, rule), {"thing": table(data, DTYPES)}, cover or coverage("thing", last=10**6))


def found(rule: Any, data: Sequence[Row], cover: Sequence[Coverage] | None = None) -> Found:
    judgement = judged(rule, data, cover)
    assert not judgement.not_judged
    for hit in judgement.hits:
        assert hit.count == len(hit.rows["thing"]) == len(set(hit.rows["thing"].tolist()))
        assert set(hit.rows["thing"].tolist()) == {row for part in hit.parts.values() for row in part.tolist()}
    return {hit.group.lower(): set(hit.rows["thing"].tolist()) for hit in judgement.hits}


@dataclass(frozen=True)
class Event:
    row: int
    time: int
    name: str
    value: str | None


def grouped(data: Sequence[Row], names: Sequence[str], by: str | None) -> dict[str, list[Event]]:
    groups: dict[str, list[Event]] = {}
    for row, each in enumerate(data):
        group = "" if by is None else each.get(by)
        time = each.get("at", 0)
        if group is None or time is None:
            continue
        for name in names:
            if name in each["K"]:
                groups.setdefault(group.lower(), []).append(Event(row, time, name, each.get("V")))
    return groups


def told(groups: Mapping[str, Sequence[Event]], part_of: Callable[[Sequence[Event]], set[int]]) -> Found:
    return {group: rows for group, members in groups.items() if (rows := part_of(members))}


def together(members: Sequence[Event], names: Sequence[str]) -> set[int]:
    rows: set[int] = set()
    for start in members:
        window = [e for e in members if e.name in names and start.time <= e.time <= start.time + SPAN]
        if {e.name for e in window} == set(names):
            rows |= {e.row for e in window}
    return rows


def in_order(members: Sequence[Event], names: Sequence[str]) -> set[int]:
    choices = [[e for e in members if e.name == name] for name in names]
    return {
        event.row
        for chain in itertools.product(*choices)
        if all(one.time <= two.time for one, two in itertools.pairwise(chain))
        and chain[-1].time - chain[0].time <= SPAN
        for event in chain
    }


by_group = pytest.mark.parametrize("by", [None, "G"])


@by_group
@settings(max_examples=80, deadline=None)
@given(data=events, size=st.sampled_from([2, 3]))
def test_temporal_agrees_with_the_oracle(data: list[Row], size: int, by: str | None) -> None:
    names = NAMES[:size]
    rule = correlation("r", "temporal", names, f"{SPAN}s", group_by=[by] if by else [])
    assert found(rule, data) == told(grouped(data, names, by), lambda members: together(members, names))


@by_group
@settings(max_examples=120, deadline=None)
@given(data=events, names=st.permutations(NAMES).flatmap(lambda p: st.sampled_from([p, p[:2]])))
def test_temporal_ordered_agrees_with_the_oracle(data: list[Row], names: list[str], by: str | None) -> None:
    rule = correlation("r", "temporal_ordered", names, f"{SPAN}s", group_by=[by] if by else [])
    assert found(rule, data) == told(grouped(data, names, by), lambda members: in_order(members, names))


def absent(members: Sequence[Event], name: str, low: int, high: int) -> bool:
    return not any(e.name == name and low <= e.time <= high for e in members)


@by_group
@pytest.mark.parametrize(
    "condition", ["a and not b", "b and not a", "a and b and not c", "a and c and not b", "c and (a or not b)"]
)
@settings(max_examples=60, deadline=None)
@given(data=events)
def test_absence_agrees_with_the_oracle(data: list[Row], condition: str, by: str | None) -> None:
    names = [name for name in NAMES if name in condition.replace("and", "")]
    rule = correlation("r", "temporal_ordered", names, f"{SPAN}s", condition=condition, group_by=[by] if by else [])
    clauses = {
        "a and not b": ["a!b"],
        "b and not a": ["b!a"],
        "a and b and not c": ["ab!c"],
        "a and c and not b": ["ac!b"],
        "c and (a or not b)": ["ac!", "c!b"],
    }[condition]

    def part_of(members: Sequence[Event]) -> set[int]:
        rows: set[int] = set()
        for wanted, unwanted in (clause.split("!") for clause in clauses):
            kept = [e for e in members if e.name != wanted[0] or all(undisturbed(e, name) for name in unwanted)]
            rows |= in_order(kept, wanted)
        return rows

    def undisturbed(event: Event, name: str) -> bool:
        members = groups[next(g for g, inside in groups.items() if event in inside)]
        before = name < event.name
        return absent(members, name, event.time - SPAN * before, event.time + SPAN * (not before))

    groups = grouped(data, names, by)
    assert found(
        rule, data, (Coverage("thing", "thing", "m", START.replace(year=2020), START.replace(year=2030)),)
    ) == told(groups, part_of)


@settings(max_examples=60, deadline=None)
@given(data=events)
def test_absence_in_any_order_agrees_with_the_oracle(data: list[Row]) -> None:
    rule = correlation("r", "temporal", ["a", "b"], f"{SPAN}s", condition="a and not b")
    members = grouped(data, "ab", None).get("", [])
    expected = {e.row for e in members if e.name == "a" and absent(members, "b", e.time - SPAN, e.time + SPAN)}
    cover = (Coverage("thing", "thing", "m", START.replace(year=2020), START.replace(year=2030)),)
    assert found(rule, data, cover) == ({"": expected} if expected else {})


COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b, "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
}  # fmt: skip


def number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def measure(kind: str, window: Sequence[Event]) -> float:
    rows = {e.row: e for e in window}.values()
    if kind == "event_count":
        return len(rows)
    if kind == "value_count":
        return len({(e.value or "").lower() for e in rows})
    numbers = [float(e.value or 0) for e in rows]
    return sum(numbers) if kind == "value_sum" else sum(numbers) / len(numbers)


@by_group
@settings(max_examples=200, deadline=None)
@given(
    data=events,
    kind=st.sampled_from(["event_count", "value_count", "value_sum", "value_avg"]),
    names=st.sampled_from(["a", "ab"]),
    op=st.sampled_from(sorted(COMPARE)),
    limit=st.integers(1, 4),
)
def test_counts_agree_with_the_oracle(
    data: list[Row], kind: str, names: str, op: str, limit: int, by: str | None
) -> None:
    condition: dict[str, Any] = {op: limit} | ({} if kind == "event_count" else {"field": "V"})
    rule = correlation("r", kind, list(names), f"{SPAN}s", condition=condition, group_by=[by] if by else [])

    def part_of(members: Sequence[Event]) -> set[int]:
        if kind == "value_count":
            members = [e for e in members if e.value is not None]
        elif kind != "event_count":
            members = [e for e in members if number(e.value) is not None]
        rows: set[int] = set()
        for end in members:
            window = [e for e in members if end.time - SPAN <= e.time <= end.time]
            if COMPARE[op](measure(kind, window), limit):
                rows |= {e.row for e in window}
        return rows

    assert found(rule, data) == told(grouped(data, names, by), part_of)


@settings(max_examples=60, deadline=None)
@given(data=events, op=st.sampled_from(sorted(COMPARE)), limit=st.integers(1, 3))
def test_a_number_of_documents_agrees_with_the_oracle(data: list[Row], op: str, limit: int) -> None:
    rule = correlation("r", "temporal", NAMES, f"{SPAN}s", condition={op: limit})

    def part_of(members: Sequence[Event]) -> set[int]:
        windows = [[e for e in members if end.time - SPAN <= e.time <= end.time] for end in members]
        return {e.row for window in windows if COMPARE[op](len({e.name for e in window}), limit) for e in window}

    assert found(rule, data) == told(grouped(data, NAMES, None), part_of)


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
    [source] = sources.of(BASES[0].sigma.logsource)  # type: ignore[union-attr]
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
