"""The JSON files of a host, and transcripts: every key that may hold what identifies holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.collector.planted_person import HostFile, Person


def json_files(who: Person, home: str, roaming: str) -> Iterator[HostFile]:
    area = f"{who.account}/{who.org}"
    entry = _session(who)
    yield _json(who, f"{roaming}/claude-code-sessions/{area}/local_0a.json", entry)
    whole = json.dumps(entry, indent=2).encode()
    yield HostFile(f"{roaming}/claude-code-sessions/{area}/local_0b.json", whole[: len(whole) * 2 // 3], "json")
    yield HostFile(f"{roaming}/claude-code-sessions/{area}/local_0c.json.tmp", b"\0" * 512 + whole, "json")
    yield HostFile(f"{roaming}/claude-code-sessions/{area}/local_0d.json", json.dumps(entry).encode("utf-16"), "json")
    yield _json(who, f"{roaming}/local-agent-mode-sessions/{area}/local_0e.json", _cowork(who))
    yield _json(who, f"{roaming}/config.json", _config(who))
    yield _json(who, f"{roaming}/claude_desktop_config.json", _desktop(who))
    yield _json(who, f"{roaming}/git-worktrees.json", _worktrees(who))
    yield _json(who, f"{roaming}/sentry/scope_v3.json", _scope(who))
    yield _json(
        who, f"{home}/.claude/sessions/4711.json", {"sessionId": "1", "cwd": rf"C:\Users\{who.user}\{who.project}"}
    )
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in rf"C:\Users\{who.user}\{who.project}")
    record = {
        "type": "user",
        "cwd": rf"C:\Users\{who.user}",
        "message": {"content": who.prompt},
        "title": who.title,
        "timestamp": "2026-05-02T10:11:12.000Z",
        "sessionId": "s",
        "gitBranch": f"fix-{who.project}",
    }
    lines = b"\n".join(
        [json.dumps(record).encode(), json.dumps({"type": "custom-title", "customTitle": who.title}).encode()]
    )
    yield HostFile(f"{home}/.claude/projects/{slug}/0a0b.jsonl", lines + b"\n", "transcript")
    index = {
        "version": 1,
        "originalPath": rf"C:\Users\{who.user}\{who.project}",
        "entries": [
            {"sessionId": "s", "firstPrompt": who.prompt, "summary": who.title, "fullPath": rf"C:\Users\{who.user}\x"}
        ],
    }
    yield _json(who, f"{home}/.claude/projects/{slug}/sessions-index.json", index)


def _json(who: Person, path: str, content: object) -> HostFile:
    text = json.dumps(content, indent=2, ensure_ascii=len(path) % 2 == 0)
    who.plantings += sum(text.count(json.dumps(value)[1:-1]) for value in (who.user, who.title, who.secret, who.email))
    return HostFile(path, text.encode(), "json")


def _session(who: Person) -> dict[str, object]:
    home = rf"C:\Users\{who.user}"
    return {
        "sessionId": "local_0a",
        "cliSessionId": "5f2c",
        "cwd": rf"{home}\{who.company}\{who.project}",
        "originCwd": home,
        "title": who.title,
        "titleSource": "user",
        "model": "claude-opus-4-7",
        "createdAt": 1777168830743,
        "enabledMcpTools": {f"{who.variable}:run": True},
        "branch": f"feature/{who.project}",
        "error": f"at {home}",
        "remoteMcpServersConfig": [
            {"name": "x", "url": f"https://u:{who.secret}@x.example", "headers": {"X-Key": who.secret}}
        ],
        "newKey": who.full_name,
        "spawnSeed": {"prompt": who.prompt},
        who.email: 1,
        "lastActivityAt": 1777168830744,
    }


def _cowork(who: Person) -> dict[str, object]:
    return {
        "sessionId": "local_0e",
        "emailAddress": who.email,
        "accountName": who.full_name,
        "title": who.title,
        "initialMessage": who.prompt,
        "systemPrompt": f"You help {who.full_name}",
        "processName": "brave-otter",
        "userSelectedFolders": [rf"C:\Users\{who.user}\{who.company}"],
        "cwd": "/sessions/brave-otter/mnt",
    }


def _config(who: Person) -> dict[str, object]:
    return {
        "locale": "de-DE",
        "lastKnownAccountUuid": who.account,
        "oauth:tokenCache": f"v10{who.secret}",
        "oauth:tokenCacheV2": {who.org: {"token": who.secret, "email": who.email}},
    }


def _desktop(who: Person) -> dict[str, object]:
    env = {"API_KEY": who.secret, "DATABASE": who.variable, "HOME": rf"C:\Users\{who.user}"}
    server = {"command": rf"C:\Users\{who.user}\bin\run.exe", "args": ["--token", who.secret], "env": env}
    return {
        "mcpServers": {
            "docs": server,
            "r": {"url": "https://x.example", "headers": {"Authorization": f"Bearer {who.secret}"}},
        },
        "preferences": {"bypassPermissionsGateByAccount": {who.account: True}, "remoteToolsDeviceName": who.host},
    }


def _worktrees(who: Person) -> dict[str, object]:
    home = rf"C:\Users\{who.user}\{who.project}"
    return {
        "worktrees": {
            "brave-otter": {
                "name": "brave-otter",
                "path": rf"{home}\.claude\worktrees\brave-otter",
                "leasedBy": "local_0a",
                "baseRepo": home,
                "branch": "claude/brave-otter",
                "sourceBranch": "main",
            }
        }
    }


def _scope(who: Person) -> dict[str, object]:
    return {
        "scope": {
            "user": {"id": who.account, "email": who.email, "username": who.user},
            "extra": {"home": who.full_name},
        },
        "event": {"server_name": who.host, "contexts": {"device": {"name": who.host}, "app": {"app_version": "1"}}},
    }
