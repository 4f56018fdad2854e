"""Lint: values without quotes that YAML does not read as they look."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from claude_evidence.analyzers._lint_common import Complaints, Subject
from claude_evidence.analyzers._yaml_lines import Node

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)")
_OTHER_NUMBERS = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)|0o[0-7]+")
_CHECKED = ("title", "name", "detection", "custom", "falsepositives", "references", "logsource")
_FULL_CODE = re.compile(r"0x[0-9a-fA-F]{8}")


def check_scalars(subject: Subject) -> Complaints:
    """Yield every scalar that YAML reads as a number, truth value or date although it does not look like one."""
    for key, value in subject.node.pairs:
        yield from _key(key)
        if key.value in _CHECKED:
            for node in _walk(value):
                yield from _value(node)
    yield from _result_codes(subject)


def _walk(root: Node) -> Iterator[Node]:
    """Yield the scalars below *root*, keys included; shared (aliased) values once."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not node.pairs and not node.items:
            yield node
        stack.extend(part for pair in node.pairs for part in pair)
        stack.extend(node.items)


def _key(node: Node) -> Complaints:
    if not isinstance(node.value, str):
        yield node.line, f"the key {node.text} is read as {node.value!r}; put it in quotes"


def _value(node: Node) -> Complaints:
    if not node.plain:
        return
    value, text = node.value, node.text
    if isinstance(value, bool):
        if text.lower() not in ("true", "false"):
            yield node.line, f"{text} is read as {str(value).lower()}; put it in quotes, or write true or false"
    elif isinstance(value, int):
        if not _DECIMAL.fullmatch(text):
            yield node.line, f"{text} is read as the number {value}; put it in quotes"
    elif isinstance(value, (float, datetime.date)):
        yield (
            node.line,
            f"{text} is read as a {'date' if isinstance(value, datetime.date) else 'number'}; put it in quotes",
        )
    elif value is None:
        if not text:
            yield node.line, "a value is missing; write null, '' or [] if it is meant to be empty"
    elif _OTHER_NUMBERS.fullmatch(text):
        yield node.line, f"{text} is read as a number by other YAML readers; put it in quotes"


def _result_codes(subject: Subject) -> Complaints:
    """Yield HResult values that can match nothing: the column holds ``0x`` and eight digits."""
    detection = subject.node.get("detection")
    for mapping in _mappings(detection) if detection else ():
        for key, value in mapping.pairs:
            for node in (value.items or [value]) if key.value == "HResult" else ():
                if not node.is_mapping and node.text and node.value is not None and not _FULL_CODE.fullmatch(node.text):
                    yield node.line, f"HResult holds 0x and eight hex digits, so {node.text} matches nothing"


def _mappings(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_mapping:
            yield node
        stack.extend(value for _, value in node.pairs)
        stack.extend(node.items)
