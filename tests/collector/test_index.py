"""Many needles in one text: the same answer as looking for each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector._index import FEW, Index

TEXTS = st.text(alphabet="ab ", max_size=40)


@given(st.lists(TEXTS, max_size=30), st.text(alphabet="ab ", max_size=200), st.booleans())
def test_what_is_found_is_what_is_there(needles: list[str], text: str, many: bool) -> None:
    others = [f"never here {number}" for number in range(FEW + 1 if many else 0)]
    index = Index([*needles, *others])
    assert set(index.found(text)) == {needle for needle in needles if needle and needle in text}
    assert index.any(text) == any(needle and needle in text for needle in needles)
    assert set(Index([n.encode() for n in [*needles, *others]]).found(text.encode())) == {
        needle.encode() for needle in needles if needle and needle in text
    }


def test_a_needle_across_the_edges_of_the_chunks_is_found() -> None:
    index = Index([f"needle {number:05}" for number in range(FEW * 2)])
    for place in (65_536 - 12, 65_536 - 8, 65_536 - 7, 65_536 - 1, 65_536, 131_072 - 12):
        text = "x" * place + "needle 00007" + "x" * 70_000
        assert list(index.found(text)) == ["needle 00007"]
        assert list(index.found(text[: place + 12])) == ["needle 00007"]
