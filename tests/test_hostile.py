"""What a stranger's input may try against the person who analyses it, through the command as that person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "update-breaks-launch.zip"
COLLECTION = "update-breaks-launch/data/collection.json"
LINE = "2026-05-17 07:27:01 [info] hello\n"
RULE = """title: Greeting
logsource: {product: claude_desktop, category: app_log}
detection: {s: {Message|contains: hello}, condition: s}
"""
posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices as POSIX has them")


def run(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "claude_evidence", *map(str, arguments)]
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    done = subprocess.run(command, text=True, encoding="utf-8", check=False, timeout=120, **more)
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in (done.stderr or "")
    return done


def refused(*arguments: str | Path, **more: Any) -> str:
    """Return the one line of a refusal."""
    done = run(*arguments, **more)
    assert done.returncode == 2, done.stderr
    return done.stderr.strip().splitlines()[-1]


def report(*arguments: str | Path) -> dict[str, Any]:
    done = run("analyze", *arguments, "-f", "json", "-o", "-", "-q")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def forged(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write the sample to *path* with a collection.json that *change* had in its hands."""
    with zipfile.ZipFile(SAMPLE) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == COLLECTION:
                collection = json.loads(data)
                change(collection)
                data = json.dumps(collection).encode()
            new.writestr(info, data)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "evidence" / "main.log"
    path.parent.mkdir()
    path.write_text(LINE, encoding="utf-8")
    return path


def test_the_report_never_takes_the_place_of_what_is_read(log: Path, tmp_path: Path) -> None:
    rule = tmp_path / "rule.yml"
    rule.write_text(RULE, encoding="utf-8")
    assert "read itself" in refused("analyze", log, "-f", "md", "-o", log)
    assert "which is read" in refused("analyze", log.parent, "-f", "md", "-o", log)
    assert "read itself" in refused("analyze", log, "--rules", rule, "-f", "md", "-o", rule)
    assert "which is read" in refused("analyze", log, "--rules", tmp_path, "-f", "md", "-o", rule)
    assert log.read_text(encoding="utf-8") == LINE
    assert rule.read_text(encoding="utf-8") == RULE


def test_a_folder_is_analysed_again_where_its_first_report_lies(log: Path) -> None:
    for _ in range(2):
        assert run("analyze", ".", "-q", cwd=log.parent).returncode == 0
    assert sorted(path.name for path in log.parent.iterdir()) == ["evidence-report.html", "main.log"]


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_an_earlier_report_is_replaced_and_said_and_nothing_else_is(form: str, log: Path, tmp_path: Path) -> None:
    target = tmp_path / f"notes.{form}"
    target.write_text("my own notes about claude-evidence", encoding="utf-8")
    assert "--force" in refused("analyze", log, "-o", target)
    assert target.read_text(encoding="utf-8").startswith("my own")
    assert run("analyze", log, "-q", "-o", target, "--force").returncode == 0
    again = run("analyze", log, "-o", target)
    assert again.returncode == 0
    assert "replaced the one that was there" in again.stdout


@posix
def test_no_link_leads_the_report_elsewhere(log: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious", encoding="utf-8")
    (log.parent / "evidence-report.html").symlink_to(precious)
    (tmp_path / "r.html.partial").symlink_to(precious)
    assert "is a link" in refused("analyze", ".", cwd=log.parent)
    assert run("analyze", log, "-o", tmp_path / "r.html").returncode == 0
    assert precious.read_text(encoding="utf-8") == "precious"
    assert (tmp_path / "r.html.partial").is_symlink()


@posix
def test_a_pipe_is_written_to_and_stays(log: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert run("analyze", log, "-q", "-f", "md", "-o", pipe).returncode == 0
        assert reader.communicate(timeout=60)[0].startswith(b"#")
    assert pipe.is_fifo()


@posix
def test_a_full_disk_is_one_line_that_names_the_file(log: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        assert "standard output: cannot be written" in refused("analyze", log, "-q", "-o", "-", stdout=full)


@posix
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["analyze", SAMPLE, "--fail-on", "low", "-o", "-"], 1),
        (["verify", SAMPLE], 0),
        (["rules", "list"], 0),
        (["--help"], 0),
    ],
)
def test_a_reader_that_goes_away_changes_no_answer(arguments: list[str | Path], code: int, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(*arguments, stdout=writing, cwd=tmp_path)
    finally:
        os.close(writing)
    assert done.returncode == code
    assert "Error" not in done.stderr


@posix
def test_closed_streams_are_no_crash(log: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m claude_evidence analyze {log} -o {tmp_path / 'r.html'} >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False, timeout=120).returncode == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_odd_words_on_the_command_line(log: Path, tmp_path: Path) -> None:
    assert "empty" in refused("analyze", "", cwd=log.parent)
    assert "empty" in refused("analyze", log, "--rules", "", cwd=tmp_path)
    assert "no folder" in refused("analyze", log, "-o", tmp_path / "nowhere" / "r.html")
    for epoch in ("²", "9" * 30, "9" * 5000, "yesterday"):
        environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
        assert "SOURCE_DATE_EPOCH" in refused("analyze", log, "-o", "-", env=environment)
    assert list(tmp_path.iterdir()) == [log.parent]


def test_a_forged_collection_bends_no_report(tmp_path: Path) -> None:
    def forge(collection: dict[str, Any]) -> None:
        collection |= {"started_at": "0001-01-01T00:00:00Z", "finished_at": "0001-01-01T00:00:00Z"}
        collection |= {"timezone": "../../etc/passwd", "host": {"name": "A" * 10**6, "<b>\u202e": "<script>"}}
        for entry in collection["acquisitions"]:
            entry |= {"modified_at": "9999-12-31T23:59:59-23:59", "source": "C:\\" + "a\\" * 50_000}

    bundle = forged(tmp_path / "update-breaks-launch.zip", forge)
    found = report(bundle)
    said = [problem["message"] for problem in found["problems"]]
    assert any("finished_at is no time with a zone from 1980 to 2099" in message for message in said)
    assert any("modified_at is no time" in message for message in said)
    assert any("host is too long" in message for message in said)
    assert found["manifest"]["finished_at"] is None
    assert "msix_appcontainer_job_race_0x80070020" in {finding["rule"] for finding in found["findings"]}
    page = tmp_path / "r.html"
    assert run("analyze", bundle, "-q", "-o", page).returncode == 0
    assert page.stat().st_size < 2_000_000


def test_a_clock_before_all_clocks_is_no_crash(tmp_path: Path) -> None:
    folder = tmp_path / "claude-code-sessions" / "account" / "org"
    folder.mkdir(parents=True)
    (folder / "local_1.json").write_text('{"sessionId": "local_1", "createdAt": -1e18}', encoding="utf-8")
    os.utime(folder / "local_1.json", (-(10**10), -(10**10)))
    (tmp_path / "main.log").write_text("0001-01-01 00:00:00 [info] Starting app {\n", encoding="utf-8")
    assert len(report(tmp_path, "--tz", "Europe/Berlin")["conversations"]) == 1


@posix
def test_what_is_no_file_is_refused_by_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    assert "no regular file" in refused("analyze", tmp_path / "pipe.log", "-o", "-")
    assert "no regular file" in refused("analyze", "/dev/zero", "-o", "-")
    assert "not a regular file" in refused("analyze", SAMPLE, "-o", "-", "--rules", "/dev/zero")
