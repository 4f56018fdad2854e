"""Claude's packages: what PowerShell says of them, else what the registry knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from claude_evidence.collector import _appmodel, _state, commands, registry
from claude_evidence.collector._types import Artifact, Host, Item, Options
from claude_evidence.model import Acquisition, Outcome

_TEXTS = ("Architecture", "Status", "SignatureKind")
_PLAIN = "Name,Publisher,PublisherId,Version,PackageFamilyName,PackageFullName,InstallLocation,NonRemovable"
SCRIPT = (
    "$ErrorActionPreference='Stop';"
    f"$p=@(Get-AppxPackage -Name '*Claude*'|Select-Object {_PLAIN},"
    + ",".join(f"@{{n='{name}';e={{[string]$_.{name}}}}}" for name in _TEXTS)
    + ");ConvertTo-Json -InputObject $p -Depth 3 -Compress"
)
"""Enumerations as words, where ConvertTo-Json would write numbers that nobody has published; ``[]`` for no package."""
ASKED = "Get-AppxPackage -Name '*Claude*'"
_REGISTRY = "AppModel\\Repository\\Packages"


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield the packages of this user, or those that the registry of *host* knows."""
    if host.live and host.system == "windows":
        ran = commands.run(commands.powershell(SCRIPT), options.command_timeout_s)
        if ran.outcome is Outcome.COLLECTED and ran.text.lstrip("\ufeff \r\n")[:1] in ("[", "{", "N"):
            listed = ran.text.lstrip("\ufeff \r\n")
            suffix = "txt" if listed[:1] == "N" else "json"
            yield _state.item(artifact, f"packages.{suffix}", ASKED, listed)
            return
        detail = ran.detail or f"gave no list of packages: {' '.join(ran.text.split())[:200]}"
        outcome = Outcome.FAILED if ran.outcome is Outcome.COLLECTED else ran.outcome
        yield _state.entry(artifact, ASKED, outcome, detail)
    yield from _of_registry(artifact, host)


def _of_registry(artifact: Artifact, host: Host) -> Iterator[Item | Acquisition]:
    known = registry.of(host)
    found = _appmodel.packages(known, host.users())
    if found:
        note = "from the registry, which does not know their status"
        yield _state.item(artifact, "packages.txt", _REGISTRY, _appmodel.format_list(found), note)
    elif host.system == "windows":
        yield _state.entry(artifact, _REGISTRY, Outcome.MISSING, "the registry names no package of Claude")
    yield from _state.unread(artifact, known)
