from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence import untrusted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(JSON)
def test_any_value_becomes_one_of_the_promised_type(value: Any) -> None:
    text = untrusted.text(value, 5)
    assert text is None or (len(text.encode("utf-8")) <= 20 and isinstance(value, str))
    assert untrusted.token(value) is None or " " not in value
    identifier = untrusted.identifier(value)
    assert identifier is None or not set(identifier) & set("./\\: \0")
    number = untrusted.integer(value)
    assert number is None or (type(number) is int and number == value and abs(number) < 2**53)
    assert untrusted.boolean(value) in (None, True, False)
    for time in (untrusted.epoch_ms(value), untrusted.iso_time(value)):
        assert time is None or time.utcoffset() == timedelta(0)


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    assert untrusted.text("a\ud800b\ud83d\ude00") == "a\ufffdb\U0001f600"


@pytest.mark.parametrize(
    "value",
    [
        "1777168830743",
        True,
        -1,
        0,
        1777168830,
        1e300,
        math.inf,
        -math.inf,
        math.nan,
        10**400,
        None,
        [],
        4_102_444_800_000,
    ],
)
def test_what_is_no_time_in_milliseconds(value: Any) -> None:
    assert untrusted.epoch_ms(value) is None


def test_times_in_milliseconds() -> None:
    expected = datetime(2026, 4, 26, 2, 0, 30, 743_000, tzinfo=UTC)
    assert untrusted.epoch_ms(1777168830743) == expected
    assert untrusted.epoch_ms(1777168830743.9) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-17T07:27:00",
        "2026-05-17",
        "yesterday",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1601-01-01T00:00:00Z",
        1777168830743,
        "2026-13-01T00:00:00Z",
        "2026-05-17T07:27:00Z" + " " * 100,
    ],
)
def test_what_is_no_iso_time(value: Any) -> None:
    assert untrusted.iso_time(value) is None


@pytest.mark.parametrize(
    "value", ["2026-05-17T07:27:00Z", "2026-05-17T09:27:00.0000000+02:00", "2026-05-17T07:27:00.000Z"]
)
def test_iso_times(value: str) -> None:
    assert untrusted.iso_time(value) == datetime(2026, 5, 17, 7, 27, tzinfo=UTC)


def test_whole_numbers() -> None:
    assert [untrusted.integer(v) for v in (3, 3.0, -3, 3.5, True, 2**53, "3")] == [3, 3, -3, None, None, None, None]
    assert [untrusted.natural(v) for v in (0, -1)] == [0, None]
