"""Whole-process figures for the promises on speed: CPU seconds, median of five, and ratios within one run.

Usage: ``python tests/benchmarks/run.py [help|events|log|rules|collect]``. ``events`` needs CLAUDE_EVIDENCE_REAL_DATA.
"""

from __future__ import annotations

import lzma
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = 5
SCRIPT = str(Path(sys.executable).with_name("claude-evidence"))
BASELINE = "import pandas, evtx, sys; [0 for _ in evtx.PyEvtxParser(sys.argv[1]).records_json()]"


def cpu(command: list[str], folder: Path) -> tuple[float, float]:
    """Return (CPU seconds, peak MiB) of one run of *command*."""
    # an installed package is compiled; so is this one after the first run, unless Python may not keep what it compiled
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(label: str, command: list[str], folder: Path) -> float:
    """Print and return the median CPU seconds of *command*, after one run that does not count."""
    cpu(command, folder)
    figures = [cpu(command, folder) for _ in range(RUNS)]
    seconds = statistics.median(s for s, _ in figures)
    peak = max(mebibytes for _, mebibytes in figures)
    print(f"{label:<46} {seconds:7.3f} s CPU  (min {min(s for s, _ in figures):.3f})  {peak:6.0f} MiB")
    return seconds


def bench_help(folder: Path) -> None:
    base = measure("python -c 'import click'", [sys.executable, "-c", "import click"], folder)
    own = measure("claude-evidence --help", [SCRIPT, "--help"], folder)
    print(f"  ratio {own / base:.2f} (promised: under 1.5)")


def bench_events(folder: Path) -> None:
    packed = Path(os.environ["CLAUDE_EVIDENCE_REAL_DATA"]) / "evtx/bench/server2012r2_System_16.8MB_60189rec.evtx.xz"
    log = folder / "System.evtx"
    log.write_bytes(lzma.decompress(packed.read_bytes()))
    base = measure("import pandas, evtx; read every record", [sys.executable, "-c", BASELINE, str(log)], folder)
    own = measure("claude-evidence analyze System.evtx", [SCRIPT, "analyze", str(log), "-o", "r.html"], folder)
    print(f"  ratio {own / base:.2f} (promised: under 2.5)")


def bench_log(folder: Path) -> None:
    for megabytes in (2, 20, 200):
        log = folder / f"{megabytes}" / "main.log"
        log.parent.mkdir()
        size = [f"--megabytes={megabytes}", f"--failures={megabytes * 50}"]
        subprocess.run([sys.executable, str(HERE / "make_main_log.py"), str(log), *size], check=True)
        command = [SCRIPT, "analyze", str(log), "--tz", "Europe/Berlin", "-o", "r.html"]
        own = measure(f"claude-evidence analyze main.log ({megabytes} MB)", command, folder)
        print(f"  {log.stat().st_size / 1e6 / own:.0f} MB/s (promised: 100 at 200 MB)")


def bench_rules(folder: Path) -> None:
    subprocess.run([sys.executable, str(HERE / "bench_rules.py")], cwd=folder, check=True)


def bench_collect(folder: Path) -> None:
    root = folder / "host"
    subprocess.run([sys.executable, str(HERE / "make_claude_folder.py"), str(root)], check=True)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    os.environ["XDG_CONFIG_HOME"] = str(folder)
    times = []
    for number in range(3):
        words = ["--no-analyze", "--max-size", "1GB", "-y", "-q", "--root", str(root)]
        begun = time.monotonic()
        _, peak = cpu([SCRIPT, "collect", *words, "-o", str(folder / f"{number}.zip")], folder)
        times.append(time.monotonic() - begun)
    print(f"claude-evidence collect ({size / 1e6:.0f} MB): {min(times):.1f} s, {peak:.0f} MiB (promised: 25 s, 300 MB)")


BENCHES = {
    "help": bench_help,
    "events": bench_events,
    "log": bench_log,
    "rules": bench_rules,
    "collect": bench_collect,
}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHES)
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            BENCHES[name](Path(folder))


if __name__ == "__main__":
    main()
