"""Trying a case out: built into a bundle, read and judged like any other, under the rules of this program."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claude_evidence.case_text import raw_of, with_texts

if TYPE_CHECKING:
    from claude_evidence.analyzers._types import RuleSet
    from claude_evidence.bundle import Bundle
    from claude_evidence.case import Case
    from claude_evidence.model import Evidence, Report

_HEAD = {"title": "A trial"}


@cache
def _shipped() -> RuleSet:
    from claude_evidence.analyzers.rules import load_rules

    return load_rules(())


@dataclass(frozen=True, slots=True)
class Told:
    """What evidence tells: ``shown`` is rule and level of every finding; how many ``problems`` there were."""

    shown: frozenset[tuple[str, str]]
    problems: int

    def is_as(self, wanted: Told) -> bool:
        """Return whether the same is shown as is *wanted*, with no more problems."""
        return self.shown == wanted.shown and self.problems <= wanted.problems


def told_by(report: Report) -> Told:
    """Return what *report* tells."""
    return Told(frozenset((found.rule, found.level.value) for found in report.findings), len(report.problems))


class Trial:
    """Judges bundles and cases; *folder* is where bundles are built, each in the place of the one before.

    ``name`` is the name of the scenario, of which the UUIDs for ``${words}`` are made.
    """

    def __init__(self, folder: Path, name: str = "trial") -> None:
        self.name = name
        self._rules = _shipped()
        self._folder = folder

    def judged(self, bundle: Bundle) -> tuple[Evidence, Report]:
        """Return the tables and the report of an opened bundle."""
        from claude_evidence.analyzers.report import analyze
        from claude_evidence.parsers import parse

        evidence = parse(bundle, self._rules.fields)
        return evidence, analyze(evidence, self._rules)

    def of_files(self, paths: Sequence[Path]) -> Report:
        """Return the report on the evidence at *paths*."""
        from claude_evidence.bundle import open_bundle

        with open_bundle(paths) as bundle:
            return self.judged(bundle)[1]

    def built(self, raw: Mapping[str, Any]) -> Path | None:
        """Return the bundle of a scenario with the keys *raw*, None where none can be built of it."""
        from claude_evidence.samples.builder import build
        from claude_evidence.samples.scenario import Scenario, filled

        target = self._folder / "trial.zip"
        try:
            build(Scenario(self.name, with_texts(raw, lambda text: filled(text, self.name))), target)
        except (ValueError, LookupError, TypeError, OverflowError, struct.error):
            return None
        return target

    def told_by(self, case: Case) -> Told | None:
        """Return what *case* tells, None where no bundle can be built of it."""
        from claude_evidence.analyzers.report import matches
        from claude_evidence.bundle import open_bundle
        from claude_evidence.parsers import parse

        target = self.built(raw_of(case, _HEAD))
        if target is None:
            return None
        with open_bundle([target]) as bundle:
            found, problems = matches(parse(bundle, self._rules.fields), self._rules)
        return Told(frozenset((rule, level.value) for rule, level in found), problems)
