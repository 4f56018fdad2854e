"""Random machines: whatever is lost on them, the kit brings back what its plan says, and the way back is exact."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.analyzers.ledger_machines import Machine, write
from tests.analyzers.test_ledger import MACHINES
from tests.recovery_trees import account_for, apply, plan, recover, snapshot, undo

# An entry that is back in the list opens what its transcript holds, in the account that it belongs to.
AFTER = {"healthy", "CLI only", "unknown", "transcript missing", "empty stub", "other account"}


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(MACHINES)
def test_any_machine_goes_there_and_back(machine: Machine) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, kit, again = Path(name) / "disk", Path(name) / "kit", Path(name) / "again"
        root.mkdir()
        write(machine, root)
        before = snapshot(root)
        assert recover(root, kit) == 0
        assert snapshot(root) == before
        told = plan(kit)
        assert apply(kit, root) == 0
        after = account_for(root)
        for one in told["conversations"]:
            row = after.get(one["session_id"].lower()) or after[one["cli_session_id"].lower()]
            if one["way"] != "nothing" and one["recoverable"] == "yes":
                assert row.state in AFTER, (one, row)
                assert row.recoverable in {"nothing to do", "no"}, (one, row)
        assert recover(root, again) == 0
        assert plan(again)["files"] == []
        assert undo(kit, root) == 0
        assert snapshot(root) == before
