"""Tools that exit with 0 and say nothing: what they were asked for has failed, and everything else is collected."""

from __future__ import annotations

import pytest

from claude_evidence.model import Outcome
from tests.windows import live
from tests.windows.machine import Machine

TOOLS = ("wevtutil.exe", "WindowsPowerShell/v1.0/powershell.exe", "sc.exe")


def test_silence_is_a_failure_that_is_told(windows: Machine) -> None:
    if not windows.imitated:
        pytest.skip("the tools of a true Windows speak")
    for name in TOOLS:
        windows.silence(name)
    live.bring(windows, "healthy")
    bundle = live.collect(windows, "healthy")
    logs = live.acquired(bundle, "WindowsEventLogs")
    assert len(logs) > 5
    assert {entry.outcome for entry in logs} == {Outcome.FAILED}
    assert all("exported nothing" in entry.detail or "wevtutil" in entry.detail for entry in logs)
    asked = [entry for entry in live.acquired(bundle, "AppxPackages") if "Get-AppxPackage" in entry.source]
    assert [entry.outcome for entry in asked] == [Outcome.FAILED]
    assert [entry for entry in live.acquired(bundle, "ClaudeServices") if entry.outcome is Outcome.FAILED]
    assert [entry for entry in live.acquired(bundle, "ClaudeLogs") if entry.outcome is Outcome.COLLECTED]
