"""Two bundles of one machine: what is new, gone and changed, and whether a failure has happened since the first.

A log holds what happened months ago: that a failure is in both bundles says nothing. What counts is whether it has
records from after the first was taken, and whether the later evidence goes on beyond that moment at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from claude_evidence.analyzers._types import Hit
from claude_evidence.analyzers._versions import host_version
from claude_evidence.analyzers.joins import reference_time
from claude_evidence.comparison import Answer, Comparison, ConversationChange, FactChange, FindingChange
from claude_evidence.model import Evidence, Finding, Level, Report, UsageError

HAPPENINGS = frozenset({"events", "app_log"})
"""Tables whose rows stay when what they tell of is over; the rows of the others are states."""
FACTS = ("os", "build")
ORDER = {answer: place for place, answer in enumerate(Answer)}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its evidence, the report on it, and the rows that each finding rests on."""

    evidence: Evidence
    report: Report
    hits: tuple[Hit, ...]

    @property
    def taken(self) -> datetime | None:
        """When the evidence was taken."""
        return reference_time(self.evidence)


Key = tuple[str, str]


def compare(before: Side, after: Side) -> Comparison:
    """Return what changed from *before* to *after*; UsageError where they are of two machines, or swapped."""
    _refuse_two_machines(before, after)
    if before.taken and after.taken and before.taken > after.taken:
        raise UsageError("the first bundle was taken after the second: give the earlier one first")
    changes = sorted(_findings(before, after), key=lambda one: (-one.level.rank, ORDER[one.answer], one.title))
    taken = before.taken
    boots = [boot for boot in after.report.boots.entries if boot.kind == "boot" and taken and boot.time > taken]
    return Comparison(
        _headline(changes), taken, after.taken, tuple(changes), tuple(_conversations(before, after)),
        tuple(_facts(before, after)), len(boots), tuple(_notes(before, after)), after.report.manifest.timezone,
    )  # fmt: skip


def _refuse_two_machines(before: Side, after: Side) -> None:
    names = [side.report.manifest.host.get("name", "") for side in (before, after)]
    if all(names) and names[0].casefold() != names[1].casefold():
        raise UsageError(f"the bundles are of two machines, {names[0]!r} and {names[1]!r}: they cannot be compared")


def _findings(before: Side, after: Side) -> Iterator[FindingChange]:
    old, new = _by_key(before), _by_key(after)
    hits = {(hit.document.stem, hit.group): hit for hit in after.hits}
    for key in {**new, **old}:
        finding = new.get(key) or old[key]
        if finding.level is Level.INFORMATIONAL:
            continue
        count, now = (side[key].count if key in side else 0 for side in (old, new))
        since = _since(hits.get(key), after, before.taken)
        answer, detail = _answer(key, old, new, since, before, after, hits.get(key))
        yield FindingChange(
            finding.rule, finding.title, finding.level, answer, finding.group, count, now, since or 0,
            finding.last_seen, detail,
        )  # fmt: skip


def _by_key(side: Side) -> Mapping[Key, Finding]:
    return {(finding.rule, finding.group): finding for finding in side.report.findings}


def _since(hit: Hit | None, side: Side, moment: datetime | None) -> int | None:
    """Return how many records of *hit* tell of something later than *moment*; None where that cannot be told."""
    rows = {table: rows for table, rows in hit.rows.items() if table in HAPPENINGS} if hit else {}
    if not rows or moment is None:
        return None
    times = pd.concat([side.evidence.tables[table]["TimeCreated"].iloc[places] for table, places in rows.items()])
    return None if times.isna().all() else int((times > pd.Timestamp(moment)).sum())


def _answer(
    key: Key,
    old: Mapping[Key, Finding],
    new: Mapping[Key, Finding],
    since: int | None,
    before: Side,
    after: Side,
    hit: Hit | None,
) -> tuple[Answer, str]:
    if key not in new:
        return _vanished(key, before, after)
    assert hit is not None
    happens = hit.rows.keys() <= HAPPENINGS
    if key not in old:
        if happens and since == 0 and _goes_on(hit.rows, before, after):
            return Answer.QUIET, "it is older than the first bundle, which does not hold its records"
        return Answer.NEW, ""
    if since:
        return Answer.STILL, ""
    if not happens:
        return _state(old[key].count, new[key].count)
    if since is None:
        return Answer.UNKNOWN, "no time of its records can be compared: give the machine's zone with --tz"
    return (Answer.QUIET, "") if _goes_on(hit.rows, before, after) else (Answer.UNKNOWN, _ENDS)


_ENDS = "the later bundle's log does not go on beyond the moment at which the first was taken"


def _vanished(key: Key, before: Side, after: Side) -> tuple[Answer, str]:
    """Return what it means that a finding of the first bundle is not in the second."""
    wanted = [one.detail for one in after.report.not_judged if one.rule == key[0] and not one.partly]
    if wanted:
        return Answer.UNKNOWN, f"the later bundle cannot answer: {wanted[0]}"
    rows = next((hit.rows for hit in before.hits if (hit.document.stem, hit.group) == key), {})
    if not rows.keys() <= HAPPENINGS:
        return Answer.GONE, ""
    if _goes_on(rows, before, after):
        return Answer.QUIET, "the old records are no longer in the log either"
    return Answer.UNKNOWN, _ENDS


def _state(before: int, after: int) -> tuple[Answer, str]:
    return (Answer.SAME if before == after else Answer.MORE if after > before else Answer.FEWER), ""


def _goes_on(tables: Iterable[str], before: Side, after: Side) -> bool:
    """Return whether the later evidence has rows of *tables* from after the first bundle was taken."""
    taken = before.taken
    if taken is None:
        return False
    last = [entry.last for entry in after.evidence.coverage if entry.table in set(tables) and entry.last]
    return any(time > taken for time in last)


def _headline(changes: Sequence[FindingChange]) -> str:
    """Answer whether it is over: by the worst that is not."""
    known = [one for one in changes if one.answer is not Answer.UNKNOWN]
    left = [one for one in known if not one.answer.is_over]
    again = [one for one in left if one.answer in (Answer.NEW, Answer.STILL, Answer.MORE)]
    if again:
        return f"Not over: {again[0].title} ({again[0].answer})"
    if left:
        return f"Not over: {left[0].title} is as it was" + ("" if left[0].answer is Answer.SAME else ", but less")
    if len(known) < len(changes):
        return "It cannot be said whether it is over: the later bundle does not hold what would tell"
    if not changes:
        return "Neither bundle shows a failure"
    return "Nothing of what the first bundle shows has happened since"


def _conversations(before: Side, after: Side) -> Iterator[ConversationChange]:
    old, new = ({one.session_id: one.state for one in side.report.conversations} for side in (before, after))
    for session in {**old, **new}:
        states = old.get(session, ""), new.get(session, "")
        if states[0] != states[1]:
            yield ConversationChange(session, *states)


def _facts(before: Side, after: Side) -> Iterator[FactChange]:
    sides = [dict(_told(side)) for side in (before, after)]
    for name in {**sides[0], **sides[1]}:
        values = [side.get(name, "") for side in sides]
        if values[0] != values[1]:
            yield FactChange(name, *values)


def _told(side: Side) -> Iterator[tuple[str, str]]:
    manifest = side.report.manifest
    yield "app version", host_version(manifest, side.evidence.tables["package"])
    yield from ((f"Windows {name}" if name == "build" else name, manifest.host.get(name, "")) for name in FACTS)
    yield "time zone", manifest.timezone or ""
    config: Any = side.evidence.tables["config"]
    for path, key, value in zip(config["Path"], config["Key"], config["Value"], strict=True):
        yield f"{str(path).rpartition('/')[2]}: {key}", str(value)
    services: Any = side.evidence.tables["service"]
    for name, state, start in zip(services["Name"], services["State"], services["StartType"], strict=True):
        yield f"service {name}", f"{state}, {start}"


def _notes(before: Side, after: Side) -> Iterator[str]:
    if before.report.manifest.bundle_id and before.report.manifest.bundle_id == after.report.manifest.bundle_id:
        yield "Both are the same bundle."
    redacted = [side.report.manifest.redacted for side in (before, after)]
    if redacted[0] != redacted[1]:
        yield "One bundle is redacted and the other is not: names and ids differ, so some things cannot be paired."


__all__ = ["Side", "compare"]
