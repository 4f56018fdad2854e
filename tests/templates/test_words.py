"""The words that every format shares."""

from __future__ import annotations

from claude_evidence.parsers import kinds
from claude_evidence.templates._words import NAMES


def test_every_parser_has_a_name_in_the_catalogue() -> None:
    assert {kind.replace("_", " ") for kind in kinds()} <= set(NAMES)
    assert len(NAMES) == len(set(NAMES))
