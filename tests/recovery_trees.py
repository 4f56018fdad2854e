"""Trees with lost conversations, what a kit does to them, and what the ledger says of them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from claude_evidence.analyzers.joins import join
from claude_evidence.analyzers.ledger import ledger
from claude_evidence.bundle import open_bundle
from claude_evidence.cli import cli
from claude_evidence.model import Conversation
from claude_evidence.parsers import parse
from claude_evidence.recovery_twin import Kit

CLAUDE = "C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
ACCOUNT, ORG = "1a2b3c4d-0000-4000-8000-000000000001", "1a2b3c4d-0000-4000-8000-000000000002"
ENTRIES = f"{CLAUDE}/claude-code-sessions/{ACCOUNT}/{ORG}"
PROJECT = "C/Users/alice/.claude/projects/C--Projects-garden"
NOW_MS = 1_780_000_000_000


def uid(number: int) -> str:
    return f"0d42b622-a090-41ec-aafa-{number:012x}"


def put(root: Path, place: str, data: bytes) -> Path:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(NOW_MS * 1_000_000, NOW_MS * 1_000_000))
    return path


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {
        "sessionId": f"local_{uid(number)}",
        "cliSessionId": uid(number),
        "cwd": "C:\\Projects\\garden",
        "createdAt": NOW_MS - 9_000_000,
        "lastActivityAt": NOW_MS - 1_000_000,
        "title": "A garden plan",
        "model": "claude-opus-4-7",
        **more,
    }


def put_entry(root: Path, number: int, ending: str = ".json", **more: Any) -> Path:
    return put(root, f"{ENTRIES}/local_{uid(number)}{ending}", json.dumps(entry(number, **more)).encode())


def record(number: int, kind: str, **more: Any) -> bytes:
    told = {
        "type": kind,
        "sessionId": uid(number),
        "uuid": uid(number + 900),
        "entrypoint": "claude-desktop",
        "cwd": "C:\\Projects\\garden",
        "timestamp": "2026-05-01T10:00:00.000Z",
        "message": {"role": kind, "content": "Water the beans."},
        **more,
    }
    return json.dumps(told).encode() + b"\n"


def put_transcript(root: Path, number: int, *lines: bytes) -> Path:
    spoken = lines or (record(number, "user"), record(number, "assistant"))
    return put(root, f"{PROJECT}/{uid(number)}.jsonl", b"".join(spoken))


def put_mapping(root: Path, session: int, transcript: int) -> None:
    line = f"Mapping internal session local_{uid(session)} to CLI session {uid(transcript)}"
    put(root, f"{CLAUDE}/logs/main.log", f"2026-05-01 10:00:00 [info] {line}\n".encode())


def snapshot(root: Path) -> dict[str, tuple[int, str]]:
    """Return time and hash of every file, links told by where they lead."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(root).as_posix()] = (0, str(path.readlink()))
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[path.relative_to(root).as_posix()] = (path.stat().st_mtime_ns // 1_000_000, digest)
    return found


def recover(root: Path, kit: Path, *more: str) -> int:
    return int(cli.main(["recover", "--root", str(root), "-o", str(kit), "-q", *more]))


def plan(kit: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((kit / "plan.json").read_text("ascii"))
    return told


def loaded(kit: Path, root: Path, *, what_if: bool = False) -> tuple[Kit, list[str]]:
    said: list[str] = []
    twin = Kit(kit, root, what_if, said.append)
    twin.load()
    return twin, said


def apply(kit: Path, root: Path) -> int:
    return loaded(kit, root)[0].apply()


def undo(kit: Path, root: Path) -> int:
    return loaded(kit, root)[0].undo()


def account_for(root: Path) -> dict[str, Conversation]:
    """Return the ledger of the tree by session id, by the transcript's where there is none."""
    with open_bundle([root]) as bundle:
        tables, history = join(parse(bundle))
    return {(row.session_id or row.cli_session_id).lower(): row for row in ledger(tables, history, {}, {})}
