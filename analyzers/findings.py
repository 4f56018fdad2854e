"""From what the rules matched to what the report states."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._excerpts import references, span
from claude_evidence.analyzers._rows import stamp
from claude_evidence.analyzers._steps import steps_of
from claude_evidence.analyzers._storms import per_day, per_session
from claude_evidence.analyzers._types import Hit, RuleDocument, RuleSet
from claude_evidence.analyzers._versions import LABEL, known_versions
from claude_evidence.messages import joined, lazy_gettext
from claude_evidence.model import EvidenceRef, Finding

Tables = Mapping[str, pd.DataFrame]
SHOWN_VALUES = 5
CONVERSATION_TABLES = frozenset({"session_registry", "transcript"})


def findings(
    hits: Iterable[Hit], rules: RuleSet, tables: Tables, hashes: Mapping[str, str], host: str = ""
) -> tuple[Finding, ...]:
    """Return one finding per hit, the most severe and then the earliest first.

    *hashes* maps member to SHA-256; *host* is the app's version on the machine, "" where nothing tells it.
    """
    main = rules.mains()
    found = [_finding(hit, main[hit.document.stem], tables, hashes, host) for hit in hits]
    return tuple(sorted(found, key=lambda f: (-f.level.rank, f.rule, f.group, f.id)))


def findings_of(hits: Iterable[Hit], found: Iterable[Finding], tables: Tables) -> dict[str, tuple[str, ...]]:
    """Return, per member that is one session entry or transcript, the ids of the findings that rest on it."""
    ids = {(finding.document, finding.group): finding.id for finding in found}
    members: dict[str, tuple[str, ...]] = {}
    for hit in hits:
        for name in CONVERSATION_TABLES & hit.rows.keys():
            for member in tables[name]["Member"].iloc[hit.rows[name]]:
                members[member] = (*members.get(member, ()), ids[hit.document.name, hit.group])
    return members


def _finding(hit: Hit, main: RuleDocument, tables: Tables, hashes: Mapping[str, str], host: str) -> Finding:
    document = hit.document
    custom = {**main.custom, **document.custom}
    evidence = _evidence(hit, tables, hashes)
    first, last = span(tables[name]["TimeCreated"].iloc[rows] for name, rows in hit.rows.items())
    local_first, local_last = (None, None) if first else _local_span(hit, tables)
    return Finding(
        rule=document.stem,
        sigma_id=document.id,
        id=_identity(hit, evidence),
        title=lazy_gettext(document.title),
        level=document.level,
        confidence=str(custom.get("confidence", "medium")),
        document=document.name,
        first_seen=first,
        last_seen=last,
        first_local=local_first,
        last_local=local_last,
        count=hit.count,
        group=hit.group,
        evidence=tuple(evidence),
        explanation=lazy_gettext(str(custom.get("explanation") or "")),
        facts=_facts(custom.get("facts"), hit, tables) + _versions(_mapping(custom.get("versions")), host),
        remedy=steps_of(custom.get("remedy")),
        does_not_work=tuple(map(lazy_gettext, _texts(custom.get("does_not_work")))),
        for_developers=lazy_gettext(str(custom.get("for_developers", ""))),
        false_positives=tuple(map(lazy_gettext, document.false_positives)),
        because_of=_texts(custom.get("because_of")),
        leads_to=_texts(custom.get("leads_to")),
        versions=_mapping(custom.get("versions")),
        per_day=per_day(hit, tables),
        per_session=per_session(hit, tables),
        references=main.references or document.references,
    )


def _evidence(hit: Hit, tables: Tables, hashes: Mapping[str, str]) -> list[EvidenceRef]:
    """Return a bounded choice of the rows, in order of time: of each table, first and last."""
    refs = [ref for name, rows in hit.rows.items() for ref in references(name, tables[name], rows, hashes)]
    return sorted(refs, key=lambda r: (r.time is None, str(r.time or r.local_time or ""), r.member, r.record))


def _identity(hit: Hit, evidence: list[EvidenceRef]) -> str:
    """Hash rule, group and first evidence by what it says, so that two bundles of one machine can be compared."""
    first = evidence[0] if evidence else None
    parts = (hit.document.stem, hit.group.casefold(), str(first.time if first else ""), first.excerpt if first else "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _local_span(hit: Hit, tables: Tables) -> tuple[Any, Any]:
    return span(tables[name]["LocalTime"].iloc[rows] for name, rows in hit.rows.items() if "LocalTime" in tables[name])


def _facts(wanted: Any, hit: Hit, tables: Tables) -> tuple[tuple[str, str], ...]:
    """Return the label-value pairs that the rule asks for: ``show`` is distinct, values, min or max of a field."""
    facts = []
    for fact in wanted if isinstance(wanted, list) else []:
        columns = [
            tables[name][fact["field"]].iloc[rows] for name, rows in hit.rows.items() if fact["field"] in tables[name]
        ]
        values = [value for column in columns for value in column.dropna().unique().tolist()]
        if values:
            facts.append((lazy_gettext(str(fact["label"])), _shown(values, fact.get("show", "values"))))
    return tuple(facts)


def _versions(versions: Mapping[str, str], host: str) -> tuple[tuple[str, str], ...]:
    said = known_versions(versions, host)
    return ((LABEL, said),) if said else ()


def _shown(values: list[Any], show: str) -> str:
    if show == "distinct":
        return f"{len(set(values)):,}"
    if show in ("min", "max"):
        ordered = sorted(values, key=lambda value: (type(value).__name__, value))
        return _text(ordered[0 if show == "min" else -1])
    distinct = list(dict.fromkeys(values))
    told = joined(map(_text, distinct[:SHOWN_VALUES]), ", ")
    rest = len(distinct) - SHOWN_VALUES
    return lazy_gettext("%(values)s and %(rest)s more", values=told, rest=rest) if rest > 0 else told


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, pd.Timestamp):
        return f"{stamp(value)} UTC"
    return (
        f"{value:,}"
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 9999
        else str(value)
    )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, (list, tuple)) else ()


def _mapping(values: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, Mapping) else {}
