"""The last look at a sample before it is written: does anything of the original stand in it still?"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from claude_evidence.case_text import raw_of, texts_in
from claude_evidence.invented import ids
from claude_evidence.moved_times import days

if TYPE_CHECKING:
    from claude_evidence.case import Case
    from claude_evidence.samples_given import Given

_IDENTIFYING = frozenset(("user", "name", "host", "domain", "sid", "email", "account", "org"))
_SHORTEST = 4


def left(given: Given, small: Case, told: Case, texts: Mapping[str, str], bundle: Path) -> list[str]:
    """Return a line for each thing of the original that is left in *texts* or in *bundle*, which was built of them.

    Identities are sought in both as the redaction's audit does; every identifier, and every date of *small*, the case
    before its times were moved, in the texts; what else the redaction hid (titles, folders, values, secrets, addresses)
    in *told*, the case of which the texts were made: their other words are rules' names and such.
    """
    whole = "\n".join(texts.values())
    dates = days(json.dumps(raw_of(small, {}), default=str, ensure_ascii=False)) & days(whole)
    return [
        *_identities(given, texts, bundle),
        *(f"left: a {kind}" for kind in sorted(_hidden(given, told))),
        *(f"left: the identifier {value}" for value in sorted(given.ids & ids(whole))),
        *(f"left: the date {day}" for day in sorted(dates)),
    ]


def _identities(given: Given, texts: Mapping[str, str], bundle: Path) -> Iterator[str]:
    from claude_evidence.collector._types import Kind
    from claude_evidence.collector.audit import audit
    from claude_evidence.collector.discovery import Discovering

    discovery = Discovering()
    for token, value in given.mapping.items():
        if (kind := token.partition("-")[0]) in _IDENTIFYING:
            discovery.fact(Kind(kind), value)
    identities = discovery.redactor(redact_ips=True).identities
    beside = bundle.with_name("texts.zip")
    with zipfile.ZipFile(beside, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"texts/{name}", text)
    yield from (str(leak) for place in (bundle, beside) for leak in audit(place, identities))


def _hidden(given: Given, told: Case) -> set[str]:
    """Return the kinds of what is hidden everywhere in the redacted bundle and yet stands in *told*."""
    written = "\n".join(texts_in(told)).casefold()
    suspects = {
        value.casefold(): token.partition("-")[0]
        for token, value in given.mapping.items()
        if len(value) >= _SHORTEST and value.casefold() in written
    }
    before = "\n".join(texts_in(given.case)).casefold() if suspects else ""
    return {kind for value, kind in suspects.items() if value not in before}
