"""Write the host of a heavy user as a mounted disk: ``python make_claude_folder.py OUT [--megabytes 500]``.

Logs (main.log with rotated siblings, two others), 2,500 session entries that embed an MCP catalogue, transcripts, and
the small files beside them; the same bytes each time, times of their own.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path
from random import Random
from uuid import UUID

from make_main_log import START, records

HOME = Path("C/Users/alice")
ROOT = HOME / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
LOG_BYTES = 10 << 20
SESSIONS = 2500
NEWEST_S = 1_779_000_000
WORDS = ("seed", "bed", "soil", "water", "frost", "prune", "graft", "mulch", "row", "trellis", "bulb", "sow", "harvest")


def identifier(number: int) -> str:
    """Return the UUID that has *number*."""
    return str(UUID(int=Random(number).getrandbits(128), version=4))


def text(random: Random, words: int) -> str:
    """Return a sentence."""
    return " ".join(random.choices(WORDS, k=words))


def put(path: Path, pieces: Iterable[str], age_s: int) -> None:
    """Write *pieces* to *path*, last written *age_s* before the newest file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(pieces)
    os.utime(path, (NEWEST_S - age_s,) * 2)


def logs(folder: Path, size_bytes: int) -> None:
    """Write main.log and its siblings, 10 MiB each, of *size_bytes* in all."""
    lines = (f"{START:%Y-%m-%d %H:%M:%S} [{level}] {said}\r\n" for level, said in records(size_bytes, 2000))
    for number in range(max(size_bytes // LOG_BYTES, 1)):
        part: list[str] = []
        held = 0
        for line in lines:
            part.append(line)
            held += len(line)
            if held >= LOG_BYTES:
                break
        put(folder / f"main{number or ''}.log", part, number * 86_400)


def sessions(root: Path, size_bytes: int) -> None:
    """Write the registry entries, of *size_bytes* in all; most of each is the catalogue of tools."""
    random = Random(1)
    folder = root / "claude-code-sessions" / identifier(1) / identifier(2)
    tools = {f"{text(random, 1)}-{n}:tool_{n}": True for n in range(size_bytes // SESSIONS // 200)}
    servers = [{"name": f"server {n}", "uuid": identifier(n), "description": text(random, 20)}
               for n in range(size_bytes // SESSIONS // 210)]  # fmt: skip
    for number in range(SESSIONS):
        entry = {
            "sessionId": f"local_{identifier(number + 9)}", "cliSessionId": identifier(number + 9_000_000),
            "cwd": r"C:\Users\alice\Projects\garden", "createdAt": (NEWEST_S - number * 3600) * 1000,
            "lastActivityAt": (NEWEST_S - number * 3000) * 1000, "model": "claude-opus-4-7", "isArchived": False,
            "title": text(random, 5), "titleSource": "auto", "completedTurns": number % 90, "enabledMcpTools": tools,
            "remoteMcpServersConfig": servers,
        }  # fmt: skip
        put(folder / f"local_{identifier(number + 9)}.json", [json.dumps(entry, indent=2)], number * 3000)


def transcripts(home: Path, size_bytes: int) -> None:
    """Write 200 transcripts of *size_bytes* in all."""
    random = Random(2)
    said = [text(random, 120) for _ in range(50)]
    for number in range(200):
        cli = identifier(number + 9_000_000)
        lines = (
            json.dumps({
                "type": ("user", "assistant")[n % 2], "sessionId": cli, "uuid": identifier(n), "version": "2.1.140",
                "cwd": r"C:\Users\alice\Projects\garden", "timestamp": f"2026-05-{n % 27 + 1:02}T10:00:00.000Z",
                "entrypoint": "claude-desktop", "message": {"role": "user", "content": random.choice(said)},
            }) + "\n" for n in range(size_bytes // 200 // 900)
        )  # fmt: skip
        put(home / ".claude/projects/C--Users-alice-Projects-garden" / f"{cli}.jsonl", lines, number * 3000)


def write(folder: Path, size_bytes: int) -> None:
    """Write the tree below *folder*: two fifths logs, a fifth session entries, two fifths transcripts."""
    logs(folder / ROOT / "logs", size_bytes * 2 // 5)
    sessions(folder / ROOT, size_bytes // 5)
    transcripts(folder / HOME, size_bytes * 2 // 5)
    account = {"lastKnownAccountUuid": identifier(1), "locale": "en-GB", "oauth:tokenCache": "Zm9yZ2V0IG1lIG5vdA=="}
    put(folder / ROOT / "config.json", [json.dumps(account)], 0)


def main() -> None:
    """Write the tree that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=int, default=500)
    options = parser.parse_args()
    write(options.out, options.megabytes * 1_000_000)


if __name__ == "__main__":
    main()
