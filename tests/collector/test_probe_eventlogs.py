"""Event logs of a mounted disk, and exports by a program that stands where ``wevtutil`` does and runs as one."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claude_evidence.collector import _channels, probe_eventlogs
from claude_evidence.collector._types import Item, Options, Scrub
from claude_evidence.model import Acquisition, Outcome
from claude_evidence.parsers.events import channel_of
from claude_evidence.samples.evtx_writer import write_evtx
from tests.collector.offline import TIME, Folder, artifact

LOGS = "C:/Windows/System32/winevt/Logs"
RUNTIME = "Microsoft-Windows-AppModel-Runtime/Admin"
ASKED = artifact("probe_eventlogs")
posix = pytest.mark.skipif(os.name != "posix", reason="scripts are no programs there")
WEVTUTIL = """#!{python}
import pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (here / "asked.txt").open("a", encoding="utf-8") as asked:
    print(*words, sep="\\t", file=asked)
if words[0] == "qe":
    newest = here / (words[1].replace("/", "_") + ".newest")
    if newest.is_file():
        sys.stdout.write(newest.read_text())
    sys.exit(0)
channel, out = words[1].replace("/", "_"), pathlib.Path(words[2])
assert words[0] == "epl" and words[3].startswith("/q:*[System[") and words[4] == "/ow:true"
code = here / (channel + ".code")
if code.is_file() and not (len(words[3]) < 90 and (here / "short").is_file()):
    sys.stderr.write("Failed to export log " + channel)
    sys.exit(int(code.read_text()))
log = here / (channel + ".log")
if log.is_file():
    out.write_bytes(log.read_bytes())
"""


def found(host: Folder, work: Path, options: Options | None = None) -> dict[str, Item | Acquisition]:
    things = list(probe_eventlogs.collect(ASKED, host, work, options or Options()))
    told = {channel_of(thing.source): thing for thing in things}
    assert len(told) == len(things)
    assert set(told) == set(_channels.CHANNELS)
    assert all(thing.source.startswith(f"{LOGS}/") for thing in things)
    return told


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder where a program stands for ``wevtutil``, exporting an empty log of any channel."""
    folder = tmp_path / "Windows" / "System32"
    folder.mkdir(parents=True)
    program = folder / "wevtutil.exe"
    program.write_text(WEVTUTIL.format(python=f"{sys.executable} -IS"), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path / "Windows"))
    for channel in _channels.CHANNELS:
        (folder / f"{channel.replace('/', '_')}.log").write_bytes(write_evtx([]))
    (tmp_path / "work").mkdir()
    return folder


def live(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "disk", live=True)


@posix
def test_every_channel_is_exported_and_keeps_its_true_name(tmp_path: Path, tools: Path) -> None:
    told = found(live(tmp_path), tmp_path / "work")
    item = told[RUNTIME]
    assert isinstance(item, Item)
    assert item.source == f"{LOGS}/Microsoft-Windows-AppModel-Runtime%4Admin.evtx"
    assert (item.scrub, item.state_name, item.note) == (Scrub.EVTX, "", "")
    with item.open() as stream:
        assert stream.read() == write_evtx([])
    assert all(isinstance(thing, Item) for thing in told.values())


@posix
def test_the_period_counts_back_from_the_newest_record(tmp_path: Path, tools: Path) -> None:
    text = "<Event><System><TimeCreated SystemTime='{}'/></System></Event>"
    (tools / "System.newest").write_text(text.format("2026-05-17T07:27:00.1234567Z"))
    (tools / "Application.newest").write_text(text.format("2026-05-16T23:59:59.0000000Z"))
    ahead = datetime.now(UTC) + timedelta(days=400)
    (tools / f"{RUNTIME.replace('/', '_')}.newest").write_text(
        text.format(ahead.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"))
    )
    found(live(tmp_path), tmp_path / "work", Options(since_days=10))
    asked = [line.split("\t") for line in (tools / "asked.txt").read_text(encoding="utf-8").splitlines()]
    exports = {words[1]: words[3] for words in asked if words[0] == "epl"}
    assert all("@SystemTime>='2026-05-07T07:27:00.000Z'" in query for query in exports.values())
    assert ["qe", "System", "/c:1", "/rd:true", "/f:xml"] in asked


@posix
@pytest.mark.parametrize(("code", "outcome"), [(5, Outcome.DENIED), (1, Outcome.FAILED), (2, Outcome.MISSING)])
def test_a_channel_that_is_refused_is_said(tmp_path: Path, tools: Path, code: int, outcome: Outcome) -> None:
    (tools / "System.code").write_text(str(code))
    told = found(live(tmp_path), tmp_path / "work")
    entry = told["System"]
    assert isinstance(entry, Acquisition)
    assert entry.outcome is outcome
    assert sum(isinstance(thing, Item) for thing in told.values()) == len(told) - 1


@posix
def test_an_export_without_a_file_failed(tmp_path: Path, tools: Path) -> None:
    (tools / "Application.log").unlink()
    entry = found(live(tmp_path), tmp_path / "work")["Application"]
    assert isinstance(entry, Acquisition)
    assert (entry.outcome, entry.detail) == (Outcome.FAILED, "wevtutil ended well and exported nothing")


@posix
def test_a_query_that_windows_refuses_is_asked_more_simply(
    tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit codes here end at 255: the true one, 15001, comes back as its lowest byte."""
    monkeypatch.setattr(probe_eventlogs, "_BAD_QUERY", frozenset({15001 & 255}))
    (tools / "System.code").write_text("15001")
    (tools / "short").touch()
    item = found(live(tmp_path), tmp_path / "work")["System"]
    assert isinstance(item, Item)
    assert "refused the query" in item.note


@posix
def test_what_cannot_be_exported_is_read_as_a_file_where_that_is_allowed(tmp_path: Path, tools: Path) -> None:
    (tools / "System.code").write_text("1")
    host = live(tmp_path)
    here = host.local(f"{LOGS}/System.evtx")
    here.parent.mkdir(parents=True)
    here.write_bytes(write_evtx([]))
    item = found(host, tmp_path / "work")["System"]
    assert isinstance(item, Item)
    assert item.note.startswith("the whole log")


@posix
def test_without_the_program_every_channel_says_so(tmp_path: Path, tools: Path) -> None:
    (tools / "wevtutil.exe").unlink()
    told = found(live(tmp_path), tmp_path / "work")
    assert {thing.outcome for thing in told.values() if isinstance(thing, Acquisition)} == {Outcome.MISSING}
    assert all("no such program" in thing.detail for thing in told.values() if isinstance(thing, Acquisition))


def test_files_of_a_disk_are_taken_whole_up_to_the_cap(tmp_path: Path) -> None:
    host = Folder(tmp_path)
    for channel, data in (("System", write_evtx([])), (RUNTIME, write_evtx([])), ("Application", bytes(200_000))):
        here = host.local(f"{LOGS}/{_channels.file_name(channel)}")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_bytes(data)
        os.utime(here, (TIME.timestamp(), TIME.timestamp()))
    host.local(f"{LOGS}/{_channels.file_name('Microsoft-Windows-TWinUI/Operational')}").mkdir()
    capped = replace(ASKED, max_bytes=150_000)
    told = {channel_of(thing.source): thing for thing in probe_eventlogs.collect(capped, host, tmp_path, Options())}
    item = told[RUNTIME]
    assert isinstance(item, Item)
    assert (item.size_bytes, item.modified_at, item.scrub) == (len(write_evtx([])), TIME, Scrub.EVTX)
    with item.open() as stream:
        assert stream.read() == write_evtx([])
    outcomes = {channel: thing.outcome for channel, thing in told.items() if isinstance(thing, Acquisition)}
    assert outcomes.pop("Application") is Outcome.SKIPPED
    assert outcomes.pop("Microsoft-Windows-TWinUI/Operational") in (Outcome.FAILED, Outcome.SKIPPED, Outcome.DENIED)
    assert set(outcomes.values()) == {Outcome.MISSING}
    assert "System" not in outcomes


def test_other_systems_have_no_event_logs(tmp_path: Path) -> None:
    assert list(probe_eventlogs.collect(ASKED, Folder(tmp_path, "linux", live=True), tmp_path, Options())) == []


@pytest.mark.parametrize("channel", list(_channels.CHANNELS))
def test_queries_keep_to_what_windows_takes(channel: str) -> None:
    """No functions but position and band, brackets closed, at most 20 comparisons."""
    query = _channels.query(channel, TIME)
    assert query.startswith("*[System[")
    assert (query.count("["), query.count("(")) == (query.count("]"), query.count(")"))
    assert "contains(" not in query
    assert '"' not in query
    assert query.count("=") <= 20
    assert "TimeCreated[@SystemTime>='2026-05-17T00:00:00.000Z']" in query
