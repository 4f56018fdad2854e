"""Run by the Windows Python: make this Windows the host of a sample, on its real drives and in its real registry.

``inside_host.py NAME FOLDER`` writes the tree below FOLDER and moves each file to its drive, all but event
logs and hives, which only administrators may read; ``inside_host.py --remove`` takes away what an earlier call brought.
Never for a machine that somebody uses.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from claude_evidence.samples._registry import CLASSES, SOFTWARE, SYSTEM, USER, hives
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.builder import SID, events
from claude_evidence.samples.evtx_writer import EventRecord
from claude_evidence.samples.scenario import SCENARIOS, Scenario, load

BROUGHT = (
    "C:\\Users\\alice",
    "C:\\Projects",
    "C:\\ProgramData\\Contoso",
    "C:\\ProgramData\\Claude",
    "D:\\WpSystem",
    "D:\\Backup",
)
SYSTEM_FILES = {"winevt", "config"}
ALLOWED_S = 120  # for a collection to come to its end
ANSWERS = Path("C:\\ProgramData\\answers")
"""What the tools that stand in for those of Windows answer from: made once, for they are asked many times."""
LINE = re.compile(r"^\s*(\w+)\s*: (.*)$", re.MULTILINE)
winreg: Any = importlib.import_module("winreg")  # which other systems have not
PLACES = {
    SOFTWARE: (winreg.HKEY_LOCAL_MACHINE, "SOFTWARE"),
    SYSTEM: (winreg.HKEY_LOCAL_MACHINE, "SYSTEM"),
    USER: (winreg.HKEY_USERS, SID),
    CLASSES: (winreg.HKEY_USERS, f"{SID}\\Software\\Classes"),
}


def make(name: str, folder: Path) -> None:
    """Bring the host of the sample *name* here."""
    scenario = load(SCENARIOS / f"{name}.yaml")
    write_tree(scenario, folder)
    make_answers(scenario)
    places = {path: there for path in sorted(folder.rglob("*")) if (there := place(folder, path))}
    changed = {there: path.stat().st_mtime_ns for path, there in places.items() if path.is_dir()}
    for path, there in places.items():
        if path.is_dir():
            there.mkdir(parents=True, exist_ok=True)
        else:
            shutil.move(path, there)
            make_recent(there, scenario.collected_at.timestamp())
    for there, then in changed.items():
        os.utime(there, ns=(then, then))
    for hive, keys in hives(scenario).items():
        top, below = PLACES[hive]
        for key, values in keys.items():
            write(top, f"{below}\\{key}".replace("ControlSet001", "CurrentControlSet"), values)


def make_answers(scenario: Scenario) -> None:
    """Write down what tools answer on this host: each channel's events, the packages, the services that are absent."""
    shutil.rmtree(ANSWERS, ignore_errors=True)
    ANSWERS.mkdir()
    channels: dict[str, list[EventRecord]] = {}
    for record in events(scenario):
        channels.setdefault(record.channel, []).append(record)
    for channel, records in channels.items():
        there = ANSWERS / f"{channel.replace('/', '%4')}.pickle"
        there.write_bytes(pickle.dumps(sorted(records, key=lambda record: record.time)))
    listed = [dict(LINE.findall(block)) for block in re.split(r"\n\s*\n", scenario.text("packages"))]
    packages = [{key: value.strip() for key, value in one.items()} for one in listed if "PackageFullName" in one]
    services = scenario.raw.get("state", {}).get("services", {}).get("entries", [])
    absent = [one["name"] for one in services if one.get("state") == "NotInstalled"]
    told = {"packages": packages, "absent": absent}
    (ANSWERS / "told.json").write_text(json.dumps(told), encoding="utf-8")


def place(folder: Path, path: Path) -> Path | None:
    """Return where *path* of the tree below *folder* belongs; None where it is the system's own or a drive."""
    drive, *parts = path.relative_to(folder).parts
    return Path(f"{drive}:\\", *parts) if parts and not set(parts) & SYSTEM_FILES else None


def make_recent(path: Path, collected_at: float) -> None:
    """Let a save that was under way when the sample was taken be under way at the end of a collection."""
    age = collected_at - path.stat().st_mtime
    if path.suffix == ".tmp" and age < 60:
        now = time.time() + ALLOWED_S - age
        os.utime(path, (now, now))


def write(top: int, path: str, values: object) -> None:
    """Write the *values* of one key as the hives hold them."""
    assert isinstance(values, dict)
    with winreg.CreateKeyEx(top, path, 0, winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY) as key:
        for name, value in values.items():
            kinds = {str: winreg.REG_SZ, int: winreg.REG_DWORD, bytes: winreg.REG_BINARY, list: winreg.REG_MULTI_SZ}
            kind = winreg.REG_EXPAND_SZ if isinstance(value, str) and "%" in value else kinds[type(value)]
            winreg.SetValueEx(key, name, 0, kind, value)


def remove() -> None:
    """Take away the files and the keys that tell of people and packages."""
    for folder in BROUGHT:
        shutil.rmtree(folder, ignore_errors=True)
    software = "SOFTWARE\\Microsoft\\Windows"
    for path in (f"{software} NT\\CurrentVersion\\ProfileList", f"{software}\\CurrentVersion\\Appx"):
        delete(winreg.HKEY_LOCAL_MACHINE, path)
    delete(winreg.HKEY_USERS, SID)


def delete(top: int, path: str) -> None:
    """Delete the key at *path* and all below it, where it is there."""
    try:
        with winreg.OpenKey(top, path, 0, winreg.KEY_ALL_ACCESS) as key:
            while winreg.QueryInfoKey(key)[0]:
                delete(key.handle, winreg.EnumKey(key, 0))
        winreg.DeleteKey(top, path)
    except FileNotFoundError:
        return


if __name__ == "__main__":
    assert hasattr(__import__("ctypes").windll.ntdll, "wine_get_version"), "never on a true Windows"
    remove()
    if sys.argv[1] != "--remove":
        make(sys.argv[1], Path(sys.argv[2]))
