"""The report as JSON, described by ``report.schema.json``: every field, in the order of the types.

The densities alone are left out: they serve drawing, and ``-f timesketch``, ``csv`` and ``parquet`` have every row.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from claude_evidence.model import Report
from claude_evidence.templates._clock import iso
from claude_evidence.templates._visible import mark, visible

SCHEMA = "claude-evidence/report/1"
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(report: Report) -> str:
    r"""Return the report as JSON that reads back to the same text, ends with a newline and is safe to print.

    What a terminal would act on or hide is written as ``\uXXXX``; a lone surrogate, which is not text, as its mark.
    """
    return plain_json(SCHEMA, report, leave_out=("densities",))


def plain_json(schema: str, value: Any, *, leave_out: Collection[str] = ()) -> str:
    """Return a dataclass as such JSON, with *schema* first and without the fields to *leave_out*."""
    told = {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name not in leave_out}
    document = {"schema": schema, **told}
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    return "\n".join(_escaped(line) for line in text.split("\n")) + "\n"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return _SURROGATE.sub(lambda match: mark(ord(match[0])), value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return iso(value)
    return _container(value)


def _container(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=str)
    raise TypeError(f"a report cannot hold a {type(value).__name__}")


def _escaped(line: str) -> str:
    """Return one line of JSON with every character that ``visible`` would mark as a JSON escape."""
    if line.isprintable() and visible(line) == line:
        return line
    return "".join(char if visible(char) == char else json.dumps(char)[1:-1] for char in line)
