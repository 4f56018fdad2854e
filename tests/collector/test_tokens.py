"""Tokens: the same value has the same one under a key that stays on the machine."""

from __future__ import annotations

import hmac
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector import tokens
from claude_evidence.collector._types import Kind
from claude_evidence.usage import UsageError


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "redaction.key"
    key = tokens.load_key(path)
    assert len(key) == tokens.KEY_BYTES
    assert tokens.load_key(path) == key
    assert [p.name for p in path.parent.iterdir()] == ["redaction.key"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_machines_have_two_keys(tmp_path: Path) -> None:
    assert tokens.load_key(tmp_path / "a") != tokens.load_key(tmp_path / "b")


def test_the_key_lies_with_the_users_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert tokens.load_key() == tokens.load_key(tmp_path / "claude-evidence" / "redaction.key")


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 31, "schlüssel".encode()])
def test_what_is_no_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "redaction.key"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no key"):
        tokens.load_key(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="key of the redaction"):
        tokens.load_key(tmp_path / "file" / "redaction.key")


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_token_depends_on_key_kind_and_value_alone(one: str, other: str) -> None:
    first, second = tokens.Tokens(b"k" * 32), tokens.Tokens(b"k" * 32)
    second.token(Kind.USER, other)
    assert first.token(Kind.SECRET, one) == second.token(Kind.SECRET, one)
    assert first.token(Kind.VALUE, one) != first.token(Kind.SECRET, one)
    assert tokens.Tokens(b"l" * 32).token(Kind.SECRET, one) != first.token(Kind.SECRET, one)


def test_case_and_unicode_form_do_not_count_in_names() -> None:
    made = tokens.Tokens(b"k" * 32)
    assert len({made.token(Kind.USER, name) for name in ("Zoë", "ZOË", "zoe\u0308")}) == 1
    assert made.token(Kind.SECRET, "abcdefgh") != made.token(Kind.SECRET, "ABCDEFGH")
    assert made.counts == {"user": 3, "secret": 2}


def test_two_values_never_share_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    class Digest:
        def __init__(self, message: bytes) -> None:
            self.message = message

        def hexdigest(self) -> str:
            return "abcdef" + ("0" if b"one" in self.message else "1") + "0" * 57

    monkeypatch.setattr(hmac, "new", lambda key, message, digest: Digest(message))
    made = tokens.Tokens(b"k" * 32)
    assert made.token(Kind.USER, "one") == "user-abcdef"
    assert made.token(Kind.USER, "two") == "user-abcdef1"
    assert made.token(Kind.USER, "one") == "user-abcdef"
    assert made.mapping == {"user-abcdef": "one", "user-abcdef1": "two"}


def test_secrets_and_long_texts_are_not_in_the_mapping() -> None:
    made = tokens.Tokens(os.urandom(32))
    made.token(Kind.SECRET, "hunter2hunter2")
    made.token(Kind.VALUE, "x" * 5000)
    assert made.mapping == {}
