"""Values of the registry that decide whether Claude is found, started, installed and where its data lie; no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claude_evidence.collector import _appmodel, _state, registry
from claude_evidence.collector._types import Artifact, Host, Item, Options
from claude_evidence.collector.registry import Registry
from claude_evidence.model import Acquisition

_CURRENT = r"Software\Microsoft\Windows\CurrentVersion"
_LOCAL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Values of one key: those named in ``names``, or those whose name speaks of Claude where it is empty."""

    key: str
    names: tuple[str, ...] = ()


OF_USER = (
    Wanted(rf"{_CURRENT}\Run"),
    Wanted(rf"{_CURRENT}\RunOnce"),
    Wanted(rf"{_CURRENT}\Explorer\StartupApproved\Run"),
    Wanted(rf"{_CURRENT}\Explorer\User Shell Folders", ("AppData", "Local AppData")),
)
"""Below a user's key: what starts with Windows and whether that is switched off, and where application data go."""
OF_MACHINE = (
    Wanted(rf"{_LOCAL}\Run"),
    Wanted(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Appx",
        (
            "AllowAllTrustedApps", "AllowDevelopmentWithoutDevLicense", "AllowSharedLocalAppData",
            "BlockNonAdminUserInstall", "RestrictAppDataToSystemVolume", "RestrictAppToSystemVolume",
        ),
    ),
    Wanted(rf"{_LOCAL}\AppModelUnlock", ("AllowAllTrustedApps", "AllowDevelopmentWithoutDevLicense")),
    Wanted(rf"{_LOCAL}\Appx", ("PackageRoot", "PackageRepositoryRoot", "DefaultVolume")),
    Wanted(r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem", ("LongPathsEnabled", "NtfsDisableEncryption")),
)  # fmt: skip
"""Policies on sideloading and on apps of other drives, where packages lie, and what the file system allows."""


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield ``registry_values.json``: one entry per value that is there, its type's name and its data as text."""
    if host.system != "windows":
        return
    known = registry.of(host)
    entries = [entry for wanted in OF_MACHINE for entry in _found(known, wanted.key, wanted.names)]
    for user in host.users():
        own = registry.user_key(known, user)
        for wanted in OF_USER:
            entries += _found(known, rf"{own}\{wanted.key}", wanted.names)
        packages = rf"{own}\{_appmodel.REPOSITORY}"
        for name in filter(_appmodel.is_claude, known.subkeys(packages)):
            entries += _found(known, rf"{packages}\{name}", ("PackageID", "PackageRootFolder"))
    yield _state.document(artifact, "registry_values", "registry", entries)
    yield from _state.unread(artifact, known)


def _found(known: Registry, key: str, names: tuple[str, ...]) -> Iterator[dict[str, object]]:
    wanted = {name.casefold() for name in names}
    for name, data in known.values(key).items():
        if name.casefold() in wanted or (not wanted and _speaks_of_claude(name, data)):
            yield {"key": key, "value_name": name, "type": _type(data), "value": _text(data)}


def _speaks_of_claude(name: str, data: object) -> bool:
    return "claude" in name.casefold() or (isinstance(data, str) and "\\claude_" in data.casefold())


def _type(data: object) -> str:
    names = {str: "text", int: "number", bytes: "binary", list: "list"}
    return names.get(type(data), "binary")


def _text(data: object) -> str:
    if isinstance(data, bytes):
        return data[:256].hex()
    return "; ".join(data) if isinstance(data, list) else str(data).split("\0", 1)[0]
