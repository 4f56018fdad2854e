"""The samples, analysed in this process: each once, with the rules read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.compare import Side
from claude_evidence.analyzers.report import examine
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.parsers import parse

SAMPLES = sorted((Path(__file__).resolve().parents[1] / "samples").glob("*.zip"))


@cache
def shipped() -> RuleSet:
    """Return the package's own rules."""
    return load_rules(())


def sample(name: str) -> Path:
    """Return the path of the sample called *name*."""
    (path,) = [path for path in SAMPLES if path.stem == name]
    return path


@cache
def side(path: Path) -> Side:
    """Return the evidence of the sample at *path*, the report on it and the rows that its findings rest on."""
    rules = shipped()
    with open_bundle([path]) as bundle:
        evidence = parse(bundle, rules.fields)
        return Side(evidence, *examine(evidence, rules, inputs=bundle.inputs))
