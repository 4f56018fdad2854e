"""Pasted reports: what people quote, in the ways they quote it, becomes rows of the usual tables."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.bundle import open_bundle
from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import parse, pasted
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import HEAD, Context, Parsed

PACKAGE = "Claude_1.7196.0.0_x64__pzs8sxrjxfjjc"


def parsed(text: str, zone: str | None = None, wanted: frozenset[str] = frozenset({"PackageName"})) -> Parsed:
    member = Member("issue.md", "issue.md", len(text))
    context = Context(Clock.of(Manifest(), zone), wanted=wanted)
    return pasted.parse(io.BytesIO(text.encode()), member, context)


def table(name: str, text: str, zone: str | None = None) -> pd.DataFrame:
    made = parsed(text, zone)
    assert name in made.tables, made.problems
    return made.frames()[name]


SAVE = "Failed to save session local_<uuid>: EXDEV: cross-device link not permitted, rename 'a.tmp' -> 'a'"


@pytest.mark.parametrize(
    "text",
    [
        f"2026-05-17 07:27:12 [error] {SAVE}",
        f"07:27:12 [error] {SAVE}",
        f"[error] {SAVE}",
        f"[MAIN_LOG] 2026-05-17 07:27:12 [error] {SAVE}",
        f"05:01:16 main.log   [error] {SAVE}",
        SAVE,
        f"> > [error] {SAVE}",
        f"- `{SAVE}`",
        f"The log says `[error] {SAVE}` again and again.",
        f"```\n[error] {SAVE}\n```",
        f"main.log:1234:2026-05-17 07:27:12 [error] {SAVE}",
        f"logs\\main.log:77:[error] {SAVE}",
        f"  1234  2026-05-17 07:27:12 [error] {SAVE}",
        f"1234: 2026-05-17 07:27:12 [error] {SAVE}",
        f"2026-05-17 07:27:12 ERROR {SAVE}",
        f"| 07:27 | error | {SAVE} |",
        f"<code>{SAVE.replace('->', '-&gt;')}</code>",
        "[error] " + SAVE.replace("permitted, rename", "permitted,\n  rename"),
    ],
)
def test_a_log_line_is_found_however_it_is_quoted(text: str) -> None:
    (row,) = table("app_log", text).to_dict("records")
    assert row["Message"] == SAVE
    assert (row["Service"], row["ErrnoCode"]) == ("main", "EXDEV")


def test_a_rule_that_names_the_time_or_the_record_leaves_them_what_they_are() -> None:
    wanted = frozenset({"TimeCreated", "Record", "Member", "PackageName"})
    made = parsed(
        f"Event ID 215: 0x80070020: Cannot create the Desktop AppX container for package {PACKAGE}", None, wanted
    )
    dtypes = made.frames()["events"].dtypes
    assert [str(dtypes[name]) for name in HEAD] == list(HEAD.values())


def test_lines_keep_their_number_and_time() -> None:
    log = table(
        "app_log", f"Hello\n\n2026-05-17 07:27:12 [info] [CCD] Initialized\n\n[error] {SAVE}\n", "Europe/Berlin"
    )
    assert log["Record"].tolist() == [3, 5]
    assert log["Component"].tolist() == ["CCD", ""]
    assert log["TimeCreated"].iloc[0] == datetime(2026, 5, 17, 5, 27, 12, tzinfo=UTC)
    assert log["TimeCreated"].isna().tolist() == [False, True]


def test_an_object_printed_below_a_line_stays_on_its_lines() -> None:
    log = table(
        "app_log", "2026-08-04 11:31:22 [info] GPU process gone: {\n  type: 'GPU',\n  exitCode: 101457950,\n}\n"
    )
    assert log["Message"].tolist() == ["GPU process gone: {\n  type: 'GPU',\n  exitCode: 101457950,\n}"]
    assert log["LineCount"].tolist() == [4]


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("2026-07-26T21:53:29.291Z [info] [files] Initializing server...", "mcp"),
        ("2026-07-26T21:53:29.291Z [files] [error] spawn uv ENOENT", "mcp_server"),
        ("2026/04/14 10:40:16.002240 [HCS] Config JSON:", "cowork_service"),
        ("2026/09/03 17:50:09.988353 === Claude Setup 0d57 started ===", "setup"),
        ("[error] [VM:start] Startup failed: Error: it did not", "cowork_vm"),
        ('[error] [REACT_QUERY_CLIENT] QueryClient error: {"statusCode":404}', "claude_ai_web"),
    ],
)
def test_the_log_that_a_line_is_from(text: str, service: str) -> None:
    assert table("app_log", text)["Service"].tolist() == [service]


EVENTS = {
    "note": f"Event ID 215: 0x80070020: Cannot create the container for package {PACKAGE}",
    "German": f"Ereignis-ID: 215\n0x80070020: Der Container für das Paket {PACKAGE} konnte nicht erstellt werden.",
    "French": f"ID de l’événement : 215 – 0x80070020 : impossible de créer le conteneur du package {PACKAGE}",
    "Russian": f"Код события: 215 — 0x80070020: не удалось создать контейнер для пакета {PACKAGE}",
    "Japanese": f"イベント ID: 215 0x80070020: パッケージ {PACKAGE}",
    "line": f"2026-05-17 07:27:44.120  215  0x80070020 {PACKAGE}",
    "bracketed": f"07:27:44.120 [215] AppModel-Runtime: 0x80070020 {PACKAGE}",
    "provider": f"AppModel-Runtime/Admin event 215: 0x80070020 {PACKAGE}",
    "no number": f"`0x80070020`: `Cannot create the Desktop AppX container for package {PACKAGE} because an error\n"
    "was encountered converting the job`",
    "Format-List": "TimeCreated  : 5/17/2026 7:27:44 AM\nProviderName : Microsoft-Windows-AppModel-Runtime\n"
    f"Id           : 215\nMessage      : 0x80070020: no container for package\n               {PACKAGE}\n",
    "Format-Table": "TimeCreated           Id LevelDisplayName Message\n-----------           -- ----------------\n"
    f"17/05/2026 07:27:44  215 Error            0x80070020: No container for {PACKAGE}...\n",
    "table, number first": f"| Id | When | Text |\n|--|--|--|\n| 215 | 07:27 | 0x80070020: {PACKAGE} |\n",
    "Portuguese": f"Identificação do Evento:215\nFonte: AppModel-Runtime\n0x80070020: o pacote {PACKAGE}",
    "number at the end": f"0x80070020: no container for package {PACKAGE} (Event ID 215)",
    "XML": "Here it is:\n<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\n"
    "<Provider Name='Microsoft-Windows-AppModel-Runtime'/><EventID>215</EventID>"
    "<TimeCreated SystemTime='2026-05-17T05:27:44.1234567Z'/><EventRecordID>77</EventRecordID>\n"
    "<Channel>Microsoft-Windows-AppModel-Runtime/Admin</Channel></System><EventData>\n"
    f"<Data Name='PackageName'>{PACKAGE}</Data><Data Name='ErrorCode'>2147942432</Data></EventData></Event>\nDone.",
    "our report": "2026-05-17 05:27:44.701000Z Microsoft-Windows-AppModel-Runtime 215 "
    f'{{"ErrorCode":2147942432,"PackageName":"{PACKAGE}"}}',
    "wevtutil": "Event[0]:\n  Log Name: Microsoft-Windows-AppModel-Runtime/Admin\n"
    "  Source: Microsoft-Windows-AppModel-Runtime\n"
    f"  Date: 2026-05-17T07:27:44.1200000Z\n  Event ID: 215\n  Level: Error\n  Description: \n0x80070020: {PACKAGE}\n",
}


@pytest.mark.parametrize("form", EVENTS)
def test_an_event_is_found_however_it_is_quoted(form: str) -> None:
    events = table("events", EVENTS[form])
    assert events["EventID"].tolist() == [215]
    assert events["Provider_Name"].tolist() == ["Microsoft-Windows-AppModel-Runtime"]
    assert events["Channel"].tolist() == ["Microsoft-Windows-AppModel-Runtime/Admin"]
    assert events["HResult"].tolist() == ["0x80070020"]
    assert events["PackageName"].tolist() == [PACKAGE]


def test_an_event_with_its_xml_below_its_text_counts_once_and_keeps_its_line() -> None:
    text = EVENTS["wevtutil"] + "Event Xml:\n" + EVENTS["XML"].partition("\n")[2]
    events = table("events", text)
    assert events["EventID"].tolist() == [215]
    assert events["Record"].tolist() == [text.count("\n", 0, text.index("<Event ")) + 1]
    assert events["TimeCreated"].iloc[0] == datetime(2026, 5, 17, 5, 27, 44, 123456, tzinfo=UTC)


def test_fields_that_are_quoted_by_name_are_taken_at_their_word() -> None:
    text = (
        "2026-05-17 05:27:44.300000Z Microsoft-Windows-AppXDeployment-Server 400 "
        f'{{"DeploymentOperation":20,"PackageFullName":"{PACKAGE}","DeploymentOptions":"0x1","Member":"x","Path":""}}'
    )
    made = parsed(text, wanted=frozenset({"Path", "Member", "TimeCreated", "PackageFullName"}))
    (row,) = made.frames()["events"].to_dict("records")
    assert (row["Operation"], row["Options"]) == ("RegisterByPackageFamilyName", "ForceApplicationShutdownOption")
    assert (row["Path"], row["PackageFullName"], row["Member"]) == ("", PACKAGE, "issue.md")
    assert row["TimeCreated"] == datetime(2026, 5, 17, 5, 27, 44, 300000, tzinfo=UTC)


def test_a_time_stays_a_time_where_rules_ask_for_it() -> None:
    made = parsed(EVENTS["wevtutil"], wanted=frozenset({"TimeCreated", "Record", "Member"}))
    assert made.frames()["events"]["TimeCreated"].iloc[0] == datetime(2026, 5, 17, 7, 27, 44, 120000, tzinfo=UTC)


def test_what_powershell_says_of_an_installer_is_a_failed_deployment_of_its_package() -> None:
    said = "Add-AppxPackage -Path Claude.msix\nAdd-AppxPackage : Deployment failed with HRESULT: 0x80073CF6, no."
    (row,) = table("events", said).to_dict("records")
    assert (row["EventID"], row["HResult"]) == (404, "0x80073cf6")
    assert row["PackageName"] == "Claude_…__pzs8sxrjxfjjc"


@pytest.mark.parametrize(
    "said",
    [
        "Fehler bei der Bereitstellung. HRESULT: 0x80073CF6, Das Paket konnte nicht registriert werden.",
        "Échec du déploiement avec HRESULT : 0x80073CF6, Impossible d’enregistrer le package.",
    ],
)
def test_powershell_says_it_in_any_language(said: str) -> None:
    (row,) = table("events", f"Add-AppxPackage : {said}\n0x80070002: {PACKAGE}").to_dict("records")
    assert (row["EventID"], row["HResult"], row["PackageName"]) == (404, "0x80073cf6", PACKAGE)
    other = "0x80070002: Contoso.Radio_1.2.3.0_x64__8wekyb3d8bbwe, Claude"
    (row,) = table("events", f"Add-AppxPackage : {said}\n{other}").to_dict("records")
    assert not (pd.notna(row["PackageName"]) and row["PackageName"]), "another app's failure is not Claude's"


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("Event Name:", "Problem signature:"),
        ("Problem Event Name:   ", "Problem signature:"),
        ("Ereignisname:", "Problemsignatur:"),
        ("Nom d’événement :", "Signature du problème :"),
        ("イベント名:", "問題の署名:"),
    ],
)
def test_error_reporting_goes_on_after_its_empty_line(name: str, signature: str) -> None:
    text = f"Bucket , 0\n{name} MoAppHang\n\n{signature}\nP1: {PACKAGE}\nP2: praid:Claude\n"
    (row,) = table("events", text).to_dict("records")
    assert row["EventID"] == 1001
    assert b"MoAppHang" in row["EventData"]


@pytest.mark.parametrize(
    "date",
    ["17.05.2026 07:27:44", "17.05.2026, 7:27:44", "17/05/2026 07:27:44", "5/17/2026 7:27:44 AM", "2026/05/17 7:27:44"],
)
@pytest.mark.parametrize("key", ["Date", "Datum", "Logged"])
def test_the_general_tab_of_event_viewer_says_when_in_the_readers_language(key: str, date: str) -> None:
    text = (
        f"Log Name: Microsoft-Windows-AppModel-Runtime/Admin\nSource: AppModel-Runtime\n{key}: {date}\n"
        f"Event ID: 215\nLevel: Error\nDescription:\n0x80070020: {PACKAGE}\n"
    )
    events = table("events", text, "Europe/Berlin")
    assert events["TimeCreated"].tolist() == [pd.Timestamp("2026-05-17T05:27:44Z")]


@pytest.mark.parametrize(
    "date", ["5/7/2026 7:27:44 AM", "99.99.2026 07:27:44", "31.02.2026 07:27:44", "soon, at noon 12:00"]
)
def test_a_date_that_can_be_read_in_two_ways_or_none_is_unknown(date: str) -> None:
    text = f"Source: AppModel-Runtime\nDate: {date}\nEvent ID: 215\nDescription:\n0x80070020: {PACKAGE}\n"
    assert table("events", text, "Europe/Berlin")["TimeCreated"].isna().all()


def test_an_event_counts_as_often_as_it_is_said_to_have_come() -> None:
    assert len(table("events", f"AppModel-Runtime/Admin event 6 (x5)\n  0x3CFC: {PACKAGE}")) == 5


def test_deployment_events_tell_operation_and_options() -> None:
    text = (
        "AppXDeploymentServer 603 Started deployment RegisterByPackageFamilyName operation with main parameter "
        "Claude_pzs8sxrjxfjjc and Options ForceApplicationShutdownOption,DeferRegistrationWhenPackagesAreInUse"
    )
    (row,) = table("events", text).to_dict("records")
    assert row["Operation"] == "RegisterByPackageFamilyName"
    assert row["Options"] == "ForceApplicationShutdownOption,DeferRegistrationWhenPackagesAreInUse"
    assert row["PackageName"] == "Claude_…__pzs8sxrjxfjjc"


def test_rows_that_name_no_package_speak_of_their_neighbours_and_another_package_of_itself() -> None:
    other = "Contoso.Paint_3.1.0.0_x64__8wekyb3d8bbwe"
    text = f"19:07:34 217 destroyed for {PACKAGE}\n19:07:35 215 0x80070020\n19:07:36 215 0x80070020 {other}\n"
    names = table("events", text)["PackageName"].tolist()
    assert names[:2] == [PACKAGE, PACKAGE]
    assert names[2] is None or names[2] != names[2]


@pytest.mark.parametrize(
    "text",
    [
        "I restarted 215 times and got 0 errors.",
        "It took from 10:15 to 11:30 and used 400 MB.",
        "My printer says 0x80070020.",
        "Error code: Wsl/Service/CreateInstance/MountVhd/HCS/0xc03a001a",
        "docker: hcsshim::CreateComputeSystem: HCS 0x80370102 for Claude",
        "19:33:11.827  svchost.exe (pid 31512)  ProcessAccess -> other.exe (pid 20732)",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "",
    ],
)
def test_prose_is_no_evidence(text: str) -> None:
    made = parsed(text)
    assert made.tables == {}
    assert [problem.message for problem in made.problems] == ["quotes no log line, event, package or session file"]


def test_packages_as_list_and_as_table() -> None:
    listed = f"Name : Claude\nVersion           : 1.28929.0.0\nPackageFullName   : {PACKAGE}\nStatus  : Ok\n"
    selected = (
        "PS> Get-AppxPackage *claude* | Select-Object Name, Version, Status\n\nName   Version        Status\n"
        "----   -------        ------\nClaude 1.28929.0.0 Modified, NeedsRemediation\n"
    )
    named = f"PackageFullName   Status\n---------------   ------\n{PACKAGE} Ok\n"
    asked = "Get-AppxPackage *Claude* | select Status\nStatus : Servicing\n"
    assert table("package", listed)["PackageFullName"].tolist() == [PACKAGE]
    assert table("package", named)[["PackageFullName", "Status"]].values.tolist() == [[PACKAGE, "Ok"]]
    assert table("package", asked)["Status"].tolist() == ["Servicing"]
    assert table("package", selected)["Status"].tolist() == ["Modified, NeedsRemediation"]


@pytest.mark.parametrize(
    "text",
    [
        'HKCU\\Software\\Run\n  Claude = "C:\\x\\claude.exe"',
        "HKEY_CURRENT_USER\\Software\\Run\n    Claude    REG_SZ    C:\\x\\claude.exe",
        "`HKCU:\\Software\\Run`\nClaude : C:\\x\\claude.exe",
    ],
)
def test_a_registry_value_is_found_under_its_key(text: str) -> None:
    (row,) = table("registry_value", text).to_dict("records")
    assert (row["Key"], row["ValueName"]) == ("HKCU\\Software\\Run", "Claude")
    assert row["Value"].strip('"') == "C:\\x\\claude.exe"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Status   Name               DisplayName\n------   ----\nStopped  CoworkVMService    Claude", "Stopped"),
        ("SERVICE_NAME: CoworkVMService\n        STATE              : 1  STOPPED\n", "Stopped"),
        ("Name      : CoworkVMService\nState     : Stopped\nExitCode  : 1066\n", "Stopped"),
        ("`Get-CimInstance Win32_Service -Filter \"Name='CoworkVMService'\"` → empty", "NotInstalled"),
        ("Get-Service : Cannot find any service with service name 'CoworkVMService'.", "NotInstalled"),
    ],
)
def test_the_state_of_the_service_is_found(text: str, state: str) -> None:
    assert table("service", text)["State"].tolist() == [state]


def test_a_log_line_that_ends_in_a_session_file_is_no_listing() -> None:
    name = "local_0000aaaa-1fff-48cb-ab54-b321029c6552.json.tmp"
    made = parsed(f"2026-05-17 07:27:12 [error] Failed to save session local_0: EXDEV, rename 'C:\\a\\{name}")
    assert set(made.tables) == {"app_log"}


def test_listings_name_session_files() -> None:
    text = (
        "```\n-a----  5/17/2026  2:45 AM   144258 local_0000aaaa-1fff-48cb-ab54-b321029c6552.json.tmp\n"
        "local_0000bbbb-1fff-48cb-ab54-b321029c6552.json\n```\n"
    )
    rows = table("session_registry", text)
    assert rows["IsTmp"].tolist() == [True, False]
    assert rows["FileSize"].iloc[0] == 144258
    assert rows["ParseState"].tolist() == ["listed", "listed"]


@pytest.mark.parametrize("name", ["local_3f2a….json.tmp", "local_3f2a1b44-....json.tmp", "local_….json.tmp"])
def test_a_listing_may_shorten_its_names(name: str) -> None:
    rows = table("session_registry", f"claude-code-sessions\n\n-a----  5/17/2026  2:45 AM   144258 {name}\n")
    assert (rows["FileName"].tolist(), rows["IsTmp"].tolist()) == ([name], [True])


@pytest.mark.parametrize(
    "text",
    [
        "| `local_<sid>.json` registry entry | **Corrupted** — 144,258 bytes, all `0x00` |",
        "$b = [IO.File]::ReadAllBytes('local_<sid>.json')\n$b.Length    # 144258\n$first    # -1  (no non-zero byte)",
        (
            "```\nPS> Format-Hex local_<sid>.json   # 144258 bytes\n           00 01 02 03 04 05 06 07\n\n"
            "00000000   00 00 00 00 00 00 00 00  ........\n00000008   00 00 00 00 00 00 00 00  ........\n```"
        ),
        "hexdump -C local_<sid>.json # 144258 bytes\n00000000   00 00 00 00 00 00 00 00\n*\n00023382\n",
        "xxd local_0d42….json # 144258\n\n00000000: 0000 0000 0000 0000  ....\n00000010: 0000 0000 0000 0000  ....\n",
        "local_<sid>.json, 144258 bytes\n00000000   00 00 00 00 00 00 00 00\n00000008   00 00 00 00 00 00 00 00\n",
    ],
)
def test_null_bytes_are_known_in_words_scripts_and_dumps(text: str) -> None:
    rows = table("session_registry", text)
    assert "all_null" in rows["ParseState"].tolist()
    assert 144258 in rows["FileSize"].tolist()


def test_a_dump_with_other_bytes_shows_no_null_file() -> None:
    made = parsed("local_<sid>.json\n00000000   00 00 00 00 00 00 00 00\n00000010   7b 22 00 00 00 00 00 00\n")
    assert not any(
        (frame["ParseState"] == "all_null").any() for frame in made.frames().values() if "ParseState" in frame
    )


def test_a_report_is_known_by_its_name_and_by_its_content(tmp_path: Path) -> None:
    for name in ("issue.md", "notes.txt"):
        (tmp_path / name).write_text(f"Since Monday:\n\n{EVENTS['German']}\n", encoding="utf-8")
    (tmp_path / "shopping.txt").write_text("milk, bread, a claude monet poster", encoding="utf-8")
    with open_bundle([tmp_path]) as bundle:
        evidence = parse(bundle)
    assert {member.name: member.kind for member in evidence.members} == {
        "issue.md": "pasted", "notes.txt": "pasted", "shopping.txt": None,
    }  # fmt: skip
    assert evidence.tables["events"]["EventID"].tolist() == [215, 215]


@given(st.text(alphabet=st.sampled_from("`>-* |[]{}:'\"\n\t 0123456789xClaude_.jsontmplcEvIDerror…"), max_size=400))
def test_no_text_makes_it_raise(text: str) -> None:
    made = parsed(text)
    assert made.tables or made.problems
    for frame in made.frames().values():
        assert frame["Record"].between(1, text.count("\n") + 1).all()


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "> ",
        "- ",
        "Event ID ",
        "local_",
        "Claude_",
        "[error] ",
        "12:00:00 215 ",
        "** ",
        "<Event a",
        "<Event></Event>",
    ],
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    assert parsed(piece * (600_000 // len(piece))) is not None
    assert parsed(f"{piece}\n" * 30_000) is not None
