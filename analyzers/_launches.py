"""Whether the app started again after a failed launch: the part of the joins that reads the runtime log."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory, category
from claude_evidence.analyzers._payload import claude_events, decode
from claude_evidence.analyzers._rows import pick, stamp

FAILED = (208, 215)
CREATED = 201
TWINUI = "microsoft-windows-twinui/operational"
ACTIVATED = (5960, 5961)
MODIFIED = re.compile(rb"80073cfc|2147958012|-2147009284", re.IGNORECASE)
FAMILY = b"Claude_pzs8sxrjxfjjc"
APPLICATION = "claude_pzs8sxrjxfjjc!claude"


def launch_columns(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> dict[str, Any]:
    """Return the columns that joins add to events: when the app next ran after a failed launch, and how soon.

    It ran when main.log tells of a start, or AppModel-Runtime 201 of the app's own process; 210 and 211 prove nothing,
    since the packaged service makes them too (#73107).
    """
    events = tables["events"]
    failed = claude_events(events, FAILED)
    ran = sorted(_logged(tables["app_log"], history) + _created(events)) if len(failed) else []
    again: dict[int, str] = {}
    seconds: dict[int, int] = {}
    for row, time in zip(failed.index.tolist(), failed["TimeCreated"].tolist(), strict=True):
        place = bisect_right(ran, time) if time is not pd.NaT else len(ran)
        if place < len(ran):
            again[row] = f"{stamp(ran[place])} UTC"
            seconds[row] = int((ran[place] - time).total_seconds())
    return {
        "StartedAgain": category(len(events), again),
        "RecoveredSeconds": category(len(events), seconds),
        "Activation": category(len(events), _refused(events)),
    }


def _refused(events: pd.DataFrame) -> dict[int, str]:
    """Return the shell's records that the app was not activated because its package is modified, by their position.

    The names of their fields are not known for every build, so the code is looked for in all they say.
    """
    known = [name for name in events["Channel"].cat.categories if str(name).lower() == TWINUI]
    if not known:
        return {}
    own = (events["Channel"].isin(known) & events["EventID"].isin(ACTIVATED)).to_numpy(dtype=bool, na_value=False)
    rows = np.flatnonzero(own)
    data = events["EventData"].iloc[rows]
    return {
        int(row): "refused 0x80073cfc"
        for row, stored in zip(rows, data, strict=True)
        if isinstance(stored, bytes) and FAMILY in stored and MODIFIED.search(stored)
    }


def _logged(log: pd.DataFrame, history: AppHistory) -> list[pd.Timestamp]:
    rows = pd.Index([row for row, _ in history.starts]).to_numpy()
    return list(pick(log, rows, ["TimeCreated"])["TimeCreated"].dropna()) if len(rows) else []


def _created(events: pd.DataFrame) -> list[pd.Timestamp]:
    chosen = claude_events(events, [CREATED])
    own = [str(decode(data).get("ApplicationName", "")).lower() == APPLICATION for data in chosen["EventData"]]
    return list(chosen.loc[own, "TimeCreated"].dropna())
