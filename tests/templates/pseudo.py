"""A language made by machine: English with accents on its vowels, so that what passes the catalogue by can be seen.

``python -m tests.templates.pseudo SAMPLE`` prints the words of its reports that are still plain English.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from claude_evidence import messages
from claude_evidence.analyzers._taxonomy_data import SERVICES
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.cli_analyze import examined
from claude_evidence.messages import MARKUP, spoken
from claude_evidence.model import Report
from claude_evidence.parsers import columns
from claude_evidence.parsers._appx_maps import LOW_OPTIONS, NO_OPTION, OPERATIONS
from claude_evidence.progress import Progress
from claude_evidence.templates.render import HTML, JSON, MARKDOWN, render
from claude_evidence.templates.terminal import summary
from tests.messages import ROOT, compiled, every

PLAIN, ACCENTED = "aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"
ACCENTS, BACK = str.maketrans(PLAIN, ACCENTED), str.maketrans(ACCENTED, PLAIN)
KEPT = re.compile(rf"(%\(\w+\)s|&\w+;|{MARKUP.pattern})")
WORD = re.compile(r"[^\W\d_]{3,}")
# The fields of a report that say something in words; the others are evidence, names and fixed values.
OURS = {
    *(f".verdict.{name}" for name in ("headline", "what_happened", "when", "what_to_do.text", "what_to_do.worked")),
    *(f".findings.{name}" for name in ("title", "explanation", "remedy.text", "remedy.worked")),
    *(f".findings.{name}" for name in ("does_not_work", "false_positives", "for_developers")),
    *(f".conversations.{name}" for name in ("proof", "how", "detail")),
    *(".not_judged.title", ".not_judged.detail", ".timeline.text", ".boots.summary", ".notes"),
}
SIGNS = ("UTC", "SHA-256")
SCRIPTS_WORDS = re.compile(r'<div id="words" hidden>.*?</div>\n')
"""What a page in another language carries beside its words."""
MARKS = re.compile(r"</?(?:details|summary|sub)>|^```\w+$")
"""What GitHub reads and a person does not see."""
OWN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt")


def accented(text: str) -> str:
    """Return *text* in the language of this module, its values, tags and entities as they are."""
    return "".join(part if n % 2 else part.translate(ACCENTS) for n, part in enumerate(KEPT.split(text)))


@cache
def catalogue() -> bytes:
    """Return the compiled catalogue of all texts."""
    return compiled(every(accented), "en")  # for its two forms of plural


def report_of(sample: Path) -> Report:
    """Return the report on *sample* in the language that is spoken."""
    with Progress(quiet=True) as progress:
        return examined([sample], load_rules([]), progress, zone=None)[1]


class Said(HTMLParser):
    """What a page says, in text and in attributes that are read out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script") or ("hidden", None) in attrs:  # the scripts' words lie there in English too
            self.inside.append(tag)
        self.texts += [value for name, value in attrs if value and name in OWN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.texts.append(data)


def plain_words(text: str) -> set[str]:
    """Return the words of *text* that hold a vowel without an accent."""
    return {word for word in WORD.findall(text) if set(word) & set(PLAIN)}


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value with the keys that lead to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, path)
    elif isinstance(value, str):
        yield path, value


@cache
def names() -> set[str]:
    """Return the words of what has the same name in every language: signs, Windows' steps, columns and event logs."""
    channels = [channel for service in SERVICES.values() for channel in service]
    steps = [name for name in (NO_OPTION, *LOW_OPTIONS, *OPERATIONS.values()) if name and " " not in name]
    fields = [field for table in columns().values() for field in table]
    return {word for name in (*SIGNS, *steps, *fields, *channels) for word in plain_words(name) if not word.islower()}


def untranslated(report: Report) -> Iterator[tuple[str, str, set[str]]]:
    """Yield where *report* still says plain English: the form, the text, and its words that no evidence has."""
    parts = list(strings(json.loads(render(messages.told(report), JSON))))
    evidence = names() | {word for path, text in parts if path not in OURS for word in plain_words(text)}
    for finding in messages.told(report.findings):
        yield from ((".findings.facts", label, words) for label, _ in finding.facts if (words := plain_words(label)))
    for path, text in parts:
        tables = {word for table in columns() for word in plain_words(table)} if path == ".not_judged.detail" else set()
        if path in OURS and (words := plain_words(text) - evidence - tables):
            yield path, text, words
    evidence |= {word for path, text in parts if path in OURS for word in plain_words(text)}
    forms = {
        "page": Said(render(report, HTML)).texts,
        "Markdown": [MARKS.sub("", line) for line in render(report, MARKDOWN).splitlines()],
        "terminal": summary(report, colour=False, width=100).splitlines(),
    }
    for form, texts in forms.items():
        for text in texts:
            if words := {word for word in plain_words(text) - evidence if not _is_part(word, evidence)}:
                yield form, text, words


def _is_part(word: str, evidence: set[str]) -> bool:
    """Return whether *word* is digits of a hash, or the beginning of a longer word that was cut off."""
    return set(word) <= set("abcdef") or any(one.startswith(word) for one in evidence)


@contextmanager
def speaking() -> Iterator[None]:
    """Speak this language."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "accented.mo"
        place.write_bytes(catalogue())
        with spoken(place):
            yield


if __name__ == "__main__":
    with speaking():
        for sample in sys.argv[1:]:
            for form, text, words in untranslated(report_of(ROOT / "samples" / f"{sample}.zip")):
                print(f"{form}: {' '.join(sorted(words)[:9])}: {text.strip()[:160]!r}")
