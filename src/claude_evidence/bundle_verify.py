"""Whether bags keep what they promise: every payload and tag file there, none too many, each with its hash."""

from __future__ import annotations

from collections.abc import Iterable

from claude_evidence.bundle_bag import INFO, Bag, differences, oxum_difference
from claude_evidence.bundle_entry import Entry
from claude_evidence.bundle_limits import MemberError, ProblemLog
from claude_evidence.bundle_reading import Reading
from claude_evidence.bundle_sources import Part
from claude_evidence.model import Problem


def verify_parts(parts: Iterable[Part], reading: Reading) -> tuple[Problem, ...]:
    """Return each difference between the bags among *parts* and their promises; what cannot be read counts as one."""
    found = ProblemLog()
    for part in parts:
        if part.bag:
            _verify_bag(part.bag, part.prefix, reading, found)
    return found.all()


def _verify_bag(bag: Bag, prefix: str, reading: Reading, found: ProblemLog) -> None:
    for path, message in differences(bag):
        found.add(prefix + path, message)
    for path, entries in bag.files.items():
        for entry in entries:
            if message := _difference(bag, path, entry, reading, prefix + path):
                found.add(prefix + path, message)
    if message := oxum_difference(bag):
        found.add(f"{prefix}{INFO}", message)


def _difference(bag: Bag, path: str, entry: Entry, reading: Reading, where: str) -> str:
    try:
        sha256 = reading.hash(entry, where)
    except MemberError as error:
        return f"cannot be verified: {error}"
    broken = sorted(bag.promised(path) - {sha256})
    return f"is altered: its SHA-256 is {sha256}, promised is {' and '.join(broken)}" if broken else ""
