"""Loading Sigma rules: from files to a `RuleSet`, every document used or the reason said why not."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claude_evidence.analyzers._rule_cache import kept
from claude_evidence.analyzers._rule_drafts import Draft, build, drafts, inherit, name_all
from claude_evidence.analyzers._rule_fields import fields
from claude_evidence.analyzers._rule_files import RuleFile, default_files, rule_files
from claude_evidence.analyzers._rule_links import feeding, link
from claude_evidence.analyzers._rule_parse import RejectedError
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.model import NotJudged, Problem, Reason, UsageError

MARKS = frozenset({"detection", "logsource"})
"""Keys by which a document says that it is a plain Sigma rule; a correlation may fail for want of another file."""


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
    problems: list[Problem] = []
    groups = list(rule_files([Path(folder) for folder in folders], defaults=defaults))
    _refuse_unreadable([file for group in groups for file in group])
    found = [draft for group in groups for file in group for draft in _drafts(file, problems)]
    name_all(found)
    for draft in found:
        if draft.rejected is None and "filter" not in draft.data:
            build(draft)
    for group in groups:
        _refuse_useless(group, found, problems)
    _refuse_broken(found)
    if any("filter" in draft.data for draft in found):
        found = _filtered(found, problems)
    link(found)
    broken = [file for group in groups for file in group if file.reading.error is not None]
    return _rule_set(found, broken, problems)


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
    sigma = document.sigma
    confidence = document.custom.get("confidence", "medium")
    lines = [
        f"{document.name}: {document.title}",
        f"  level {document.level}, confidence {confidence}, {document.file}:{document.line}",
    ]
    if not document.generate:
        lines.append("  feeds a correlation; its own matches are not reported")
    if references := getattr(sigma, "referenced_rules", None):
        names = ", ".join(str(reference.rule.name) for reference in references)
        lines.append(f"  {str(sigma.type).lower()} of {names} within {sigma.timespan.spec}")  # type: ignore[union-attr]
    if explanation := document.custom.get("explanation"):
        lines.append(f"  {' '.join(str(explanation).split())}")
    lines += [f"  not a failure: {' '.join(str(text).split())}" for text in sigma.falsepositives]
    return lines


def _drafts(file: RuleFile, problems: list[Problem]) -> list[Draft]:
    """Return the documents of *file*; what ends its reading becomes a problem, a repeated key rejects its document."""
    error = file.reading.error
    if error is not None:
        problems.append(Problem("rules", f"{file.where}:{error.line}", str(error)))
    found = list(drafts(file))
    for number, key in file.reading.repeated:
        owner = next((draft for draft in reversed(found) if draft.node.line <= number), None)
        if owner is not None and owner.rejected is None:
            owner.rejected = RejectedError(f"the key {key} is given twice", number, broken=True)
    return found


def _refuse_unreadable(files: Sequence[RuleFile]) -> None:
    """Raise where a rule file of the user is no YAML; what is no file at all, such as a pipe, is only a problem."""
    errors = [
        f"{file.where}:{file.reading.error.line}: {file.reading.error}"
        for file in files
        if file.reading.error is not None and not file.own and (file.named or file.path.is_file())
    ]
    if errors:
        raise UsageError(errors[0] + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""))


def _refuse_useless(group: list[RuleFile], found: list[Draft], problems: list[Problem]) -> None:
    """Raise where a path that the user named gave nothing that is a Sigma document."""
    places = {file.where for file in group if not file.own}
    documents = [draft for draft in found if draft.file.where in places]
    if not places or any(draft.rejected is None or not draft.rejected.broken for draft in documents):
        return
    errors = [f"{draft.file.where}:{draft.rejected.line}: {draft.rejected}" for draft in documents if draft.rejected]
    errors += [f"{entry.where}: {entry.message}" for entry in problems if entry.where.rpartition(":")[0] in places]
    first = errors[0] if errors else f"{group[0].where}: no rule in it"
    raise UsageError(first + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""))


def _refuse_broken(found: list[Draft]) -> None:
    """Raise for the first file that was meant as a rule and holds none; other YAML may lie in a folder of rules."""
    good = {draft.file.where for draft in found if draft.rejected is None or not draft.rejected.broken}
    for draft in found:
        meant = MARKS & draft.data.keys() and not draft.file.own
        if meant and draft.rejected and draft.file.where not in good:
            raise UsageError(f"{draft.file.where}:{draft.rejected.line}: {draft.rejected}")


def _filtered(found: list[Draft], problems: list[Problem]) -> list[Draft]:
    from claude_evidence.analyzers._rule_filters import apply_filters

    rules, notes = apply_filters(found)
    problems += [Problem("rules", f"{draft.file.where}:{at}", message) for draft, at, message in notes]
    return rules


def _rule_set(found: list[Draft], broken: list[RuleFile], problems: list[Problem]) -> RuleSet:
    """Put together what was loaded; *broken* are the files whose reading ended with an error."""
    silent, words = feeding(found), inherit(found)
    not_judged = [
        NotJudged(file.path.stem, Reason.NOT_EVALUABLE, f"{file.where}:{error.line}: {error}")
        for file in broken
        if (error := file.reading.error)
    ]
    for draft in found:
        where = draft.file.where
        problems += [Problem("rules", f"{where}:{number}", text) for number, text in draft.notes]
        if draft.rejected is not None:
            where = f"{where}:{draft.rejected.line}"
            problems.append(Problem("rules", where, f"{draft.name}: {draft.rejected}"))
            not_judged.append(NotJudged(draft.stem, Reason.NOT_EVALUABLE, f"{where}: {draft.rejected}", draft.title))
    usable = [draft for draft in found if draft.rejected is None]
    documents = tuple(
        _document(draft, words[id(draft)].custom, generate=id(draft) not in silent) for draft in usable if draft.sigma
    )
    return RuleSet(documents, fields(usable), tuple(problems), tuple(not_judged))


def _document(draft: Draft, custom: dict[str, Any], *, generate: bool) -> RuleDocument:
    assert draft.sigma is not None
    return RuleDocument(
        name=draft.name,
        stem=draft.stem,
        file=draft.file.path,
        line=draft.node.line,
        sigma=draft.sigma,
        title=draft.title,
        level=draft.level,
        generate=generate,
        custom=custom,
    )
