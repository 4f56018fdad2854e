"""What people and tools said, where a log repeats it: titles and prompts in printed objects, and JSON of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from claude_evidence.collector._json_keys import is_own_branch
from claude_evidence.collector._pieces import Spans
from claude_evidence.collector._types import Kind
from claude_evidence.collector.scrub_json import JsonScrub

ANCHORS = ('{"', '["', '{\\"', '":', "title", "prompt", "text:", "content:", "summary:", "query:",
           "instructions:", "input:", "branch")  # fmt: skip
_TITLE = r"(?:custom|ai|session|window|conversation|display|new|old|prev|chat)?title"
_SAID = (
    r"(?:first|last|system|user|initial)?prompt|initialmessage|text|content|summary|query|instructions|input|completion"
)
FIELD = re.compile(
    rf"(?<![^\W_])(?:(?P<title>{_TITLE})|(?P<branch>(?:source|head|base|git)?branch)|(?:{_SAID}))(?:\\{{0,4}}[\"'])?"
    r"[ ]{0,2}[:=][ ]{0,2}(?P<quote>\\{0,4}[\"'`])",
    re.IGNORECASE,
)
JSON = re.compile(r"\{\s{0,2}\"(?=[^\"\n]{0,256}\"\s{0,2}:)|\{(?=\s{0,2}\}?\Z)|\[\s{0,2}(?=\{\s{0,2}\"|\")")
_FRAGMENT = re.compile(r"\s{0,256}\"[^\"\n]{0,256}\"\s{0,2}:")
_ITEM = re.compile(r"(\s{1,256}\")([^\n]{1,65536}?)(\"?,?)\Z")
_FAILURE = re.compile(r"error|fail|hresult|exception", re.IGNORECASE)
_KEPT = re.compile(r"[a-z]{2,8}-[0-9a-f]{6,64} \(\d{1,9}\)")


def find(text: str, scrub: JsonScrub, hide: Callable[[Kind, str], str]) -> Spans:
    """Yield what is said in *text*, one line of a log or more, hidden; the rest of its JSON scrubbed."""
    position = 0
    if _FRAGMENT.match(text):
        yield 0, len(text), scrub.fragment(text, error=bool(_FAILURE.search(text, 0, 512)))
        return
    if item := _ITEM.match(text):
        yield item.start(2), item.end(2), hide(Kind.VALUE, item[2])
        return
    json, field = JSON.search(text), FIELD.search(text)
    while json or field:
        if json and (not field or json.start() < field.start()):
            new, end = scrub.value_at(text, json.start(), error=bool(_FAILURE.search(text, 0, json.start())))
            yield json.start(), end, new
            position = max(end, json.end())
        elif field:
            start, end = field.end(), closing(text, field.end(), field["quote"])
            kept = _KEPT.fullmatch(text, start, end) or (field["branch"] and is_own_branch(text[start:end]))
            if end > start and not kept:
                yield start, end, hide(Kind.TITLE if field["title"] else Kind.VALUE, text[start:end])
            position = max(end, start)
        json = JSON.search(text, position) if json and json.start() < position else json
        field = FIELD.search(text, position) if field and field.start() < position else field


def runs_on(text: str, scrub: JsonScrub) -> bool:
    """Return whether *text*, the beginning of a very long line, ends within something said."""
    end = 0
    for start, stop, _ in find(text, scrub, lambda kind, value: ""):
        end = stop if stop > start else end
    return end == len(text)


def closing(text: str, start: int, quote: str) -> int:
    """Return where the text that *quote* opened ends: before the same quote, not escaped; else at the end."""
    position = text.find(quote, start)
    while position >= 0:
        backslashes = position - len(text[start:position].rstrip("\\")) - start if text[position - 1] == "\\" else 0
        if backslashes % 2 == 0:
            return position
        position = text.find(quote, position + 1)
    return len(text)
