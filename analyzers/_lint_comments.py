"""Lint: text that was meant to be read and is a YAML comment, as in ``worked: Helped in #59934, not elsewhere``."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ISSUE = re.compile(r"\s#\d")
_BLOCK = re.compile(r"[:-]\s+[|>][-+]?\s*\Z")


def swallowed(text: str) -> Iterator[int]:
    """Yield the line (1-based) of every plain value that an issue number cuts short: `` #`` begins a comment."""
    block = -1
    for number, line in enumerate(text.splitlines(), 1):
        depth = len(line) - len(line.lstrip())
        if block >= 0 and (depth > block or not line.strip()):
            continue
        block = depth if _BLOCK.search(line) else -1
        found = _ISSUE.search(line)
        if found and not _quoted(line[: found.start()]) and line.strip()[0] != "#":
            yield number


def _quoted(before: str) -> bool:
    """Return whether a quotation is open at the end of *before*."""
    value = re.sub(r"^.*?[:\-\[,{]\s+(?=['\"])", "", before)
    return value[:1] in ("'", '"') and value.count(value[0]) % 2 == 1
