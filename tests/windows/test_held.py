"""Logs that another process holds open, with every sharing mode there is, while the program collects."""

from __future__ import annotations

import subprocess

from claude_evidence.model import Outcome
from tests.collector.run_helpers import entries
from tests.windows import live, trees
from tests.windows.machine import Machine

FILE_SHARE_READ = 1
MODES = range(8)
"""Any sum of FILE_SHARE_READ (1), FILE_SHARE_WRITE (2) and FILE_SHARE_DELETE (4)."""
HOLD = """
import ctypes, os, subprocess, sys
from ctypes import wintypes
create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
create.restype = wintypes.HANDLE
create.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD,
                   wintypes.DWORD, wintypes.HANDLE]
for mode in range(8):
    path = "\\\\\\\\?\\\\" + os.path.join(sys.argv[1], f"main{mode}.log")
    handle = create(path, 0xC0000000, mode, None, 3, 0x80, None)
    assert handle not in (None, wintypes.HANDLE(-1).value), (path, ctypes.get_last_error())
sys.exit(subprocess.call([sys.executable, *sys.argv[2:]]))
"""


def test_what_is_shared_for_reading_is_taken_and_the_rest_is_said(windows: Machine) -> None:
    root = trees.tree(windows, "healthy", "disk-held")
    folder = root / trees.LOGS
    folder.mkdir(parents=True, exist_ok=True)
    for mode in MODES:
        (folder / f"main{mode}.log").write_bytes(b"2026-09-14 08:00:00 [info] Config file written\r\n" * (mode + 1))
    windows.share(root)
    bundle, _ = trees.collect(windows, root, "--no-analyze", program=("-c", HOLD, windows.name(folder), *trees.COLLECT))
    for mode in MODES:
        (entry,) = entries(bundle, f"main{mode}.log")
        wanted = Outcome.COLLECTED if mode & FILE_SHARE_READ else Outcome.FAILED
        assert entry.outcome is wanted, (mode, entry)
        assert bool(entry.member) == (wanted is Outcome.COLLECTED)
        assert mode & FILE_SHARE_READ or "held by another process" in entry.detail
    (log,) = [entry for entry in entries(bundle, "main.log") if entry.outcome is Outcome.COLLECTED]
    assert log.member
    assert live.report(bundle).problems == ()


def test_a_log_that_grows_while_it_is_read_is_taken_as_far_as_it_was(windows: Machine) -> None:
    root = trees.tree(windows, "healthy", "disk-growing")
    folder = root / trees.LOGS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mcp.log").write_bytes(b"")
    windows.share(root)
    code = (
        "import os, sys, time\n"
        "with open(sys.argv[1], 'ab', buffering=0) as log:\n"
        "    print('ready', flush=True)\n"
        "    while not os.path.exists(sys.argv[2]):\n"
        "        log.write(b'2026-09-14 08:00:00 [info] Config file written\\r\\n'); time.sleep(0.001)"
    )
    enough = windows.scratch / "enough"  # to end what started it would not end a Windows Python that is imitated
    line = [*windows.python_command, "-c", code, windows.name(folder / "mcp.log"), windows.name(enough)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=windows.scratch) as writer:
        try:
            assert writer.stdout
            assert writer.stdout.readline().strip() == b"ready"
            bundle, _ = trees.collect(windows, root, "--no-analyze")
        finally:
            enough.touch()
            assert writer.wait(60) == 0
    (entry,) = entries(bundle, "mcp.log")
    assert entry.outcome is Outcome.COLLECTED
    assert entry.member
