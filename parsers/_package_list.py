"""Format-List text of PowerShell: blocks of ``Name : value`` lines, long values wrapped at the console's width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_PAIR = re.compile(r"(?P<key>[A-Za-z]\w{0,63}) *: ?(?P<value>.*)")
_RULE = re.compile(r"[ \t]*-{2,}([ \t]+-{2,})*[ \t]*")


def blocks(text: str) -> Iterator[dict[str, str]]:
    """Yield one mapping per block; a blank line or a key met again begins the next.

    A wrapped value goes on in indented lines. Where a line ran to the full width the cut is inside a word, else it was
    made at a space, which the console swallowed.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    width = max(map(len, lines), default=0)
    block: dict[str, str] = {}
    key = before = ""
    for line in lines:
        match = _PAIR.fullmatch(line)
        if key and _continues(line):
            cut = len(before) == width and not before.endswith(",")
            block[key] += ("" if cut else " ") + line.strip()
        elif match:
            if match["key"] in block:
                yield block
                block = {}
            key = match["key"]
            block[key] = match["value"].lstrip()
        else:
            if block:
                yield block
            block, key = {}, ""
        before = line
    if block:
        yield block


def is_table(text: str) -> bool:
    """Return whether *text* has a Format-Table: names of columns, and under them a line of dashes."""
    lines = text.splitlines()
    return any("Name" in above and _RULE.fullmatch(rule) for above, rule in pairwise(lines))


def _continues(line: str) -> bool:
    return line[:1] == " " and bool(line.strip())
