"""Claude's service and those of Windows that it stands on: what the registry configures, and how they are now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from claude_evidence.collector import _state, commands, registry
from claude_evidence.collector._types import Artifact, Host, Item, Options
from claude_evidence.collector.registry import Registry
from claude_evidence.model import Acquisition, Outcome

SERVICES = ("CoworkVMService", "vmcompute", "hns", "AppXSvc")
"""Claude's own; Hyper-V's host compute and network services; the one that installs packages."""
NOT_INSTALLED = "NotInstalled"
_KEY = r"HKLM\SYSTEM\CurrentControlSet\Services"
_STARTS = ("Boot", "System", "Auto", "Manual", "Disabled")
# winsvc.h: SERVICE_STOPPED … SERVICE_PAUSED, in the words of Win32_Service.State
_STATES = ("", "Stopped", "StartPending", "StopPending", "Running", "ContinuePending", "PausePending", "Paused")
_NO_SUCH_SERVICE = 1060  # ERROR_SERVICE_DOES_NOT_EXIST
_PAIR = re.compile(
    r"^[ \t]{1,64}[^\s:][^:\r\n]{0,60}:[ \t]*(?:0x)?([0-9a-f]{1,10})(?=\s|$)", re.MULTILINE | re.IGNORECASE
)
# sc.exe translates the names of its lines, never their order
_NUMBERS = ("service_type", "state", "exit_code", "service_exit_code", "checkpoint", "wait_hint", "pid")


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield ``services.json``: one entry per service, ``state`` NotInstalled where Windows has none of that name."""
    if host.system != "windows":
        return
    known = registry.of(host)
    entries: list[dict[str, object]] = []
    for name in SERVICES:
        entry = _configured(known, name)
        if host.live:
            ran = commands.run([commands.system_tool("sc.exe"), "queryex", name], options.command_timeout_s)
            if ran.outcome is Outcome.COLLECTED:
                entry |= status(ran.text)
            elif ran.returncode == _NO_SUCH_SERVICE:
                entry["state"] = NOT_INSTALLED
            else:
                yield _state.failure(artifact, ran)
        if len(entry) > 1:
            entries.append(entry)
    if entries:
        yield _state.document(artifact, "services", "sc.exe queryex" if host.live else _KEY, entries)
    yield from _state.unread(artifact, known)


def status(text: str) -> dict[str, object]:
    """Return what ``sc.exe queryex`` says, in whatever language; nothing where it does not say a state.

    >>> status("\\r\\nSERVICE_NAME: x\\r\\n  TYPE : 10  WIN32_OWN_PROCESS\\r\\n  STATE : 1  STOPPED\\r\\n")
    {'service_type': 16, 'state': 'Stopped'}
    """
    found = dict(zip(_NUMBERS, _PAIR.findall(text), strict=False))
    state = found.get("state", "")
    if not state.isdecimal() or not 0 < int(state) < len(_STATES):
        return {}
    told: dict[str, object] = {
        key: int(found[key]) for key in ("exit_code", "service_exit_code", "pid") if found.get(key, "").isdecimal()
    }
    return {"service_type": int(found["service_type"], 16), "state": _STATES[int(state)], **told}


def _configured(known: Registry, name: str) -> dict[str, object]:
    key = rf"{_KEY}\{name}"
    if not known.has(key):
        readable = known.has(_KEY)
        return {"name": name, "state": NOT_INSTALLED} if readable else {"name": name}
    start = registry.number(known, key, "Start")
    return {
        "name": name,
        "start_type": _STARTS[start] if start is not None and start < len(_STARTS) else None,
        "delayed_start": registry.number(known, key, "DelayedAutostart") == 1 or None,
        "service_type": registry.number(known, key, "Type"),
        "binary_path": registry.text(known, key, "ImagePath") or None,
        "runs_as": registry.text(known, key, "ObjectName") or None,
        "trigger_count": len(known.subkeys(rf"{key}\TriggerInfo")) or None,
    }
