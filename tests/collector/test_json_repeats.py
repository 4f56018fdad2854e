"""What repeats is worked out once, and comes out as if it had been worked out each time."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.collector import _json_repeats
from claude_evidence.collector._json_repeats import Repeats, inner
from claude_evidence.collector._json_scan import Level
from claude_evidence.collector._types import Kind
from claude_evidence.collector.scrub_json import JsonScrub, Place


class Marking:
    """Shows what was done to each text."""

    def text(self, text: str) -> str:
        return f"t<{text}>"

    def path(self, path: str) -> str:
        return f"p<{path}>"

    def token(self, kind: Kind, value: str) -> str:
        return f"{kind.value}<{len(value)}>"


KEYS = st.sampled_from(
    ["title", "env", "headers", "args", "mcpServers", "sessionId", "error", "cwd", "new key", "ключ"]
)
LEAVES = st.sampled_from(["", "x", "a b c", "C:\\x", 'say "no"', "local_1", "é", True, None, 5, 0.5, "y" * 220])
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=4) | st.dictionaries(KEYS, some, max_size=5), max_leaves=30
)


def plainly(text: str) -> str:
    return "".join(JsonScrub(Marking()).pieces(text, 0, [], Place()))


@settings(max_examples=400)
@given(
    VALUES,
    st.sampled_from([None, 2]),
    st.booleans(),
    st.integers(0, 400),
    st.sampled_from(["", "}", "]", '"', "\0", " ,"]),
)
def test_with_and_without_are_the_same(value: Any, indent: int | None, ascii_only: bool, cut: int, more: str) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    text = text[: len(text) - cut if cut < len(text) // 2 else None] + more
    scrub = JsonScrub(Marking(), repeats=Repeats())
    assert scrub._whole(text, [], 0) == plainly(text)
    assert scrub._whole(text, [], 0) == plainly(text), "the second time out of what is remembered"


def test_a_value_that_begins_like_the_last_one_is_read_for_itself() -> None:
    latest: dict[str, str] = {}
    long = json.dumps({"a": ["x" * 300]})
    for text in (f'{{"k": {long}}}', f'{{"k": {long[:-2]}, 1]}}}}', f'{{"k": {long}, "l": {long}}}'):
        ranges = list(inner(text, 0, latest))
        assert ranges == list(inner(text, 0, {}))
        assert all(json.loads(text[start:end]) for start, end in ranges)


def test_the_same_value_under_another_key_is_another_matter() -> None:
    long = {str(n): "abcdefghijkl" for n in range(40)}
    text = json.dumps({"env": long, "fine": long, "title": [long]})
    scrub = JsonScrub(Marking(), repeats=Repeats())
    assert scrub._whole(text, [], 0) == plainly(text)


def test_long_values_are_found_and_only_sound_ones() -> None:
    long = json.dumps(["x" * 300])
    text = f'{{"a": {long}, "b": 1, "c": {long} , "d": {long[:-1]}'
    assert [text[start:end] for start, end in inner(text, 0, {})] == [long, long]
    assert list(inner(text, _json_repeats.DEEPEST, {})) == []
    assert list(inner("", 0, {})) == list(inner("[", 0, {})) == list(inner("no json {", 0, {})) == []


def test_deep_nesting_is_no_trap() -> None:
    text = "[" * 100_000 + "]" * 100_000
    assert list(inner(text, 0, {})) == []
    scrub = JsonScrub(Marking(), repeats=Repeats())
    assert scrub._whole(text, [], 0) == text


def test_memory_is_bounded() -> None:
    repeats: Repeats[int] = Repeats()
    for number in range(300):
        assert repeats.of(f"{number}" + "x" * 1_000_000, "", lambda n=number: n) == number  # type: ignore[misc]
    assert len(repeats._known) < 50
    assert Level(True).key == ""
