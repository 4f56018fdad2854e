"""Texts that can be said in other languages: English in the code, and what a translation can and cannot do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_evidence.analyzers._and_or import both, either
from claude_evidence.messages import (
    Message,
    english,
    gettext,
    joined,
    language,
    lazy_gettext,
    lazy_ngettext,
    ngettext,
    plural_forms,
    spoken,
    told,
    translated,
)
from claude_evidence.model import Level, UsageError
from claude_evidence.reveal import reveal
from tests.messages import compiled

Texts = Mapping[str | tuple[str, str], str | tuple[str, ...]]
Speaking = Callable[[Texts], AbstractContextManager[None]]


def written(path: Path, texts: Texts, locale: str = "de") -> Path:
    path.write_bytes(compiled(texts, locale))
    return path


@pytest.fixture
def speaking(tmp_path: Path) -> Speaking:
    return lambda texts: spoken(written(tmp_path / "made.mo", texts))


def test_message_is_english_and_tells_another_language(speaking: Speaking) -> None:
    text = lazy_gettext("%(title)s; it has started again since", title="Claude")
    assert text == "Claude; it has started again since"
    assert told(text) == text
    with speaking({"%(title)s; it has started again since": "seither läuft wieder: %(title)s"}):
        assert text == "Claude; it has started again since"
        assert {text: 1}["Claude; it has started again since"] == 1
        assert told(text) == "seither läuft wieder: Claude"
        assert english(told(text)) == text
        assert language() == "de"
    assert told(text) == english(text) == text
    assert language() == "en"


def test_english_of_what_was_never_told_is_itself() -> None:
    assert english("plain") == "plain"
    assert english(lazy_gettext("a message")) == "a message"


def test_values_may_be_messages(speaking: Speaking) -> None:
    inner = lazy_gettext("after a normal quit")
    text = lazy_gettext("started again, %(how)s", how=inner)
    with speaking({"started again, %(how)s": "neu gestartet, %(how)s", "after a normal quit": "nach normalem Ende"}):
        assert told(text) == "neu gestartet, nach normalem Ende"
    with speaking({"after a normal quit": "nach normalem Ende"}):
        assert told(text) == "started again, nach normalem Ende"


def test_joined_parts_are_told_one_by_one(speaking: Speaking) -> None:
    text = joined([lazy_gettext("one thing"), "100 %", lazy_gettext("another")], " % ")
    assert text == "one thing % 100 % % another"
    assert joined([]) == ""
    with speaking({"one thing": "eins", "another": "noch eins"}):
        assert told(text) == "eins % 100 % % noch eins"


@pytest.mark.parametrize(
    ("number", "in_english", "in_polish"),
    [(1, "1 record", "1 wpis"), (3, "3 records", "3 wpisy"), (5, "5 records", "5 wpisów"), (3796, "3,796 records", "")],
)
def test_numbers_choose_their_form(number: int, in_english: str, in_polish: str, tmp_path: Path) -> None:
    one, many = "%(num)s record", "%(num)s records"
    texts: Texts = {(one, many): ("%(num)s wpis", "%(num)s wpisy", "%(num)s wpisów")}
    text = lazy_ngettext(one, many, number)
    assert text == ngettext(one, many, number) == in_english
    with spoken(written(tmp_path / "pl.mo", texts, "pl")):
        assert told(text) == ngettext(one, many, number) == (in_polish or "3,796 wpisów")
        assert plural_forms()[:6] == [2, 0, 1, 1, 1, 2]
    assert plural_forms()[:3] == [1, 0, 1]


def test_form_for_one_need_not_say_the_number(speaking: Speaking) -> None:
    forms = "one of %(all)s", "%(num)s of %(all)s"
    assert lazy_ngettext(*forms, 1, all=7) == "one of 7"
    with speaking({forms: ("%(num)s von %(all)s", "%(num)s aus %(all)s")}):
        assert told(lazy_ngettext(*forms, 1, all=7)) == "1 von 7"
        assert ngettext(*forms, 2, all=7) == "2 aus 7"


@dataclass(frozen=True, slots=True)
class Held:
    text: str
    level: Level
    inner: tuple[str, ...] = ()
    facts: Mapping[str, str] | None = None


def test_everything_that_holds_messages_is_told(speaking: Speaking) -> None:
    text = lazy_gettext("high")
    held = Held(text, Level.HIGH, ("high", text), {"high": text})
    assert told([held]) == [held]
    with speaking({"high": "hoch"}):
        [got] = told([held])
        assert got == Held("hoch", Level.HIGH, ("high", "hoch"), {"high": "hoch"})
        assert got.level is Level.HIGH
        assert told((1, None, Level, b"high")) == (1, None, Level, b"high")
        assert told(told(held)) == got


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<b>%(name)s</b> is there", "<i>%(name)s</i> ist da"),
        ("%(name)s is there", "<script>%(name)s"),
        ("%(name)s is there", "%(name)s ist < da"),
        ("<b>%(name)s</b> is there", "%(name)s ist da"),
        ("%(name)s is there", "%(other)s ist da"),
        ("%(name)s is there", "%(num)s ist da"),
        ("%(name)s is there", "%(name)d ist da"),
        ("%(name)s is there", "%(name)s ist zu 100 % da"),
        ("%(name)s is at 100 %%", "%(name)s ist bei 100 %"),
    ],
)
def test_translation_with_another_frame_is_refused(text: str, said: str, speaking: Speaking) -> None:
    with speaking({text: said}):
        assert translated(text) == text
        assert gettext(text, name="it") == told(lazy_gettext(text, name="it")) == text % {"name": "it"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<b>%(name)s</b> is <i>there</i>", "<i>da</i> ist <b>%(name)s</b>"),
        ("%(name)s is there", "da"),
        ("%(name)s is at 100 %%", "%(name)s ist bei 100 %%"),
    ],
)
def test_translation_may_change_the_order_and_leave_a_value_out(text: str, said: str, speaking: Speaking) -> None:
    with speaking({text: said}):
        assert gettext(text, name="it") == said % {"name": "it"}


def test_refused_form_leaves_the_text_in_english(speaking: Speaking) -> None:
    with speaking({("%(num)s row", "%(num)s rows"): ("%(num)s Zeile", "%(count)s Zeilen")}):
        assert ngettext("%(num)s row", "%(num)s rows", 1) == "1 Zeile"
        assert ngettext("%(num)s row", "%(num)s rows", 2) == "2 rows"


def test_percent_without_values_stays(speaking: Speaking) -> None:
    text = lazy_gettext("full to 100 %")
    assert text == "full to 100 %"
    with speaking({"full to 100 %": "zu 100 % voll"}):
        assert told(text) == "zu 100 % voll"


def test_revealed_message_stays_a_message(speaking: Speaking) -> None:
    text = lazy_gettext("%(name)s is there: %(detail)s", name="user-0a1b2c", detail=lazy_gettext("of user-0a1b2c"))
    shown = reveal(text, {"user-0a1b2c": "Zoë"})
    assert shown == "Zoë is there: of user-0a1b2c"
    assert isinstance(shown, Message)
    with speaking({"%(name)s is there: %(detail)s": "da ist %(name)s (%(detail)s)"}):
        assert told(shown) == "da ist Zoë (of user-0a1b2c)"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda text: pickle.loads(pickle.dumps(text))])
def test_copied_message_stays_a_message(again: Callable[[str], str], speaking: Speaking) -> None:
    text = lazy_ngettext("%(num)s of %(what)s", "%(num)s of %(what)s", 2000, what=lazy_gettext("them"))
    got = again(text)
    assert got == text == "2,000 of them"
    assert isinstance(got, Message)
    with speaking({("%(num)s of %(what)s",) * 2: ("%(num)s %(what)s",) * 2, "them": "von ihnen"}):
        assert told(got) == told(text) == "2,000 von ihnen"
        assert english(again(told(text))) == text


def test_damaged_catalogue_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.mo", {"a": "b"}).read_bytes()
    damaged = tmp_path / "damaged.mo"
    for data in (b"", b"msgid", whole[:40], whole[:-60], b"\0" * len(whole), whole.replace(b"utf-8", b"utf-9")):
        damaged.write_bytes(data)
        with pytest.raises(UsageError, match=r"damaged\.mo: [A-Za-z]"), spoken(damaged):
            pass
    for place in (tmp_path, tmp_path / "none.mo"):
        with pytest.raises(UsageError, match=str(place.name)), spoken(place):
            pass
    with spoken(None):
        assert gettext("a") == "a"


def test_thousands_of_parts_can_be_told_and_revealed(speaking: Speaking) -> None:
    parts = [f"part{number}" for number in range(5000)]
    said = both(parts)
    assert said == " and ".join(parts)
    assert either(parts[:3]) == "part0 or part1 or part2"
    with speaking({"%(one)s and %(other)s": "%(one)s und %(other)s"}):
        assert told(said) == " und ".join(parts)
    assert reveal(both([*parts, "user-0a1b2c"]), {"user-0a1b2c": "alice"}).endswith(" and part4999 and alice")
