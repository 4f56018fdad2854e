"""Every text in a report, or in whatever types of ours hold some, replaced by another: one walk for all who need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
Change = Callable[[str, str], str]


def each_text(value: T, change: Change, name: str = "") -> T:
    """Return *value* with every text in it, at any depth, replaced by ``change(text, name of its field)``.

    The keys of a mapping are texts of the field ``name``; members of an enumeration are none.
    """
    return _changed(value, change, name)  # type: ignore[no-any-return]


def _changed(value: Any, change: Change, name: str) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return change(value, name)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _changed(getattr(value, f.name), change, f.name) for f in fields(value)})
    if isinstance(value, Mapping):
        return {_changed(key, change, "name"): _changed(item, change, name) for key, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_changed(item, change, name) for item in value)
    return value
