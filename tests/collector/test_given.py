"""``redact`` takes what is Claude's, whichever way it was gathered, and leaves out and names everything else."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claude_evidence.bundle_write import write_bundle
from claude_evidence.collector import definitions
from claude_evidence.collector._given_places import How, Places
from claude_evidence.model import Acquisition, Manifest, Outcome
from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.collector.run_helpers import LOGS, environment, manifest, members

CLAUDE = "C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
EVTX = "C/Windows/System32/winevt/Logs"
VS_CODE = (
    b"2026-05-01 10:00:00.123 [info] update#setState idle\r\n"
    b"2026-05-01 10:00:01.456 [info] Extension host with pid 4711 started: anthropic.claude-code, github.copilot\r\n"
)
SECRET = b"2026-05-01 10:00:02.000 [info] opened the folder of project-nightingale\r\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of a sample, with what other programs keep on one."""
    root = tmp_path_factory.mktemp("given") / "host"
    write_tree(load(SCENARIOS / "update-breaks-launch.yaml"), root)
    for name, data in others(root).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def others(root: Path) -> dict[str, bytes]:
    log = VS_CODE + SECRET
    profile = "C/Users/alice"
    return {
        f"{profile}/Desktop/main.log": log,
        f"{profile}/Desktop/System.evtx": (root / EVTX / "System.evtx").read_bytes(),
        f"{profile}/Documents/Claude/logs/main.log": log,
        f"{profile}/AppData/Roaming/Code/logs/main.log": log,
        f"{profile}/AppData/Roaming/Code/config.json": b'{"locale": "project-nightingale"}',
        f"{profile}/AppData/Local/Packages/Other_1234567890abc/LocalCache/Roaming/Claude/logs/main.log": log,
        f"{profile}/AppData/Local/Packages/Other_1234567890abc/LocalCache/Roaming/Other/logs/main.log": log,
        f"{EVTX}/Security.evtx": (root / EVTX / "System.evtx").read_bytes(),
        "D/work/logs/main.log": log,
    }


def redact(output: Path, *inputs: Path, home: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "claude_evidence", "redact", *map(str, inputs), "-o", str(output)]
    return subprocess.run(words, capture_output=True, text=True, env=environment(home))


def stored(bundle: Path) -> set[str]:
    names = (name.removeprefix("data/files/") for name in members(bundle) if name.startswith("data/files/"))
    return {name.rpartition("/")[2] for name in names}


def test_what_other_programs_keep_on_a_disk_is_left_out_and_named(host: Path, tmp_path: Path) -> None:
    done = redact(tmp_path / "p.zip", host, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    held = members(tmp_path / "p.zip")
    assert not [name for name, data in held.items() if b"nightingale" in data or b"github.copilot" in data]
    logs = [name for name in held if name.endswith("main.log")]
    assert len(logs) == 1
    assert "Claude_pzs8sxrjxfjjc" in logs[0]
    assert not [name for name in held if "Security" in name]
    skipped = {entry.source: entry.detail for entry in manifest(tmp_path / "p.zip").acquisitions if not entry.member}
    assert any(source.endswith("Security.evtx") for source in skipped)
    assert len([source for source in skipped if source.endswith("main.log")]) >= 6
    assert all(skipped.values())
    for name in ("Desktop/main.log", "Documents/Claude/logs/main.log", "Code/logs/main.log", "Security.evtx"):
        assert any("left out" in line and name in line for line in done.stdout.splitlines()), name


def test_a_disk_gives_what_collecting_from_it_gives(host: Path, tmp_path: Path) -> None:
    collect = [sys.executable, "-m", "claude_evidence", "collect", "--root", str(host), "-o", str(tmp_path / "c.zip")]
    subprocess.run([*collect, "-y", "--no-analyze", "-q"], check=True, env=environment(tmp_path))
    assert redact(tmp_path / "p.zip", host, home=tmp_path).returncode == 0
    one, two = (
        {n: d for n, d in members(tmp_path / b).items() if n.startswith("data/files/") and "meta" not in n}
        for b in ("c.zip", "p.zip")
    )
    assert one.keys() == two.keys()
    assert {n for n in one if one[n] != two[n]} == set()


def test_the_place_counts_and_not_what_an_earlier_bundle_took_the_file_for(tmp_path: Path) -> None:
    place, data = f"data/files/{CLAUDE}/claude_desktop_config.json", b'{"preferences": {"sidebarMode": "code"}}'
    entry = Acquisition("ClaudeConfig", f"C:\\{place[13:]}".replace("/", "\\"), Outcome.COLLECTED, member=place)
    write_bundle(tmp_path / "b.zip", Manifest(acquisitions=(entry,)), [(place, data)], timestamp=datetime.now(UTC))
    assert redact(tmp_path / "p.zip", tmp_path / "b.zip", home=tmp_path).returncode == 0
    (kept,) = (held for name, held in members(tmp_path / "p.zip").items() if name.endswith("desktop_config.json"))
    assert json.loads(kept) == json.loads(data)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def own(host: Path) -> dict[str, bytes]:
    """Return the files of Claude's folder, by their path below it."""
    return {p.relative_to(host / CLAUDE).as_posix(): p.read_bytes() for p in (host / CLAUDE).rglob("*") if p.is_file()}


SHAPES: dict[str, Callable[[str], str]] = {
    "its content": str,
    "a folder of its name": lambda name: f"Claude/{name}",
    "below another folder": lambda name: f"case-17/Claude/{name}",
    "its content below another": lambda name: f"case-17/{name}",
    "a profile": lambda name: f"alice/AppData/Roaming/Claude/{name}",
    "kape": lambda name: f"Kape/2026-05-17T083000/{CLAUDE}/{name}",
    "velociraptor": lambda name: f"uploads/auto/{CLAUDE.replace('C/', 'C%3A/', 1)}/{name}",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_however_a_folder_of_claude_was_zipped_it_is_taken(
    host: Path, tmp_path: Path, shape: Callable[[str], str]
) -> None:
    files = own(host)
    given = packed(tmp_path / "given.zip", {shape(name): data for name, data in files.items()})
    done = redact(tmp_path / "p.zip", given, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    wanted = {name.rpartition("/")[2] for name in files if name.startswith(("logs/", "claude-code", "config.json"))}
    assert stored(tmp_path / "p.zip") >= wanted
    assert len(wanted) > 4


def test_a_zip_that_simply_holds_logs_is_taken_by_what_is_in_them(host: Path, tmp_path: Path) -> None:
    log = (host / LOGS / "main.log").read_bytes()
    system = (host / EVTX / "System.evtx").read_bytes()
    files = {"main.log": log, "notes/saved.evtx": system, "code.log": VS_CODE, "old/main.log": VS_CODE}
    done = redact(tmp_path / "p.zip", packed(tmp_path / "given.zip", files), home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    held = members(tmp_path / "p.zip")
    assert len([name for name in held if name.endswith("main.log")]) == 1
    assert len([name for name in held if name.endswith(".evtx")]) == 1
    assert done.stdout.count("left out: ") == 2
    assert not [name for name, data in held.items() if b"github.copilot" in data]


def test_an_event_log_is_taken_for_its_channel_and_not_for_its_name(host: Path, tmp_path: Path) -> None:
    other = (host / EVTX / "System.evtx").read_bytes()
    for name in ("System", "Store"):
        other = other.replace("System".encode("utf-16-le"), "Storex".encode("utf-16-le")) if name == "Store" else other
        packed(tmp_path / f"{name}.zip", {"x.evtx": other, "main.log": (host / LOGS / "main.log").read_bytes()})
        assert redact(tmp_path / f"{name}-p.zip", tmp_path / f"{name}.zip", home=tmp_path).returncode == 0
        held = [n for n in members(tmp_path / f"{name}-p.zip") if n.endswith(".evtx")]
        assert bool(held) == (name == "System")


def test_a_file_given_by_itself_is_vouched_for(tmp_path: Path) -> None:
    log = tmp_path / "excerpt.log"
    log.write_bytes(b"2026-05-17 08:00:00 [info] Config file written\r\n")
    done = redact(tmp_path / "p.zip", log, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_are_learnt_from_what_is_never_stored(host: Path, tmp_path: Path) -> None:
    files = {
        "alice/.claude.json": b'{"oauthAccount": {"emailAddress": "alice.moore@example.org"}}',
        "alice/AppData/Roaming/Claude/logs/main.log": b"2026-05-17 08:00:00 [info] hello alice.moore@example.org\r\n",
    }
    done = redact(tmp_path / "p.zip", packed(tmp_path / "given.zip", files), home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert ".claude.json" in done.stdout
    held = members(tmp_path / "p.zip")
    assert not [name for name, data in held.items() if b"moore" in data or name.endswith(".claude.json")]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("issue.md", "2026-05-17 08:00:00 [info] Starting app {\nI am Alice Moore.\n", "text that people wrote"),
        ("events.xml", "<Events><Event xmlns='x'></Event></Events>", ".evtx"),
        ("holiday.jpg", "\xff\xd8", "nothing here reads it"),
    ],
)
def test_what_cannot_be_made_private_is_one_clear_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, encoding="latin-1")
    done = redact(tmp_path / "p.zip", tmp_path / name, home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert why in done.stderr


def test_a_loose_event_log_does_not_name_its_machine(host: Path, tmp_path: Path) -> None:
    """No text of its events names it, and no manifest: its own field does."""
    name = "DESKTOP-SAMPLE".encode("utf-16-le")
    log = tmp_path / "System.evtx"
    log.write_bytes((host / EVTX / "System.evtx").read_bytes().replace(name + "\\".encode("utf-16-le"), b"x\0" * 15))
    assert name in log.read_bytes()
    done = redact(tmp_path / "p.zip", log, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [n for n, data in members(tmp_path / "p.zip").items() if name in data]


def test_no_place_of_ours_is_without_our_name() -> None:
    """What lies elsewhere on a disk and does not name Claude is passed over without a look at each place."""
    places = Places(definitions.load())
    for place in places._places:
        if place.parts[-1].endswith(".evtx"):
            continue
        path = "C:/Users/alice/" + "/".join(part.replace("*", "x1") for part in place.parts)
        assert "claude" in path.casefold()
        assert places.of(path)[0].how is How.WHOLE, path
