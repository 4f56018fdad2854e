"""What a run tells the person: what will be taken, what is not there and why, how to attach the bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from claude_evidence.collector._types import Store
from claude_evidence.collector.audit import Leak
from claude_evidence.collector.collect import Collected
from claude_evidence.collector.survey import Survey
from claude_evidence.model import Acquisition, Outcome

ATTACHMENT_BYTES = 25 * 1000 * 1000
UNREDACTED = """\
######################################################################
#  NOT PRIVATE: with --no-redact the bundle holds names, accounts,   #
#  e-mail addresses, tokens and keys AS THEY ARE. Whoever gets it    #
#  can read them and may be able to use them. Never attach it to a   #
#  public issue.                                                     #
######################################################################"""
_SHOWN = 12


def megabytes(size_bytes: int) -> str:
    """Return a size for people.

    >>> megabytes(812), megabytes(25_100_000)
    ('812 B', '25.1 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes} B"
    return f"{size_bytes / 1000:,.1f} kB" if size_bytes < 1_000_000 else f"{size_bytes / 1e6:,.1f} MB"


def planned(survey: Survey, *, whole: bool) -> Iterator[str]:
    """Yield what will be taken, by artifact with sizes; *whole* names every file and what is not there."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for item in survey.stored:
        groups.setdefault(item.artifact.name, []).append((item.source, item.size_bytes))
    described = {item.artifact.name for item in survey.stored if item.artifact.store is Store.METADATA}
    yield "What will be taken, made private first:"
    for name, entries in sorted(groups.items()):
        total = sum(size for _, size in entries)
        alone = ", of which only counts, times and hashes are taken" if name in described else ""
        yield f"  {name}: {_count(len(entries), 'file')}, {megabytes(total)}{alone}"
        if whole:
            yield from (f"    {megabytes(size):>12}  {source}" for source, size in sorted(entries))
    for name in survey.asked:
        yield f"  {name}: asked of the system, so its size is not known before"
    if not groups:
        yield "  no file of Claude was found"
    if whole:
        yield from not_obtained(survey.acquisitions, frozenset([*groups, *survey.asked]))


def in_all(survey: Survey) -> str:
    """Return in one line how much will be taken."""
    size = sum(item.size_bytes for item in survey.stored)
    return (
        f"{_count(len(survey.stored), 'file')}, {megabytes(size)}, and {len(survey.asked)} things asked of the system"
    )


def told(made: Collected) -> Iterator[str]:
    """Yield what to say of a bundle that is complete."""
    yield f"Bundle:  {made.path}"
    yield f"Size:    {megabytes(made.size_bytes)}"
    yield f"SHA-256: {made.sha256}"
    if made.mapping:
        yield f"Mapping: {made.mapping}  (the true names: keep it, give it to nobody)"
    yield from not_obtained(made.manifest.acquisitions)
    yield ""
    yield from _how_to_attach(made)
    yield ""


def not_obtained(entries: Iterable[Acquisition], found: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield what was asked for and is not there, grouped by outcome, artifact and reason; the rarer outcomes whole.

    *found* are artifacts of which something is there that no entry tells of. Of what is there in part, single things
    that are missing for a reason (a log that this Windows does not keep) are named.
    """
    entries = tuple(entries)
    there = {entry.artifact for entry in entries if entry.outcome is not Outcome.MISSING} | found
    rest = [entry for entry in entries if entry.outcome is not Outcome.COLLECTED]
    gone = [entry for entry in rest if entry.outcome is Outcome.MISSING]
    missing = {entry.artifact for entry in gone} - there
    others = Counter((e.outcome.value, e.artifact, e.detail) for e in rest if e.outcome is not Outcome.MISSING)
    single = [entry for entry in gone if entry.artifact in there and entry.detail]
    if not others and not missing and not single:
        return
    yield "Not obtained:"
    shown = sorted(others.items())
    for (outcome, artifact, detail), count in shown[:_SHOWN]:
        yield f"  {outcome}: {artifact}{f' ({count} times)' if count > 1 else ''}{f': {detail}' if detail else ''}"
    if len(shown) > _SHOWN:
        yield f"  and {len(shown) - _SHOWN} more: data/collection.json in the bundle names them all"
    yield from _single(single)
    if missing:
        yield f"  not on this machine: {', '.join(sorted(missing))}"


def _single(entries: Iterable[Acquisition]) -> Iterator[str]:
    """Yield what is missing by its own name, by artifact and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        name = entry.source.replace("\\", "/").rpartition("/")[2].removesuffix(".evtx").replace("%4", "/")
        groups.setdefault((entry.artifact, entry.detail), []).append(name)
    for (artifact, detail), names in sorted(groups.items()):
        yield f"  missing: {artifact} ({detail}): {', '.join(sorted(names))}"


def refusal(leaks: Sequence[Leak]) -> Iterator[str]:
    """Yield why the audit refused a bundle; no line repeats a value."""
    yield "Refused: the finished bundle still held values that identify, so it got no name and was removed."
    yield from (f"  {leak}" for leak in leaks[:_SHOWN])
    if len(leaks) > _SHOWN:
        yield f"  and {len(leaks) - _SHOWN} more"
    yield "Nothing was written. Please report these lines; they hold none of the values."


def _how_to_attach(made: Collected) -> Iterator[str]:
    if not made.manifest.redacted:
        yield "NOT PRIVATE: the bundle holds names, accounts and keys as they are. Do not attach it to a public issue."
        return
    yield "The bundle is private: names, accounts and keys are tokens. Look inside before you send it."
    if made.size_bytes <= ATTACHMENT_BYTES:
        yield "To attach it to a GitHub issue, drag the zip into the text field."
    else:
        yield "It is larger than the 25 MB that GitHub takes: to attach it, collect again with --max-size 25MB."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
