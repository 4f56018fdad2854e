"""The command: what it asks, says, refuses and leaves behind."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from claude_evidence.cli import cli
from claude_evidence.collector.audit import Leak
from claude_evidence.collector.collect import Collected
from claude_evidence.collector.summary import not_obtained, refusal, told
from claude_evidence.model import Acquisition, Manifest, Outcome
from tests.collector.run_helpers import LOGS, collect, environment, manifest, members, state, tree


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tree of a host in ``host``."""
    folder = tmp_path_factory.mktemp("command")
    tree(folder, "healthy")
    return folder


def run(place: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "claude_evidence", "collect", *words],
        capture_output=True, text=True, env=environment(place / "home"), cwd=cwd, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_it_says_where_how_large_what_is_missing_and_how_to_attach(place: Path, tmp_path: Path) -> None:
    done = collect(place / "host", tmp_path / "case.zip", home=place / "home")
    assert done.returncode == 0, done.stderr
    import hashlib

    assert str(tmp_path / "case.zip") in done.stdout
    assert hashlib.sha256((tmp_path / "case.zip").read_bytes()).hexdigest() in done.stdout
    assert "Not obtained:" in done.stdout
    assert "GitHub" in done.stdout
    mapping = json.loads((tmp_path / "case.mapping.json").read_text(encoding="utf-8"))
    assert "alice" in mapping["tokens"].values()
    assert mapping["bundle_id"] == manifest(tmp_path / "case.zip").bundle_id
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "case.mapping.json").stat().st_mode) == 0o600


def test_the_verdict_comes_from_a_process_of_its_own(place: Path, tmp_path: Path) -> None:
    done = run(place, "--root", str(place / "host"), "-o", str(tmp_path / "case.zip"), "-y")
    assert done.returncode == 0, done.stderr
    assert "Report:" in done.stdout
    assert (tmp_path / "case-report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_its_own_name_for_a_bundle_names_nobody(place: Path, tmp_path: Path) -> None:
    done = run(place, "--root", str(place / "host"), "-y", "--no-analyze", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (bundle,) = tmp_path.glob("*.zip")
    assert bundle.name == done.stdout.strip()
    assert bundle.name.startswith("claude-evidence-host-")
    assert "desktop" not in bundle.name.lower()


def test_a_bundle_called_after_a_person_does_not_tell(place: Path, tmp_path: Path) -> None:
    done = collect(place / "host", tmp_path / "alice.zip", home=place / "home")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "alice.zip") as opened:
        assert not [name for name in opened.namelist() if "alice" in name]


def test_two_bundles_of_one_machine_have_the_same_tokens(place: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert collect(place / "host", tmp_path / f"{name}.zip", home=place / "home").returncode == 0
    one, two = (json.loads((tmp_path / f"{name}.mapping.json").read_text())["tokens"] for name in ("one", "two"))
    assert one == two


def test_dry_run_lists_and_writes_nothing(place: Path, tmp_path: Path) -> None:
    before = state(place)
    done = run(place, "--root", str(place / "host"), "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "main.log" in done.stdout
    assert "ClaudeLogs: " in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert state(place) == before


def test_what_is_over_the_budget_is_said(place: Path, tmp_path: Path) -> None:
    root = tree(tmp_path)
    log = root / LOGS / "main1.log"
    log.write_bytes(b"".join(b"2026-05-01 10:00:00 [info] %d %s\r\n" % (n, os.urandom(32).hex().encode())
                             for n in range(6000)))  # fmt: skip
    os.utime(log, (1_700_000_000, 1_700_000_000))
    done = collect(root, tmp_path / "case.zip", "--max-size", "150KB", home=place / "home")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "case.zip").stat().st_size <= 150_000
    skipped = [e for e in manifest(tmp_path / "case.zip").acquisitions if e.outcome is Outcome.SKIPPED]
    assert "--max-size" in next(e for e in skipped if e.source.endswith("main1.log")).detail
    assert "--max-size" in done.stdout


def test_no_redact_shouts_marks_and_keeps(place: Path, tmp_path: Path) -> None:
    done = collect(place / "host", tmp_path / "case.zip", "--no-redact", home=place / "home")
    assert done.returncode == 0, done.stderr
    assert "NOT PRIVATE" in done.stderr
    assert "NOT PRIVATE" in done.stdout
    assert manifest(tmp_path / "case.zip").redacted is False
    assert any("Users/alice/" in name for name in members(tmp_path / "case.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]


def test_no_redact_is_never_taken_for_granted(place: Path, tmp_path: Path) -> None:
    words = ["--root", str(place / "host"), "-o", str(tmp_path / "case.zip"), "--no-redact", "--no-analyze"]
    assert "-y" in refused(run(place, *words))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["host/case.zip", "host/C/Users/alice/case.zip", f"host/{LOGS}/case.zip"])
def test_nothing_is_written_into_what_is_collected(place: Path, where: str) -> None:
    before = state(place / "host")
    assert "evidence" in refused(run(place, "--root", str(place / "host"), "-o", str(place / where), "-y"))
    assert state(place / "host") == before


def test_wrong_use_is_one_line(place: Path, tmp_path: Path) -> None:
    root = ["--root", str(place / "host"), "-y", "--no-analyze"]
    (tmp_path / "there.zip").write_bytes(b"mine")
    (tmp_path / "nothing").mkdir()
    assert "exists" in refused(run(place, *root, "-o", str(tmp_path / "there.zip")))
    assert ".zip" in refused(run(place, *root, "-o", str(tmp_path / "case.7z")))
    assert "no folder" in refused(run(place, *root, "-o", str(tmp_path / "none" / "case.zip")))
    assert "--root" in refused(run(place, "--root", str(tmp_path / "none"), "-y"))
    assert "--root" in refused(run(place, "--root", str(tmp_path / "nothing"), "-y"))
    assert "no size" in refused(run(place, *root, "--max-size", "many"))
    assert "too small" in refused(run(place, *root, "--max-size", "1KB"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nothing", "there.zip"]


REFUSING = """
import sys
from claude_evidence.collector import collect
from claude_evidence.collector.audit import audit
from claude_evidence.collector._types import Identity, Kind

def stricter(bundle, identities, **more):
    return audit(bundle, [*identities, Identity(Kind.USER, "growthbook")], **more)

collect.audit = stricter  # the audit itself, told of one more name, which nobody replaced
from claude_evidence.cli import main
main()
"""


def test_a_bundle_that_the_audit_refuses_gets_no_name(place: Path, tmp_path: Path) -> None:
    root = tree(tmp_path)
    with (root / LOGS / "main.log").open("ab") as log:
        log.write(b"2026-05-17 08:30:00 [info] [growthbook] loaded 9 features (0 changed)\r\n")
    (tmp_path / "out").mkdir()
    words = ["collect", "--root", str(root), "-o", str(tmp_path / "out" / "case.zip"), "-y", "--no-analyze"]
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, *words], capture_output=True, text=True, env=environment(place / "home")
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("Refused: ")
    assert "main.log: user left" in done.stderr
    assert "growthbook" not in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_collecting_loads_nothing_heavy(place: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from claude_evidence.cli import cli; code = cli(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    words = ["collect", "--root", str(place / "host"), "-o", str(tmp_path / "case.zip"), "-y", "--no-analyze"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment(place / "home")
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"pandas", "numpy", "jinja2", "sigma", "evtx", "Evtx", "pyarrow", "msgspec"}


def test_every_option_is_told() -> None:
    command = cli.get_command(click.Context(cli), "collect")
    assert command
    options = {name for parameter in command.params for name in parameter.opts}
    assert options == {
        "-o", "--output", "--root", "--dry-run", "-y", "--yes", "--max-size", "--since", "--no-redact", "--redact-ips",
        "--no-analyze", "-q", "--quiet",
    }  # fmt: skip


def entry(artifact: str, outcome: Outcome, detail: str = "") -> Acquisition:
    return Acquisition(artifact, "C:\\x", outcome, detail=detail)


def test_what_was_not_obtained_is_grouped() -> None:
    entries = [
        *[entry("Logs", Outcome.DENIED, "access denied")] * 3,
        entry("Config", Outcome.MISSING),
        entry("Logs", Outcome.MISSING),
        entry("Logs", Outcome.COLLECTED),
    ]
    assert list(not_obtained(entries)) == [
        "Not obtained:",
        "  denied: Logs (3 times): access denied",
        "  not on this machine: Config",
    ]
    assert list(not_obtained([entry("Logs", Outcome.COLLECTED)])) == []


def test_what_was_found_and_not_taken_is_not_said_to_be_missing() -> None:
    skipped = [entry("Logs", Outcome.SKIPPED, "no room left"), entry("Logs", Outcome.MISSING)]
    assert list(not_obtained(skipped)) == ["Not obtained:", "  skipped: Logs: no room left"]
    assert list(not_obtained([entry("Logs", Outcome.MISSING)], frozenset({"Logs"}))) == []


def test_a_missing_event_log_is_named_although_others_are_there(place: Path, tmp_path: Path) -> None:
    logs = "Microsoft-Windows-TWinUI/Operational", "Microsoft-Windows-CodeIntegrity/Operational", "Application"
    done = collect(place / "host", tmp_path / "case.zip", home=place / "home")
    (line,) = [line for line in done.stdout.splitlines() if "missing: WindowsEventLogs" in line]
    assert all(log in line for log in logs)
    assert "System" not in line


def test_dry_run_does_not_call_missing_what_it_lists(place: Path, tmp_path: Path) -> None:
    done = run(place, "--root", str(place / "host"), "--dry-run", cwd=tmp_path)
    listed = {line.split(":")[0].strip() for line in done.stdout.splitlines() if line.startswith("  Claude")}
    absent = [line for line in done.stdout.splitlines() if "not on this machine" in line]
    assert "ClaudeLogs" in listed
    assert absent
    assert not [name for name in listed if name in absent[0].replace(",", "").split()]
    assert "its size is not known before" in done.stdout


def test_a_large_bundle_is_said_to_be_too_large_for_github() -> None:
    made = Collected(Manifest(redacted=True), Path("x.zip"), "00" * 32, 25_000_001)
    assert any("--max-size 25MB" in line for line in told(made))


def test_a_refusal_is_short() -> None:
    lines = list(refusal([Leak(f"data/files/{n}", "user", "at byte 1") for n in range(50)]))
    assert len(lines) < 20
    assert "38 more" in " ".join(lines)
