"""``--language``: page, Markdown and terminal speak it, formats for programs do not, and no catalogue can do harm."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from claude_evidence import messages
from claude_evidence.analyzers.compare import compare
from claude_evidence.messages import loaded, spoken
from claude_evidence.model import UsageError
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from claude_evidence.templates import comparison
from claude_evidence.templates.render import HTML, JSON, MARKDOWN, render
from claude_evidence.templates.terminal import summary
from tests.messages import PLACE, compiled
from tests.messages import every as every_text
from tests.sample_sides import sample, side
from tests.templates.pseudo import SCRIPTS_WORDS
from tests.templates.test_markdown import check
from tests.test_cli import refused, run

TITLE = "Conversations are not saved because a rename crosses the package's redirection (EXDEV)"
Texts = Mapping[Any, str | tuple[str, ...]]
GERMAN: Texts = {
    "What to do": "Was zu tun ist",
    "%(level)s: %(title)s": "%(title)s (%(level)s)",
    "How sure:": "Wie sicher ist das:",
    "**How sure:** %(confidence)s": "**Wie sicher:** %(confidence)s",
    "high": "hoch",
    "Report: %(file)s": "Bericht: %(file)s",
    TITLE: "Unterhaltungen bleiben ungesichert (EXDEV)",
    ("%(num)s problem while reading", "%(num)s problems while reading"): (
        "%(num)s Fehler",
        "%(num)s Fehler beim Lesen",
    ),
    ("%(num)s file", "%(num)s files"): ("%(num)s Datei", "%(num)s Dateien"),
    "To keep in mind": "Zu bedenken",
    "can be brought back": "zu retten",
    ("%(num)s boot of the machine in between.", "%(num)s boots of the machine in between."): (
        "Dazwischen %(num)s Start.",
        "Dazwischen %(num)s Starts.",
    ),
}
FORMS = (HTML, MARKDOWN, JSON)
VALUE = re.compile(r"%\(\w+\)s|%%")
TAG = re.compile("<[^<>]*>")


def turned(text: str) -> str:
    """Return *text* with its tags in the opposite order."""
    tags = TAG.findall(text)
    return TAG.sub(lambda _: tags.pop(), text)


WAYS = {
    "a tag more": lambda text: f"{text}<img src=x onerror=alert(1)>",
    "a tag that is open": lambda text: f"{text} <a href=",
    "a value that nobody gives": lambda text: f"{text} %(num)s %(evil)s",
    "signs of percent": lambda text: text if "%" in VALUE.sub("", text) else f"100% %d %s {text} %",
    "a terminal's sequence": lambda text: f"\x1b[31m{text}",
    "letters the other way round": lambda text: f"\u202e{text}",
    "a direction that does not end": lambda text: f"\u2067{text}",
    "tags that close before they open": turned,
    "nothing": lambda _: " ",
}


def mo(path: Path, wanted: Texts, language: str = "de", rule: str = "") -> Path:
    path.write_bytes(compiled(wanted, language, rule))
    return path


def every(path: Path, way: Callable[[str], str]) -> Path:
    """Write a catalogue, said to be English, in which each text is what *way* makes of it."""
    return mo(path, every_text(way), "en")


@cache
def said(catalogue: Path | None = None) -> tuple[str, ...]:
    """Return a report as page, Markdown, JSON and terminal text."""
    report = side(sample("exdev-one-drive")).report
    with spoken(catalogue):
        page, *others = [*(render(report, form) for form in FORMS), summary(report, colour=False, width=90)]
    return (SCRIPTS_WORDS.sub("", page), *others)


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mo(tmp_path_factory.mktemp("german") / "de.mo", GERMAN)


def test_page_and_terminal_speak_it(german: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    for _ in range(2):  # the second time in place of the first, which is known as a report in any language
        done = run("analyze", sample("exdev-one-drive"), "--language", german, "-o", target)
        assert done.returncode == 0, done.stderr
    page = target.read_text("utf-8")
    assert '<html lang="de">' in page
    assert "Was zu tun ist" in page
    assert "Unterhaltungen bleiben ungesichert" in page
    assert "Findings" in page  # what has no translation
    assert "Was zu tun ist" in done.stdout.splitlines()
    assert "  ▲ hoch   Unterhaltungen bleiben ungesichert (EXDEV) (230 records)" in done.stdout
    assert done.stdout.splitlines()[0].startswith("▲ ")
    assert " (EXDEV) (hoch)" in " ".join(done.stdout.split())
    assert "  When:               2026-04-14" in done.stdout  # both begin in one column
    assert "  Wie sicher ist das: hoch" in done.stdout
    assert "51 Dateien" in done.stdout
    assert "0 Fehler beim Lesen." in " ".join(done.stdout.split())
    assert f"Bericht: {target}" in done.stdout


def test_markdown_speaks_it(german: Path) -> None:
    done = run("analyze", sample("exdev-one-drive"), "--language", german, "-f", "md", "-o", "-", "-q")
    assert done.returncode == 0, done.stderr
    assert "\n**Wie sicher:** hoch\n" in done.stdout
    assert "### ▲ Unterhaltungen bleiben ungesichert (EXDEV) (Hoch)\n" in done.stdout
    check(done.stdout)


@pytest.mark.parametrize("form", ["json", "csv", "timesketch", "parquet"])
def test_formats_for_programs_stay_english(form: str, german: Path, tmp_path: Path) -> None:
    made = []
    for number, language in enumerate(((), ("--language", german))):
        target = tmp_path / f"{number}.out"
        done = run("analyze", sample("exdev-one-drive"), "-f", form, "-o", target, "-q", *language)
        assert done.returncode == 0, done.stderr
        made.append(re.sub(rb'"created_at": "[^"]*"', b"", target.read_bytes()))
    assert made[0] == made[1]
    assert TITLE.encode() in made[0] or form == "parquet"


def test_the_way_back_speaks_it(german: Path, tmp_path: Path) -> None:
    write_tree(load(SCENARIOS / "all-null-session.yaml"), tmp_path / "disk")
    kits = []
    for number, language in enumerate(((), ("--language", german))):
        kits.append(tmp_path / f"kit{number}")
        done = run("recover", "--root", tmp_path / "disk", "-o", kits[-1], "-q", *language)
        assert done.returncode == 0, done.stderr
    english, told = ((kit / "plan.md").read_text("utf-8") for kit in kits)
    assert "| zu retten | 1 |" in told
    assert "## Was zu tun ist" in told
    for text, german_text in GERMAN.items():
        if isinstance(german_text, str):
            told = told.replace(german_text, str(text))
    assert told == english
    data = [json.loads((kit / "plan.json").read_text("utf-8")) for kit in kits]
    assert {**data[0], "kit_id": ""} == {**data[1], "kit_id": ""}


def test_diff_speaks_it(german: Path) -> None:
    pair = (sample("exdev-one-drive"), sample("healthy"))
    done = run("diff", *pair, "--language", german, "-q")
    assert done.returncode == 0, done.stderr
    compared = compare(*map(side, pair))
    with spoken(german):
        told = [done.stdout, comparison.to_markdown(compared), comparison.to_json(compared)]
    for text in told[:2]:
        assert "Dazwischen " in text
        assert "Unterhaltungen bleiben ungesichert" in text
    assert told[2] == comparison.to_json(compared)
    assert "Conversations are not saved" in told[2]


def test_what_is_no_catalogue_is_refused_before_anything_is_read(german: Path, tmp_path: Path) -> None:
    garbage, po, charset = (tmp_path / name for name in ("garbage.mo", "de.po", "charset.mo"))
    garbage.write_bytes(german.read_bytes()[:-300])
    po.write_bytes(PLACE.read_bytes()[:9000])
    charset.write_bytes(german.read_bytes().replace(b"charset=utf-8", b"charset=nokia"))
    for path in (garbage, po, charset):
        line = refused(run("analyze", tmp_path / "none.zip", "--language", path))
        assert line.startswith(f"Error: {path}: is no compiled catalogue of messages (.mo); msgfmt ")
    assert refused(run("analyze", tmp_path / "none.zip", "--language", tmp_path)).startswith(f"Error: {tmp_path}: ")
    missing = run("diff", tmp_path / "none.zip", tmp_path / "none.zip", "--language", tmp_path / "none.mo")
    assert refused(missing) == f"Error: {tmp_path / 'none.mo'}: No such file or directory"
    assert sorted(tmp_path.iterdir()) == sorted((garbage, po, charset))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mo"
    os.mkfifo(pipe)
    assert refused(run("analyze", tmp_path / "none.zip", "--language", pipe)) == f"Error: {pipe}: is no regular file"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pt_BR", "pt-BR"),
        ("zh_Hant_TW", "zh-Hant-TW"),
        ("es_419", "es-419"),
        ("de-1996", "de-1996"),
        ("zh_CN_Hans", "und"),
        ("zh-yue", "und"),
        ("de-1901-1901", "und"),
        ("de_DE.UTF-8", "und"),
        ('de" onclick="x', "und"),
        ("", "und"),
    ],
)
def test_browsers_know_every_language_that_a_page_names(header: str, language: str, tmp_path: Path) -> None:
    """A script that sorts by the language would stop at one that is no language, and all others with it."""
    told = loaded(mo(tmp_path / "one.mo", {}))
    told._info["language"] = header  # type: ignore[attr-defined]
    with spoken(told):
        assert messages.language() == language


def test_scripts_get_the_joiners_that_a_language_needs(tmp_path: Path) -> None:
    with spoken(every(tmp_path / "en.mo", lambda text: f"{text}\u200c")):
        page = render(side(sample("healthy")).report, HTML)
    words = SCRIPTS_WORDS.search(page)
    assert words is not None
    assert "Whole period\u200c" in words[0]
    assert "⟨U+" not in words[0]


def test_capital_letters_of_a_translation_stay(tmp_path: Path) -> None:
    wanted: Texts = {"needs administrator rights": "braucht Rechte", "high": "sehr Hoch"}
    with spoken(mo(tmp_path / "de.mo", wanted)):
        report = side(sample("exdev-one-drive")).report
        page, markdown = render(report, HTML), render(report, MARKDOWN)
    assert "Sehr Hoch" in page
    assert "Braucht Rechte" in page
    assert "Sehr Hoch" in markdown


def test_a_report_takes_no_catalogues_place(german: Path, tmp_path: Path) -> None:
    own = tmp_path / "de.html"
    own.write_bytes(german.read_bytes())
    line = refused(run("analyze", sample("healthy"), "--language", own, "-o", own, "--force"))
    assert "is read itself" in line
    assert own.read_bytes() == german.read_bytes()


def damaged(data: bytes, count: int) -> Iterator[bytes]:
    chosen = random.Random(20260517)  # the same each time
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(chosen.randrange(1, 9)):
            changed[chosen.randrange(len(data))] = chosen.randrange(256)
        yield bytes(changed[: chosen.choice((len(data), chosen.randrange(len(data))))])


def test_a_damaged_file_is_refused_or_says_what_it_can(german: Path, tmp_path: Path) -> None:
    place, refusals = tmp_path / "damaged.mo", 0
    for data in damaged(german.read_bytes(), 400):
        place.write_bytes(data)
        try:
            catalogue = loaded(place)
        except UsageError:
            refusals += 1
            continue
        with spoken(catalogue):
            assert re.fullmatch(r"[A-Za-z0-9-]+", messages.language())
            assert len(messages.plural_forms()) == 200
            for text in GERMAN:
                if isinstance(text, str):
                    assert messages.gettext(text, level="l", title="t", confidence="c", file="f")
                else:
                    one, many = text
                    assert all(messages.ngettext(one, many, num) for num in (0, 1, 2, 12345))
    assert 0 < refusals < 400


@pytest.mark.parametrize("rule", ["1/n", "n/(n-7)", "n*1000000000", "0-n", "(", "n" * 2000])
def test_a_rule_for_plurals_that_leads_nowhere_is_refused(rule: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no compiled catalogue"):
        loaded(mo(tmp_path / "rule.mo", GERMAN, rule=rule))


def test_a_rule_for_plurals_is_not_asked_for_large_numbers(tmp_path: Path) -> None:
    with spoken(mo(tmp_path / "rule.mo", GERMAN, rule="0*(1/(n-4321))")):
        assert messages.ngettext("%(num)s file", "%(num)s files", 4321) == "4,321 Datei"


@pytest.mark.parametrize("way", WAYS)
def test_a_translation_that_is_no_text_is_not_said(way: str, tmp_path: Path) -> None:
    assert said(every(tmp_path / "en.mo", WAYS[way])) == said()


def test_a_translation_may_leave_values_out(tmp_path: Path) -> None:
    page, markdown, document, terminal = said(every(tmp_path / "en.mo", lambda text: VALUE.sub("x", text)))
    # a value may be a link or a line break: what is left out is missing, and nothing more is there
    assert Counter(Shape(page).tags) <= Counter(Shape(said()[0]).tags)
    assert document == said()[2]
    check(markdown)
    assert "x" in terminal


def test_quotation_marks_leave_no_attribute(tmp_path: Path) -> None:
    page, markdown, *_ = said(
        every(tmp_path / "en.mo", lambda text: f"{text}\" onmouseover=\"alert(1)' onfocus='alert(1)")
    )
    assert Shape(page).tags == Shape(said()[0]).tags
    assert "onmouseover" in page
    check(markdown)


@pytest.mark.parametrize(
    "sign", ["@octocat", "#12", "![x](https://x.invalid)", "`", "a | b", "https://x.invalid", "\\", "$x$"]
)
def test_signs_of_markdown_stay_inert(sign: str, tmp_path: Path) -> None:
    markdown = said(every(tmp_path / "en.mo", lambda text: f"{text} {sign}"))[1]
    check(markdown)


def test_large_numbers_take_the_form_of_their_last_two_digits(tmp_path: Path) -> None:
    place = mo(
        tmp_path / "pl.mo",
        {("%(num)s file", "%(num)s files"): ("%(num)s plik", "%(num)s pliki", "%(num)s plików")},
        "pl",
    )
    with spoken(place):
        told = [
            messages.ngettext("%(num)s file", "%(num)s files", num) for num in (1, 2, 5, 12, 22, 1002, 1012, 3_000_122)
        ]
    assert [text.split()[1] for text in told] == [
        "plik",
        "pliki",
        "plików",
        "plików",
        "pliki",
        "pliki",
        "plików",
        "pliki",
    ]
    assert told[-1].startswith("3,000,122 ")


def test_a_catalogue_can_be_said_as_often_as_it_is_wanted(german: Path) -> None:
    catalogue = loaded(german)
    for _ in range(2):
        with spoken(catalogue):
            assert messages.gettext("What to do") == "Was zu tun ist"
        assert messages.gettext("What to do") == "What to do"
