"""The words of the page's scripts in the language of the report, as JSON that the page brings along."""

from __future__ import annotations

import json
import re

from claude_evidence import messages

_STRING = r'"((?:[^"\\]|\\.)*)"'
_CALL = re.compile(rf"\b(?:gettext\({_STRING}|ngettext\({_STRING},\s*{_STRING})")


def script_words(script: str) -> str:
    """Return ``{"forms": [form of 0, 1, …], "texts": {text: text or forms}}``; "" in English, which scripts hold."""
    if not messages.is_translated():
        return ""
    forms = messages.plural_forms()
    example = {form: number for number, form in reversed(list(enumerate(forms)))}
    texts: dict[str, str | list[str]] = {}
    for found in _CALL.findall(script):
        text, one, many = (json.loads(f'"{part}"') for part in found)
        if many:
            texts[many] = [messages.translated_many(one, many, example.get(n, 2)) for n in range(max(forms) + 1)]
        else:
            texts[text] = messages.translated(text)
    return json.dumps({"forms": forms, "texts": texts}, ensure_ascii=False, separators=(",", ":"))
