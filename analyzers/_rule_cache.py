"""The package's own rules, parsed once: the next run reads them as they were understood.

Parsing seventy rule files takes a third of a second, which a short run would pay each time. See `compiled` for where
they are kept and why that is as safe as a compiled module.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import sigma.conditions
import sigma.rule

from claude_evidence import compiled
from claude_evidence import rules as own_rules
from claude_evidence.analyzers._conditions import UnsupportedError, conditions
from claude_evidence.analyzers._types import RuleSet

_NAME = "rules.{}.kept"


def kept(files: Sequence[Path], parse: Callable[[], RuleSet]) -> RuleSet:
    """Return the rules that *files* hold: from the last run where nothing changed since, else by *parse*."""
    folder = compiled.folder(str(own_rules.__file__))
    if folder is None:
        return parse()
    own = Path(__file__).parent
    code = [*sorted(own.glob("_*rule*.py")), own / "_types.py", own / "_conditions.py", own / "rules.py"]
    library = [Path(str(module.__file__)) for module in (sigma.rule, sigma.conditions)]
    place = folder / _NAME.format(compiled.key([*files, *code, *library]))
    data = compiled.read(place)
    if data is not None and (rules := _loaded(data)) is not None:
        return rules
    rules = _with_trees(parse())
    if not rules.problems:
        compiled.write(place, pickle.dumps(rules, pickle.HIGHEST_PROTOCOL), _NAME.format("*"))
    return rules


def _with_trees(rules: RuleSet) -> RuleSet:
    """Return *rules* with the conditions of its plain documents parsed, as far as they can be."""
    documents = []
    for document in rules.documents:
        with suppress(UnsupportedError):
            if isinstance(document.sigma, sigma.rule.SigmaRule):
                document = replace(document, trees=tuple(conditions(document.sigma)))
        documents.append(document)
    return replace(rules, documents=tuple(documents))


def _loaded(data: bytes) -> RuleSet | None:
    try:
        rules = pickle.loads(data)  # noqa: S301 - our own file among the program's own, as a .pyc is
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
        return None
    return rules if isinstance(rules, RuleSet) else None
