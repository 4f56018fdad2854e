"""Whole hosts of invented people, every file of which holds values that identify, in every form and place."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx
from tests.collector.planted import ENCODERS, written
from tests.collector.planted_json import json_files
from tests.collector.planted_person import HostFile, Person

AT = datetime(2026, 5, 2, 8, tzinfo=UTC)
PACKAGE = "Claude_pzs8sxrjxfjjc"
NOT_IN_LOGS = frozenset({"base64", "base64 UTF-16", "hex UTF-16", "octal", "HTML", "URL 1252"})
"""Forms that the redaction does not promise: the audit refuses a bundle with them, and no log of Claude's is known to
write them."""
WIDE = frozenset(name for name in ENCODERS if name.startswith("UTF-16"))


def files(who: Person, seed: int) -> list[HostFile]:
    """Return all files of the host; ``who.plantings`` counts what was planted."""
    pick = random.Random(seed)
    home = f"C:/Users/{who.user}"
    roaming = f"{home}/AppData/Local/Packages/{PACKAGE}/LocalCache/Roaming/Claude"
    return [*_logs(who, pick, home, roaming), *json_files(who, home, roaming), *_event_logs(who)]


def _logs(who: Person, pick: random.Random, home: str, roaming: str) -> Iterator[HostFile]:
    names = ("main.log", "main1.log", "mcp.log", "mcp-server-docs.log", "cowork_vm_node.log", "claude.ai-web.log",
             "unknown-window.log")  # fmt: skip
    for name in names:
        yield HostFile(f"{roaming}/logs/{name}", _log(who, pick))
    yield HostFile(f"{home}/AppData/Local/Claude/Logs/main.log", _log(who, pick))
    yield HostFile("C:/ProgramData/Claude/Logs/cowork-service.log", _log(who, pick))
    setup = "\r\n".join(_plain_lines(who))
    yield HostFile(f"{home}/AppData/Local/Temp/ClaudeSetup.log", setup.encode("utf-16"))
    yield HostFile(f"{roaming}/logs/main2.log", setup.encode("cp1252", "replace"))
    yield HostFile(f"{roaming}/logs/ssh.log", setup.encode("utf-16-be"))
    who.plantings += 3 * len(setup.splitlines())


def _plain_lines(who: Person) -> list[str]:
    stamp = "2026-05-02 10:11:12"
    home = rf"C:\Users\{who.user}"
    store = rf"{home}\AppData\Roaming\Claude\claude-code-sessions\{who.account}\{who.org}\local_1.json.tmp"
    escaped = home.replace("\\", "\\\\")
    return [
        rf"{stamp} [info] Starting local session local_1 in {home}\{who.company}\{who.project}",
        f"{stamp} [error] Failed to save session local_1: EXDEV, rename '{store}' -> 'x'",
        f"{stamp} [info] [LocalSessionManager] Initialization succeeded — accountId={who.account}, orgId={who.org}",
        f"{stamp} [info] Updated session local_1: {{ title: '{who.title}', titleSource: 'user' }}",
        f'{stamp} [info] [HCS] Config JSON: {{"Share":"{escaped}\\\\AppData","Owner":"{who.domain}\\\\{who.user}"}}',
        f"{stamp} [info] opened file:///C:/Users/{who.user.replace(' ', '%20')}/x for {who.email}",
        f"{stamp} [info] logged on as {who.domain}\\{who.user} ({who.sid}) at \\\\{who.host}\\share",
        f"{stamp} [info] user={who.user} USERNAME={who.user} computer name: {who.host} env {who.secret} {who.variable}",
        rf"{stamp} [info] projects\C--Users-{who.user.replace(' ', '-')}-x\1.jsonl of {who.full_name}",
        f"{stamp} [info] /home/{who.user}/x ~/{who.project}/a.ts {who.user}@{who.domain.lower()}.example",
    ]


def _log(who: Person, pick: random.Random) -> bytes:
    """Return a log with every value in every form, in lines of many shapes, and lines that hold nothing."""
    lines = [line.encode() for line in _plain_lines(who)]
    for identity in who.identities():
        for encoding in sorted(ENCODERS.keys() - NOT_IN_LOGS):
            value = written(identity, encoding)
            if value is not None:
                lines += [make(value, encoding in WIDE) for make in pick.sample(LINES, 2)]
    pick.shuffle(lines)
    who.plantings += len(lines)
    noise = [b"2026-05-02 10:11:12 [info] Config file written"] * len(lines)
    return b"\r\n".join(line for pair in zip(lines, noise, strict=True) for line in pair) + b"\r\n"


Line = Callable[[bytes, bool], bytes]


def _line(before: bytes, after: bytes) -> Line:
    """Return what puts a value between two texts; UTF-16 keeps NULs between, as where two writers share a file."""
    return lambda value, wide: before + (b" \0\0" + value + b"\0\0 " if wide else value) + after


LINES = (
    _line(b"2026-05-02 10:11:12 [info] [CCD] for ", b" now"),
    _line(b"2026-05-02 10:11:12 [warn] '", b"' is odd"),
    _line(b'2026-05-02 10:11:12 [error] [REACT_QUERY_CLIENT] QueryClient error: {"message":"of ', b'"}'),
    _line(b"    at Object.<anonymous> (", b")"),
    _line(b"2026-05-02T15:44:22.391Z [info] [docs] Message from client: x=", b", y"),
    _line(b"2026/04/14 10:40:16.226822 [Server] <", b"> [HCS]"),
    _line(b"  value: [", b"],"),
)  # fmt: skip


def _event_logs(who: Person) -> Iterator[HostFile]:
    for channel, provider, concerns in (
        ("Microsoft-Windows-AppModel-Runtime/Admin", "Microsoft-Windows-AppModel-Runtime", True),
        ("System", "User32", True),
        ("Application", "Application Error", False),
    ):
        records = list(_records(who, channel, provider, concerns))
        name = channel.replace("/", "%4")
        yield HostFile(f"C:/Windows/System32/winevt/Logs/{name}.evtx", write_evtx(records), "evtx")
        who.plantings += sum(len(record.data) + 2 for record in records)


def _records(who: Person, channel: str, provider: str, concerns: bool) -> Iterator[EventRecord]:
    texts = [
        rf"C:\Users\{who.user}\AppData",
        f"{who.domain}\\{who.user}",
        who.full_name,
        who.email,
        who.sid,
        who.host,
        f"\\\\{who.host}\\{who.project}",
        rf"C:\Users\{who.user}\{who.company}\{who.project}",
        who.secret,
        who.variable,
        who.host.lower(),
        who.domain.lower(),
        who.email.upper(),
        f"{{{who.account}}}",
    ]
    package = "Claude_1.2.3.0_x64__pzs8sxrjxfjjc" if concerns else "Other.App"
    for number, text in enumerate(texts):
        classic = number % 2 == 0
        data = (
            [Field(None, "UnicodeString", package), Field(None, "UnicodeString", text)]
            if classic
            else [
                Field("PackageFullName", "UnicodeString", package),
                Field("Text", "UnicodeString", text),
                Field("List", "UnicodeString", [text, "plain", text]),
                Field("Ansi", "AnsiString", _ansi(text)),
                Field("User", "SID", who.sid),
                Field("Blob", "Binary", text.encode("utf-16-le") + b"\0\0\1\0" + text.encode()),
            ]
        )
        yield EventRecord(
            provider,
            None if classic else "{f1ef270a-0d32-4352-ba52-dbab41e1d859}",
            1000 + number,
            channel,
            f"{who.host}.{who.domain.lower()}.example" if number % 3 else who.host,
            AT + timedelta(seconds=number),
            user_sid=who.sid,
            data=data,
            binary=text.encode("utf-16-le") if classic else None,
        )


def _ansi(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")
