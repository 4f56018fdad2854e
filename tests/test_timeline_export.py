"""Every dated row as lines for other tools: complete, in order of time, and each led back to its bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import stat
import sys
import zipfile
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from claude_evidence.analyzers.moments import MEANINGS
from claude_evidence.bundle import open_bundle
from claude_evidence.moment import Moment
from claude_evidence.parsers import parse
from claude_evidence.templates.timeline_lines import COLUMNS, to_csv, to_timesketch
from claude_evidence.templates.timeline_parquet import to_parquet
from tests.test_cli import SAMPLE, refused, run

NAMES = ("update-breaks-launch", "exdev-storm-second-drive", "cowork-catalogue")
CHOSEN = [SAMPLE.with_name(f"{name}.zip") for name in NAMES]
pytestmark = pytest.mark.xdist_group("timeline export")  # one worker, so that it asks for the same lines once


@cache
def sample_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a sample, asked for once; whoever has them changes nothing in them."""
    return lines(path)


def lines(path: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run("analyze", path, "-q", "-f", "timesketch", "-o", "-", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("path", CHOSEN, ids=lambda path: path.stem)
def test_every_dated_row_is_there_in_order_and_leads_to_its_bytes(path: Path) -> None:
    found = sample_lines(path)
    times = [datetime.fromisoformat(one["datetime"]) for one in found]
    assert all(a <= b for a, b in pairwise(times))
    assert all(round(time.timestamp() * 1e6) == one["timestamp"] for time, one in zip(times, found, strict=True))
    with open_bundle([path]) as bundle:
        tables = parse(bundle).tables
    expected = dict.fromkeys(tables, 0)
    for table, frame in tables.items():
        for name in [column for of, column in MEANINGS if of == table] or ["TimeCreated"]:
            expected[table] += int(frame[name].notna().sum())
    counts = {name: sum(one["data_type"] == f"claude-evidence:{name}" for one in found) for name in tables}
    assert counts == expected
    with zipfile.ZipFile(path) as archive:
        stored = {name.partition("/")[2]: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert {one["sha256"] for one in found} <= set(stored.values())
    assert all(stored[one["member"]] == one["sha256"] for one in found)


def test_every_time_of_every_table_has_a_meaning() -> None:
    with open_bundle([SAMPLE]) as bundle:
        frames = parse(bundle).tables
    dated = {(name, column) for name, frame in frames.items() for column in frame.select_dtypes("datetimetz")}
    own = {table for table, _ in MEANINGS}
    assert {one for one in dated if one[0] in own and one[1] != "TimeCreated"} <= set(MEANINGS) <= dated
    assert {column for table, column in dated if table not in own} == {"TimeCreated"}


def test_rows_are_tagged_with_the_rules_that_rest_on_them_however_many() -> None:
    path = SAMPLE.with_name("exdev-storm-second-drive.zip")
    report = json.loads(run("analyze", path, "-q", "-f", "json", "-o", "-").stdout)
    (finding,) = [one for one in report["findings"] if one["rule"] == "msix_exdev_session_save"]
    assert finding["count"] > len(finding["evidence"])
    tagged = [one for one in sample_lines(path) if finding["rule"] in one["tag"]]
    rows = [one for one in tagged if one["data_type"] == "claude-evidence:app_log"]
    assert len(rows) == finding["count"]
    told = {one["timestamp_desc"]: one for one in tagged if one["data_type"] == "claude-evidence:finding"}
    assert told["Finding First Seen"]["datetime"] == finding["first_seen"]
    assert told["Finding Last Seen"]["datetime"] == finding["last_seen"]


def test_csv_says_the_same(tmp_path: Path) -> None:
    done = run("analyze", SAMPLE, "-f", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "update-breaks-launch-timeline.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for one, other in zip((row for row in rows if row["datetime"]), sample_lines(SAMPLE), strict=True):
        assert {**one, "message": one["message"].removeprefix("'")} == {
            **{name: str(value) for name, value in other.items()}, "tag": ",".join(other["tag"]), "local_time": "",
        }  # fmt: skip
    assert run("analyze", SAMPLE, "-q", "-f", "csv", cwd=tmp_path).returncode == 0, "an earlier one is replaced"


def test_parquet_says_the_same_with_typed_times(tmp_path: Path) -> None:
    done = run("analyze", SAMPLE, "-q", "-o", tmp_path / "t.parquet")
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "t.parquet").to_pylist()
    for row, other in zip((row for row in rows if row["datetime"]), sample_lines(SAMPLE), strict=True):
        assert row["datetime"] == datetime.fromisoformat(other["datetime"])
        assert f"claude-evidence:{row['table']}" == other["data_type"]
        assert all(
            row[name] == other[name] for name in ("timestamp_desc", "message", "member", "record", "sha256", "tag")
        )
    assert run("analyze", SAMPLE, "-q", "-o", tmp_path / "t.parquet").returncode == 0, "an earlier one is replaced"


def test_parquet_of_several_groups_of_rows_is_whole() -> None:
    time = datetime.fromisoformat("2026-05-01T10:00:00Z")
    many = 150_000
    given = (Moment(time, "Event Logged", f"row {n}", "events", "a.evtx", n, "") for n in range(many))
    table = pq.read_table(io.BytesIO(b"".join(to_parquet(given))))
    assert table["record"].to_pylist() == list(range(many))
    assert table["message"].to_pylist()[:: many - 1] == ["row 0", f"row {many - 1}"]


def test_without_a_zone_the_wall_clock_orders_what_follows(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text("2026-05-01 10:00:02 [info] second\n2026-05-01 10:00:01 [info] first\n", "utf-8")
    done = run("analyze", log, "-f", "timesketch", "-o", tmp_path / "t.jsonl")
    assert (tmp_path / "t.jsonl").read_text("utf-8") == ""
    assert "--tz" in done.stderr.splitlines()[-1]
    assert len(lines(log, "--tz", "UTC")) == 2
    rows = list(csv.DictReader(io.StringIO(run("analyze", log, "-q", "-f", "csv", "-o", "-").stdout)))
    assert [(row["datetime"], row["local_time"]) for row in rows] == [
        ("", "2026-05-01 10:00:01"), ("", "2026-05-01 10:00:02"),
    ]  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula_and_no_text_moves_a_terminal(start: str) -> None:
    hostile = f'{start}cmd|"/c calc"!A1\x1b[31m\u202e\n,x'
    one = Moment(datetime.fromisoformat("2026-05-01T10:00:00Z"), "Event Logged", hostile, "events", hostile, 1, "")
    (row,) = csv.DictReader(io.StringIO("".join(to_csv([one]))))
    assert tuple(row) == COLUMNS
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    (line,) = to_timesketch([one])
    assert line.count("\n") == 1
    for text in (*row.values(), line.removesuffix("\n")):
        assert text.isprintable()


def test_open_shows_the_page_in_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen.txt"
    browser = tmp_path / "browser"
    browser.write_text(f"#!{sys.executable}\nimport sys\nopen({str(seen)!r}, 'w').write(sys.argv[1])\n", "utf-8")
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    if os.name == "nt":
        pytest.skip("Windows asks the system for its browser")
    monkeypatch.setenv("BROWSER", str(browser))
    done = run("analyze", SAMPLE, "-q", "--open", "-o", tmp_path / "r e.html")
    assert done.returncode == 0, done.stderr
    assert seen.read_text("utf-8") == (tmp_path / "r e.html").as_uri()


def test_open_is_for_the_page_in_a_file(tmp_path: Path) -> None:
    assert "--open" in refused(run("analyze", SAMPLE, "--open", "-f", "md", cwd=tmp_path))
    assert "--open" in refused(run("analyze", SAMPLE, "--open", "-o", "-", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []
