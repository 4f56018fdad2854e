"""Loading Sigma rules: from files to a `RuleSet`, every document used or the reason said why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from claude_evidence.analyzers._forms import Correlation
from claude_evidence.analyzers._rule_cache import kept
from claude_evidence.analyzers._rule_places import default_files
from claude_evidence.analyzers._steps import steps_of
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.model import UsageError


def load_rules(folders: Sequence[Path], *, defaults: bool = True) -> RuleSet:
    """Return the package's rules (unless *defaults* is False) and those of *folders*, each a file or a folder.

    A document that says something that is not supported becomes a `Problem` that names file and line, and a
    `NotJudged`; it never matches nothing in silence. Raises `UsageError`, with file and line, for a path that is not
    there or holds no rule at all, and for a given file that is no valid YAML or, meant as a rule, no Sigma.
    """
    if defaults and not folders:
        return kept(default_files(), lambda: _parsed((), defaults=True))
    return _parsed(folders, defaults=defaults)


def _parsed(folders: Sequence[Path], *, defaults: bool) -> RuleSet:
    from claude_evidence.analyzers._rule_loading import parsed  # pySigma and YAML: not for rules that were kept

    return parsed(folders, defaults=defaults)


def describe(rules: RuleSet, name: str) -> str:
    """Return what *name* (a rule or one of its documents) says: a summary, then the file's text, made printable.

    A pattern may be written as public lists write it, with ``-`` for ``_`` and in any case. Raises `UsageError` where
    no rule has that name.
    """
    chosen = [document for document in rules.documents if name in (document.name, document.stem)]
    if not chosen:
        wanted = _folded(name)
        chosen = [d for d in rules.documents if wanted in (_folded(d.name), _folded(d.stem))]
    if not chosen:
        import difflib

        known = sorted({text for document in rules.documents for text in (document.name, document.stem)})
        near = difflib.get_close_matches(name, known, n=3)
        raise UsageError(f"no rule is called {name}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    blocks = ["\n".join(_summary(document)) for document in chosen]
    for file in dict.fromkeys(document.file for document in chosen):
        blocks.append(file.read_bytes().decode("utf-8-sig", errors="replace").rstrip())
    return _visible("\n\n".join(blocks))


def _folded(name: str) -> str:
    return name.replace("-", "_").casefold()


def _visible(text: str) -> str:
    """Return *text* with every character that is neither printable nor a line's end written as an escape."""
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _summary(document: RuleDocument) -> list[str]:
    confidence = document.custom.get("confidence", "medium")
    lines = [
        f"{document.name}: {document.title}",
        f"  level {document.level}, confidence {confidence}, {document.file}:{document.line}",
    ]
    if not document.generate:
        lines.append("  feeds a correlation; its own matches are not reported")
    if isinstance(asks := document.asks, Correlation):
        lines.append(f"  {asks.kind} of {', '.join(asks.targets.values())} within {asks.span}")
    if explanation := document.custom.get("explanation"):
        lines.append(f"  {' '.join(str(explanation).split())}")
    lines += [f"  not a failure: {' '.join(str(text).split())}" for text in document.false_positives]
    for number, step in enumerate(steps_of(document.custom.get("remedy")), 1):
        lines.append(f"  what helps, {number}: {' '.join(step.text.split())} ({step.risk})")
        lines += [f"      {line}" for line in step.command.splitlines()]
    return lines
