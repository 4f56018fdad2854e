"""The report's words: English in the code, in another language by a catalogue of gettext.

``templates/messages.pot`` holds every English text in one place; docs/translating.md says how a translation is made.
Values stand in a text as ``%(name)s``; a whole number gets its separators. What the analysis says is made before the
language is known, and rules and tests read it: it stays English (`lazy_gettext`) until a template asks (`told`).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from claude_evidence.each_text import each_text
from claude_evidence.usage import UsageError

if TYPE_CHECKING:
    from gettext import GNUTranslations

MARKUP = re.compile(r"<[^<>]*>")
"""A tag in a text for the page."""
_VALUE = re.compile(r"%\((\w+)\)s|%%")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LANGUAGE = re.compile(  # no more parts than browsers take: language, script, region and one variant
    r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-(?:[A-Za-z]{2}|[0-9]{3}))?(-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))?"
)
_LISTED, _MOST_FORMS = 200, 10
_catalogues: list[GNUTranslations] = []


class Message(str):
    """A text that can be said in other languages; as a ``str`` it is English."""

    __slots__ = ("forms", "number", "values")
    forms: tuple[str, ...]
    number: int
    values: Mapping[str, object]

    def __new__(cls, forms: tuple[str, ...], values: Mapping[str, object], number: int = 1) -> Message:
        """*forms* is one text, or one for one thing and one for *number* of them; *values* stand in it."""
        text = forms[0] if number == 1 else forms[-1]
        made = super().__new__(cls, _filled(text, values))
        made.forms, made.values, made.number = forms, values, number
        return made

    def told(self) -> str:
        """Return the text in the language of the report."""
        one, *many = self.forms
        text = translated_many(one, many[0], self.number) if many else translated(one)
        return Told(_filled(text, {name: told(value) for name, value in self.values.items()}), str(self))

    def having(self, values: Mapping[str, object]) -> Message:
        """Return the same text with other *values* in it."""
        return Message(self.forms, values, self.number)

    def __getnewargs__(self) -> tuple[tuple[str, ...], Mapping[str, object], int]:  # type: ignore[override]
        return self.forms, self.values, self.number


class Told(str):
    """What a `Message` says in the language of the report; code that has to read it reads its ``english``."""

    __slots__ = ("english",)
    english: str

    def __new__(cls, text: str, english: str) -> Told:
        """Hold *text*, and what it is in English."""
        made = super().__new__(cls, text)
        made.english = english
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.english


def english(text: str) -> str:
    """Return *text* of a report as it was before it was told: words that code looks for are English ones."""
    return text.english if isinstance(text, Told) else text


def gettext_noop(text: str) -> str:
    """Return *text* as it is, and have it in the catalogue: for constants, which are translated where they are said."""
    return text


def lazy_gettext(text: str, **values: object) -> str:
    """Return *text* with *values* in English, to be told in another language later."""
    return Message((text,), values)


def lazy_ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return the form for *num* things, in which ``%(num)s`` is that number, like `lazy_gettext`."""
    return Message((one, many), {"num": num, **values}, num)


def joined(parts: Iterable[str], between: str = " ") -> str:
    """Return *parts* as one text, each of which may be a message."""
    said = list(parts)
    names = [f"part{number}" for number in range(len(said))]
    return Message(
        (between.replace("%", "%%").join(f"%({name})s" for name in names),), dict(zip(names, said, strict=True))
    )


def gettext(text: str, **values: object) -> str:
    """Return *text* in the language of the report, with *values* in their places."""
    return _filled(translated(text), values)


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return the form for *num* things in the language of the report; ``%(num)s`` is that number."""
    return _filled(translated_many(one, many, num), {"num": num, **values})


def shown(values: Mapping[str, object]) -> dict[str, object]:
    """Return *values* as they stand in a text."""
    return {name: f"{value:,}" if type(value) is int else value for name, value in values.items()}


def told(value: Any) -> Any:
    """Return *value*, a message or whatever holds some, in the language of the report."""
    if not _catalogues:
        return value
    return each_text(value, lambda text, _: text.told() if isinstance(text, Message) else text)


def translated(text: str) -> str:
    """Return *text* in the language of the report, its values not yet filled in."""
    return _fit(text, _catalogues[-1].gettext(text)) if _catalogues and text else text


def translated_many(one: str, many: str, num: int) -> str:
    """Return the form for *num* things in the language of the report, its values not yet filled in."""
    english = one if num == 1 else many
    return _fit(english, _catalogues[-1].ngettext(one, many, num), "num") if _catalogues else english


def is_translated() -> bool:
    """Return whether a catalogue says the texts, in whatever language."""
    return bool(_catalogues)


def language() -> str:
    """Return the language of the report (BCP 47); ``und`` where its catalogue does not say."""
    if not _catalogues:
        return "en"
    named = _catalogues[-1].info().get("language", "").replace("_", "-")
    return named if _LANGUAGE.fullmatch(named) else "und"


def plural_forms() -> list[int]:
    """Return which form of a text the numbers 0 to 199 take: of all larger ones, the last two digits decide."""
    return [int(_catalogues[-1].plural(num)) if _catalogues else int(num != 1) for num in range(_LISTED)]  # type: ignore[attr-defined]


@contextmanager
def spoken(catalogue: Path | GNUTranslations | None) -> Iterator[None]:
    """Say everything in the language of *catalogue* (what `loaded` returned, or its file), or in English.

    UsageError where it is none.
    """
    if catalogue is None:
        yield
        return
    _catalogues.append(loaded(catalogue) if isinstance(catalogue, Path) else catalogue)
    try:
        yield
    finally:
        _catalogues.pop()


def loaded(path: Path) -> GNUTranslations:
    """Return the catalogue in the compiled file at *path*; UsageError where it is none."""
    from gettext import GNUTranslations

    reason = "is no compiled catalogue of messages (.mo); msgfmt or pybabel compile makes one of a .po"
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, and a device has no end
            raise OSError(errno.EINVAL, "is no regular file")
        with path.open("rb") as file:
            made = GNUTranslations(file)
        forms = [int(made.plural(num)) for num in range(_LISTED)]  # type: ignore[attr-defined]
    except OSError as error:
        reason = error.strerror if error.errno and error.strerror else reason
    except Exception:  # noqa: BLE001, S110 - whatever a damaged file makes of offsets, charset and rule for plurals
        pass
    else:
        if min(forms) >= 0 and max(forms) < _MOST_FORMS:
            # a rule for plurals is code of a stranger: what it said is kept, and it is not asked again
            made.plural = lambda num: forms[num if num < _LISTED else _LISTED // 2 + num % 100]  # type: ignore[attr-defined]
            return made
    raise UsageError(f"{path}: {reason}")


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text % shown(values) if values else text


@lru_cache(maxsize=4096)
def _fit(text: str, said: str, *more: str) -> str:
    """Return *said* where it has the tags of *text*, and no values but its own and *more*, which are there too.

    A translation can spoil no report; neither are line breaks and other controls a part of it where *text* has none.
    """
    mine, theirs = _frame(text), _frame(said)
    named = theirs.values <= {*mine.values, *more} and theirs.controls <= mine.controls
    return said if named and theirs[2:] == mine[2:] and said.strip() else text


class _Frame(NamedTuple):
    values: frozenset[str]
    controls: frozenset[str]
    tags: tuple[str, ...]
    nested: bool
    stray: tuple[bool, int]


def _frame(text: str) -> _Frame:
    """Return what of *text* is not words: values, tags, and signs of either that are none."""
    names = frozenset(match[1] for match in _VALUE.finditer(text) if match[1])
    stray = "%" in _VALUE.sub("", text), MARKUP.sub("", text).count("<")
    tags = MARKUP.findall(text)
    return _Frame(names, frozenset(_CONTROL.findall(text)), tuple(sorted(tags)), _nested(tags), stray)


def _nested(tags: Iterable[str]) -> bool:
    """Return whether each of *tags* is closed by one after it, the last opened first: what is left open never ends."""
    still: list[str] = []
    for tag in tags:
        if not tag.startswith("</"):
            still.append(tag[1:-1].partition(" ")[0])
        elif not still or still.pop() != tag[2:-1]:
            return False
    return not still
