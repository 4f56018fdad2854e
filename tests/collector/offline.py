"""A host of the tests: a folder that stands for a mounted Windows disk, or this machine under a system's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from claude_evidence.collector._types import Artifact, Source, User
from claude_evidence.samples._hive import Keys, write_hive

SID = "S-1-5-21-1111111111-2222222222-3333333333-1001"
ALICE = User("alice", "C:/Users/alice", SID)
CONFIG = "C:/Windows/System32/config"
SOFTWARE, SYSTEM = f"{CONFIG}/SOFTWARE", f"{CONFIG}/SYSTEM"
NTUSER = "C:/Users/alice/NTUSER.DAT"
CLASSES = "C:/Users/alice/AppData/Local/Microsoft/Windows/UsrClass.dat"
TIME = datetime(2026, 5, 17, tzinfo=UTC)
PROFILES: Keys = {
    rf"Microsoft\Windows NT\CurrentVersion\ProfileList\{SID}": {"ProfileImagePath": r"C:\Users\alice"},
    r"Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-18": {"ProfileImagePath": r"%systemroot%\system32"},
}


@dataclass
class Folder:
    """The host whose drives are the folders of ``root``."""

    root: Path
    system: str = "windows"
    live: bool = False
    people: tuple[User, ...] = (ALICE,)
    roots: tuple[str, ...] = ("C:/",)

    def users(self) -> tuple[User, ...]:
        return self.people

    def drives(self) -> tuple[str, ...]:
        return self.roots

    def local(self, path: str) -> Path:
        return self.root / path.replace(":/", "/") if self.system == "windows" else self.root / path.lstrip("/")

    def facts(self) -> Mapping[str, str]:
        return {}

    def zone(self) -> tuple[str | None, int | None]:
        return None, None

    def hive(self, path: str, keys: Keys) -> Path:
        """Write a hive for host *path*; return where it lies."""
        here = self.local(path)
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_bytes(write_hive(here.name, keys, TIME))
        return here


def artifact(probe: str, system: str = "windows", *names: str) -> Artifact:
    sources = (Source("COMMAND", names),) if names else ()
    return Artifact("Tested", "", frozenset({system}), sources, probe=probe)
