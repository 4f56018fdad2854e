"""The package's history: what was deployed when, and its state at collection time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from claude_evidence.analyzers._excerpts import reference
from claude_evidence.analyzers._payload import claude_events, decode
from claude_evidence.analyzers._rows import records
from claude_evidence.messages import gettext_noop, lazy_gettext
from claude_evidence.model import PackageEvent

FULL_NAME = re.compile(r"\b(Claude_(\d+(?:\.\d+){1,3})_[A-Za-z0-9]+_[^_\s]*_pzs8sxrjxfjjc)", re.IGNORECASE)
OUTCOMES = {
    400: gettext_noop("%(operation)s finished"),
    401: gettext_noop("%(operation)s failed"),
    404: gettext_noop("%(operation)s failed"),
    658: gettext_noop("%(operation)s deferred: the old version is still running"),
}


def packages(tables: Mapping[str, pd.DataFrame], hashes: Mapping[str, str]) -> tuple[PackageEvent, ...]:
    """Return deployments of Claude packages in order of time, then the packages as they were when collected."""
    history = []
    for row in records(claude_events(tables["events"], OUTCOMES)):
        payload = decode(row["EventData"])
        name, version = _package(payload)
        if name and row["TimeCreated"] is not None:
            operation = row["Operation"] or lazy_gettext("deployment")
            what = lazy_gettext(OUTCOMES[int(row["EventID"])], operation=operation)
            history.append(
                PackageEvent(
                    row["TimeCreated"].to_pydatetime(),
                    name,
                    version,
                    what,
                    str(row["HResult"] or ""),
                    reference("events", row, hashes),
                )
            )
    history.sort(key=lambda event: (event.time, event.evidence.record if event.evidence else 0))
    return tuple(history) + _installed(tables["package"], hashes)


def _package(payload: Mapping[str, Any]) -> tuple[str, str]:
    for text in (payload.get("PackageFullName"), *payload.values()):
        match = FULL_NAME.search(str(text or ""))
        if match:
            return match[1], match[2]
    return "", ""


def _installed(table: pd.DataFrame, hashes: Mapping[str, str]) -> tuple[PackageEvent, ...]:
    return tuple(
        PackageEvent(
            None,
            str(row["PackageFullName"] or row["Name"] or ""),
            str(row["Version"] or ""),
            lazy_gettext("as collected"),
            str(row["Status"] or ""),
            reference("package", row, hashes),
        )
        for row in records(table)
        if str(row["Name"] or "").lower() == "claude"
    )
