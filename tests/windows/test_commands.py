"""Programs of Windows are run by the collector as anywhere: in time, without a window, and silence is no answer."""

from __future__ import annotations

from tests.windows.machine import Machine

RUN = (
    "import sys; from claude_evidence.collector import commands\n"
    "ran = commands.run(sys.argv[2:], float(sys.argv[1])); print(ran.outcome, ran.returncode, ran.detail, sep='|')"
)


def test_output_is_had(windows: Machine) -> None:
    outcome, code, _ = windows.done("-c", RUN, "30", "cmd", "/c", "ver").strip().split("|")
    assert (outcome, code) == ("collected", "0")


def test_a_program_that_is_not_there_is_missing(windows: Machine) -> None:
    assert windows.done("-c", RUN, "30", "no-such-program").startswith("missing|None|")


def test_a_program_that_takes_too_long_is_ended(windows: Machine) -> None:
    words = ["-c", "import time; print(1, flush=True); time.sleep(600)"]
    python = windows.done("-c", "import sys; print(sys.executable)").strip()
    outcome, code, why = windows.done("-c", RUN, "3", python, *words).strip().split("|")
    assert (outcome, code) == ("failed", "None")
    assert "longer than 3 s" in why


def test_a_program_that_says_nothing_failed(windows: Machine) -> None:
    python = windows.done("-c", "import sys; print(sys.executable)").strip()
    outcome, code, why = windows.done("-c", RUN, "30", python, "-c", "pass").strip().split("|")
    assert (outcome, code) == ("failed", "0")
    assert why
