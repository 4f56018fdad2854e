"""Packages as the registry knows them, for where nobody can ask Windows: no status and no signature, but all else.

The full name says the rest: ``Name_Version_Architecture_ResourceId_PublisherId`` (learn.microsoft.com).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from claude_evidence.collector._types import User
from claude_evidence.collector.registry import Registry, text, user_key

REPOSITORY = r"Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
"""Below a user's key: the packages registered for that user."""
ALL_USERS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore"
_CLAUDE = re.compile(r"[A-Za-z0-9.-]*claude[A-Za-z0-9.-]*_", re.IGNORECASE)
_FULL_NAME = re.compile(
    r"(?P<Name>[^_]+)_(?P<Version>\d+(?:\.\d+){1,3})_(?P<Architecture>[a-z0-9]+)_(?P<resource>[^_]*)_(?P<PublisherId>\w+)",
    re.IGNORECASE,
)


def is_claude(full_name: str) -> bool:
    """Return whether a package's full name is that of Claude."""
    return bool(_CLAUDE.match(full_name))


def packages(registry: Registry, users: Iterable[User]) -> list[dict[str, str]]:
    """Return the properties of Claude's packages that *registry* knows, for these users and for all."""
    found: dict[str, dict[str, str]] = {}
    for name, location in (*_of_users(registry, users), *_of_all(registry)):
        if is_claude(name) and (match := _FULL_NAME.fullmatch(name)):
            known = found.setdefault(name, _properties(name, match))
            if location and "InstallLocation" not in known:
                known["InstallLocation"] = location
    return list(found.values())


def format_list(found: Iterable[dict[str, str]]) -> str:
    """Return *found* as ``Format-List`` writes packages."""
    return "\n".join("".join(f"{key:<18}: {value}\n" for key, value in one.items()) for one in found)


def _of_users(registry: Registry, users: Iterable[User]) -> Iterator[tuple[str, str]]:
    for user in users:
        key = rf"{user_key(registry, user)}\{REPOSITORY}"
        for name in registry.subkeys(key):
            if is_claude(name):
                yield name, text(registry, rf"{key}\{name}", "PackageRootFolder")


def _of_all(registry: Registry) -> Iterator[tuple[str, str]]:
    for store in ("Applications", "Staged"):
        for name in registry.subkeys(rf"{ALL_USERS}\{store}"):
            if is_claude(name):
                manifest = text(registry, rf"{ALL_USERS}\{store}\{name}", "Path")
                yield name, manifest.rpartition("\\")[0] if manifest.casefold().endswith(".xml") else manifest


def _properties(name: str, match: re.Match[str]) -> dict[str, str]:
    told = match.groupdict()
    family = f"{told['Name']}_{told['PublisherId']}"
    return {
        "Name": told["Name"],
        "PublisherId": told["PublisherId"],
        "Architecture": told["Architecture"].capitalize(),
        "Version": told["Version"],
        "PackageFamilyName": family,
        "PackageFullName": name,
    }
