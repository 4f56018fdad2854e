"""Correlations against brute force: every window and every chain tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.model import Coverage
from tests.analyzers.abc_rules import NAMES, Found, found
from tests.analyzers.helpers import START, correlation
from tests.analyzers.oracle import Row

SPAN = 3

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
@settings(max_examples=50, deadline=None)
@given(data=events, size=st.sampled_from([2, 3]))
def test_temporal_agrees_with_the_oracle(data: list[Row], size: int, by: str | None) -> None:
    names = NAMES[:size]
    rule = correlation("r", "temporal", names, f"{SPAN}s", group_by=[by] if by else [])
    assert found(rule, data) == told(grouped(data, names, by), lambda members: together(members, names))


@by_group
@settings(max_examples=40, deadline=None)
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
@settings(max_examples=40, deadline=None)
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


@settings(max_examples=40, deadline=None)
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
@settings(max_examples=100, deadline=None)
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


@settings(max_examples=40, deadline=None)
@given(data=events, op=st.sampled_from(sorted(COMPARE)), limit=st.integers(1, 3))
def test_a_number_of_documents_agrees_with_the_oracle(data: list[Row], op: str, limit: int) -> None:
    rule = correlation("r", "temporal", NAMES, f"{SPAN}s", condition={op: limit})

    def part_of(members: Sequence[Event]) -> set[int]:
        windows = [[e for e in members if end.time - SPAN <= e.time <= end.time] for end in members]
        return {e.row for window in windows if COMPARE[op](len({e.name for e in window}), limit) for e in window}

    assert found(rule, data) == told(grouped(data, NAMES, None), part_of)
