"""Event payloads of the package log and the runtime log that concern Claude, decoded only for the few rows that do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

CHANNELS = ("microsoft-windows-appxdeploymentserver/operational", "microsoft-windows-appmodel-runtime/admin")
MARK = re.compile(rb"Claude_|Claude-[0-9A-Fa-f]+\.msix")


def claude_events(events: pd.DataFrame, numbers: Iterable[int]) -> pd.DataFrame:
    """Return the rows of the AppX and AppModel channels with an EventID in *numbers* that name Claude's package.

    Packages of others may begin with the same word; the name and its underscore, or the installer's, tell them apart.
    """
    known = [c for c in events["Channel"].cat.categories if str(c).lower() in CHANNELS]
    chosen = events[
        (events["Channel"].isin(known) & events["EventID"].isin(list(numbers))).to_numpy(dtype=bool, na_value=False)
    ]
    own = [isinstance(data, bytes) and MARK.search(data) is not None for data in chosen["EventData"]]
    return chosen[np.array(own, dtype=bool)]


def decode(data: Any) -> Mapping[str, Any]:
    """Return the payload as a mapping; an unreadable one is empty."""
    try:
        payload = json.loads(data)
    except (TypeError, ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
