"""JSON in logs and documents: what it says is made private, and nothing else of it is lost."""

from __future__ import annotations

import json

import pytest

from claude_evidence.collector._types import Kind, Scrub
from tests.collector.redact_helpers import ACCOUNT, ORG, both

WORDS = (Scrub.TEXT, Scrub.JSON)


@pytest.mark.parametrize("scrub", WORDS)
@pytest.mark.parametrize("before", ["", "ë "])
def test_half_a_surrogate_pair_is_written_as_it_was(scrub: Scrub, before: str) -> None:
    text = r'{"error": {"message": "lost \ud83d for alice"}}'
    result, _ = both(f"{before if scrub is Scrub.TEXT else ''}{text}\n".encode(), scrub, "alice")
    assert rb"lost \ud83d for user-" in result


@pytest.mark.parametrize("scrub", WORDS)
def test_a_key_that_stands_twice_is_learnt_and_kept_twice(scrub: Scrub) -> None:
    text = '{"username": "wonderland", "username": "lookingglass", "error": "of wonderland"}'
    result, redactor = both(f"{text}\n".encode(), scrub)
    assert {i.value for i in redactor.identities if i.kind is Kind.USER} == {"wonderland", "lookingglass"}
    assert result.count(b'"username":') == 2
    assert b"wonderland" not in result


def test_keys_that_become_one_are_both_kept() -> None:
    result, _ = both(b'error {"error": {"Alice": 1, "alice": 2}}\n', Scrub.TEXT, "alice")
    assert result.count(b'"user-') == 2


def test_numbers_of_a_log_are_written_as_they_were() -> None:
    text = b'state {"state": 1.50, "phase": 1e400, "step": 12345678901234567890, "code": 0.1}\n'
    assert both(text)[0] == text


@pytest.mark.parametrize("broken", [False, True])
def test_what_was_said_is_hidden_and_what_it_gives_away_is_learnt(broken: bool) -> None:
    text = json.dumps({"prompt": "mail queen@example.org for alice", "result": {"user": "nobody I know", "note": ORG}})
    lines = f"sent {text[: -1 if broken else None]}\nqueen@example.org\naccountId={ACCOUNT}\n{ACCOUNT}\n"
    result, redactor = both(lines.encode(), Scrub.TEXT, "alice")
    assert b"mail" not in result.replace(b"email-", b"")
    assert b"queen" not in result
    assert ACCOUNT.encode() not in result
    assert "nobody I know" not in {i.value for i in redactor.identities}


def test_every_replacement_is_counted() -> None:
    [one, two] = [both(b"C:\\Users\\alice\\a\n" * n, Scrub.TEXT, "alice")[1] for n in (1, 2)]
    path = "C:/Users/alice/x"
    for redactor in (one, two):
        redactor.path(path)
        before = redactor.counts["user"]
        redactor.path(path)
        assert redactor.counts["user"] == before + 1
    assert two.counts["user"] == one.counts["user"] + 1
