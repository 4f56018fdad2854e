"""The Windows registry of a host: through ``winreg`` on this machine, out of the hive files of a mounted disk.

Keys are written ``HKLM\\SOFTWARE\\…``, ``HKLM\\SYSTEM\\CurrentControlSet\\…``, ``HKU\\<SID>\\…`` and, on this machine,
``HKCU\\…``. Where nobody knows a user's SID, ``HKU\\C:/Users/alice\\…`` names the hive by its profile.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from claude_evidence.collector._types import Host, User
from claude_evidence.model import Acquisition, Outcome

ARTIFACT = "registry"
"""What the acquisitions in ``problems`` are called, where nobody gives them the name of what was asked for."""
MOST = 8192
"""How many values or subkeys of one key are read: more has none that holds anything of ours."""


class Registry(Protocol):
    """What every registry answers; names are compared without regard to case, and nothing raises."""

    problems: list[Acquisition]
    """One for each hive or key that could not be read, with the reason: nothing here for a key that is not there."""

    def values(self, key: str) -> dict[str, object]:
        """Return the values of *key* by name (``""`` is its default value); empty where there is none.

        Text is str, DWORD and QWORD are unsigned int, MULTI_SZ is list[str], everything else is bytes.
        """

    def subkeys(self, key: str) -> tuple[str, ...]:
        """Return the names of the keys below *key*; empty where there is none."""

    def has(self, key: str) -> bool:
        """Return whether *key* is there and may be read."""


def of(host: Host) -> Registry:
    """Return the registry of *host*, one without keys where it is no Windows; opened as it is asked, each hive once.

    Of *host* it asks its drives, the first one being that of Windows, and places; never ``users()``, ``facts()`` or
    ``zone()``, which may rest on it.
    """
    if host.system != "windows":
        return Nothing()
    if host.live:
        return Live()
    from claude_evidence.collector._hives import Offline

    return Offline(host.local, next(iter(host.drives()), "C:/"))


def user_key(registry: Registry, user: User) -> str:
    """Return the key of *user*'s own part of *registry*, ``HKU\\…``: by SID, or by profile where nobody knows it."""
    return f"HKU\\{user.sid or user.profile}"


def value(registry: Registry, key: str, name: str) -> object | None:
    """Return the value *name* of *key* without regard to case, None where it is not there."""
    wanted = name.casefold()
    return next((data for known, data in registry.values(key).items() if known.casefold() == wanted), None)


def text(registry: Registry, key: str, name: str) -> str:
    """Return the value *name* of *key* where it is text, without what follows a null; else nothing."""
    data = value(registry, key, name)
    return data.split("\0", 1)[0].strip() if isinstance(data, str) else ""


def number(registry: Registry, key: str, name: str) -> int | None:
    """Return the value *name* of *key* where it is a number."""
    data = value(registry, key, name)
    return data if isinstance(data, int) else None


class Nothing:
    """The registry of a host that has none."""

    def __init__(self) -> None:
        self.problems: list[Acquisition] = []

    def values(self, key: str) -> dict[str, object]:
        """Return nothing."""
        return {}

    def subkeys(self, key: str) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def has(self, key: str) -> bool:
        """Return False."""
        return False


class Live:
    """The registry of this machine, in its 64-bit view, whichever Python asks."""

    def __init__(self) -> None:
        self.problems: list[Acquisition] = []
        self._api: Any = importlib.import_module("winreg")

    def values(self, key: str) -> dict[str, object]:
        """Return the values of *key* by name."""
        return {name: _plain(data) for name, data, _ in self._listed(key, self._api.EnumValue)}

    def subkeys(self, key: str) -> tuple[str, ...]:
        """Return the names of the keys below *key*."""
        return tuple(self._listed(key, self._api.EnumKey))

    def has(self, key: str) -> bool:
        """Return whether *key* opens."""
        try:
            self._opened(key).Close()
        except OSError:
            return False
        return True

    def _opened(self, key: str) -> Any:
        root, _, rest = key.partition("\\")
        access = self._api.KEY_READ | self._api.KEY_WOW64_64KEY
        return self._api.OpenKeyEx(getattr(self._api, _ROOTS[root.upper()]), rest, 0, access)

    def _listed(self, key: str, ask: Callable[[Any, int], Any]) -> list[Any]:
        found: list[Any] = []
        try:
            with self._opened(key) as handle:
                for number in range(MOST):
                    found.append(ask(handle, number))
        except FileNotFoundError:
            return found
        except OSError as error:
            if getattr(error, "winerror", 0) != _NO_MORE_ITEMS:
                outcome = Outcome.DENIED if isinstance(error, PermissionError) else Outcome.FAILED
                self.problems.append(problem(key, outcome, error.strerror or str(error)))
        return found


_ROOTS = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER", "HKU": "HKEY_USERS"}
_NO_MORE_ITEMS = 259  # ERROR_NO_MORE_ITEMS, winerror.h: how an enumeration ends


def _plain(data: object) -> object:
    return b"" if data is None else data


def problem(source: str, outcome: Outcome, detail: str) -> Acquisition:
    """Return what came of *source*, a hive file's host path or a key, for ``problems``."""
    return Acquisition(ARTIFACT, source, outcome, datetime.now(UTC), detail=detail)
