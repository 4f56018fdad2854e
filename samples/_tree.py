"""The host of a scenario as a mounted disk: files with their true bytes and times, whole transcripts, the registry, and
much that is none of a collector's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from claude_evidence.samples._logs import expand
from claude_evidence.samples._registry import hive_files
from claude_evidence.samples._session_files import ROOT, HostFile
from claude_evidence.samples._transcript import transcript
from claude_evidence.samples.builder import host_files
from claude_evidence.samples.scenario import Scenario, identifier
from claude_evidence.transcript import TranscriptFacts, facts_from_json

DECOY = "the marrow recipe that nobody else may read"
"""What the files hold that no collection may take: none of them is Claude's, or they hold what people wrote."""
_HOME = "C:/Users/alice"
_PACKAGES = f"{_HOME}/AppData/Local/Packages"
_DECOYS = (
    f"{_HOME}/Documents/recipe.txt",
    f"{_HOME}/Desktop/main.log",
    f"{_HOME}/AppData/Roaming/Code/logs/main.log",
    f"{_HOME}/AppData/Local/Temp/setup.log",
    f"{_HOME}/.ssh/id_ed25519",
    f"{_HOME}/.claude/history.jsonl",
    f"{_HOME}/.claude/.credentials.json",
    f"{_PACKAGES}/ClaudeHelper_8wekyb3d8bbwe/LocalCache/Roaming/ClaudeHelper/logs/main.log",
    "C:/Users/Public/Documents/Claude/logs/main.log",
    "C:/Projects/garden/notes.md",
    "C:/ProgramData/Contoso/Logs/service.log",
    "C:/Windows/System32/winevt/Logs/Security.evtx",
    "D:/Backup/Claude/logs/main.log",
)
_WITHIN = ("Local Storage/leveldb/000003.log", "Network/Cookies", "IndexedDB/conversations.leveldb/000007.log")


def write_tree(scenario: Scenario, folder: Path) -> None:
    """Write the host of *scenario* below *folder*, a drive a folder (``folder/C/Users/alice/…``, ``folder/D/…``).

    Folders are made as needed; FileExistsError where a file of the host is there already.
    """
    for file in _files(scenario):
        data = _transcript(scenario, file) if file.meta else (file.data,)
        _write(place(folder, file.path), data, file.modified_at)
    for path, modified_at in _listed_folders(scenario):
        there = place(folder, path)
        there.mkdir(parents=True, exist_ok=True)
        _set_time(there, modified_at)


def place(folder: Path, path: str) -> Path:
    """Return where host *path* (``C:/…``) lies below *folder*, in the form that Windows takes however long it is."""
    drive, _, rest = path.partition(":/")
    there = folder / drive / rest
    if os.name != "nt":
        return there
    return Path("\\\\?\\" + os.path.abspath(there))  # noqa: PTH100 - resolve() fails where the path is long


def _files(scenario: Scenario) -> Iterator[HostFile]:
    at = scenario.collected_at
    yield from host_files(scenario)
    yield from hive_files(scenario)
    root = scenario.text("root", ROOT)
    for path in (*_DECOYS, *(f"{root}/{name}" for name in _WITHIN)):
        yield HostFile(path, f"{DECOY}\n".encode(), at, "")


def _transcript(scenario: Scenario, file: HostFile) -> Iterator[bytes]:
    facts = TranscriptFacts(**facts_from_json(json.loads(file.data)["transcript"]))
    return transcript(facts, _folders(scenario)[facts.session_ids[0]])


def _folders(scenario: Scenario) -> dict[str, str]:
    """Return the folder that each conversation was held in, by its identifier."""
    return {
        identifier(scenario.name, word): spec.get("cwd", "C:\\Projects\\garden")
        for spec in scenario.raw.get("transcripts", [])
        for word in expand(spec["cli"])
    }


def _write(path: Path, data: Iterable[bytes], modified_at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.writelines(data)
    _set_time(path, modified_at)


def _set_time(path: Path, modified_at: datetime) -> None:
    time = round(modified_at.timestamp() * 1_000_000) * 1000
    os.utime(path, ns=(time, time))


def _listed_folders(scenario: Scenario) -> Iterator[tuple[str, datetime]]:
    """Yield the folders that the scenario's listing names, with their times."""
    for entry in scenario.raw.get("state", {}).get("file_inventory", {}).get("entries", []):
        if entry.get("is_directory"):
            modified_at = entry.get("modified_at", scenario.raw["collected_at"])
            yield str(entry["path"]).replace("\\", "/"), scenario.utc(modified_at)
