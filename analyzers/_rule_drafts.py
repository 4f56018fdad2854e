"""Rule documents on their way from a file to the rule set: what each is called, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._rule_custom import shaped
from claude_evidence.analyzers._rule_files import RuleFile
from claude_evidence.analyzers._rule_parse import RejectedError, line, parse, texts
from claude_evidence.analyzers._yaml_lines import Node
from claude_evidence.model import Level

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

NOT_INHERITED = frozenset({"group_by", "count_by", "needs"})
"""Keys of ``custom`` that say how one document is judged; all others, given by ``<stem>``, hold for its parts too."""

_DEFAULT_LEVEL = Level.MEDIUM


@dataclass(slots=True, eq=False)
class Draft:
    """One document. ``given`` is the name the file gives it; ``rejected`` why it cannot be used.

    ``targets`` are the documents that a correlation names, by its references to them.
    """

    file: RuleFile
    node: Node
    data: dict[str, Any]
    name: str = ""
    stem: str = ""
    sigma: SigmaRule | SigmaCorrelationRule | None = None
    rejected: RejectedError | None = None
    level: Level = _DEFAULT_LEVEL
    notes: list[tuple[int, str]] = field(default_factory=list)
    targets: dict[str, Draft] = field(default_factory=dict)

    @property
    def given(self) -> str:
        """Return the document's own ``name``, empty where it has none."""
        name = self.data.get("name")
        return name if isinstance(name, str) else ""

    @property
    def title(self) -> str:
        """Return the title, else the name."""
        return " ".join(str(self.data.get("title") or self.name).split())[:256]

    @property
    def custom(self) -> Mapping[str, Any]:
        """Return what the document says under ``custom``, as far as it has the form that is expected there."""
        return shaped(self.data.get("custom"))[0]

    @property
    def correlation(self) -> Mapping[str, Any]:
        """Return the correlation section, empty for a plain document."""
        section = self.data.get("correlation")
        return section if isinstance(section, dict) else {}

    def answers_to(self, reference: str) -> bool:
        """Return whether a correlation means this document by *reference*: its name, or its id."""
        return reference in (self.given, self.name) or str(self.data.get("id") or "").lower() == reference.lower()


def drafts(file: RuleFile) -> Iterator[Draft]:
    """Yield the documents of *file*, the legacy actions global, reset and repeat carried out."""
    template: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    for node in file.reading.documents:
        if not isinstance(node.value, dict):
            yield Draft(file, node, {}, rejected=RejectedError("the document is no mapping", node.line, broken=True))
            continue
        data = {str(key): value for key, value in node.value.items()}
        action = data.pop("action", None)
        if action == "global":
            template = data
        elif action == "reset":
            template = {}
        elif action in (None, "repeat"):
            previous = _merged(previous if action else template, data)
            yield Draft(file, node, previous)
        else:
            yield Draft(
                file, node, data, rejected=RejectedError(f"the action {action} is not known", line(node, "action"))
            )


def name_all(found: list[Draft]) -> None:
    """Give every draft a name and a stem, unique over the whole rule set.

    The documents of one pattern, named ``<stem>`` or ``<stem>__part``, share the file's stem. Other documents of
    the same file stand for themselves.
    """
    documents = Counter(draft.file.where for draft in found)
    names, stems = _Register(), _Register()
    for draft in found:
        stem = draft.file.path.stem or "rule"
        draft.name = names.take(draft.given or stem, id(draft))
        if draft.given == stem or draft.given.startswith(f"{stem}__"):
            draft.stem = stems.take(stem, draft.file.where)
        else:
            draft.stem = stems.take(stem if documents[draft.file.where] == 1 else draft.name, id(draft))


def build(draft: Draft) -> None:
    """Parse *draft* and check that its log source can be answered; the reason against it is kept in it."""
    try:
        draft.sigma = parse(draft.data, draft.node)
        draft.sigma.name = draft.name
        if not draft.correlation and (reason := taxonomy.unsupported(draft.sigma.logsource)):  # type: ignore[union-attr]
            raise RejectedError(reason, line(draft.node, "logsource"))
    except RejectedError as reason:
        draft.rejected = reason
    _set_level(draft)
    for key in shaped(draft.data.get("custom"))[1]:
        name = f"custom.{key}" if key else "custom"
        draft.notes.append((line(draft.node, "custom", key), f"{name} has not the expected form: in part passed over"))


@dataclass(frozen=True, slots=True)
class Words:
    """What a document says of itself, with what its parts take over from ``<stem>``."""

    custom: dict[str, Any]
    references: list[str]
    false_positives: list[str]


def inherit(found: list[Draft]) -> dict[int, Words]:
    """Return what each draft says, by ``id(draft)``; parts take over from ``<stem>`` what they do not give."""
    heads = {draft.file.where: draft for draft in found if draft.given == draft.file.path.stem}
    result = {}
    for draft in found:
        head = heads.get(draft.file.where)
        if head is None or not draft.given.startswith(f"{head.given}__"):
            head = draft
        shared = {key: value for key, value in head.custom.items() if key not in NOT_INHERITED}
        result[id(draft)] = Words(
            {**shared, **draft.custom},
            texts(draft.data.get("references")) or texts(head.data.get("references")),
            texts(draft.data.get("falsepositives")) or texts(head.data.get("falsepositives")),
        )
    return result


def _set_level(draft: Draft) -> None:
    level = draft.data.get("level")
    if isinstance(level, str) and level.lower() in list(Level):
        draft.level = Level(level.lower())
    elif level is not None:
        message = f"the level {level} is not known; {_DEFAULT_LEVEL} is assumed"
        draft.notes.append((line(draft.node, "level"), message))


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    if not base:
        return over
    result = deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


class _Register:
    """Gives each owner the name it asks for, with a number where somebody else already has it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._given: dict[tuple[str, object], str] = {}
        self._last: Counter[str] = Counter()

    def take(self, name: str, owner: object) -> str:
        """Return the name that *owner* has for *name*."""
        if (name, owner) not in self._given:
            candidate = name
            while candidate in self._taken:
                self._last[name] += 1
                candidate = f"{name}_{self._last[name] + 1}"
            self._taken.add(candidate)
            self._given[name, owner] = candidate
        return self._given[name, owner]
