"""Rule files become a `RuleSet`: every document used, or the reason said why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from claude_evidence.analyzers._rule_drafts import Draft, Words, build, drafts, inherit, name_all
from claude_evidence.analyzers._rule_fields import fields
from claude_evidence.analyzers._rule_files import RuleFile, rule_files
from claude_evidence.analyzers._rule_forms import form
from claude_evidence.analyzers._rule_links import feeding, link
from claude_evidence.analyzers._rule_parse import RejectedError
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.model import NotJudged, Problem, Reason, UsageError

MARKS = frozenset({"detection", "logsource"})
"""Keys by which a document says that it is a plain Sigma rule; a correlation may fail for want of another file."""


def parsed(folders: Sequence[Path], *, defaults: bool) -> RuleSet:
    """Return the rules of *folders*, as `rules.load_rules` says."""
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
        _document(draft, words[id(draft)], generate=id(draft) not in silent) for draft in usable if draft.sigma
    )
    return RuleSet(documents, fields(usable), tuple(problems), tuple(not_judged))


def _document(draft: Draft, words: Words, *, generate: bool) -> RuleDocument:
    assert draft.sigma is not None
    return RuleDocument(
        name=draft.name,
        stem=draft.stem,
        file=draft.file.path,
        line=draft.node.line,
        asks=form(draft.sigma, {reference: target.name for reference, target in draft.targets.items()}),
        title=draft.title,
        level=draft.level,
        generate=generate,
        custom=words.custom,
        id=str(draft.sigma.id or ""),
        references=tuple(words.references),
        false_positives=tuple(words.false_positives),
    )
