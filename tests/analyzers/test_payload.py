"""Which events of the package logs concern Claude."""

from __future__ import annotations

import pandas as pd

from claude_evidence.analyzers._payload import claude_events

CHANNEL = "Microsoft-Windows-AppModel-Runtime/Admin"


def test_no_event_that_concerns_claude_is_an_empty_table_of_the_same_columns() -> None:
    rows = {"EventID": [208, 400], "Channel": [CHANNEL, "System"], "EventData": [b'{"PackageName":"Claude_1"}', b""]}
    events = pd.DataFrame(rows).astype({"Channel": "category"})
    assert claude_events(events, [208])["EventID"].tolist() == [208]
    none = claude_events(events, [210])
    assert none.empty and list(none.columns) == list(events.columns)
