"""Write a main.log of any size, the same bytes each time: ``python make_main_log.py OUT [--megabytes 200] [--lf]``.

Among the lines of a healthy, busy app lie ``--failures`` failed saves (EXDEV) of 23 sessions, spread evenly.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

FOLDER = r"C:\Users\alice\AppData\Roaming\Claude\claude-code-sessions"
START = datetime(2026, 3, 1, 8)  # noqa: DTZ001 - main.log has wall-clock times
# weight, level, message: {s} a session, {c} its CLI session, {n} a number
SHAPES = [
    (14, "info", "[CCD] LocalSessions.setFocusedSession: sessionId={s}"),
    (9, "info", "Sending message to session {s}"),
    (4, "info", "Mapping internal session {s} to CLI session {c}"),
    (5, "info", "[CCD CycleHealth] healthy cycle for {s} ({n}s, hadFirstResponse=true)"),
    (12, "info", "Config file written"),
    (12, "info", "[growthbook] loaded 214 features ({n} changed)"),
    (14, "info", "[EventLogging] Flushing {n} events"),
    (9, "debug", "[updater] Checking for updates"),
    (8, "info", "[SkillsPlugin] Found {n} skills in 3 folders, nothing to sync"),
    (8, "info", "[LocalMcpServerManager] Connected to docs-server ({n} tools)"),
    (6, "warn", "[sessions-bridge] account-change reevaluate: enabled=true sessions={n}"),
    (5, "info", "[WarmLifecycle:cowork] tick {n}: nothing to warm"),
    (4, "info", "[CCD] [replaceRemoteMcpServers] Replaced {n} servers"),
    (3, "warn", "Blocked permission check {{\n  permission: 'notifications',\n  origin: 'https://claude.ai'\n}}"),
    (
        2,
        "error",
        "Failed to fetch plan usage: Error: read ECONNRESET\n    at TLSWrap.onStreamRead (node:internal/stream:216:20)",
    ),
    (1, "info", "[CCD] Summary ready – “{n} files” changed, café"),
]


def session(number: int) -> UUID:
    """Return the id of session *number*."""
    return UUID(int=Random(number).getrandbits(128), version=4)


def failure(number: int) -> str:
    """Return the message of a failed save."""
    path = rf"{FOLDER}\{session(1001)}\{session(1002)}\local_{session(number)}.json"
    return (
        f"Failed to save session local_{session(number)}: EXDEV: cross-device link not permitted, "
        f"rename '{path}.tmp' -> '{path}'"
    )


def records(size_bytes: int, failures: int) -> Iterator[tuple[str, str]]:
    """Yield level and message until *size_bytes* are reached, one failure after each equal share of bytes."""
    random = Random(59934)
    weights = [weight for weight, _, _ in SHAPES]
    ids = [(f"local_{session(n)}", str(session(n + 500))) for n in range(60)]
    lost = [failure(n) for n in range(23)]
    written = saved = 0
    while written < size_bytes:
        if saved < failures and written * failures >= saved * size_bytes:
            level, text = "error", lost[saved % len(lost)]
            saved += 1
        else:
            ((_, level, shape),) = random.choices(SHAPES, weights)
            who, cli = ids[random.randrange(60)]
            text = shape.format(s=who, c=cli, n=random.randrange(1, 99))
        written += len(text) + 30
        yield level, text


def write(path: Path, size_bytes: int, failures: int, newline: str) -> None:
    """Write the log to *path*; records are three seconds apart on average."""
    clock, random = START, Random(48362)
    with path.open("w", encoding="utf-8", newline=newline) as out:
        for level, text in records(size_bytes, failures):
            clock += timedelta(seconds=random.randrange(7))
            out.write(f"{clock:%Y-%m-%d %H:%M:%S} [{level}] {text}\n")


def main() -> None:
    """Write the log that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--failures", type=int, default=10_000)
    parser.add_argument("--lf", action="store_true", help="end lines with LF, not CRLF")
    options = parser.parse_args()
    write(options.out, int(options.megabytes * 1_000_000), options.failures, "\n" if options.lf else "\r\n")


if __name__ == "__main__":
    main()
