"""Names in places and spellings that are rare: beside a SID, in escaped or URL-encoded fields, in escaped paths."""

from __future__ import annotations

import pytest

from claude_evidence.collector._types import Kind, Scrub
from tests.collector.redact_helpers import both, discovering

SHORT = (
    "owned by S-1-5-21-1-2-3-1001 (al)",
    "al (S-1-5-21-1-2-3-1001) logged on",
    "sid-0ee59e (al)",
    "sid-0ee59e%20%28al%29",
    r"at DESKTOP-SAMPLE%5Cal",
    r"at DESKTOP-SAMPLE%255Cal",
    "USERNAME%3Dal",
    "user%3A%20al",
    r"\"username\":\"al\"",
    r"\\\"username\\\":\\\"al\\\"",
    "%22username%22%3A%22al%22",
    "%2522username%2522%253A%2522al%2522",
    "%252Fhome%252Fal%252Fx",
    "%252Fc%252FUsers%252Fal%252Fx",
    "%255C%255C%253F%255CC%253A%255CUsers%255Cal%255Cy",
    "/export/home/al/x",
)


@pytest.mark.parametrize("text", SHORT)
def test_a_short_name_is_replaced_where_only_an_identity_stands(text: str) -> None:
    redactor = discovering("al").redactor()
    token = redactor.text(r"C:\Users\al").rpartition("\\")[2]
    assert token in redactor.text(text)


@pytest.mark.parametrize("text", ["owner: al-3fa94c", "user-3fa94c, owner: user-5fa94c", "user: algebra", "al 1001"])
def test_tokens_and_longer_words_are_no_short_names(text: str) -> None:
    redactor = discovering("al", "user").redactor()
    assert redactor.text(text) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zoë", r"DESKTOP-SAMPLE\\\\Zo\\u00eb logged on"),
        ("O'Brien", r"by O\'Brien"),
        ("O'Brien", "VALUES ('O''Brien')"),
        ("İpek", "USERNAME%253D%25C4%25B0pek"),
        ("ff-co", "USERNAME%253Dff-co"),
    ],
)
def test_a_name_is_replaced_however_it_is_escaped(name: str, text: str) -> None:
    redactor = discovering(name).redactor()
    token = redactor.text(rf"C:\Users\{name}\x").split("\\")[2]
    assert token in redactor.text(text)


@pytest.mark.parametrize(
    "text",
    [
        r'{"C:\\Users\\\u674e\u660e\\x',
        r'"C:\\Users\\\u674e\u660e\\x"',
        r'"C:\\\\Users\\\\\\u674e\\u660e\\\\x"',
    ],
)
def test_an_escaped_letter_after_a_separator_begins_the_name(text: str) -> None:
    result, redactor = both(text.encode(), Scrub.TEXT)
    assert [i.value for i in redactor.identities if i.kind is Kind.USER] == ["李明"]
    assert b"u674e" not in result


def test_a_share_escaped_twice_is_no_host_of_its_folders() -> None:
    text = r"\\\\\\\\srv\\\\c$\\\\Users\\\\claude\\\\z"
    _, redactor = both(text.encode(), Scrub.TEXT)
    found = {(i.kind, i.value) for i in redactor.identities if i.value != "DESKTOP-SAMPLE"}
    assert found == {(Kind.USER, "claude")}


@pytest.mark.parametrize("user", ["O'Brien", "D'Arcy Smith"])
@pytest.mark.parametrize(
    "text",
    [
        r"at C:\Users\{} end",
        r"scandir 'C:\Users\{}'",
        r"rename 'C:\Users\{}' -> 'D:\x'",
        "cd /home/{} now",
        r'"C:\Users\{}"',
    ],
)
def test_an_apostrophe_within_a_name_ends_no_path(user: str, text: str) -> None:
    redactor = discovering(user).redactor()
    token = redactor.text(rf"C:\Users\{user}\x").split("\\")[2]
    assert redactor.text(text.format(user)).replace("path-183144", "x") == text.format(token)


def test_an_apostrophe_in_a_name_that_only_a_path_tells_is_learnt_with_it() -> None:
    result, redactor = both(rb"ENOENT: scandir 'C:\Users\O'Brien'", Scrub.TEXT)
    assert b"Brien" not in result
    assert "O'Brien" in [i.value for i in redactor.identities]


def test_an_escaped_apostrophe_ends_no_path_either() -> None:
    redactor = discovering("O'Brien").redactor()
    token = redactor.text(r"C:\Users\O'Brien\x").split("\\")[2]
    assert redactor.text(r"'C:\\Users\\O\'Brien' gone") == rf"'C:\\Users\\{token}' gone"


@pytest.mark.parametrize("text", [r"owner=J\u00fcrgen", r"user: J\\u00fcrgen", r"logged on as J\u00fcrgen"])
def test_an_escaped_letter_makes_no_domain_of_what_is_before_it(text: str) -> None:
    _, redactor = both(text.encode(), Scrub.TEXT)
    assert not [i for i in redactor.identities if i.kind is Kind.DOMAIN or i.value.startswith("u00")]
