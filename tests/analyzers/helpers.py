"""Rules and tables for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from claude_evidence.analyzers._rule_forms import form
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.model import Coverage, Level

OWN = {"product": "claude_desktop", "category": "thing"}
START = datetime(2026, 5, 17, 7, 27, tzinfo=UTC)


def plain(
    detection: Mapping[str, Any],
    name: str = "rule",
    logsource: Mapping[str, str] = OWN,
    policy: Any = None,
    **more: Any,
) -> RuleDocument:
    body = {"title": name, "name": name, "logsource": dict(logsource), "detection": dict(detection)}
    sigma = SigmaRule.from_dict(body, policy=policy)
    return document(sigma, name, **more)


def correlation(name: str, kind: str, rules: Sequence[str], timespan: str = "10s", **more: Any) -> RuleDocument:
    keys = {key.replace("_", "-"): more.pop(key) for key in ("group_by", "condition", "aliases") if key in more}
    body = {"type": kind, "rules": list(rules), "timespan": timespan, **keys}
    return document(SigmaCorrelationRule.from_dict({"title": name, "name": name, "correlation": body}), name, **more)


def document(sigma: Any, name: str, **more: Any) -> RuleDocument:
    options = {"stem": name.split("__")[0], "file": Path(f"{name}.yml"), "line": 1, "level": Level.MEDIUM, **more}
    return RuleDocument(name=name, asks=form(sigma), title=name, id=str(sigma.id or ""), **options)


def rules(*documents: RuleDocument) -> RuleSet:
    return RuleSet(documents)


def table(rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table; ``at`` is a time in seconds after START, None where it is not known."""
    times: Any = [None if row.get("at", 0) is None else START + pd.Timedelta(seconds=row.get("at", 0)) for row in rows]
    data: dict[str, Any] = {
        "TimeCreated": pd.Series(pd.to_datetime(times, utc=True)).astype("datetime64[us, UTC]"),
        "Member": pd.Series(["m"] * len(rows), dtype="category"),
        "Record": pd.Series(range(1, len(rows) + 1), dtype="int64"),
    }
    for name, dtype in dtypes.items():
        data[name] = pd.Series([row.get(name) for row in rows], dtype=dtype)
    return pd.DataFrame(data)


def coverage(*names: str, source: str = "", last: float | None = None) -> tuple[Coverage, ...]:
    end = None if last is None else START + pd.Timedelta(seconds=last)
    return tuple(Coverage(name, source or name, "m", START, end) for name in names)


@contextmanager
def small_is_large() -> Iterator[None]:
    """Make small tables take the ways that are meant for large ones."""
    with ExitStack() as stack:
        for name, value in {
            "_columns._SMALL_BYTES": -1,
            "_columns._WHOLE": 2,
            "_textscan.FEW": -1,
            "_bytescan._SMALL": 6,
            "_bytescan._FREQUENT": 2,
            "_bytescan._BLOCK": 64,
            "_bytescan._BATCH": 3,
            "_columns._repeats": lambda _: False,
        }.items():
            stack.enter_context(patch(f"claude_evidence.analyzers.{name}", value))
        yield
