"""``samples new``: real bundles become small, anonymous scenarios that give the same findings."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from claude_evidence.bundle import Limits, open_bundle
from claude_evidence.cli import cli
from claude_evidence.delta import Tries
from claude_evidence.model import Report
from claude_evidence.samples.builder import build
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx
from claude_evidence.samples.scenario import load
from claude_evidence.samples_given import NoSampleError
from claude_evidence.samples_new import Sample, Wish, new_sample
from claude_evidence.trial import Trial, told_by
from tests.collector.canaries import left, left_in_places
from tests.collector.planted_host import files
from tests.collector.planted_person import Person, person

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
TRIES = {"all-null-session": 8, "exdev-one-drive": 10, "exdev-storm-second-drive": 6, "crash-catalogue": 8,
         "other-account": 10, "config-catalogue": 12, "cowork-catalogue": 30, "update-breaks-launch": 30}  # fmt: skip


def made_of(paths: list[Path], folder: Path, tries: int, name: str = "") -> Sample:
    return new_sample(Wish(paths, name, Limits(), Tries(tries, 3600), lambda text: None), folder)


def judged(path: Path, folder: Path) -> tuple[Report, int]:
    """Return the report on the evidence at *path*, and the number of rows of all its tables."""
    with open_bundle([path]) as bundle:
        evidence, report = Trial(folder).judged(bundle)
        return report, sum(map(len, evidence.tables.values()))


def identifying(name: str) -> list[str]:
    """Return what a sample's own scenario invents, which a scenario made of it must not repeat."""
    told = json.dumps(load(SAMPLES / "scenarios" / f"{name}.yaml").raw, default=str)
    uuids = set(re.findall(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", told))
    days = set(re.findall(r"20\d\d-\d\d-\d\d", told))
    words = [word for word in ("alice", "DESKTOP-SAMPLE", "garden", "2026-") if word in told]
    return [*uuids, *days, *words]


@pytest.mark.parametrize("name", TRIES)
def test_scenario_is_small_and_gives_the_same_findings(name: str, tmp_path: Path) -> None:
    original = SAMPLES / f"{name}.zip"
    made = made_of([original], tmp_path, TRIES[name], "again")
    place = tmp_path / "elsewhere" / "again.yaml"
    place.parent.mkdir()
    place.write_text(made.scenario, "utf-8")
    build(load(place), place.with_suffix(".zip"))
    (before, rows), (report, fewer) = judged(original, tmp_path), judged(place.with_suffix(".zip"), tmp_path)
    assert told_by(report).shown == told_by(before).shown
    assert told_by(report).shown
    assert report.problems == ()
    assert (place.with_suffix(".zip")).read_bytes() == made.bundle
    assert 5 * fewer <= rows
    if name == "update-breaks-launch":
        words = re.findall(r"\$\{[a-z0-9-]+\}", made.scenario)
        assert len(words) > len(set(words)), "an id that stands in two places has one invented id"
    assert not [value for value in identifying(name) if value in made.scenario + made.evidence]
    for finding in report.findings:
        if finding.level != "informational":
            assert load(place).expect["findings"][finding.rule]["count"] == finding.count


def planted(tmp_path: Path, seed: int, user: str = "") -> tuple[Path, Person]:
    who = person(seed, user)
    root = tmp_path / "host"
    for file in files(who, seed):
        place = root / file.path.replace(":", "")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
    return root, who


@pytest.mark.parametrize(("seed", "user"), [(5, "Zoë")])
def test_no_planted_name_is_left(seed: int, user: str, tmp_path: Path) -> None:
    root, who = planted(tmp_path, seed, user)
    made = made_of([root], tmp_path, 3)
    assert made.report.findings
    written = tmp_path / "written.zip"
    written.write_bytes(made.bundle)
    assert not left(written, who.identities(), who.folders())
    assert not left_in_places(written, who.user)
    lowered = (made.scenario + made.evidence).casefold()
    values = [i.value for i in who.identities()] + who.folders()
    assert not [value for value in values if value.casefold() in lowered]


def test_events_keep_provider_id_and_values(tmp_path: Path) -> None:
    fields = (
        Field("PackageFullName", "UnicodeString", "Claude_1.2.3.0_x64__pzs8sxrjxfjjc"),
        Field("ErrorCode", "UInt32", 2147942432),
        Field("ErrorMessage", "UnicodeString", "«ü» 李"),
    )
    provider, channel = "Microsoft-Windows-AppModel-Runtime", "Microsoft-Windows-AppModel-Runtime/Admin"
    time = datetime(2026, 5, 2, 8, 0, 0, 123000, tzinfo=UTC)
    record = EventRecord(
        provider=provider, guid=None, event_id=215, channel=channel, computer="PC-1", time=time, level=2, data=fields
    )
    log = tmp_path / "Microsoft-Windows-AppModel-Runtime%4Admin.evtx"
    log.write_bytes(write_evtx([record]))
    made = made_of([log], tmp_path, 5, "events")
    (event,) = yaml.safe_load(made.scenario)["events"]
    assert (event["provider"], event["id"], event["channel"]) == (provider, 215, channel)
    assert event["data"]["ErrorCode"] == 2147942432
    trial = Trial(tmp_path)
    (tmp_path / "again.zip").write_bytes(made.bundle)
    with open_bundle([tmp_path / "again.zip"]) as bundle:
        rows = trial.judged(bundle)[0].tables["events"].to_dict("records")
    assert [(row["Provider_Name"], row["EventID"], row["Level"]) for row in rows] == [(provider, 215, 2)]
    assert json.loads(rows[0]["EventData"])["ErrorCode"] == 2147942432


def test_command_writes_three_files_that_pytest_takes_and_replaces_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["samples", "new", "--from-bundle", str(SAMPLES / "wiped-config.zip"), "-o", str(tmp_path)]
    assert run([*command, "--tries", "5", "--name", "wiped"]) == 0
    said = capsys.readouterr().out
    assert "gives the same: 1 finding." in said
    assert {path.name for path in tmp_path.iterdir()} == {"wiped.yaml", "wiped.zip", "wiped.evidence.yaml"}
    told = yaml.safe_load((tmp_path / "wiped.evidence.yaml").read_text())
    assert told == {"bundle": "wiped.zip", "finds": {"desktop_config_wiped": "low"}, "only": True}
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run([*command, "--tries", "5", "--name", "wiped"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def run(arguments: list[str]) -> int:
    try:
        result = cli.main(arguments, standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    return int(result or 0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--name", "../x"], "is no name of a sample"),
        (["-o", "nowhere/at/all"], "there is no folder"),
        (["--from-bundle", "not-there.zip"], "not-there.zip"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    more: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["samples", "new", "--from-bundle", str(SAMPLES / "wiped-config.zip"), *more]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 torn", b"\0" * 5000, b"${jndi:x} {{ 7*7 }} !!python/object:os.system\n"]
)
def test_hostile_input_gives_a_line_or_a_sample_and_no_traceback(data: bytes, tmp_path: Path) -> None:
    place = tmp_path / "main.log"
    place.write_bytes(data)
    target = tmp_path / "out"
    code = run(["samples", "new", "--from-bundle", str(place), "-o", str(target), "--tries", "3"])
    assert code in (0, 1, 2)
    assert target.exists() == (code == 0)


def test_interrupted_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("claude_evidence.samples_new.minimal", interrupted)
    command = ["samples", "new", "--from-bundle", str(SAMPLES / "wiped-config.zip"), "-o", str(tmp_path / "out")]
    assert run(command) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_what_would_be_left_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claude_evidence.samples_new.renamed", lambda case, change: case)
    with pytest.raises(NoSampleError, match="would be left"):
        made_of([SAMPLES / "other-account.zip"], tmp_path, 5)
