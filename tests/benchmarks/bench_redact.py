"""How fast the two passes of the redaction go over a log, and one over many small session files.

Usage: ``python tests/benchmarks/bench_redact.py [MEGABYTES]``; prints MB/s of each pass on one core.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from claude_evidence.collector._types import Artifact, Item, Kind, Scrub, User
from claude_evidence.collector.discovery import Discovering

HERE = Path(__file__).resolve().parent


def item(size: int, scrub: Scrub) -> Item:
    return Item(Artifact("log", "", frozenset(), ()), "C:/x/main.log", lambda: io.BytesIO(), size, scrub=scrub)


def timed(label: str, megabytes: float, work) -> None:
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    print(f"{label:<28} {megabytes / seconds:7.1f} MB/s  ({seconds:.2f} s)")


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "main.log"
        subprocess.run(
            [sys.executable, str(HERE / "make_main_log.py"), str(log), "--megabytes", str(megabytes)], check=True
        )
        size = log.stat().st_size
        discovery = Discovering([User("alice", "C:/Users/alice", "S-1-5-21-1-2-3-1001", "Alice Liddell")], b"k" * 32)
        discovery.fact(Kind.HOST, "DESKTOP-SAMPLE")
        for number in range(200):
            discovery.fact(Kind.TITLE, f"A conversation about number {number} of many")
        with log.open("rb") as source:
            timed("first pass", size / 1e6, lambda: discovery.stream(item(size, Scrub.TEXT), source))
        redactor = discovery.redactor()
        with log.open("rb") as source:
            timed(
                "second pass",
                size / 1e6,
                lambda: [None for _ in redactor.stream(item(size, Scrub.TEXT), source)],
            )


if __name__ == "__main__":
    main()
