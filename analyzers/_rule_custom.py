"""What a document says under ``custom``, in the form that the rest may rely on, whatever a stranger wrote there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXTS = frozenset({"explanation", "confidence", "for_developers", "count_by"})
_WORDS = frozenset({"does_not_work", "because_of", "leads_to", "needs", "group_by"})


def shaped(custom: Any) -> tuple[dict[str, Any], list[str]]:
    """Return what can be used of *custom*, and the keys of which something cannot.

    Texts are texts; ``versions`` maps text to text; ``remedy`` and ``facts`` are lists of mappings with scalar values,
    a fact has ``label`` and ``field``; the other keys that are known are lists of texts (``group_by`` may be one text).
    """
    if custom is None:
        return {}, []
    if not isinstance(custom, dict):
        return {}, [""]
    found: dict[str, Any] = {}
    wrong = []
    for key, value in ((str(key), value) for key, value in custom.items() if value is not None):
        kept = _shaped(key, value)
        if kept != value:
            wrong.append(key)
        if kept or kept == value:
            found[key] = kept
    return found, wrong


def _shaped(key: str, value: Any) -> Any:
    """Return *value* without what has no place under *key*."""
    if key in _TEXTS:
        return value if isinstance(value, str) else ""
    if key in _WORDS:
        return value if isinstance(value, str) and key == "group_by" else [v for v in _list(value) if _plain(v)]
    if key == "versions":
        return _scalars(value)
    if key == "remedy":
        return [step for step in map(_scalars, _list(value)) if step]
    if key == "facts":
        return [fact for fact in map(_scalars, _list(value)) if _is_fact(fact)]
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _scalars(value: Any) -> dict[Any, Any]:
    return {k: v for k, v in value.items() if _plain(k) and _plain(v)} if isinstance(value, Mapping) else {}


def _plain(value: Any) -> bool:
    return value is not None and not isinstance(value, list | dict)


def _is_fact(fact: Mapping[Any, Any]) -> bool:
    return all(isinstance(fact.get(name), str) for name in ("label", "field")) and isinstance(
        fact.get("show", "values"), str
    )
