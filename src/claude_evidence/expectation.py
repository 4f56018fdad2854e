"""What a test expects of a bundle, and the plain words that say how a report differs from that."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claude_evidence.model import Finding, Level, NotJudged, Report
from claude_evidence.usage import UsageError, printable

KEYS = ("bundle", "finds", "not_finds", "only", "level", "rules", "default_rules", "zone")
MOST_TOLD = 20
FEW = 3


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one test expects. ``finds`` maps a rule or one of its documents to its exact level, None for any.

    Findings below ``level`` are as if they were not there; with ``only`` there may be none but those in ``finds``.
    ``bundles`` are one machine's evidence; ``rules`` come beside the package's, unless ``default_rules`` is False.
    """

    bundles: tuple[Path, ...]
    finds: Mapping[str, Level | None] = field(default_factory=dict)
    not_finds: tuple[str, ...] = ()
    only: bool = False
    level: Level = Level.INFORMATIONAL
    rules: tuple[Path, ...] = ()
    default_rules: bool = True
    zone: str | None = None

    @property
    def source(self) -> tuple[Any, ...]:
        """What the report is made of: expectations with the same source share it."""
        return self.bundles, self.rules, self.default_rules, self.zone

    @property
    def is_empty(self) -> bool:
        """Whether nothing is expected."""
        return not (self.finds or self.not_finds or self.only)


def expectation(given: Mapping[str, Any], folder: Path) -> Expectation:
    """Return what *given* (keys of `KEYS`) says; paths are relative to *folder*. UsageError names what is wrong."""
    for key in given:
        if key not in KEYS:
            raise UsageError(f"{key!r} is no key; {_near(str(key), KEYS)}")
    made = Expectation(
        bundles=_paths(given, "bundle", folder),
        finds=_finds(given.get("finds")),
        not_finds=_texts(given.get("not_finds"), "not_finds"),
        only=_flag(given, "only", default=False),
        level=_level(given.get("level") or Level.INFORMATIONAL, "level"),
        rules=_paths(given, "rules", folder),
        default_rules=_flag(given, "default_rules", default=True),
        zone=_zone(given.get("zone")),
    )
    if not made.bundles:
        raise UsageError("no bundle is named")
    if both := sorted(made.finds.keys() & set(made.not_finds)):
        raise UsageError(f"{both[0]} is in finds and in not_finds")
    return made


def check_names(expected: Expectation, known: Iterable[str]) -> None:
    """Raise UsageError for a rule that *known*, the names of all rules and of their documents, does not hold."""
    names = set(known)
    for name in (*expected.finds, *expected.not_finds):
        if name not in names:
            raise UsageError(f"no rule is called {name!r}; {_near(name, sorted(names))}")


def _near(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(known)}" if len(known) <= len(KEYS) else "see claude-evidence rules list"


def _texts(value: Any, key: str) -> tuple[str, ...]:
    entries = [value] if isinstance(value, str | Path) else value if value is not None else []
    if not isinstance(entries, list | tuple | set | frozenset):
        raise UsageError(f"{key} is neither a name nor a list of names: {value!r}")
    for entry in entries:
        if not isinstance(entry, str | Path) or not str(entry):
            raise UsageError(f"{key} holds {entry!r}, which is no name")
    return tuple(dict.fromkeys(map(str, entries)))


def _paths(given: Mapping[str, Any], key: str, folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / text for text in _texts(given.get(key), key))
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
    return paths


def _finds(value: Any) -> dict[str, Level | None]:
    if isinstance(value, Mapping):
        names = _texts(list(value), "finds")
        return {name: _level(value[name], f"finds: {name}") if value[name] is not None else None for name in names}
    return dict.fromkeys(_texts(value, "finds"))


def _level(value: Any, key: str) -> Level:
    try:
        return Level(value)
    except ValueError:
        raise UsageError(f"{key}: {value!r} is no level; there are {', '.join(Level)}") from None


def _flag(given: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = given.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"{key} is neither true nor false: {value!r}")
    return value


def _zone(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"zone is no name such as Europe/Berlin: {value!r}")
    return value or None


def difference(expected: Expectation, report: Report, unanswered: frozenset[str]) -> str:
    """Return how *report* differs from what is *expected*, as text of several lines; empty where it does not.

    *unanswered* are rules and documents that could not be judged: that they found nothing says nothing.
    """
    counted = [f for f in report.findings if f.level.rank >= expected.level.rank]
    wrong = [*_missing(expected, counted, report), *_unwanted(expected, counted, report, unanswered)]
    if not wrong:
        return ""
    names = ", ".join(path.name for path in expected.bundles)
    lines = [f"{names} does not show what is expected of it", *wrong, "", *_told(report)]
    return "\n".join(printable(line) for line in lines)


def _named(finding: Finding, name: str) -> bool:
    return name in (finding.rule, finding.document)


def _missing(expected: Expectation, counted: Sequence[Finding], report: Report) -> Iterator[str]:
    for name, level in expected.finds.items():
        levels = [finding.level for finding in counted if _named(finding, name)]
        if level in levels or (level is None and levels):
            continue
        wanted = f"{name} at level {level}" if level else name
        below = [f.level for f in report.findings if _named(f, name)]
        if below:
            least = "" if levels else f", below {expected.level}, the least that counts"
            yield f"  expected: {wanted}; found at level {', '.join(below)}{least}"
        else:
            yield f"  expected: {wanted}; not found{_because(name, report.not_judged)}"


def _unwanted(
    expected: Expectation, counted: Sequence[Finding], report: Report, unanswered: frozenset[str]
) -> Iterator[str]:
    for name in expected.not_finds:
        found = [finding for finding in counted if _named(finding, name)]
        if found:
            yield f"  not expected: {name}; found at level {found[0].level}"
        elif name in unanswered:
            yield f"  not expected: {name}; whether it is there is not known{_because(name, report.not_judged)}"
    if expected.only:
        for finding in counted:
            if not any(_named(finding, name) for name in (*expected.finds, *expected.not_finds)):
                yield f"  not expected: {finding.rule}, nor anything else; found at level {finding.level}"


def _because(name: str, not_judged: Sequence[NotJudged]) -> str:
    reasons = dict.fromkeys(entry.detail for entry in not_judged if entry.rule == name.partition("__")[0])
    return f": it could not be judged: {'; '.join(reasons)}" if reasons else ""


def _told(report: Report) -> Iterator[str]:
    """Yield what the report holds: findings, what could not be judged, problems."""
    yield "  found:" if report.findings else "  found: nothing"
    for finding in report.findings:
        document = f" ({finding.document})" if finding.document not in ("", finding.rule) else ""
        yield f"    {finding.level:<13} {finding.rule}{document}: {finding.title}; records: {finding.count}"
    if report.verdict.headline:
        yield f"  verdict: {report.verdict.headline}"
    yield from _list("not judged", _reasons(report.not_judged))
    yield from _list("problems", [f"{p.where}: {p.message}" for p in report.problems])


def _reasons(not_judged: Sequence[NotJudged]) -> list[str]:
    """Return each reason once, with the rules that it keeps from an answer or, of many, how many there are."""
    rules: dict[str, list[str]] = {}
    for entry in not_judged:
        rules.setdefault(entry.detail, []).append(entry.rule)
    told = {why: list(dict.fromkeys(names)) for why, names in rules.items()}
    return [f"{', '.join(n) if len(n) <= FEW else f'{len(n)} rules'}: {why}" for why, n in told.items()]


def _list(title: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        yield f"  {title}:"
        yield from (f"    {entry}" for entry in entries[:MOST_TOLD])
        if len(entries) > MOST_TOLD:
            yield f"    and {len(entries) - MOST_TOLD} more"
