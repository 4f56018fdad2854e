"""Secrets are removed by their shape and by the name before them; what only looks like one stays."""

from __future__ import annotations

from itertools import pairwise

import pytest

from claude_evidence.collector import secret_shapes
from claude_evidence.collector.redactor import Redacting
from tests.collector.redact_helpers import discovering

PLANTED = {
    "Anthropic key": ("key sk-ant-api03-{} used", "abcDEF123456abcDEF123456"),
    "GitHub token": ("pushed with ghp_{}", "abcdefghijklmnopqrst0123456789abcdef"),
    "AWS key": ("id AKIA{}", "ABCDEFGHIJKLMNOP"),
    "JWT": ("jwt eyJhbGciOiJIUzI1NiJ9.{}", "eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    "scheme": ("Authorization: Bearer {}", "abcdefghijklmnop0123"),
    "password in a URL": ("https://alice:{}@example.com/x", "hunter22"),
    "named": ("password={} ok", "hunter22"),
    "two names, one value": ("api_key: secret: {}", "hunter22"),
    "named like our tokens": ("api_key={}", "key-1234567890abcdef1234567890abcdef"),
    "behind what is like our tokens": ("Cookie: theme-abcdef12; sid={}", "hunter22"),
    "behind one of our tokens": ("Cookie: user-abcdef12; sid={}", "hunter22"),
    "glued to one of our tokens": ("password=secret-abcdef{}", "hunter22"),
    "key in a request": ("GET /x?sig={}&y=1", "0123456789abcdefABCDEF"),
}


@pytest.fixture(scope="module")
def redactor() -> Redacting:
    return discovering("alice").redactor()


@pytest.mark.parametrize("case", PLANTED)
def test_a_secret_nobody_knew_is_removed(redactor: Redacting, case: str) -> None:
    template, secret = PLANTED[case]
    assert secret not in redactor.text(template.format(secret))
    assert redactor.counts["secret"]


@pytest.mark.parametrize("text", ["password=secret-abcdef", "token: secret-abcdef12 (40)", "secret=null, token: none"])
def test_what_was_replaced_and_what_is_empty_stays(redactor: Redacting, text: str) -> None:
    assert redactor.text(text) == text


@pytest.mark.parametrize("text", ["token=" * 20_000, "cookie:token=" * 10_000, "sk-" * 40_000, "eyJ." * 30_000])
def test_values_within_values_are_told_once(text: str) -> None:
    spans = list(secret_shapes.find(text))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert len(spans) < 100
