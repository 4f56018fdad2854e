"""The command line as a user meets it: exit codes, one-line errors, clean standard output."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from claude_evidence import __version__
from claude_evidence.model import Finding, Level, Manifest, Report, Verdict
from claude_evidence.reveal import reveal

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "update-breaks-launch.zip"


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "claude_evidence", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False, timeout=120)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of a refusal; fails where there is more or a traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    return line


def test_analyze_prints_a_verdict_and_names_the_file(tmp_path: Path) -> None:
    done = run("analyze", SAMPLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0x80070020" in done.stdout
    assert "2026-05-17" in done.stdout
    assert "Sign out of Windows" in done.stdout
    assert "update-breaks-launch-report.html" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["update-breaks-launch-report.html"]
    assert "\x1b" not in done.stdout


def test_json_on_standard_output_is_only_json(tmp_path: Path) -> None:
    done = run("analyze", SAMPLE, "-f", "json", "-o", "-", cwd=tmp_path)
    report = json.loads(done.stdout)
    schema = json.loads((ROOT / "templates" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report)
    assert report["schema"] == "claude-evidence/report/1"
    assert {f["rule"] for f in report["findings"]} >= {
        "msix_appcontainer_job_race_0x80070020",
        "orphaned_cli_session_id",
    }
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("level", "code"), [("critical", 1), ("low", 1)])
def test_fail_on_reached(level: str, code: int, tmp_path: Path) -> None:
    assert run("analyze", SAMPLE, "-q", "--fail-on", level, cwd=tmp_path).returncode == code


def test_fail_on_not_reached(tmp_path: Path) -> None:
    assert run("analyze", ROOT / "samples" / "noisy-healthy.zip", "--fail-on", "low", cwd=tmp_path).returncode == 0


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    done = run("analyze", SAMPLE, "-q", "-o", "r.md", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("#")


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("title: [", encoding="utf-8")
    (tmp_path / "empty.zip").write_bytes(b"")
    (tmp_path / "garbage.zip").write_bytes(b"no zip at all" * 100)
    assert "nowhere.zip" in refused(run("analyze", "nowhere.zip", cwd=tmp_path))
    assert "broken.yml" in refused(run("analyze", SAMPLE, "--rules", "broken.yml", cwd=tmp_path))
    assert "empty.zip" in refused(run("analyze", "empty.zip", cwd=tmp_path))
    assert "garbage.zip" in refused(run("analyze", "garbage.zip", cwd=tmp_path))
    assert "Mars" in refused(run("analyze", SAMPLE, "--tz", "Mars/Olympus", cwd=tmp_path))
    assert refused(run("analyze", SAMPLE, "--no-default-rules", cwd=tmp_path))
    assert refused(run("analyze", SAMPLE, "-o", ".", cwd=tmp_path))
    assert ".pdf" in refused(run("analyze", SAMPLE, "-o", "r.pdf", cwd=tmp_path))
    assert refused(run("rules", "show", "no_such_rule", cwd=tmp_path))


def test_input_without_any_evidence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "issue.md").write_text("It does not work, please help.\n", encoding="utf-8")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"\xff\xd8\xff\xe0picture")
    assert "holds no file" in refused(run("analyze", "empty", cwd=tmp_path))
    assert "quotes no log line" in refused(run("analyze", "issue.md", cwd=tmp_path))
    assert "no parser reads" in refused(run("analyze", "photos", cwd=tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "issue.md", "photos"}


@pytest.mark.parametrize("kept", ["main.log", ".evtx"])
def test_what_shows_too_little_is_not_called_clean(kept: str, tmp_path: Path) -> None:
    """A healthy machine's evidence, of which only a part was given or can be read."""
    with zipfile.ZipFile(ROOT / "samples" / "healthy.zip") as old, zipfile.ZipFile(tmp_path / "part.zip", "w") as new:
        for info in old.infolist():
            if info.filename.endswith(("main.log", "config.json") if kept == "main.log" else ".evtx"):
                new.writestr(info.filename.partition("/data/files/")[2], old.read(info))
    done = run("analyze", "part.zip", "--tz", "Europe/Berlin", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("! ")
    assert "Not in this evidence: " in done.stdout
    assert "✓" not in done.stdout


def test_a_cut_bundle_is_not_called_clean(tmp_path: Path) -> None:
    whole = (ROOT / "samples" / "healthy.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) * 9 // 10])
    done = run("analyze", "cut.zip", "--tz", "Europe/Berlin", cwd=tmp_path)
    assert done.stdout.startswith("! No known failure was found, but too little was read")
    assert "could not be read as it should be" in " ".join(done.stdout.split())


def test_a_machine_without_claude_is_not_called_clean(tmp_path: Path) -> None:
    (tmp_path / "disk" / "Windows" / "System32").mkdir(parents=True)
    done = run("collect", "--root", "disk", "-o", "b.zip", "-y", cwd=tmp_path)
    assert "! There is no trace of Claude Desktop" in done.stdout
    assert "✓" not in done.stdout


@pytest.mark.parametrize(
    "words", [["analyze", "--nothing", "x"], ["analyze"], ["nothing"], ["analyze", "-f", "pdf", "x"]]
)
def test_what_the_command_line_does_not_know_is_one_line(words: list[str], tmp_path: Path) -> None:
    done = run(*words, cwd=tmp_path)
    assert refused(done)
    assert len(done.stderr.splitlines()) == 1


def test_the_wall_clock_of_logs_is_no_field_of_events(tmp_path: Path) -> None:
    rule = (
        "title: {0}\nname: {0}\nid: 54d17ebc-ff43-4a5b-8b49-429b8d71b81{1}\nstatus: test\ndescription: x.\nlevel: low\n"
    )
    source = "logsource: {{product: {0}, {1}}}\ndetection: {{a: {{{2}}}, condition: a}}\n"
    rules = (
        rule.format("log", 1) + source.format("claude_desktop", "category: app_log", "LocalTime|hour|gte: 0"),
        rule.format("events", 2) + source.format("windows", "service: system", "Level|gte: 0"),
        rule.format("clock", 3) + source.format("windows", "service: system", "LocalTime|hour|gte: 0"),
    )
    (tmp_path / "own.yml").write_text("---\n".join(rules))
    done = run("analyze", SAMPLE, "--no-default-rules", "--rules", "own.yml", "-f", "json", "-o", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {finding["document"] for finding in report["findings"]} == {"log", "events"}
    (refused_one,) = report["not_judged"]
    assert refused_one["detail"].startswith("LocalTime is a time of logs; events have TimeCreated (own.yml:")


def test_a_rule_that_cannot_be_used_is_named_and_a_broken_one_refused(tmp_path: Path) -> None:
    source = "title: T\nlogsource: {{product: claude_desktop, category: app_log}}\n"
    rule = source + "detection: {{s: {{{}: x}}, condition: s}}\n"
    (tmp_path / "rules").mkdir()
    for number, field in enumerate(("Message|nothing", "NoSuchField", "Message")):
        (tmp_path / "rules" / f"r{number}.yml").write_text(rule.format(field), encoding="utf-8")
    (tmp_path / "main.log").write_text("2026-05-17 07:00:00 [info] hello\n", encoding="utf-8")
    said = " ".join(
        run("analyze", "main.log", "--rules", "rules", "-o", "-", "-f", "json", cwd=tmp_path).stderr.split()
    )
    assert "Rules that could not be used (2)" in said
    assert "r0.yml:3: r0: the modifier nothing" in said
    assert "r1.yml:1: r1: the table app_log has no field NoSuchField" in said
    (tmp_path / "rules" / "broken.yml").write_text("title: [\n", encoding="utf-8")
    assert "broken.yml:1: not valid YAML" in refused(run("analyze", "main.log", "--rules", "rules", cwd=tmp_path))


def test_verify(tmp_path: Path) -> None:
    assert run("verify", SAMPLE).returncode == 0
    altered = tmp_path / "update-breaks-launch.zip"
    with zipfile.ZipFile(SAMPLE) as old, zipfile.ZipFile(altered, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info, data.replace(b"Killing 3", b"Killing 4") if info.filename.endswith("main.log") else data)
    done = run("verify", altered)
    assert done.returncode == 1
    assert "main.log" in done.stdout


def test_verify_says_of_a_zip_that_is_cut_that_it_is_cut_and_of_its_files_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(SAMPLE.read_bytes()[:9000])
    done = run("verify", tmp_path / "cut.zip")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "cut.zip: its directory is missing or damaged" in lines[0]
    assert "manifest-sha256.txt: is missing: the bag is not complete" in lines
    assert not [line for line in lines if "is extra" in line]
    assert lines[-1].startswith(f"problems: {len(lines) - 1}, ")


def test_verify_says_when_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as plain:
        plain.writestr("main.log", "2026-05-17 07:00:00 [info] hello\n")
    assert "no hashes" in refused(run("verify", tmp_path / "plain.zip"))


def test_altered_evidence_is_named_even_when_quiet(tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(SAMPLE) as given, zipfile.ZipFile(changed, "w") as target:
        for name in given.namelist():
            target.writestr(name, given.read(name) + (b"\n" if name.endswith("main.log") else b""))
    done = run("analyze", changed, "-q", "-o", tmp_path / "r.html")
    assert (done.returncode, done.stderr) == (
        0,
        "Warning: files are not as they were collected; the report names them.\n",
    )


def test_rules_list_show_check() -> None:
    listed = run("rules", "list")
    assert listed.stdout.splitlines()[0].split()[1] in (
        "msix_appcontainer_job_race_0x80070020",
        "msix_exdev_session_save",
    )
    shown = run("rules", "show", "msix_exdev_session_save").stdout
    assert "EXDEV" in shown
    assert "\n  what helps, 2: Make a kit" in shown
    assert "\n      claude-evidence recover -o kit\n" in shown
    checked = run("rules", "check")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_version_and_help() -> None:
    assert __version__ in run("--version").stdout
    assert "analyze" in run("--help").stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no mode of files")
def test_a_report_with_true_names_is_its_owners_alone(tmp_path: Path) -> None:
    mapping = tmp_path / "case.mapping.json"
    mapping.write_text(json.dumps({"format": "claude-evidence/mapping/1", "tokens": {"user-0abc12": "alice"}}), "utf-8")
    done = run("analyze", SAMPLE, "-q", "-o", tmp_path / "shown.html", "--reveal", mapping)
    assert done.returncode == 0
    assert done.stderr == f"Warning: {mapping} knows no name of this evidence: is it of another bundle?\n"
    assert stat.S_IMODE((tmp_path / "shown.html").stat().st_mode) == 0o600
    assert run("analyze", SAMPLE, "-q", "-o", tmp_path / "usual.html").returncode == 0
    (tmp_path / "other").touch()
    usual = stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "usual.html").stat().st_mode) == usual


def test_a_report_with_true_names_does_not_call_itself_redacted() -> None:
    report = Report(Manifest(redacted=True), Verdict("user-0abc12"))
    assert reveal(report, {}).manifest.redacted
    assert reveal(report, {"user-0abc12": "alice"}) == Report(Manifest(redacted=False), Verdict("alice"))


def test_what_tells_things_apart_stays_where_names_are_shown() -> None:
    token = "user-0abc12"
    finding = Finding(
        rule=token, id=token, sigma_id="", title=token, level=Level.LOW, confidence="low", facts=((token, token),),
        leads_to=(token,),
    )  # fmt: skip
    report = Report(Manifest(host={"name": token, token: token}), Verdict(""), findings=(finding,))
    shown = reveal(report, {token: "alice"})
    (told,) = shown.findings
    assert (told.title, told.facts) == ("alice", (("alice", "alice"),))
    assert (told.id, told.rule, told.leads_to) == (token, token, (token,))
    assert shown.manifest.host == {"name": "alice", token: "alice"}
