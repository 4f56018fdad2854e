"""Sigma filters: documents that narrow other rules."""

from __future__ import annotations

from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from claude_evidence.analyzers._rule_drafts import Draft
from claude_evidence.analyzers._rule_parse import PARSE_ERRORS, RejectedError, check_items, essential, line, one_line


def apply_filters(found: list[Draft]) -> tuple[list[Draft], list[tuple[Draft, int, str]]]:
    """Apply the filter documents among *found* to the plain rules among them.

    Returns the drafts that are rules, and (filter, line, message) for each filter that cannot be used or that
    applies to no rule.
    """
    filters = [draft for draft in found if "filter" in draft.data and draft.rejected is None]
    rules = [draft for draft in found if "filter" not in draft.data or draft.rejected is not None]
    notes = []
    for draft in filters:
        at = line(draft.node, "filter")
        try:
            check_items(draft.data["filter"], draft.node, "filter")
            parsed = SigmaFilter.from_dict({**essential(draft.data), "filter": draft.data["filter"]})
            for condition in parsed.filter.parsed_condition:
                condition.parse()
            if not _narrow(parsed, rules):
                notes.append((draft, at, "the filter applies to none of the rules that were loaded"))
        except RejectedError as reason:
            notes.append((draft, reason.line, f"the filter cannot be used: {reason}"))
        except PARSE_ERRORS as error:
            notes.append((draft, at, f"the filter cannot be used: {one_line(error)}"))
    return rules, notes


def _narrow(parsed: SigmaFilter, rules: list[Draft]) -> int:
    """Apply one filter; return how many rules it changed."""
    changed = 0
    for draft in rules:
        if isinstance(draft.sigma, SigmaRule) and draft.rejected is None:
            before = list(draft.sigma.detection.condition)
            parsed.apply_on_rule(draft.sigma)
            if before != draft.sigma.detection.condition:
                changed += 1
                _reparse(draft, draft.sigma)
    return changed


def _reparse(draft: Draft, rule: SigmaRule) -> None:
    """Reject the rule where many filters together make a condition that cannot be parsed."""
    try:
        for condition in rule.detection.parsed_condition:
            condition.parse()
    except PARSE_ERRORS as error:
        at = line(draft.node, "detection", "condition")
        draft.rejected = RejectedError(f"with its filters the condition cannot be parsed: {one_line(error)}", at)
