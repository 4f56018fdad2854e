"""Session entries, transcripts' metadata, leases and configuration of a scenario, as the app writes them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claude_evidence.samples._logs import expand
from claude_evidence.samples.scenario import Scenario, identifier
from claude_evidence.transcript import TranscriptFacts

ROOT = "C:/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
PROJECTS = "C:/Users/alice/.claude/projects"
NOT_ALNUM = re.compile(r"[^A-Za-z0-9]")
WRITTEN_AS = {"json": ".json", "null": ".json", "truncated": ".json", "tmp": ".json.tmp"}


@dataclass(frozen=True, slots=True)
class HostFile:
    """One file of the host: its path, bytes and last write; ``artifact`` is what asked for it."""

    path: str
    data: bytes
    modified_at: datetime
    artifact: str
    meta: bool = False


def session_files(scenario: Scenario) -> Iterator[HostFile]:
    """Yield the registry entries of ``sessions:``; an entry ``name-1..9`` gives nine."""
    for spec in scenario.raw.get("sessions", []):
        for word in expand(spec["name"]):
            yield _entry(scenario, spec, word)


def _entry(scenario: Scenario, spec: Mapping[str, Any], word: str) -> HostFile:
    session, form = f"local_{identifier(scenario.name, word)}", spec.get("as", "json")
    account, org = (str(spec.get(k, scenario.text(k, identifier(scenario.name, k)))) for k in ("account", "org"))
    folder = (
        f"{spec.get('root', scenario.text('root', ROOT))}/{spec.get('area', 'claude-code-sessions')}/{account}/{org}"
    )
    modified = scenario.utc(spec.get("modified", spec["last"]))
    if form == "tombstone":
        return HostFile(f"{folder}/deleted_{session}", str(_ms(modified)).encode(), modified, "ClaudeSessionRegistry")
    data = json.dumps(_content(scenario, spec, word, session), indent=2, ensure_ascii=False).encode()
    if form == "null":
        data = b"\0" * int(spec["size"])
    elif form == "truncated":
        data = data[: len(data) * 2 // 3]
    return HostFile(f"{folder}/{session}{WRITTEN_AS[form]}", data, modified, "ClaudeSessionRegistry")


def _content(scenario: Scenario, spec: Mapping[str, Any], word: str, session: str) -> dict[str, Any]:
    cwd = spec.get("cwd", "C:\\Projects\\garden")
    content: dict[str, Any] = {"sessionId": session}
    if spec.get("cli", True):
        content["cliSessionId"] = identifier(
            scenario.name, spec["cli"] if isinstance(spec.get("cli"), str) else f"{word}-cli"
        )
    content |= {
        "cwd": cwd,
        "originCwd": cwd,
        "createdAt": _ms(scenario.utc(spec["created"])),
        "lastActivityAt": _ms(scenario.utc(spec["last"])),
        "model": "claude-opus-4-7",
        "effort": "medium",
        "isArchived": bool(spec.get("archived", False)),
        "title": "A garden plan",
        "titleSource": "auto",
        "permissionMode": "default",
        "completedTurns": int(spec.get("turns", 7)),
    }
    return content | dict(spec.get("extra", {}))


def transcript_files(scenario: Scenario) -> Iterator[HostFile]:
    """Yield the metadata of ``transcripts:``, as the collector stores them: content never enters a bundle."""
    for spec in scenario.raw.get("transcripts", []):
        for word in expand(spec["cli"]):
            yield _transcript(scenario, spec, word)


def _transcript(scenario: Scenario, spec: Mapping[str, Any], word: str) -> HostFile:
    cli, records = identifier(scenario.name, word), int(spec.get("records", 40))
    slug = NOT_ALNUM.sub("-", spec.get("cwd", "C:\\Projects\\garden"))
    users = int(spec.get("user", records * 2 // 5 if spec.get("messages", True) else 0))
    first, last = scenario.utc(spec["first"]), scenario.utc(spec["last"])
    facts = TranscriptFacts(
        size_bytes=int(spec.get("size", records * 900)),
        line_count=records,
        record_count=records,
        user_count=users,
        assistant_count=users,
        message_count=users * 2,
        title_count=1,
        recognised_count=records,
        has_messages=users > 0,
        first_time=first,
        last_time=last,
        entrypoint=spec.get("entrypoint", "claude-desktop"),
        versions=("2.1.140",),
        session_ids=(cli,),
    )
    path = f"{spec.get('projects', PROJECTS)}/{slug}/{cli}.jsonl"
    meta = {
        "format": "claude-evidence/meta/1",
        "kind": "transcript",
        "source": path.replace("/", "\\"),
        "size_bytes": facts.size_bytes,
        "sha256": hashlib.sha256(cli.encode()).hexdigest(),
        "modified_at": last.isoformat(),
        "transcript": facts.as_json(),
    }
    return HostFile(path, json.dumps(meta, indent=1).encode(), last, "ClaudeTranscripts", meta=True)


def state_files(scenario: Scenario) -> Iterator[HostFile]:
    """Yield git-worktrees.json and config.json where the scenario has them."""
    root, at = scenario.text("root", ROOT), scenario.collected_at
    if trees := scenario.raw.get("worktrees"):
        content = {
            "worktrees": {
                name: {"name": name, **tree, "createdAt": _ms(scenario.utc(tree["createdAt"]))}
                for name, tree in trees.items()
            }
        }
        yield HostFile(f"{root}/git-worktrees.json", json.dumps(content, indent=2).encode(), at, "ClaudeWorktrees")
    if config := scenario.raw.get("config"):
        yield HostFile(f"{root}/config.json", json.dumps(config, indent=2).encode(), at, "ClaudeConfig")


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
