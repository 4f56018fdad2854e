"""What refers to what: correlations find the documents they name, filters the rules they narrow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sigma.correlations import SigmaCorrelationRule

from claude_evidence.analyzers._rule_drafts import Draft
from claude_evidence.analyzers._rule_parse import RejectedError, line

_MAX_DEPTH = 10


class Names:
    """Finds documents by name or id: in the same file first, else anywhere."""

    def __init__(self, found: Iterable[Draft]) -> None:
        self._all: dict[str, list[Draft]] = defaultdict(list)
        for draft in found:
            for key in dict.fromkeys((draft.given, draft.name, str(draft.data.get("id") or "").lower())):
                if key:
                    self._all[key].append(draft)

    def find(self, reference: str, asking: Draft) -> list[Draft]:
        """Return the documents that *asking* can mean by *reference*; more than one is an ambiguity."""
        known = self._all.get(reference) or self._all.get(reference.lower(), [])
        near = [draft for draft in known if draft.file.where == asking.file.where]
        return near or [draft for draft in known if draft.given == reference or not draft.given] or known


def link(found: list[Draft]) -> None:
    """Find the ``targets`` of every correlation; the reason is kept where one cannot be found."""
    names = Names(found)
    waiting = []
    for draft in found:
        if draft.rejected is None and isinstance(draft.sigma, SigmaCorrelationRule):
            try:
                _resolve(draft, draft.sigma, names)
                waiting.append(draft)
            except RejectedError as reason:
                draft.rejected = reason
    _settle(waiting)


def _resolve(draft: Draft, rule: SigmaCorrelationRule, names: Names) -> None:
    at = line(draft.node, "correlation", "rules")
    if not rule.referenced_rules:
        raise RejectedError("the correlation names no rule", at)
    for reference in rule.referenced_rules:
        draft.targets[reference.reference] = _target(reference.reference, draft, names, at)
    for alias in rule.aliases:
        for reference in alias.mapping:
            if reference.reference not in draft.targets:
                where = line(draft.node, "correlation", "aliases", alias.alias)
                raise RejectedError(
                    f"the alias {alias.alias} names {reference.reference}, which is not in rules", where
                )


def _target(reference: str, draft: Draft, names: Names, at: int) -> Draft:
    matches = names.find(reference, draft)
    if draft in matches and len(matches) == 1:
        raise RejectedError("the correlation names itself", at)
    if not matches:
        raise RejectedError(f"the correlation names {reference}, and there is no rule of that name or id", at)
    if len(matches) > 1:
        many = f"{len(matches)} rules have that name or id"
        raise RejectedError(f"the correlation names {reference}, and {many}", at)
    return matches[0]


def _settle(waiting: list[Draft]) -> None:
    """Reject what rests on a rejected document, on itself by a detour, or on too long a chain."""
    for _ in range(_MAX_DEPTH):
        open_ids = {id(draft) for draft in waiting}
        for draft in waiting:
            refused = next((target for target in draft.targets.values() if target.rejected is not None), None)
            if refused is not None:
                reason = f"it needs {refused.name}, which cannot be used: {refused.rejected}"
                draft.rejected = RejectedError(reason[:400], line(draft.node, "correlation", "rules"))
        waiting = [
            draft
            for draft in waiting
            if draft.rejected is None and any(id(target) in open_ids for target in draft.targets.values())
        ]
    for draft in waiting:
        at = line(draft.node, "correlation", "rules")
        reason = f"its correlations refer to each other in a circle, or nest deeper than {_MAX_DEPTH}"
        draft.rejected = RejectedError(reason, at)


def feeding(found: Iterable[Draft]) -> set[int]:
    """Return ``id()`` of every draft that only feeds correlations, none of which says ``generate: true``."""
    fed: set[int] = set()
    shown: set[int] = set()
    for draft in found:
        group = shown if draft.correlation.get("generate") is True else fed
        group.update(id(target) for target in draft.targets.values())
    return fed - shown
