"""Stands in for ``wevtutil.exe`` where Windows is imitated: the events of a sample, chosen by the query, as real EVTX.

``qe CHANNEL /c:1 /rd:true /f:xml`` prints the newest event, ``epl CHANNEL FILE /q:QUERY /ow:true`` exports; exit codes
as winerror.h has them. Queries are read as the documented subset of XPath, and everything else is refused.
"""

from __future__ import annotations

import operator
import pickle
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claude_evidence.samples.evtx_writer import EventRecord

ANSWERS = Path("C:\\ProgramData\\answers")
NO_CHANNEL, BAD_QUERY = 15007, 15001
TOKEN = re.compile(r"\s*(@?[A-Za-z]\w*|\d+|'[^']*'|<=|>=|!=|[=<>()\[\]*])")
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Node = Mapping[str, Any]


class Query:
    """``*[System[…]]`` as a question to one event."""

    def __init__(self, text: str) -> None:
        self.words = list(tokens(text))
        if text.count(" or ") + text.count(" and ") > 20:
            raise ValueError("a condition this long is refused")
        for word in ("*", "[", "System", "["):
            self.take(word)
        self.asked = self.either()
        self.take("]")
        self.take("]")
        if self.words:
            raise ValueError(f"{self.words[0]} is too much")

    def take(self, wanted: str = "") -> str:
        if not self.words or (wanted and self.words[0] != wanted):
            raise ValueError(f"{wanted or 'more'} is missing")
        return self.words.pop(0)

    def either(self) -> Callable[[Node], bool]:
        parts = [self.both()]
        while self.words[:1] == ["or"]:
            self.take()
            parts.append(self.both())
        return lambda node: any(part(node) for part in parts)

    def both(self) -> Callable[[Node], bool]:
        parts = [self.one()]
        while self.words[:1] == ["and"]:
            self.take()
            parts.append(self.one())
        return lambda node: all(part(node) for part in parts)

    def one(self) -> Callable[[Node], bool]:
        word = self.take()
        if word == "(":
            inner = self.either()
            self.take(")")
            return inner
        if self.words[:1] == ["["]:
            self.take("[")
            inner = self.either()
            self.take("]")
            return lambda node: inner(node[word])
        compare, value = COMPARED[self.take()], literal(self.take())
        return lambda node: compare(node[word], value)


def tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"{text[at:]} is not understood")
        yield match[1]
        at = match.end()


def literal(word: str) -> int | str:
    if word.startswith("'"):
        return word[1:-1].removesuffix("Z").ljust(23, "0") if re.match(r"'\d{4}-\d\d-\d\dT", word) else word[1:-1]
    return int(word)


def system(record: EventRecord) -> Node:
    """Return the System section of *record* as the query names it."""
    time = f"{record.time:%Y-%m-%dT%H:%M:%S}.{record.time.microsecond // 1000:03d}"
    provider = {"@Name": record.provider, "@EventSourceName": record.event_source_name or ""}
    return {
        "EventID": record.event_id,
        "Level": record.level,
        "Provider": provider,
        "TimeCreated": {"@SystemTime": time},
    }


def main(words: list[str]) -> int:
    """Do what *words* ask for; return the exit code."""
    command, channel, *rest = words
    kept = ANSWERS / f"{channel.replace('/', '%4')}.pickle"
    if not kept.exists():
        sys.stderr.write("The specified channel could not be found.\n")
        return NO_CHANNEL
    records: list[EventRecord] = pickle.loads(kept.read_bytes())
    if command == "qe":
        assert rest == ["/c:1", "/rd:true", "/f:xml"], rest
        newest = records[-1].time
        sys.stdout.write(f"<Event><System><TimeCreated SystemTime='{newest:%Y-%m-%dT%H:%M:%S.%f}0Z'/></System></Event>")
        return 0
    target, query, overwrite = rest
    assert (command, query[:3], overwrite) == ("epl", "/q:", "/ow:true"), words
    try:
        asked = Query(query[3:]).asked
        chosen = [record for record in records if asked(system(record))]
    except (ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"The specified query is invalid: {error}\n")
        return BAD_QUERY
    from claude_evidence.samples.evtx_writer import write_evtx

    Path(target).write_bytes(write_evtx(chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
