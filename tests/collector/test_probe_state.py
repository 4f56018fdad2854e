"""Packages, services and values of the registry: from the hives of a disk, and by programs that run as Windows' do."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from claude_evidence.collector import probe_packages, probe_registry, probe_services
from claude_evidence.collector._types import Item, Options, Scrub
from claude_evidence.model import Acquisition, Manifest, Member, Outcome
from claude_evidence.parsers import package, registry_value, service
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context
from claude_evidence.samples._hive import Keys
from claude_evidence.samples._registry import hives
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.offline import CLASSES, NTUSER, PROFILES, SID, SOFTWARE, SYSTEM, Folder, artifact

posix = pytest.mark.skipif(os.name != "posix", reason="scripts are no programs there")
PACKAGE = "Claude_1.28929.0.0_x64__pzs8sxrjxfjjc"
REPOSITORY = r"Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
CURRENT = r"Software\Microsoft\Windows\CurrentVersion"
QUERY = (
    "\r\n{0}: CoworkVMService \r\n        {1}               : 10  WIN32_OWN_PROCESS  \r\n"
    "        {2}              : {3}  {4} \r\n                                (NOT_STOPPABLE)\r\n"
    "        {5}    : 1066  (0x42a)\r\n        {6}  : 2  (0x2)\r\n        {7}         : 0x0\r\n"
    "        {8}          : 0x7d0\r\n        PID                : 4711\r\n        {9}              : \r\n"
)
ENGLISH = (
    "SERVICE_NAME",
    "TYPE",
    "STATE",
    "{}",
    "{}",
    "WIN32_EXIT_CODE",
    "SERVICE_EXIT_CODE",
    "CHECKPOINT",
    "WAIT_HINT",
    "FLAGS",
)
RUSSIAN = (
    "Имя_службы",
    "Тип",
    "Состояние",
    "{}",
    "{}",
    "Код_выхода_Win32",
    "Код_выхода_службы",
    "Контрольная_точка",
    "Ожидание",
    "Флаги",
)


def collected(probe: Any, host: Folder, work: Path) -> tuple[list[Item], list[Acquisition]]:
    things = list(probe.collect(artifact(probe.__name__.rpartition(".")[2]), host, work, Options(command_timeout_s=30)))
    return [t for t in things if isinstance(t, Item)], [t for t in things if isinstance(t, Acquisition)]


def rows(parser: Any, item: Item) -> list[dict[str, Any]]:
    with item.open() as stream:
        data = stream.read()
    assert len(data) == item.size_bytes
    path = f"state/{item.state_name}"
    parsed = parser.parse(io.BytesIO(data), Member(path, path, len(data)), Context(Clock.of(Manifest())))
    assert parsed.problems == []
    (table,) = parsed.frames().values()
    return [
        {key: value for key, value in row.items() if value == value} for row in table.astype(object).to_dict("records")
    ]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that stands for ``System32``."""
    folder = tmp_path / "Windows" / "System32"
    (folder / "WindowsPowerShell" / "v1.0").mkdir(parents=True)
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path / "Windows"))
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!{sys.executable} -IS\nimport sys\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return this machine as a Windows whose registry are the hives below ``disk``: other systems have no winreg."""
    from claude_evidence.collector import registry
    from claude_evidence.collector._hives import Offline

    host = Folder(tmp_path / "disk", live=True)
    monkeypatch.setattr(registry, "of", lambda asked: Offline(asked.local))
    host.hive(SYSTEM, {"Select": {"Current": 1}, r"ControlSet001\Services\CoworkVMService": {"Start": 2, "Type": 16}})
    host.hive(SOFTWARE, PROFILES)
    return host


def test_packages_of_a_disk_come_from_its_hives(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "update-breaks-launch.yaml")
    host = Folder(tmp_path)
    for path, keys in hives(scenario).items():
        host.hive(path, keys)
    (item,), failed = collected(probe_packages, host, tmp_path)
    assert failed == []
    assert (item.state_name, item.scrub) == ("packages.txt", Scrub.OWN)
    told = rows(package, item)
    text = scenario.text("packages")
    assert told
    for row in told:
        assert row["PackageFullName"] in text
        assert row.get("InstallLocation", "") in text
        assert row["Version"] in text
        assert row["PackageFamilyName"] == "Claude_pzs8sxrjxfjjc"
        assert "Status" not in row


def test_a_package_of_another_user_is_known_by_the_machine(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    store = r"Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore"
    found: Keys = {
        **PROFILES,
        rf"{store}\Applications\{PACKAGE}": {"Path": rf"E:\WindowsApps\{PACKAGE}\AppxManifest.xml"},
        rf"{store}\Applications\Claudette.Notes_1.0.0.0_x64__8wekyb3d8bbwe": {"Path": r"C:\x"},
        rf"{store}\Staged\Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe": {},
        rf"{store}\Staged\Claude_broken": {},
    }
    host.hive(SOFTWARE, found)
    (item,), _ = collected(probe_packages, host, tmp_path)
    told = {row["PackageFullName"]: row for row in rows(package, item)}
    assert told[PACKAGE]["InstallLocation"] == rf"E:\WindowsApps\{PACKAGE}"
    assert told[PACKAGE]["Architecture"] == "X64"
    assert not any("Contoso" in name for name in told)


def test_no_package_and_no_hive_are_said(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    items, failed = collected(probe_packages, host, tmp_path)
    assert items == []
    assert {entry.outcome for entry in failed} == {Outcome.MISSING}
    assert {SOFTWARE, "AppModel\\Repository\\Packages"} <= {entry.source for entry in failed}


@posix
def test_packages_of_this_machine_are_asked_of_powershell(tmp_path: Path, system: Path, live: Folder) -> None:
    answer = json.dumps([{"Name": "Claude", "PackageFullName": PACKAGE, "Status": "Modified, NeedsRemediation"}])
    shell = system / "WindowsPowerShell" / "v1.0" / "powershell.exe"
    program(
        shell,
        "words = sys.argv[1:]\n"
        "assert words[:5] == ['-NoLogo', '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text'], words\n"
        "assert words[5] == '-Command' and len(words) == 7 and \"Get-AppxPackage -Name '*Claude*'\" in words[6]\n"
        f"sys.stdout.buffer.write({answer!r}.encode('utf-8-sig') + b'\\r\\n')",
    )
    (item,), failed = collected(probe_packages, live, tmp_path)
    assert failed == []
    (row,) = rows(package, item)
    assert (row["Status"], item.state_name) == ("Modified, NeedsRemediation", "packages.json")


@posix
def test_that_there_is_no_package_is_an_answer(tmp_path: Path, system: Path, live: Folder) -> None:
    program(system / "WindowsPowerShell" / "v1.0" / "powershell.exe", "print('[]')")
    (item,), failed = collected(probe_packages, live, tmp_path)
    assert (rows(package, item), failed) == ([], [])


@posix
@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("", Outcome.FAILED),
        ("sys.stderr.write('blocked'); sys.exit(1)", Outcome.FAILED),
        ("sys.exit(5)", Outcome.DENIED),
        ("print('This program is blocked')", Outcome.FAILED),
    ],
)
def test_where_powershell_gives_nothing_the_registry_answers(
    tmp_path: Path, system: Path, live: Folder, script: str, outcome: Outcome
) -> None:
    program(system / "WindowsPowerShell" / "v1.0" / "powershell.exe", script)
    live.hive(CLASSES, {rf"{REPOSITORY}\{PACKAGE}": {"PackageRootFolder": r"C:\Program Files\WindowsApps\X"}})
    (item,), failed = collected(probe_packages, live, tmp_path)
    assert [(entry.source, entry.outcome) for entry in failed] == [(probe_packages.ASKED, outcome)]
    (row,) = rows(package, item)
    assert (row["PackageFullName"], row["InstallLocation"]) == (PACKAGE, r"C:\Program Files\WindowsApps\X")


def test_services_of_a_disk_are_as_they_are_configured(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    path = r"C:\Program Files\WindowsApps\Claude\cowork-svc.exe"
    own: dict[str, str | int] = {
        "Start": 2,
        "Type": 16,
        "ImagePath": path,
        "ObjectName": "LocalSystem",
        "DelayedAutostart": 1,
    }
    services: Keys = {
        "Select": {"Current": 3},
        r"ControlSet003\Services\coworkvmservice": own,
        r"ControlSet003\Services\coworkvmservice\TriggerInfo\0": {"Type": 6},
        r"ControlSet003\Services\vmcompute": {"Start": 4},
    }
    host.hive(SYSTEM, services)
    (item,), failed = collected(probe_services, host, tmp_path)
    assert failed == []
    told = {row["Name"]: row for row in rows(service, item)}
    cowork = told["CoworkVMService"]
    assert (cowork["StartType"], cowork["DelayedStart"], cowork["TriggerCount"]) == ("Auto", True, 1)
    assert (cowork["BinaryPath"], cowork["Account"], cowork["ServiceType"]) == (path, "LocalSystem", 16)
    assert "State" not in cowork
    assert told["vmcompute"]["StartType"] == "Disabled"
    assert told["hns"]["State"] == "NotInstalled"


def test_services_of_a_disk_without_its_hive_are_unknown(tmp_path: Path) -> None:
    items, failed = collected(probe_services, Folder(tmp_path), tmp_path)
    assert items == []
    assert [(entry.source, entry.outcome) for entry in failed] == [(SYSTEM, Outcome.MISSING)]


@posix
@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN])
@pytest.mark.parametrize("page", ["cp850", "cp866", "utf-8", "utf-16"])
def test_services_of_this_machine_are_asked_in_any_language(
    tmp_path: Path, system: Path, live: Folder, words: tuple[str, ...], page: str
) -> None:
    if (words is RUSSIAN) == (page == "cp850"):
        pytest.skip("not the code page of this language")
    text = QUERY.format(*(word.format("1" if number == 3 else "STOPPED") for number, word in enumerate(words)))
    program(
        system / "sc.exe",
        "assert sys.argv[1] == 'queryex' and len(sys.argv) == 3\n"
        "if sys.argv[2] != 'CoworkVMService': print('[SC] EnumQueryServicesStatus:OpenService FAILED 5'); sys.exit(5)\n"
        f"sys.stdout.buffer.write({text.encode(page)!r})",
    )
    (item,), failed = collected(probe_services, live, tmp_path)
    assert {entry.outcome for entry in failed} == {Outcome.DENIED}
    cowork = next(row for row in rows(service, item) if row["Name"] == "CoworkVMService")
    assert (cowork["State"], cowork["ExitCode"], cowork["ServiceExitCode"], cowork["Pid"]) == ("Stopped", 1066, 2, 4711)
    assert cowork["StartType"] == "Auto"


@pytest.mark.parametrize(("number", "state"), [(1, "Stopped"), (2, "StartPending"), (4, "Running"), (7, "Paused")])
def test_states_have_words(number: int, state: str) -> None:
    text = QUERY.format(*(word.format(number) for word in ENGLISH))
    assert probe_services.status(text)["state"] == state


@pytest.mark.parametrize(
    "text", ["", "x", "  A : 10\r\n  B : 9  ODD\r\n", "  A : 10\r\n", "\n" * 100_000, " :" * 50_000]
)
def test_what_is_no_answer_says_nothing(text: str) -> None:
    assert probe_services.status(text) == {}


def test_values_of_the_registry_and_only_those_that_matter(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    run = rf"C:\Program Files\WindowsApps\{PACKAGE}\app\claude.exe"
    person: Keys = {
        rf"{CURRENT}\Run": {"Claude": run, "Contoso Secret Project": "C:\\x.exe", "electron.app.X": f'"{run}"'},
        rf"{CURRENT}\Explorer\StartupApproved\Run": {"Claude": b"\3\0\0\0", "Contoso": b"\2"},
        rf"{CURRENT}\Explorer\User Shell Folders": {
            "AppData": r"%USERPROFILE%\AppData\Roaming",
            "Personal": "D:\\Private",
        },
    }
    machine: Keys = {
        **PROFILES,
        r"Policies\Microsoft\Windows\Appx": {"AllowAllTrustedApps": 0, "Other": 1},
        r"Microsoft\Windows\CurrentVersion\Appx": {"PackageRoot": r"E:\WindowsApps"},
    }
    host.hive(NTUSER, person)
    host.hive(SOFTWARE, machine)
    host.hive(CLASSES, {rf"{REPOSITORY}\{PACKAGE}": {"PackageID": PACKAGE, "DisplayName": "x"}})
    host.hive(SYSTEM, {"Select": {"Current": 1}, r"ControlSet001\Control\FileSystem": {"LongPathsEnabled": 1}})
    (item,), failed = collected(probe_registry, host, tmp_path)
    assert failed == []
    told = {(*row["Key"].split("\\")[-2:], row["ValueName"]): row for row in rows(registry_value, item)}
    run_key = ("CurrentVersion", "Run", "Claude")
    assert (told[run_key]["Key"], told[run_key]["Value"]) == (rf"HKU\{SID}\{CURRENT}\Run", run)
    assert told[run_key]["Hive"] == "HKU"
    assert told["Windows", "Appx", "AllowAllTrustedApps"]["Value"] == "0"
    assert set(told) - {run_key} == {
        ("CurrentVersion", "Run", "electron.app.X"), ("StartupApproved", "Run", "Claude"),
        ("Explorer", "User Shell Folders", "AppData"), ("Windows", "Appx", "AllowAllTrustedApps"),
        ("CurrentVersion", "Appx", "PackageRoot"), ("Control", "FileSystem", "LongPathsEnabled"),
        ("Packages", PACKAGE, "PackageID"),
    }  # fmt: skip
    with item.open() as stream:
        text = stream.read().decode()
    assert "Contoso" not in text
    assert "Private" not in text


def test_other_systems_have_neither(tmp_path: Path) -> None:
    host = Folder(tmp_path, "macos", live=True)
    for probe in (probe_services, probe_registry):
        assert collected(probe, host, tmp_path) == ([], [])
