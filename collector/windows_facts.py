"""What a registry says of its machine: names, edition, time zone, who has a profile there."""

from __future__ import annotations

from claude_evidence.collector.registry import Registry, number, text

_CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
_TCPIP = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
_ZONE = rf"{_CONTROL}\TimeZoneInformation"
_PROFILES = rf"{_CURRENT}\ProfileList"
_WINDOWS_11 = 22000  # the first build that is Windows 11; its ProductName still says Windows 10


def facts(registry: Registry) -> dict[str, str]:
    """Return ``name, os, build, architecture, domain`` and ``release`` (24H2 …), each only where it is known."""
    build = text(registry, _CURRENT, "CurrentBuildNumber") or text(registry, _CURRENT, "CurrentBuild")
    revision = number(registry, _CURRENT, "UBR")
    told = {
        "name": text(registry, rf"{_CONTROL}\ComputerName\ComputerName", "ComputerName"),
        "os": _product(text(registry, _CURRENT, "ProductName"), build),
        "release": text(registry, _CURRENT, "DisplayVersion") or text(registry, _CURRENT, "ReleaseId"),
        "build": f"{build}.{revision}" if build and revision is not None else build,
        "architecture": text(registry, rf"{_CONTROL}\Session Manager\Environment", "PROCESSOR_ARCHITECTURE"),
        "domain": text(registry, _TCPIP, "Domain") or text(registry, _TCPIP, "NV Domain"),
    }
    return {name: value for name, value in told.items() if value}


def zone(registry: Registry) -> tuple[str | None, int | None]:
    """Return the IANA name of the time zone and the UTC offset in seconds, None where nobody says.

    The offset is the one that the machine last used (``ActiveTimeBias``, minutes west of Greenwich).
    """
    bias = number(registry, _ZONE, "ActiveTimeBias")
    if bias is None:
        bias = number(registry, _ZONE, "Bias")
    minutes = None if bias is None else -(bias - (1 << 32) if bias >= 1 << 31 else bias)
    offset = minutes * 60 if minutes is not None and abs(minutes) <= 24 * 60 else None
    return _iana(text(registry, _ZONE, "TimeZoneKeyName") or text(registry, _ZONE, "StandardName")), offset


def profiles(registry: Registry) -> dict[str, str]:
    """Return the SID of each person's profile by its host path (``C:/Users/alice``), no services and no defaults."""
    found = {}
    for sid in registry.subkeys(_PROFILES):
        path = text(registry, rf"{_PROFILES}\{sid}", "ProfileImagePath").replace("\\", "/").rstrip("/")
        if path and _person(sid):
            found[path] = sid
    return found


def _person(sid: str) -> bool:
    """Return whether *sid* is a local or domain account (S-1-5-21-…) or one of Entra ID (S-1-12-1-…)."""
    return sid.upper().startswith(("S-1-5-21-", "S-1-12-1-")) and not sid.casefold().endswith(".bak")


def _product(name: str, build: str) -> str:
    if build.isdigit() and int(build) >= _WINDOWS_11:
        return name.replace("Windows 10", "Windows 11", 1)
    return name


def _iana(windows_name: str) -> str | None:
    from tzlocal.windows_tz import win_tz

    return win_tz.get(windows_name)
