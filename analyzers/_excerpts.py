"""From a row back to its bytes: references with a short excerpt, one way per table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._rows import moment, pick, records
from claude_evidence.model import EvidenceRef

EXCERPT_CHARACTERS = 2000
LOG_FACTS = ("TimeCreated", "Member", "Record", "LocalTime", "Level", "Component", "Message")
"""What a reference to a row of app_log is made of."""
FIRST, LAST = 8, 4
FILE_FACTS = {
    "session_registry": ("FileName", "FileSize", "ParseState", "SessionId", "CliSessionId"),
    "transcript": (
        "CliSessionId",
        "FileSize",
        "RecordCount",
        "UserCount",
        "AssistantCount",
        "BadLineCount",
        "NulLineCount",
        "Entrypoint",
    ),
}


def reference(table: str, row: Mapping[str, Any], hashes: Mapping[str, str]) -> EvidenceRef:
    """Return the reference to one *row* (missing values None) of *table*; *hashes* maps member to SHA-256."""
    member = str(row["Member"])
    local = row.get("LocalTime") if row["TimeCreated"] is None else None
    return EvidenceRef(
        member,
        int(row["Record"]),
        hashes.get(member, ""),
        excerpt(table, row),
        moment(row["TimeCreated"]),
        moment(local),
    )


def references(table: str, frame: pd.DataFrame, positions: np.ndarray, hashes: Mapping[str, str]) -> list[EvidenceRef]:
    """Return references to the rows at *positions*: the first `FIRST` and the last `LAST` of them."""
    return [reference(table, row, hashes) for row in told(table, frame, first_and_last(positions))]


def told(table: str, frame: pd.DataFrame, positions: np.ndarray) -> list[dict[str, Any]]:
    """Return of the rows at *positions* what a reference tells."""
    return records(pick(frame, positions, LOG_FACTS if table == "app_log" else None))


def first_and_last(positions: np.ndarray) -> np.ndarray:
    """Return the first `FIRST` and the last `LAST` of *positions*."""
    return positions if len(positions) <= FIRST + LAST else np.concatenate([positions[:FIRST], positions[-LAST:]])


def excerpt(table: str, row: Mapping[str, Any]) -> str:
    """Return what a reader should see of *row*, at most `EXCERPT_CHARACTERS` long."""
    if table == "events":
        text = _event(row)
    elif table == "app_log":
        text = _log(row)
    else:
        names = FILE_FACTS.get(table) or tuple(n for n in row if n not in ("TimeCreated", "Member", "Record"))
        text = ", ".join(f"{name} {row[name]}" for name in names if row.get(name) is not None)
    return text if len(text) <= EXCERPT_CHARACTERS else text[: EXCERPT_CHARACTERS - 1] + "…"


def _event(row: Mapping[str, Any]) -> str:
    data = row["EventData"]
    payload = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data or "")
    time = f"{row['TimeCreated']:%Y-%m-%d %H:%M:%S.%f}Z " if row["TimeCreated"] is not None else ""
    return f"{time}{row['Provider_Name']} {row['EventID']} {payload}"


def _log(row: Mapping[str, Any]) -> str:
    time = row["LocalTime"] if row["LocalTime"] is not None else row["TimeCreated"]
    head = f"{time:%Y-%m-%d %H:%M:%S} " if time is not None else ""
    level = f"[{row['Level']}] " if row["Level"] else ""
    component = f"[{row['Component']}] " if row["Component"] else ""
    return f"{head}{level}{component}{row['Message'] or ''}"


def span(times: Iterable[pd.Series[Any]]) -> tuple[Any, Any]:
    """Return the first and last known time over several columns, or None and None."""
    known = [time for column in times for time in (column.min(), column.max()) if time == time]
    return (moment(min(known)), moment(max(known))) if known else (None, None)
