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
from claude_evidence.messages import lazy_gettext, lazy_ngettext
from claude_evidence.model import Evidence, Finding, Level, Report, UsageError

HAPPENINGS = frozenset({"events", "app_log"})
"""Tables whose rows stay when what they tell of is over; the rows of the others are states."""
FACTS = {"os": lazy_gettext("os"), "build": lazy_gettext("Windows build")}
ORDER = {answer: place for place, answer in enumerate(Answer)}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its evidence, the report on it, and the rows that each finding rests on."""

    evidence: Evidence
    report: Report
    hits: tuple[Hit, ...]

    def findings(self) -> Mapping[Key, Finding]:
        """Return the findings by rule and group."""
        return {(finding.rule, finding.group): finding for finding in self.report.findings}

    def rows(self) -> Mapping[Key, Rows]:
        """Return the rows that each finding rests on, by rule and group."""
        return {(hit.document.stem, hit.group): hit.rows for hit in self.hits}


Key = tuple[str, str]
Rows = Mapping[str, Any]
"""Positions by the name of their table."""


def compare(before: Side, after: Side) -> Comparison:
    """Return what changed from *before* to *after*; UsageError where they are of two machines, or swapped."""
    _refuse_two_machines(before, after)
    taken, later = reference_time(before.evidence), reference_time(after.evidence)
    if taken and later and taken > later:
        raise UsageError("the first bundle was taken after the second: give the earlier one first")
    changes = sorted(_findings(before, after, taken), key=lambda one: (-one.level.rank, ORDER[one.answer], one.title))
    conversations = tuple(_conversations(before, after))
    return Comparison(
        _headline(changes, sum(not one.after for one in conversations)), taken, later, tuple(changes), conversations,
        tuple(_facts(before, after)), _boots(after, taken), tuple(_notes(before, after)),
        after.report.manifest.timezone,
    )  # fmt: skip


def _boots(after: Side, taken: datetime | None) -> int | None:
    """Return how often the machine was started since *taken*; None where nothing in the evidence would tell."""
    log = any(one.table == "events" and one.source.casefold() == "system" for one in after.evidence.coverage)
    if taken is None or not log:
        return None
    return sum(boot.kind == "boot" and boot.time > taken for boot in after.report.boots.entries)


def _refuse_two_machines(before: Side, after: Side) -> None:
    first, other = before.report.manifest, after.report.manifest
    if first.is_of_another_machine(other):
        names = f"{first.host['name']!r} and {other.host['name']!r}"
        raise UsageError(f"the bundles are of two machines, {names}: they cannot be compared")


def _findings(before: Side, after: Side, taken: datetime | None) -> Iterator[FindingChange]:
    old, new, old_rows, new_rows = before.findings(), after.findings(), before.rows(), after.rows()
    for key in {**new, **old}:
        finding = new.get(key) or old[key]
        if finding.level is Level.INFORMATIONAL:
            continue
        count, now = (side[key].count if key in side else 0 for side in (old, new))
        rows = new_rows[key] if key in new else old_rows[key]
        since = _since(rows, after, taken) if key in new else None
        goes_on = _goes_on(rows, after, taken)
        if key in new:
            answer, detail = _answer(count, now, since, happens=rows.keys() <= HAPPENINGS, goes_on=goes_on)
        else:
            answer, detail = _vanished(key, after, happens=rows.keys() <= HAPPENINGS, goes_on=goes_on)
        yield FindingChange(
            finding.rule, finding.title, finding.level, answer, finding.group, count, now, since or 0,
            finding.last_seen, detail,
        )  # fmt: skip


def _since(rows: Rows, side: Side, moment: datetime | None) -> int | None:
    """Return how many of *rows* tell of something later than *moment*; None where that cannot be told."""
    happened = [side.evidence.tables[table]["TimeCreated"].iloc[rows[table]] for table in rows.keys() & HAPPENINGS]
    if not happened or moment is None:
        return None
    times = pd.concat(happened)
    return None if times.isna().all() else int((times > pd.Timestamp(moment)).sum())


def _answer(before: int, after: int, since: int | None, *, happens: bool, goes_on: bool) -> tuple[Answer, str]:
    """Return what became of a finding that the later bundle has; *before* is 0 where the first one has it not."""
    if not before:
        if happens and since == 0 and goes_on:
            return Answer.QUIET, lazy_gettext("it is older than the first bundle, which does not hold its records")
        return Answer.NEW, ""
    if since:
        return Answer.STILL, ""
    if not happens:
        return _state(before, after)
    if since is None:
        return Answer.UNKNOWN, lazy_gettext("no time of its records can be compared: give the machine's zone with --tz")
    return (Answer.QUIET, "") if goes_on else (Answer.UNKNOWN, _ENDS)


_ENDS = lazy_gettext("the later bundle's log does not go on beyond the moment at which the first was taken")


def _vanished(key: Key, after: Side, *, happens: bool, goes_on: bool) -> tuple[Answer, str]:
    """Return what it means that a finding of the first bundle is not in the second."""
    wanted = [one.detail for one in after.report.not_judged if one.rule == key[0] and not one.partly]
    if wanted:
        return Answer.UNKNOWN, lazy_gettext("the later bundle cannot answer: %(reason)s", reason=wanted[0])
    if not happens:
        return Answer.GONE, ""
    return (
        (Answer.QUIET, lazy_gettext("the old records are no longer in the log either"))
        if goes_on
        else (Answer.UNKNOWN, _ENDS)
    )


def _state(before: int, after: int) -> tuple[Answer, str]:
    return (Answer.SAME if before == after else Answer.MORE if after > before else Answer.FEWER), ""


def _goes_on(tables: Iterable[str], after: Side, taken: datetime | None) -> bool:
    """Return whether the later evidence has rows of *tables* from after *taken*."""
    if taken is None:
        return False
    last = [entry.last for entry in after.evidence.coverage if entry.table in set(tables) and entry.last]
    return any(time > taken for time in last)


def _headline(changes: Sequence[FindingChange], missing: int) -> str:
    """Answer whether it is over: by the worst that is not; *missing* conversations are not in the second bundle."""
    known = [one for one in changes if one.answer is not Answer.UNKNOWN]
    left = [one for one in known if not one.answer.is_over]
    again = [one for one in left if one.answer in (Answer.NEW, Answer.STILL, Answer.MORE)]
    if again:
        answer = lazy_gettext(again[0].answer.value)
        return lazy_gettext("Not over: %(title)s (%(answer)s)", title=again[0].title, answer=answer)
    if left and left[0].answer is Answer.SAME:
        return lazy_gettext("Not over: %(title)s is as it was", title=left[0].title)
    if left:
        return lazy_gettext("Not over: %(title)s is as it was, but less", title=left[0].title)
    if len(known) < len(changes):
        return lazy_gettext("It cannot be said whether it is over: the later bundle does not hold what would tell")
    if not changes:
        calm = lazy_gettext("Neither bundle shows a failure")
    else:
        calm = lazy_gettext("Nothing of what the first bundle shows has happened since")
    if not missing:
        return calm
    return lazy_ngettext(
        "%(calm)s, but %(num)s conversation of the first bundle is not in the second",
        "%(calm)s, but %(num)s conversations of the first bundle are not in the second",
        missing,
        calm=calm,
    )


def _conversations(before: Side, after: Side) -> Iterator[ConversationChange]:
    old, new = (
        {one.session_id or one.cli_session_id: one.state for one in side.report.conversations}
        for side in (before, after)
    )
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
    yield lazy_gettext("app version"), host_version(manifest, side.evidence.tables["package"])
    yield from ((label, manifest.host.get(name, "")) for name, label in FACTS.items())
    yield lazy_gettext("time zone"), manifest.timezone or ""
    config: Any = side.evidence.tables["config"]
    for path, key, value in zip(config["Path"], config["Key"], config["Value"], strict=True):
        yield f"{str(path).rpartition('/')[2]}: {key}", str(value)
    services: Any = side.evidence.tables["service"]
    for name, state, start in zip(services["Name"], services["State"], services["StartType"], strict=True):
        yield lazy_gettext("service %(name)s", name=name), f"{state}, {start}"


def _notes(before: Side, after: Side) -> Iterator[str]:
    if before.report.manifest.bundle_id and before.report.manifest.bundle_id == after.report.manifest.bundle_id:
        yield lazy_gettext("Both are the same bundle.")
    zones = [side.report.manifest.timezone for side in (before, after)]
    if all(zones) and zones[0] != zones[1]:
        yield lazy_gettext(
            "Their time zones differ (%(before)s and %(after)s): make sure that they are of one machine.",
            before=zones[0],
            after=zones[1],
        )
    seen = [{one.session_id for one in side.report.conversations if one.session_id} for side in (before, after)]
    if all(seen) and seen[0].isdisjoint(seen[1]):
        yield lazy_gettext("They share no conversation: make sure that they are of one machine and one person.")
    redacted = [side.report.manifest.redacted for side in (before, after)]
    if redacted[0] != redacted[1]:
        yield lazy_gettext(
            "One bundle is redacted and the other is not: names and ids differ, so some things cannot be paired."
        )


__all__ = ["Side", "compare"]
