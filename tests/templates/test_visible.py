"""Hidden and harmful characters become marks, everywhere and once."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.templates._visible import clip, visible

ANY = st.text(st.characters(codec=None), max_size=200)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\0b\x7f", "a␀b␡"),
        ("\x85", "⟨U+0085⟩"),
        ("evil\u202egpj.exe", "evil⟨U+202E⟩gpj.exe"),
        ("\u2066\u2069\u200e\u200f\u061c", "⟨U+2066⟩⟨U+2069⟩⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩"),
        ("a\u200bb\ufeff\u2028\u2029", "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+2028⟩⟨U+2029⟩"),
        ("\ud800\ue000\U000e0041\u0378", "⟨U+D800⟩⟨U+E000⟩⟨U+E0041⟩⟨U+0378⟩"),
        ("\u3164\U000e0101", "⟨U+3164⟩⟨U+E0101⟩"),
        ("Zoë 漢字 עברית ⚠\ufe0f", "Zoë 漢字 עברית ⚠\ufe0f"),
    ],
)
def test_marks(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_breaks_stay_only_in_blocks() -> None:
    assert visible("a\tb\nc\r\nd\re") == "a b c d␍e"
    assert visible("a\tb\nc\r\nd\re", block=True) == "a\tb\nc\nd␍e"


@settings(deadline=None)
@given(ANY, st.booleans())
def test_nothing_hidden_is_left(text: str, block: bool) -> None:
    shown = visible(text, block=block)
    shown.encode()
    left = {unicodedata.category(char) for char in shown if not (block and char in "\n\t")}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert visible(shown, block=block) == shown


@settings(deadline=None)
@given(ANY, st.integers(1, 50))
def test_clip(text: str, limit: int) -> None:
    cut = clip(text, limit)
    assert len(cut) <= limit
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
