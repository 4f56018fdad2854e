"""What the host says of itself that identifies it or its people: known to the first pass, tokens in the manifest."""

from __future__ import annotations

from collections.abc import Mapping

from claude_evidence.collector._types import Discovery, Kind, Redactor

_KINDS = {
    "name": Kind.HOST,
    "domain": Kind.DOMAIN,
    "user": Kind.USER,
    "full_name": Kind.FULL_NAME,
    "sid": Kind.SID,
}
# What an organisation's machine is called where it belongs to none.
_NO_DOMAIN = frozenset({"", "workgroup"})


def note_facts(discovery: Discovery, facts: Mapping[str, str]) -> None:
    """Tell *discovery* which of a host's *facts* identify."""
    for key, value in facts.items():
        if _identifies(key, value):
            discovery.fact(_KINDS[key], value)


def private_facts(redactor: Redactor, facts: Mapping[str, str]) -> dict[str, str]:
    """Return *facts* with tokens for those that identify; the others are scrubbed like any text."""
    return {
        key: redactor.fact(_KINDS[key], value) if _identifies(key, value) else redactor.text(value)
        for key, value in facts.items()
    }


def _identifies(key: str, value: str) -> bool:
    return key in _KINDS and bool(value) and not (key == "domain" and value.casefold() in _NO_DOMAIN)
