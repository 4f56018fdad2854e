"""Sigma read once more, row by row and without any library: what the evaluator must agree with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
MANY, ONE = object(), object()


def lowered(char: str) -> str:
    low = char.lower()
    return low if len(low) == 1 and (low < "\x80") == (char < "\x80") else char


def tokens(text: str) -> list[Any]:
    r"""Split a Sigma value into characters and wildcards: ``\*``, ``\?`` and ``\\`` stand for themselves."""
    result: list[Any] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in ("*", "?", "\\") and position + 1 < len(text):
            result.append(text[position + 1])
            position += 2
            continue
        result.append({"*": MANY, "?": ONE}.get(char, char))
        position += 1
    return result


def like(pattern: list[Any], text: str) -> bool:
    """Match by trying every split: a table over prefixes of the text."""
    reachable = {0}
    for token in pattern:
        if token is MANY:
            reachable = set(range(min(reachable), len(text) + 1)) if reachable else set()
        else:
            reachable = {at + 1 for at in reachable if at < len(text) and (token is ONE or text[at] == token)}
    return len(text) in reachable


def as_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def one_value(row: Row, field: str, modifiers: list[str], wanted: Any) -> bool:
    value = as_text(row.get(field))
    if "exists" in modifiers:
        return (value is not None) is bool(wanted)
    if wanted is None:
        return value is None
    if value is None:
        return False
    if "fieldref" in modifiers:
        other = as_text(row.get(wanted))
        return other is not None and referred(value, other, modifiers)
    for name in ("lt", "lte", "gt", "gte"):
        if name in modifiers:
            return compared(value, name, wanted)
    if "re" in modifiers:
        return re.search(wanted, value, re.IGNORECASE if "i" in modifiers else 0) is not None
    return string_matches(value, modifiers, wanted)


def referred(value: str, other: str, modifiers: list[str]) -> bool:
    value, other = ("".join(map(lowered, text)) for text in (value, other))
    if "contains" in modifiers:
        return other in value
    if "startswith" in modifiers:
        return value[: len(other)] == other
    if "endswith" in modifiers:
        return value[len(value) - len(other) :] == other if len(other) <= len(value) else False
    return value == other


def compared(value: str, name: str, wanted: float) -> bool:
    if not re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", value, re.ASCII):
        return False
    number = float(value)
    return {"lt": number < wanted, "lte": number <= wanted, "gt": number > wanted, "gte": number >= wanted}[name]


def string_matches(value: str, modifiers: list[str], wanted: Any) -> bool:
    pattern = tokens(as_text(wanted) or "")
    if "contains" in modifiers or "endswith" in modifiers:
        pattern = [MANY, *pattern]
    if "contains" in modifiers or "startswith" in modifiers:
        pattern = [*pattern, MANY]
    if "cased" not in modifiers:
        value = "".join(map(lowered, value))
        pattern = [lowered(token) if isinstance(token, str) else token for token in pattern]
    return like(pattern, value)


def item(row: Row, key: str, wanted: Any) -> bool:
    field, *modifiers = key.split("|")
    values = wanted if isinstance(wanted, list) else [wanted]
    combine = all if "all" in modifiers else any
    result: bool = combine(one_value(row, field, modifiers, value) for value in values)
    return result != ("neq" in modifiers)


def selection(row: Row, definition: Any) -> bool:
    if isinstance(definition, list):
        return any(selection(row, part) for part in definition)
    return all(item(row, key, wanted) for key, wanted in definition.items())


def holds(row: Row, detection: Mapping[str, Any], tree: Any) -> bool:
    """Evaluate a condition given as a tree: a name, or (operator, part, …)."""
    if isinstance(tree, str):
        return selection(row, detection[tree])
    operator, *parts = tree
    results = [holds(row, detection, part) for part in parts]
    return {"and": all(results), "or": any(results), "not": not results[0]}[operator]


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return tree
    operator, *parts = tree
    return f"not ({written(parts[0])})" if operator == "not" else "(" + f" {operator} ".join(map(written, parts)) + ")"
