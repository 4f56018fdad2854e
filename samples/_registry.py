"""The registry of a scenario's host, hive by hive: its name, build, time zone, profiles and packages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC

from tzlocal.windows_tz import tz_win

from claude_evidence.samples._hive import Keys, Value, write_hive
from claude_evidence.samples._session_files import HostFile
from claude_evidence.samples.builder import SID
from claude_evidence.samples.scenario import Scenario

CONFIG = "C:/Windows/System32/config"
PROFILE = "C:/Users/alice"
SOFTWARE, SYSTEM = f"{CONFIG}/SOFTWARE", f"{CONFIG}/SYSTEM"
USER, CLASSES = f"{PROFILE}/NTUSER.DAT", f"{PROFILE}/AppData/Local/Microsoft/Windows/UsrClass.dat"
SERVICE = "CoworkVMService"
OTHER_PACKAGE = "Contoso.Notes_4.2.0.0_x64__8wekyb3d8bbwe"
_PACKAGES = r"Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
_ALL_USERS = r"Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications"
_LINE = re.compile(r"^\s*(\w+)\s*: (.*)$", re.MULTILINE)


def hive_files(scenario: Scenario) -> Iterator[HostFile]:
    """Yield the hive files of the host."""
    at = scenario.collected_at
    for path, keys in hives(scenario).items():
        yield HostFile(path, write_hive(path.rpartition("/")[2], keys, at), at, "")


def hives(scenario: Scenario) -> dict[str, Keys]:
    """Return the keys of each hive by the hive's host path."""
    packages = _packages(scenario)
    roots = {OTHER_PACKAGE: f"C:\\Program Files\\WindowsApps\\{OTHER_PACKAGE}"} | packages
    manifests = {rf"{_ALL_USERS}\{name}": {"Path": rf"{root}\AppXManifest.xml"} for name, root in roots.items()}
    models: Keys = {
        rf"{_PACKAGES}\{name}": {"PackageID": name, "PackageRootFolder": root, "DisplayName": name.partition("_")[0]}
        for name, root in roots.items()
    }
    run = {"Contoso Notes": r'"C:\Program Files\Contoso\notes.exe" --background'} | _autostart(scenario)
    return {
        SOFTWARE: {**_windows(scenario), **manifests},
        SYSTEM: {**_system(scenario), **_services(scenario, packages)},
        USER: {r"Software\Microsoft\Windows\CurrentVersion\Run": run},
        CLASSES: models,
    }


def _windows(scenario: Scenario) -> Keys:
    host, current = scenario.raw["host"], r"Microsoft\Windows NT\CurrentVersion"
    build = str(host["build"])
    product = str(host["os"]).replace("Windows 11", "Windows 10")  # so Windows 11 says of itself
    system = r"%systemroot%\system32\config\systemprofile"
    return {
        current: {"ProductName": product, "CurrentBuild": build, "CurrentBuildNumber": build},
        rf"{current}\ProfileList": {"ProfilesDirectory": r"%SystemDrive%\Users"},
        rf"{current}\ProfileList\S-1-5-18": {"ProfileImagePath": system, "Flags": 12},
        rf"{current}\ProfileList\{SID}": {"ProfileImagePath": PROFILE.replace("/", "\\"), "Flags": 0},
    }


def _system(scenario: Scenario) -> Keys:
    name, control = str(scenario.raw["host"]["name"]), r"ControlSet001\Control"
    zone = scenario.zone
    offset = scenario.collected_at.astimezone(zone or UTC).utcoffset()
    bias = -int(offset.total_seconds()) // 60 % (1 << 32) if offset is not None else 0
    services = r"ControlSet001\Services"
    program = [rf'"{root}\app\resources\cowork-svc.exe"' for root in _packages(scenario).values()]
    told: dict[str, Value] = {"TimeZoneKeyName": tz_win[str(zone)], "ActiveTimeBias": bias} if zone else {}
    return {
        "Select": {"Current": 1, "Default": 1, "Failed": 0, "LastKnownGood": 1},
        rf"{control}\ComputerName\ComputerName": {"ComputerName": name},
        rf"{control}\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"},
        rf"{control}\TimeZoneInformation": told,
        rf"{services}\Tcpip\Parameters": {"Hostname": name, "Domain": ""},
        rf"{services}\AppXSvc": {"Start": 3, "Type": 32, "ObjectName": "LocalSystem"},
        **{
            rf"{services}\CoworkVMService": {"ImagePath": path, "Start": 2, "Type": 16}
            for path in _service(scenario, program)
        },
    }


def _service(scenario: Scenario, programs: list[str]) -> list[str]:
    """Return the program of Claude's service, nothing where the scenario says that there is none."""
    told = scenario.raw.get("state", {}).get("services", {}).get("entries", [])
    absent = {"name": "CoworkVMService", "state": "NotInstalled"} in told
    return [] if absent else programs[:1]


def _autostart(scenario: Scenario) -> dict[str, Value]:
    """Return the values of the user's Run key that the scenario's state tells of."""
    told = scenario.raw.get("state", {}).get("registry_values", {}).get("entries", [])
    return {entry["value_name"]: entry["value"] for entry in told if entry["key"].endswith(r"\CurrentVersion\Run")}


def _services(scenario: Scenario, packages: Mapping[str, str]) -> Keys:
    """Return the key of the service that Claude's package brings, unless the scenario's state says there is none."""
    told = scenario.raw.get("state", {}).get("services", {}).get("entries", [])
    missing = {entry["name"] for entry in told if entry.get("state") == "NotInstalled"}
    roots = [root for name, root in packages.items() if name.startswith("Claude_")]
    if not roots or SERVICE in missing:
        return {}
    program = rf'"{roots[0]}\app\resources\cowork-svc.exe"'
    values: dict[str, Value] = {"Start": 2, "Type": 16, "ImagePath": program, "ObjectName": "LocalSystem"}
    return {rf"ControlSet001\Services\{SERVICE}": values}


def _packages(scenario: Scenario) -> dict[str, str]:
    """Return the folder of each package that ``packages:`` lists, by its full name."""
    found = {}
    for block in re.split(r"\n\s*\n", scenario.text("packages")):
        told = dict(_LINE.findall(block))
        if name := told.get("PackageFullName", "").strip():
            found[name] = told.get("InstallLocation", "").strip()
    return found
