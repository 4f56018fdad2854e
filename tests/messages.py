"""The message catalogue: every English text of the report, gathered from code, templates, scripts and rules.

``python -m tests.messages`` writes it anew.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from claude_evidence import __version__

HEADER = """\
# Every English text of the reports of claude-evidence, made by ``python -m tests.messages``.
# docs/translating.md says how a translation is made of it. MIT licence, as the project.
#"""
MADE = datetime(2026, 1, 1, tzinfo=UTC)  # of no interest, and it would change each time
OF_NO_INTEREST = ('"Report-Msgid-Bugs-To:', '"Last-Translator:', '"Language-Team:', '"Generated-By:')
ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "templates" / "messages.pot"
ONE, MANY = ("gettext", "gettext_noop", "lazy_gettext"), ("ngettext", "lazy_ngettext")
KEYWORDS: dict[str, Any] = {**dict.fromkeys(ONE), **dict.fromkeys(MANY, (1, 2))}
SOURCES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("src/claude_evidence/*.py", "python", {}),
    ("parsers/*.py", "python", {}),
    ("analyzers/*.py", "python", {}),
    ("templates/*.py", "python", {}),
    ("templates/**/*.j2", "jinja2", {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}),
    ("templates/scripts/*.js", "javascript", {}),
)
# The words of a rule that a report shows, by the keys that lead to them.
RULE_WORDS = ("title", "falsepositives", "explanation", "facts", "remedy", "does_not_work", "for_developers")
INNER_WORDS = ("label", "step", "worked")


@cache
def gathered() -> Catalog:
    """Return every text with the files that it stands in, in an order that changes only with them."""
    catalogue = Catalog(
        project="claude-evidence", version=__version__, header_comment=HEADER, creation_date=MADE, fuzzy=False
    )
    for name, text in sorted({*_in_code(), *_in_rules()}, key=lambda one: (one[0], str(one[1]))):
        catalogue.add(text, locations=[(name, 0)])
    return catalogue


def _in_code() -> Iterator[tuple[str, Any]]:
    for pattern, method, options in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            with path.open("rb") as file:
                for _, message, _, _ in extract(method, file, KEYWORDS, options=options):
                    yield path.relative_to(ROOT).as_posix(), message


def _in_rules() -> Iterator[tuple[str, Any]]:
    for path in sorted((ROOT / "rules").glob("*/*.yml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            for text in _said({**document, **document.get("custom", {})}, RULE_WORDS):
                yield path.relative_to(ROOT).as_posix(), text


def _said(entry: Any, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        value = entry.get(key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield from _said(one, INNER_WORDS)
            elif one:
                yield str(one)


def every(way: Callable[[str], str]) -> dict[Any, str | tuple[str, ...]]:
    """Return all texts, each with what *way* makes of it."""
    ids = [one.id for one in gathered() if one.id]
    return {one: way(one) if isinstance(one, str) else tuple(map(way, one)) for one in ids}


def compiled(texts: Mapping[Any, str | tuple[str, ...]], language: str = "de", rule: str = "") -> bytes:
    """Return a catalogue as gettext reads it; *rule* is its rule for plurals, by default that of *language*."""
    made = Catalog(locale=language)
    made._plural_expr = rule or made.plural_expr  # type: ignore[assignment]
    for one, said in texts.items():
        made.add(one, said)
    file = io.BytesIO()
    write_mo(file, made)
    return file.getvalue()


def text() -> str:
    """Return the catalogue as a file of gettext."""
    made = io.BytesIO()
    write_po(made, gathered(), width=110, include_lineno=False, omit_header=False)
    lines = made.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(OF_NO_INTEREST))


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
    print(f"{PLACE}: {len(gathered())} texts")
