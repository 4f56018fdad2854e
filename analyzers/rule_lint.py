"""The strict check of rule files: what pySigma accepts in silence is said here, with file and line.

The loader is lenient, since strangers' rules shall run; this is for those who write rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from claude_evidence.analyzers._lint_comments import swallowed
from claude_evidence.analyzers._lint_common import Complaints, Subject
from claude_evidence.analyzers._lint_correlation import check_correlation
from claude_evidence.analyzers._lint_custom import check_custom
from claude_evidence.analyzers._lint_detection import check_detection, check_table
from claude_evidence.analyzers._lint_keys import check_keys, check_name
from claude_evidence.analyzers._lint_scalars import check_scalars
from claude_evidence.analyzers._rule_drafts import Draft, build, drafts, inherit, name_all
from claude_evidence.analyzers._rule_files import RuleFile, rule_files
from claude_evidence.analyzers._rule_links import feeding, link
from claude_evidence.model import Problem

_CHECKS: tuple[Callable[[Subject], Complaints], ...] = (
    check_keys,
    check_name,
    check_scalars,
    check_table,
    check_detection,
    check_correlation,
    check_custom,
)


def check(folders: Sequence[Path], *, known_fields: Mapping[str, frozenset[str]] | None = None) -> list[Problem]:
    """Return everything that is wrong with the rules in *folders* (files or folders; none: the package's own rules).

    Each `Problem` names ``file:line``; they come sorted by file and line. *known_fields* maps each table's name to its
    columns, those that joins add included; without it the fields of our own tables are not checked. The package's
    rules are known to all checks, so a name may refer to them and must not repeat theirs. Raises `UsageError` for a
    path that is not there.
    """
    seen: set[Path] = set()
    paths = [Path(folder) for folder in folders]
    asked = [file for group in rule_files(paths, defaults=False, seen=seen) for file in group]
    own = [file for group in rule_files([], defaults=True, seen=seen) for file in group]
    if not folders:
        asked, own = own, []
    found = [draft for file in (*own, *asked) for draft in drafts(file)]
    _prepare(found)
    complaints: dict[str, list[tuple[int, str]]] = {file.where: list(_of_file(file)) for file in asked}
    for subject in _subjects(found, known_fields):
        if subject.draft.file.where in complaints:
            complaints[subject.draft.file.where] += _of_document(subject)
    for draft, at, message in _twice(found):
        if draft.file.where in complaints:
            complaints[draft.file.where].append((at, message))
    return [
        Problem("rules", f"{where}:{at}", " ".join(message.split())[:400])
        for where in sorted(complaints)
        for at, message in sorted(set(complaints[where]))
    ]


def _prepare(found: list[Draft]) -> None:
    name_all(found)
    for draft in found:
        if draft.rejected is None and "filter" not in draft.data:
            build(draft)
    link(found)


def _of_file(file: RuleFile) -> Complaints:
    if file.reading.error is not None:
        yield file.reading.error.line, str(file.reading.error)
    elif not file.reading.documents:
        yield 1, "the file holds no document"
    for at, key in file.reading.repeated:
        yield at, f"the key {key} is given twice"
    if file.reading.error is None:
        for at in swallowed(file.path.read_text(encoding="utf-8", errors="replace")):
            yield at, "what stands behind ' #' is a comment and is lost: put the text in quotes"


def _subjects(found: list[Draft], tables: Mapping[str, frozenset[str]] | None) -> Iterator[Subject]:
    ours = {draft.file.where for draft in found if draft.file.own or draft.custom}
    stems = frozenset(draft.file.path.stem for draft in found)
    silent, words = feeding(found), inherit(found)
    for draft in found:
        yield Subject(
            draft,
            house=draft.file.where in ours,
            reported=id(draft) not in silent,
            words=words[id(draft)],
            stems=stems,
            tables=tables,
        )


def _of_document(subject: Subject) -> list[tuple[int, str]]:
    """Return all complaints about one document; the loader's reason where no check has said it of that line."""
    draft = subject.draft
    if not isinstance(draft.node.value, dict):
        return [(draft.node.line, "the document is no mapping")]
    partial = "action" in draft.node.value or "filter" in draft.data
    checks = (check_keys, check_scalars) if partial else _CHECKS
    complaints = list(chain.from_iterable(one(subject) for one in checks))
    if draft.rejected is not None and draft.rejected.line not in {at for at, _ in complaints}:
        complaints.append((draft.rejected.line, str(draft.rejected)))
    return complaints


def _twice(found: list[Draft]) -> Iterator[tuple[Draft, int, str]]:
    """Yield every name and id that an earlier document has too; pySigma lets the last one win."""
    for key in ("name", "id"):
        first: dict[str, Draft] = {}
        for draft in found:
            value = draft.data.get(key)
            if not isinstance(value, str):
                continue
            earlier = first.setdefault(value.lower(), draft)
            if earlier is not draft:
                at = draft.node.key(key)
                where = f"{earlier.file.where}:{earlier.node.line}"
                yield draft, at.line if at else draft.node.line, f"the {key} {value} is also given at {where}"
