"""Names in every spelling, place and encoding: none is left."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from claude_evidence.collector._types import Kind, Scrub
from tests.collector.redact_helpers import both, discovering, scrubbed

USERS = ("alice", "Zoë", "claude", "al", "admin", "home", "Alice Smith", "O'Brien", "José Müller", "Łukasz", "田中",
         "beef", "12345", "bob.builder", "user")  # fmt: skip
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-16", "cp1252", "cp437", "cp850")
POSITIONS = {
    "windows": r"x C:\Users\{}\Documents\a.txt y",
    "escaped": r'"C:\\Users\\{}\\Documents"',
    "escaped twice": r"C:\\\\Users\\\\{}\\\\x",
    "address": "file:///C:/Users/{}/x",
    "linux": "cd /home/{}/x && ls",
    "macos": '"/Users/{}/Library/x"',
    "URL-encoded": "C%3A%5CUsers%5C{}%5Cx",
    "URL-encoded part": "a%2FUsers%2F{}%2Fx",
    "end of line": r"Session storage directory does not exist yet, skipping load: C:\Users\{}",
    "quoted": r'rename "C:\Users\{}" -> "D:\x"',
    "domain": r"DESKTOP-SAMPLE\{} logged",
    "field": "username={} ok",
    "share": r"\\server\Users\{}\x",
    "relative": r"Users\{}\AppData",
}
ANYWHERE = {
    "free": "hello {} there",
    "underscore": "x_{}_backup",
    "dash": "-{}-",
    "e-mail": "to {}@example.com now",
    "after an escape": r"\n{}\n",
    "after a percent": "%5C{}%2F",
}
TOKEN = re.compile(r"(?:user|path|host|email|name|secret)-[0-9a-f]{6,}")


def spellings(name: str) -> Iterator[str]:
    yield from (name, name.upper(), name.lower(), name.swapcase(), unicodedata.normalize("NFD", name))
    yield json.dumps(name)[1:-1]
    yield json.dumps(name)[1:-1].upper().replace("\\U", "\\u")
    yield quote(name, safe="")


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def left_over(name: str, template: str, text: str) -> bool:
    rest = folded(TOKEN.sub("~", text))
    return folded(name) in rest and folded(name) not in folded(template.replace("{}", "\0"))


@pytest.mark.parametrize("user", USERS)
def test_no_name_is_left_in_any_spelling_place_and_encoding(user: str) -> None:
    redactor = discovering(user).redactor()
    [identity] = [i for i in redactor.identities if i.kind is Kind.USER]
    places = POSITIONS | (ANYWHERE if identity.anywhere else {})
    planted = 0
    for place, template in places.items():
        for spelling in spellings(user):
            text = f"2026-05-17 08:10:03 [info] {template.format(spelling)}\r\n"
            for encoding in ENCODINGS:
                try:
                    data = text.encode(encoding)
                except UnicodeEncodeError:
                    continue
                planted += 1
                result = scrubbed(redactor, data).decode(encoding)
                assert not left_over(spelling, template, result), (place, encoding, result)
                assert result.startswith("2026-05-17 08:10:03 [info] ")
                assert result.endswith("\r\n")
    assert planted > 300


@settings(max_examples=40)
@given(
    st.text(st.characters(codec="utf-16", categories=["Ll", "Lu", "Nd"], max_codepoint=0x24F), min_size=4, max_size=12),
    st.sampled_from(sorted(POSITIONS)),
    st.sampled_from(ENCODINGS[:4]),
)
def test_any_name_is_replaced_in_its_place(name: str, place: str, encoding: str) -> None:
    assume(name[0].isalpha() and any(c.isalpha() and c not in "abcdef" for c in name.lower()))
    assume(name.lower().upper().lower() == name.lower())  # what changes its letters with its case is another name
    redactor = discovering(name).redactor()
    for spelling in spellings(name):
        data = f"{POSITIONS[place].format(spelling)}\n".encode(encoding)
        result = scrubbed(redactor, data).decode(encoding)
        assert not left_over(spelling, POSITIONS[place], result), result


@settings(max_examples=4)
@given(st.integers(0, 60), st.sampled_from(["alice", "Zoë", "al"]))
def test_a_name_cut_by_a_block_is_still_found(offset: int, user: str) -> None:
    line = ("x" * 1024 + " ") * 1023 + "y" * offset + rf" C:\Users\{user}\a " + "z" * 5000
    result, _ = both(line.encode(), Scrub.TEXT, user)
    assert user.encode() not in result
    assert result.startswith(b"x" * 1024)
    assert result.endswith(b"z" * 5000)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_within_a_log_of_bytes_is_found(encoding: str) -> None:
    data = b"2026-05-17 08:10:03 [error] stderr: " + r"C:\Users\alice\a by Alice ".encode(encoding) + b" end\n"
    result, _ = both(data, Scrub.TEXT, "alice")
    assert b"alice" not in result.replace(b"\0", b"").lower()
    assert result.endswith(b" end\n")


def test_words_dates_and_our_own_tokens_are_no_names() -> None:
    discovery = discovering("Public", "Default", "user-3fa94c", "claude", "2026-05-17")
    found = {i.value: i.anywhere for i in discovery.redactor().identities if i.kind is Kind.USER}
    assert found == {"claude": False, "2026-05-17": False}
    text = "2026-05-17 08:10:03 [info] claude.exe started by Claude in user-3fa94c on 2026-05-17"
    assert discovery.redactor().text(text) == text


def test_short_names_of_windows_stand_for_the_long_ones() -> None:
    redactor = discovering("Alice Liddell").redactor()
    long, short = redactor.text(r"C:\Users\Alice Liddell\x"), redactor.text(r"C:\Users\ALICEL~1\x")
    assert long == short
    assert "ALICEL" not in redactor.text("see ALICEL~1 there")


def test_what_an_earlier_run_replaced_stays() -> None:
    text = r"C:\Users\alice\garden of alice@example.com, sk-ant-api03-abcdefghijklmnopqrstuvwx, title: 'A long story'"
    redactor = discovering("alice").redactor()
    once = redactor.text(text)
    assert once != text
    assert discovering("alice").redactor().text(once) == once
    assert redactor.text(once) == once


def test_ids_of_sessions_stay_and_those_of_accounts_do_not() -> None:
    line = (
        "[info] [LocalSessionManager] Initialization succeeded — accountId=0d42b622-a090-41ec-aafa-ec63d7728336, "
        "orgId=1d42b622-a090-41ec-aafa-ec63d7728336, existingSessions=3 local_9d42b622-a090-41ec-aafa-ec63d7728336\n"
    )
    result, redactor = both(line.encode())
    text = result.decode()
    assert re.search(r"accountId=account-[0-9a-f]{6}, orgId=org-[0-9a-f]{6}, existingSessions=3", text)
    assert "local_9d42b622-a090-41ec-aafa-ec63d7728336" in text
    folder = redactor.path("C:/x/claude-code-sessions/0D42B622-A090-41EC-AAFA-EC63D7728336/x.json")
    assert folder.split("/")[3] == re.search(r"account-[0-9a-f]+", text)[0]  # type: ignore[index]
