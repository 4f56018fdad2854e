"""Which event logs are taken, and what of each: XPath queries as Windows' event log understands them.

That dialect has no ``contains()`` and refuses long conditions; some 20 comparisons are safe
(learn.microsoft.com/windows/win32/wes/consuming-events).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

_SINCE = "{since}"
_PERIOD = f"TimeCreated[@SystemTime>='{_SINCE}']"


def _ids(*numbers: int) -> str:
    return "(" + " or ".join(f"EventID={number}" for number in numbers) + ")"


def _providers(*names: str) -> str:
    return "(" + " or ".join(f"@Name='{name}'" for name in names) + ")"


_BOOTS = (
    f"(Provider[@Name='EventLog'] and {_ids(6005, 6006, 6008)})"
    " or (Provider[@Name='Microsoft-Windows-Kernel-Power'] and EventID=41)"
    " or (Provider[@Name='User32'] and EventID=1074)"
)
_SYSTEM = (
    "(Provider[@Name='Service Control Manager'] and (Level<=3 or EventID=7040 or EventID=7045))"
    f" or (Provider[@Name='Microsoft-Windows-Kernel-General'] and {_ids(12, 13)})"
    f" or Provider[{_providers('Ntfs', 'Microsoft-Windows-Ntfs', 'Microsoft-Windows-Hyper-V-Hypervisor')}]"
)
_CRASHES = _providers("Application Error", "Application Hang", "Windows Error Reporting", "CoworkVMService")
_DEPLOYMENTS = _ids(400, 401, 404, 419, 465, 497, 603, 607, 638, 658, 665, 855)

CHANNELS: Mapping[str, str] = {
    "System": f"{_BOOTS} or ({_PERIOD} and ({_SYSTEM}))",
    "Application": f"{_PERIOD} and Provider[{_CRASHES}]",
    "Microsoft-Windows-AppModel-Runtime/Admin": _PERIOD,
    "Microsoft-Windows-AppXDeploymentServer/Operational": f"{_PERIOD} or {_DEPLOYMENTS}",
    "Microsoft-Windows-AppXDeployment/Operational": _PERIOD,
    "Microsoft-Windows-AppxPackaging/Operational": _PERIOD,
    "Microsoft-Windows-CodeIntegrity/Operational": f"{_PERIOD} and {_ids(3004, 3010, 3033, 3034, 3076, 3077)}",
    "Microsoft-Windows-TWinUI/Operational": f"{_PERIOD} and (Level<=3 or EventID=1621)",
    "Microsoft-Windows-Hyper-V-Compute-Admin": _PERIOD,
    "Microsoft-Windows-Hyper-V-Compute-Operational": _PERIOD,
    "Microsoft-Windows-Hyper-V-Worker-Admin": _PERIOD,
    "Microsoft-Windows-Hyper-V-VMMS-Admin": f"{_PERIOD} and Level<=3",
}
"""Channel to the condition on an event's System section. Starts and stops of Windows, and what became of packages, are
taken over the whole log; all else since a day."""


def query(channel: str, since: datetime) -> str:
    """Return the XPath of what is taken of *channel*, its period beginning at *since* (aware)."""
    return f"*[System[{CHANNELS[channel].replace(_SINCE, _system_time(since))}]]"


def period(since: datetime) -> str:
    """Return the XPath of everything since *since*: for a Windows that refuses the longer query."""
    return f"*[System[{_PERIOD.replace(_SINCE, _system_time(since))}]]"


def file_name(channel: str) -> str:
    """Return the name of the file that Windows keeps *channel* in."""
    return f"{channel.replace('/', '%4')}.evtx"


def _system_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
