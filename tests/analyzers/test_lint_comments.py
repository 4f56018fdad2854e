from __future__ import annotations

import pytest

from claude_evidence.analyzers._lint_comments import swallowed


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("worked: Helped in #59934; others say no", [1]),
        ("a: 1\n  - step: See #12", [2]),
        ("worked: 'Helped in #59934; others say no'", []),
        ('worked: "Helped in #59934"', []),
        ("# see #59934", []),
        ("issues: [59934]  # one report", []),
        ("text: >-\n  as in #59934\n  and #1\nnext: see #7", [4]),
        ("it's: here in #5", [1]),
        ("- 'it''s in #5'", []),
        ("url: https://example.com/#5", []),
    ],
)
def test_values_cut_short_by_an_issue_number(text: str, lines: list[int]) -> None:
    assert list(swallowed(text)) == lines
