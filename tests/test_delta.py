"""Delta reduction: what stays holds, nothing of it can go, and tries are never overrun."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.delta import Tries, reduced

SIZE = 60


def plenty() -> Tries:
    return Tries(10**9, 3600)


@given(needed=st.sets(st.integers(0, SIZE - 1)))
def test_what_is_needed_stays_and_nothing_else(needed: set[int]) -> None:
    assert reduced(range(SIZE), lambda kept: needed <= set(kept), plenty()) == sorted(needed)


@given(least=st.integers(0, SIZE), first=st.integers(0, SIZE - 1))
def test_no_single_item_can_go_where_some_number_is_needed(least: int, first: int) -> None:
    def holds(kept: list[int]) -> bool:
        return len(kept) >= least and first in kept

    kept = reduced(range(SIZE), holds, plenty())
    assert holds(kept)
    assert kept == sorted(kept)
    assert not any(holds(kept[:n] + kept[n + 1 :]) for n in range(len(kept)))


@given(needed=st.sets(st.integers(0, SIZE - 1)), most=st.integers(0, 40))
def test_tries_end_and_what_is_left_then_still_holds(needed: set[int], most: int) -> None:
    asked: list[int] = []

    def holds(kept: list[int]) -> bool:
        asked.append(len(kept))
        return needed <= set(kept)

    tries = Tries(most, 3600)
    assert needed <= set(reduced(range(SIZE), holds, tries))
    assert len(asked) == tries.done <= most


def test_few_tries_are_needed_for_a_needle() -> None:
    tries = plenty()
    assert reduced(range(100_000), lambda kept: 77_777 in kept, tries) == [77_777]
    assert tries.done < 100


def test_time_that_is_up_ends_it() -> None:
    tries = Tries(100, 0)
    assert reduced([1, 2], lambda kept: True, tries) == [1, 2]
    assert tries.done == 0
