"""Where Claude keeps its things on a host, so that what lies along the way there can be looked at."""

from __future__ import annotations

from collections.abc import Iterator

from claude_evidence.collector._types import Host, User

FAMILY = "Claude_pzs8sxrjxfjjc"
"""The package's family name: its name and a hash of its publisher."""
_WINDOWS = (
    "AppData/Roaming/Claude",
    "AppData/Roaming/Claude-3p",
    "AppData/Local/Claude",
    "AppData/Local/Claude-3p",
    "AppData/Local/AnthropicClaude",
    f"AppData/Local/Packages/{FAMILY}/LocalCache/Roaming/Claude",
    f"AppData/Local/Packages/{FAMILY}/LocalCache/Roaming/Claude-3p",
    f"AppData/Local/Packages/{FAMILY}/LocalCache/Local",
    ".claude/projects",
)
_MACOS = ("Library/Application Support/Claude", "Library/Logs/Claude", ".claude/projects")
_LINUX = (".config/Claude", ".claude/projects")
SESSIONS = ("claude-code-sessions", "local-agent-mode-sessions", "vm_bundles", "logs")
"""Folders below the user data that people and Windows replace by links."""


def folders(host: Host) -> Iterator[str]:
    """Yield the host paths of Claude's folders, whether they are there or not."""
    for user in host.users():
        yield from (f"{user.profile}/{name}" for name in _names(host.system))
    if host.system == "windows":
        for drive in host.drives()[:1]:
            yield f"{drive}ProgramData/Claude"
        for drive in host.drives():
            yield from (f"{drive}WpSystem/{user.sid}/{name}" for user in host.users() for name in _moved(user))


def _names(system: str) -> tuple[str, ...]:
    return {"windows": _WINDOWS, "macos": _MACOS}.get(system, _LINUX)


def _moved(user: User) -> tuple[str, ...]:
    """Return where the package's data lie below ``WpSystem/<SID>`` of a drive that apps were moved to."""
    return tuple(name for name in _WINDOWS if f"/{FAMILY}/" in name) if user.sid else ()
