from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.json_text import MAX_DEPTH, JsonError, loads, partial_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, min_size=1, max_size=5)


def truncated(text: str) -> bool:
    with pytest.raises(JsonError) as caught:
        loads(text)
    return caught.value.truncated


@given(OBJECTS, st.booleans(), st.integers(0, 3), st.data())
def test_every_beginning_of_an_object_is_truncated_and_nothing_else(
    value: dict[str, Any], ascii_only: bool, indent: int, data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent or None)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    assert truncated(cut)
    whole = loads(text)
    assert all(whole[key] == found for key, found in partial_object(cut).items())
    assert partial_object(text) == whole


@pytest.mark.parametrize(
    "text",
    [
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1,}',
        '{"a": 1} x',
        '{"a": "\x01"}',
        '{"a": "\\x"}',
        '{"a": "\\u12"}',
        '{"a": tru}',
        '{"a": 01',
        '{"a" 1',
        "{a",
        '{"a": 1 ,,',
        '{"a": --',
        '{"a": 1.x',
        '{"a": +',
        '{"a": "b\0\0',
        "{\0\0\0",
        "x",
    ],
)
def test_what_no_text_could_complete_is_invalid(text: str) -> None:
    assert not truncated(text)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 200_000, '{"a":' * 200_000 + "1" + "}" * 200_000, "[[]," * 100_000]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert not truncated(text)
    assert len(partial_object(text)) == 0


def test_nesting_up_to_the_limit_is_read_and_brackets_in_strings_do_not_count() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert not truncated("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    text = json.dumps(["[{" * 5_000 + '\\"' + "[" * 500])
    assert loads(text) == json.loads(text)


def test_numbers_without_end() -> None:
    assert loads("9" * 10_000) == float("inf")
    assert loads("[12345678901234567]") == [12345678901234567]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('{"a": 1', {}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": tr', {}),
        ('{"a": [1, 2], "b": "x', {"a": [1, 2]}),
        ("[1, 2", {}),
        ("", {}),
        ('  {"a": "x"} trailing', {"a": "x"}),
        ('{"a": "x" "b": 2', {"a": "x"}),
        ("{1: 2}", {}),
    ],
)
def test_pairs_before_a_cut(text: str, pairs: dict[str, Any]) -> None:
    assert partial_object(text) == pairs
