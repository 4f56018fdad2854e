"""A sample's host as a living Windows, collected by the program that people run, and looked at afterwards."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

from claude_evidence.analyzers.report import analyze
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Acquisition, Report
from claude_evidence.parsers import parse
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.run_helpers import manifest
from tests.sample_sides import shipped
from tests.windows.machine import Machine, told

HERE = Path(__file__).resolve().parent
PROFILE = "C:\\Users\\alice"
ALICE = {
    "USERPROFILE": PROFILE,
    "USERNAME": "alice",
    "APPDATA": f"{PROFILE}\\AppData\\Roaming",
    "LOCALAPPDATA": f"{PROFILE}\\AppData\\Local",
}
_STATE = """
import hashlib, json, os, sys
found = {}
for top in sys.argv[1:]:
    for folder, _, names in os.walk("\\\\\\\\?\\\\" + top):
        for name in names:
            path = os.path.join(folder, name)
            status = os.stat(path)
            with open(path, "rb") as file:
                found[path] = [status.st_size, status.st_mtime_ns, hashlib.sha256(file.read()).hexdigest()]
        found[folder] = [os.stat(folder).st_mtime_ns]
print(json.dumps(found))
"""


def script(windows: Machine, name: str) -> str:
    """Give Windows the script *name* of this folder and return what it calls it."""
    there = windows.scratch / name
    there.write_bytes((HERE / name).read_bytes())
    return windows.name(windows.share(there))


def bring(windows: Machine, name: str) -> None:
    """Make Windows the host of the sample *name*."""
    made_of = windows.share(Path(tempfile.mkdtemp(prefix=f"tree-{name}-", dir=windows.scratch)))
    windows.done(script(windows, "inside_host.py"), name, windows.name(made_of))


def state(windows: Machine, *folders: str) -> dict[str, list[int | str]]:
    """Return size, time of last write and hash of all files below Windows' *folders*, and the times of the folders."""
    found: dict[str, list[int | str]] = json.loads(windows.done("-c", _STATE, *folders))
    assert len(found) > 10
    return found


def collect(
    windows: Machine, name: str, *more: str, program: tuple[str, ...] = ("-m", "claude_evidence", "collect")
) -> Path:
    """Collect in the time zone of the sample *name*, as alice; return the bundle."""
    bundle = windows.scratch / f"{name}.zip"
    for path in (bundle, bundle.with_suffix(".mapping.json")):
        path.unlink(missing_ok=True)
    zone = load(SCENARIOS / f"{name}.yaml").text("timezone")
    words = [*program, "-y", "--no-analyze", "-o", windows.name(bundle), *more]
    ran = windows.python(*words, variables=ALICE, zone=zone if windows.imitated else "")
    assert ran.returncode == 0, told(ran)
    assert b"Traceback" not in ran.stderr, told(ran)
    return bundle


def report(bundle: Path) -> Report:
    """Return what *bundle* shows, as analysed by this system's Python."""
    rules = shipped()
    with open_bundle([bundle]) as opened:
        assert opened.verify() == ()
        return analyze(parse(opened, rules.fields), rules)


def acquired(bundle: Path, artifact: str) -> list[Acquisition]:
    """Return what came of *artifact*."""
    return [entry for entry in manifest(bundle).acquisitions if entry.artifact == artifact]


def content(bundle: Path) -> bytes:
    """Return every byte of *bundle*, decompressed, and every name in it."""
    with zipfile.ZipFile(bundle) as opened:
        return b"\n".join(name.encode() + b"\n" + opened.read(name) for name in opened.namelist())
