"""A rich and a healthy report of an invented machine, and a way to plant text in every field of a report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from claude_evidence import model
from claude_evidence.evidence_rows import Density, EvidenceRow
from claude_evidence.model import (
    EvidenceRef,
    Finding,
    Level,
    Member,
    Outcome,
    Reason,
    Report,
    Risk,
    Step,
    TimelineEntry,
)
from claude_evidence.tally import tally

T0 = datetime(2026, 5, 17, 5, 27, 31, 250_000, tzinfo=UTC)
WALL = T0.replace(tzinfo=None) - timedelta(days=1)
OLD, NEW = "1.7190.0.0", "1.7196.0.0"
PACKAGE = f"Claude_{NEW}_x64__pzs8sxrjxfjjc"
LOGS = "data/files/C/Windows/System32/winevt/Logs"
APPMODEL = f"{LOGS}/Microsoft-Windows-AppModel-Runtime_Admin.evtx"
DEPLOYMENT = f"{LOGS}/Microsoft-Windows-AppXDeploymentServer_Operational.evtx"
SYSTEM = f"{LOGS}/System.evtx"
ROAMING = "data/files/C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
MAIN_LOG, ENTRY = f"{ROAMING}/logs/main.log", f"{ROAMING}/claude-code-sessions/local_5f3c.json"
META = "data/files/C/Users/alice/.claude/projects/x/5f3c.jsonl.meta.json"
REGISTER = (
    "Get-AppxPackage Claude | ForEach-Object { Add-AppxPackage -DisableDevelopmentMode "
    '-Register "$($_.InstallLocation)\\AppXManifest.xml" }'
)
HOST = {"name": "DESKTOP-SAMPLE", "os": "Windows 11 Pro", "build": "26100.4061", "app_version": NEW}
TOOL = "claude-evidence 0.1.0"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def after(**span: float) -> datetime:
    return T0 + timedelta(**span)


def ref(name: str, record: int, excerpt: str = "", seconds: float = 0) -> EvidenceRef:
    return EvidenceRef(name, record, sha(name), excerpt, after(seconds=seconds))


def member(name: str, size_bytes: int, kind: str | None, verified: bool | None = True) -> Member:
    path = name.removeprefix("data/files/").replace("C/", "C:/", 1)
    return Member(name, path, size_bytes, T0, sha(name), kind, verified)


def launch_finding() -> Finding:
    failed = f"0x80070020: Cannot create the Desktop AppX container for package {PACKAGE}"
    register = '{"DeploymentOperation":"5","PackageFullName":"' + PACKAGE + '","Flags":"ForceApplicationShutdown"}'
    restart = Step(
        "Sign out of Windows and in again, or restart the machine.", "shutdown /r /t 0", worked="reliable everywhere"
    )
    again = Step("If a restart does not help, register the package again.", REGISTER, worked="worked for some only")
    service = Step("Stop the background service first.", "Stop-Service CoworkVMService -Force", Risk.NEEDS_ADMIN)
    records = (
        ref(DEPLOYMENT, 41120, register, -12),
        ref(APPMODEL, 9811, failed),
        ref(APPMODEL, 9812, f"{failed}\nwhile converting the job.", 1),
        ref(APPMODEL, 9899, failed, 540),
    )
    return Finding(
        rule="msix_appcontainer_job_race_0x80070020",
        id="3f2a9c1d77e0",
        sigma_id="7b0d3c1e-1111-4a5b-9c3d-000000000001",
        title="Windows refuses to start Claude: what is left of the old version still holds its container",
        level=Level.HIGH,
        confidence="high",
        document="msix_appcontainer_job_race_0x80070020__after_update",
        first_seen=T0,
        last_seen=after(minutes=9),
        count=12,
        group=PACKAGE,
        evidence=records,
        explanation="An update was registered while Claude was running. Windows closed the app, but part of its "
        "container stayed alive, and every start since then fails with error 0x80070020.\n\nNothing is damaged: "
        "the package and your conversations are where they were.",
        facts=(("package", PACKAGE), ("failed starts", "4"), ("updated from", OLD), ("error", "0x80070020 (in use)")),
        remedy=(restart, again, service),
        does_not_work=("Ending claude.exe: no process is left to end.", "Reset: it deletes the app's data."),
        for_developers="AppModel-Runtime 215 and 208 carry 0x80070020 in the same second; the job object of the old "
        "version outlives ForceApplicationShutdownOption.",
        false_positives=("A virus scanner holds files of the package during its first scan.",),
        leads_to=("orphaned_cli_session_id",),
        versions={"first": OLD, "last": NEW},
        references=(
            "#59934",
            "https://github.com/anthropics/claude-code/issues/53247",
            "https://example.invalid/notes",
        ),
    )


def other_findings() -> tuple[Finding, Finding, Finding]:
    save = "[error] [LocalSessionManager] Failed to save session local_5f: EXDEV: cross-device link not permitted"
    records = (ref(MAIN_LOG, 1042, save, -900), ref(MAIN_LOG, 1043, "```\n@alice #1 | <b>&amp;</b>\n~~~~", -899))
    copy = Step("With Claude closed, copy each .json.tmp to .json.", "", Risk.LOSES_DATA, "has to be repeated")
    unsaved = Finding(
        "msix_exdev_session_save",
        "7b0d3c1e-1111-4a5b-9c3d-000000000002",
        "b81e4f00aa12",
        "Conversations are not saved: the last step of each save fails",
        Level.CRITICAL,
        "high",
        first_seen=after(days=-53),
        last_seen=after(minutes=-16),
        count=3796,
        evidence=records,
        remedy=(copy,),
        explanation="Each save writes a temporary file and then fails to rename it.",
        facts=(("sessions touched", "23"), ("days", "53")),
    )
    orphan = Finding(
        "orphaned_cli_session_id",
        "7b0d3c1e-1111-4a5b-9c3d-000000000003",
        "0c9d5521be43",
        "A conversation is shown, but cannot be continued",
        Level.MEDIUM,
        "medium",
        first_seen=after(minutes=12),
        last_seen=after(minutes=12),
        count=1,
        group="local_5f3c",
        evidence=(ref(ENTRY, 1, "", 720),),
        explanation="Its entry points to a transcript that is not there.",
        because_of=("msix_appcontainer_job_race_0x80070020", "session_json_all_null"),
    )
    context = Finding(
        "msix_deferred_registration",
        "7b0d3c1e-1111-4a5b-9c3d-000000000004",
        "77aa00ff1200",
        "An update waited until Claude was closed",
        Level.INFORMATIONAL,
        "high",
        first_local=WALL,
        last_local=WALL,
        count=1,
    )
    return unsaved, orphan, context


def timeline() -> tuple[TimelineEntry, ...]:
    days = []
    for n in range(53, 0, -1):
        start = after(days=-n, hours=-(n % 9))
        days.append(
            TimelineEntry(
                start,
                "app",
                "Failed to save session (EXDEV)",
                Level.HIGH,
                40 + n * 3,
                until=start + timedelta(hours=1),
                finding="b81e4f00aa12",
                evidence=ref(MAIN_LOG, 9000 - n),
            )
        )
    story = (
        (-12, "package", "Register started, with ForceApplicationShutdownOption", Level.INFORMATIONAL, DEPLOYMENT),
        (-9, "machine", "CoworkVMService was stopped", Level.LOW, SYSTEM),
        (-2, "package", f"Claude {NEW} registered", Level.INFORMATIONAL, DEPLOYMENT),
        (0, "launch", "Start failed: 0x80070020", Level.HIGH, APPMODEL),
        (1, "launch", "Start failed: 0x80070020", Level.HIGH, APPMODEL),
        (540, "launch", "Start failed: 0x80070020", Level.HIGH, APPMODEL),
        (660, "machine", "Boot", Level.INFORMATIONAL, SYSTEM),
        (700, "launch", "Claude started", Level.INFORMATIONAL, APPMODEL),
        (720, "sessions", "Focus on a session without a start of its CLI", Level.MEDIUM, MAIN_LOG),
    )
    for n, (seconds, lane, text, level, source) in enumerate(story):
        finding = "3f2a9c1d77e0" if level is Level.HIGH else ""
        found = ref(source, 100 + n, seconds=seconds)
        days.append(TimelineEntry(after(seconds=seconds), lane, text, level, finding=finding, evidence=found))
    return tuple(days)


def custody() -> model.Custody:
    members = (
        member(APPMODEL, 1_118_208, "events"),
        member(DEPLOYMENT, 5_312_512, "events"),
        member(SYSTEM, 20_975_616, "events"),
        member(MAIN_LOG, 8_123_456, "app_log"),
        member(ENTRY, 2_113, "session_registry"),
        member(f"{ROAMING}/Local Storage/leveldb/000003.log", 88_120, None),
        member(META, 912, "transcript", verified=False),
    )
    asked = model.Acquisition
    came = asked("SystemLog", "C:/System.evtx", Outcome.COLLECTED, after(hours=3), T0, SYSTEM, sha(SYSTEM), 20_480)
    missing = asked("CrashDumps", "C:/Users/alice/AppData/Roaming/Claude/Crashpad", Outcome.MISSING, detail="no folder")
    denied = asked("SecurityLog", "C:/Windows/Security.evtx", Outcome.DENIED, detail="needs administrator rights")
    given = Member("desktop-sample.zip", "desktop-sample.zip", 9_812_345, T0, sha("zip"))
    return model.Custody((came, missing, denied), members, (given,))


def conversations() -> tuple[model.Conversation, ...]:
    rows = [
        model.Conversation(
            "local_5f3c9a1e-7d10-4c1b-8a52-3f0c11d2aa01",
            "0d6f1a2b-9c3d-4e5f-8a7b-6c5d4e3f2a1b",
            "orphaned",
            "the transcript that it names is not in the evidence",
            "1",
            after(days=-40),
            after(minutes=-17),
            2113,
            None,
            None,
            ("0c9d5521be43",),
            (ref(ENTRY, 1),),
        )
    ]
    for n in range(1, 9):
        state = "intact" if n % 3 else "only as .tmp"
        ids = f"local_{n:08x}-0000-4000-8000-000000000000", f"{n:08x}-1111-4000-8000-000000000000"
        times, sizes = (after(days=n - 60), after(days=n - 30)), (1900 + n, 19_960_000 // n, 7271 // n)
        rows.append(model.Conversation(*ids, state, "entry and transcript are both there", "1", *times, *sizes))
    return tuple(rows)


def boots() -> model.Boots:
    times = [*(after(days=-d) for d in (120, 92, 60, 39, 31, 24, 18, 12, 5)), after(seconds=660)]
    kinds = ("unexpected shutdown", "boot", "boot", "boot")
    entries = tuple(model.Boot(t, kinds[n % 4], "", ref(SYSTEM, 500 + n)) for n, t in enumerate(times))
    cadence = (("2026-01", 1, None), ("2026-02", 1, 28.0), ("2026-03", 2, 32.0), ("2026-05", 5, 6.0))
    text = "The machine restarts more and more often: every 32 days in March, every 6 days in May."
    return model.Boots(entries, tuple(model.BootMonth(*month) for month in cadence), True, text)


def build_rich() -> Report:
    launch, (unsaved, orphan, context) = launch_finding(), other_findings()
    what = (
        "Version 1.7196 was registered at 05:27 while 1.7190 was still running. Windows closed the app, but its "
        "container stayed behind, and four starts in a row failed with error 0x80070020."
    )
    verdict = model.Verdict(
        "Claude was updated while it was running, and Windows has refused to start it since",
        (what, "Your conversations are intact, but one of them lost the link to its transcript."),
        "2026-05-17, 05:27 to 05:36 UTC (07:27 to 07:36 in Europe/Berlin)",
        "high",
        launch.remedy,
        Level.CRITICAL,
        (launch.id, orphan.id),
    )
    manifest = model.Manifest(
        bundle_id="6f1d2c3b-sample",
        tool=TOOL,
        started_at=after(hours=3),
        finished_at=after(hours=3, seconds=41),
        host=HOST,
        timezone="Europe/Berlin",
        utc_offset_s=7200,
        acquisitions=custody().acquisitions,
    )
    event = model.PackageEvent
    packages = (
        event(after(days=-20), "Claude", OLD, "Add finished", "Ok", ref(DEPLOYMENT, 31001)),
        event(T0, "Claude", NEW, "RegisterByPackageFamilyName finished", "Ok", ref(DEPLOYMENT, 41122)),
        event(None, "Claude", NEW, "state", "Ok"),
    )
    gpu = "the CodeIntegrity Operational log is not in the bundle"
    not_judged = (
        model.NotJudged("gpu_crash_101457950", Reason.NOT_EVALUABLE, gpu, "The graphics process crashes"),
        model.NotJudged("msix_stealth_update_no_relaunch", Reason.INCONCLUSIVE, "main.log ends 40 s after the update"),
    )
    problems = (
        model.Problem("parse", SYSTEM, "chunk 17: checksum does not match, 3 records lost", 66120),
        model.Problem("bundle", META, "hash differs from the manifest"),
    )
    return Report(
        manifest,
        verdict,
        (unsaved, launch, orphan, context),
        not_judged,
        timeline(),
        conversations(),
        packages,
        boots(),
        custody(),
        problems,
        ("Crash dumps are deleted when Claude starts: their absence proves nothing.",),
        TOOL,
        after(hours=5),
        {"engine": "evtx", "rules": 11, "share": 0.25, "seen": [T0, None]},
        tally(conversations()),
        rows := carried((unsaved, launch, orphan, context)),
        len(rows) + 7,
        (Density("launch", 1, (1778995651, 1778996191), (2, 1)), Density("app", 60, (1778990000,), (3796,))),
    )


def carried(findings: tuple[Finding, ...]) -> tuple[EvidenceRow, ...]:
    """Return the findings' records as rows, with a neighbour and one that stands far away."""
    found = [(one.id, evidence) for one in findings for evidence in one.evidence]
    rows = [EvidenceRow("events", 3 * at, evidence, "found", (one,)) for at, (one, evidence) in enumerate(found)]
    near = EvidenceRow("events", 1, ref(found[0][1].member, 12, "stands beside"), "near")
    return (*rows, near, EvidenceRow("app_log", 900, ref(MAIN_LOG, 901, "[error] something else", 90), "error"))


def build_healthy() -> Report:
    rich = build_rich()
    verdict = model.Verdict(
        "No known failure found",
        ("Claude starts, saves its conversations and was updated without trouble.",),
        "2026-01-17 to 2026-05-17",
        "medium",
    )
    calm = tuple(replace(entry, finding="") for entry in rich.timeline if entry.level is Level.INFORMATIONAL)
    read = replace(rich.custody, members=rich.custody.members[:5])
    return replace(
        rich,
        verdict=verdict,
        rows=tuple(replace(row, why="error", findings=()) for row in rich.rows),
        findings=(),
        timeline=calm,
        problems=(),
        not_judged=rich.not_judged[:1],
        notes=(),
        custody=read,
        conversations=rich.conversations[2:3],
        tally=tally(rich.conversations[2:3]),
    )


def replaced(value: Any, change: Callable[[str], str]) -> Any:
    """Return *value* with every text in it, at any depth, keys included, replaced; enums are no texts."""
    if type(value) is str:
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: replaced(getattr(value, field.name), change) for field in fields(value)})
    if isinstance(value, Mapping):
        return {replaced(key, change): replaced(item, change) for key, item in value.items()}
    return type(value)(replaced(item, change) for item in value) if isinstance(value, tuple | list) else value


@pytest.fixture(scope="session")
def rich() -> Report:
    return build_rich()


@pytest.fixture(scope="session")
def healthy() -> Report:
    return build_healthy()


@pytest.fixture(scope="session")
def plant() -> Callable[[str, Callable[[str], str]], Report]:
    """Return a function that replaces every text of the rich or the healthy report."""
    reports = {"rich": build_rich(), "healthy": build_healthy()}

    def planted(name: str, change: Callable[[str], str]) -> Report:
        report: Report = replaced(reports[name], change)
        return report

    return planted


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from tests.templates.browsing import started  # another test loads this file by itself, from anywhere

    driver = started(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
