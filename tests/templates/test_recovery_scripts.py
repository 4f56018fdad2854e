"""The PowerShell scripts: parsed by a grammar of PowerShell, held to what version 5.1 knows, run where there is one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from claude_evidence.templates.recovery import scripts
from tests.recovery_trees import CLAUDE, ENTRIES, put, put_entry, put_mapping, put_transcript, recover, snapshot, uid

SCRIPTS = scripts(("launch", "migrate"), apply=True)
FORBIDDEN = frozenset(
    [
        "remove-item",
        "rm",
        "del",
        "ri",
        "erase",
        "rd",
        "rmdir",
        "clear-content",
        "invoke-expression",
        "iex",
        "move-item",
        "copy-item",
        "set-content",
        "out-file",
        "new-item",
    ]
)
ON_PATHS = frozenset(["get-content", "get-item", "get-childitem", "test-path", "resolve-path"])
# Cmdlets of Windows PowerShell 5.1 itself, of its modules for packages and CIM.
CMDLETS = ON_PATHS | frozenset(
    [
        "add-appxpackage",
        "add-type",
        "convertfrom-json",
        "foreach-object",
        "get-appxpackage",
        "get-ciminstance",
        "get-process",
        "get-service",
        "group-object",
        "join-path",
        "new-object",
        "out-string",
        "read-host",
        "remove-appxpackage",
        "select-object",
        "set-strictmode",
        "sort-object",
        "start-process",
        "start-sleep",
        "stop-process",
        "stop-service",
        "where-object",
        "write-host",
    ]
)
KIT = ("apply.ps1", "undo.ps1")
SHELLS = [path for name in ("powershell", "pwsh") if (path := shutil.which(name))]
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def text_of(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def commands(name: str) -> list[str]:
    return [text_of(node) for node in nodes(PARSER.parse(SCRIPTS[name].encode()).root_node) if node.type == "command"]


def test_grammar_finds_what_is_wrong() -> None:
    for wrong in ("if ($a) {", "$a = $b ?? $c @(", "function { )", "foreach ($x of $y) { }"):
        assert PARSER.parse(wrong.encode()).root_node.has_error, wrong


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_powershell(name: str) -> None:
    tree = PARSER.parse(SCRIPTS[name].encode())
    wrong = [node for node in nodes(tree.root_node) if node.is_error or node.is_missing]
    assert not wrong, [(node.start_point, text_of(node)[:60]) for node in wrong]


@pytest.mark.parametrize("name", SCRIPTS)
def test_windows_powershell_reads_it(name: str) -> None:
    text = SCRIPTS[name]
    assert text.isascii(), "without a mark, Windows PowerShell takes bytes for the machine's old code page"
    code = re.sub(r"<#.*?#>|(?m:#.*$)|'[^']*'|\"[^\"]*\"", "", text, flags=re.DOTALL)
    for newer in (r"\?\?", r"&&", r"\|\|", r"\?\.", r"\$IsWindows\b", r"\?\s*\S+\s*:\s", r"-AsHashtable", r"-Parallel",
                  r"\bclean\s*\{"):  # fmt: skip
        assert not re.search(newer, code), newer
    assert "#SHARED#" not in text
    assert "#PACKAGE#" not in text
    assert "SupportsShouldProcess = $true" in text
    assert "Set-StrictMode -Version 2.0" in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_deletes_nothing_and_takes_every_path_as_it_is(name: str) -> None:
    for command in commands(name):
        word = command.split()[0].lower()
        assert word not in FORBIDDEN, command
        if word in ON_PATHS:
            assert "-LiteralPath" in command, command
    assert "::Delete(" not in SCRIPTS[name]
    assert "/MIR" not in SCRIPTS[name]
    assert "/PURGE" not in SCRIPTS[name]


@pytest.mark.parametrize("name", KIT)
def test_nothing_is_changed_before_everything_is_looked_at(name: str) -> None:
    """The order of the main part: refuse, read, judge, choose (there `ShouldProcess` asks), back up, change."""
    main = SCRIPTS[name][SCRIPTS[name].rindex("\ntry {") :]
    change = ["Save-Backup", "Set-After"] if name == "apply.ps1" else ["Set-Before"]
    steps = ["Assert-NothingRuns", "Read-Plan", "Set-State", "Select-Ready", *change, "Write-Outcome"]
    places = [main.index(step) for step in steps]
    assert places == sorted(places)


def test_package_is_removed_only_after_its_data_were_copied_and_compared() -> None:
    for name in ("fix-launch.ps1", "migrate.ps1"):
        main = SCRIPTS[name][SCRIPTS[name].rindex("\ntry {") :]
        assert main.count("Remove-AppxPackage") == 1
        assert main.index("Save-PackageData") < main.index("Remove-AppxPackage")
        saving = SCRIPTS[name][SCRIPTS[name].index("function Save-PackageData") :]
        assert saving.index("Copy-Tree") < saving.index("Assert-SameTree") < saving.index("return $backup")
        assert saving.index("Assert-NoLinkInside $data") < saving.index("Copy-Tree"), "behind a link nothing is copied"
    main = SCRIPTS["migrate.ps1"][SCRIPTS["migrate.ps1"].rindex("\ntry {") :]
    for look in ("$roaming -Force).LinkType", "The package holds no data of Claude"):
        assert main.index(look) < main.index("Remove-AppxPackage")
    launch = SCRIPTS["fix-launch.ps1"]
    assert launch.index("if (-not $RemovePackage)") < launch.rindex("Save-PackageData")


@pytest.mark.parametrize("name", KIT)
def test_a_file_is_looked_at_again_right_before_it_is_changed(name: str) -> None:
    text = SCRIPTS[name]
    writing = text[text.index("function Write-Whole") : text.index("function Set-After")]
    assert writing.index("Copy-Checked") < writing.index("Assert-Unchanged") < writing.index("::Move(")
    assert "if ($there -eq '') { [IO.File]::Move(" in writing, "a file that came meanwhile must not be replaced"
    assert writing.count("::Replace(") == 1
    steps = text[text.index("function Set-After") : text.index("function Invoke-Each")]
    assert steps.count("Assert-Unchanged") == steps.count("Move-Aside") == 2


def test_app_is_not_started_before_its_data_are_back() -> None:
    launch = SCRIPTS["fix-launch.ps1"]
    last = launch[launch.index("Save-PackageData 'launch-backup'") :]
    assert last.index("Remove-AppxPackage") < last.index("Assert-SameTree") < last.index("} catch {")
    assert last.index("lie in $backup") < last.index("Start-Claude")


@pytest.mark.parametrize("name", ["fix-launch.ps1", "migrate.ps1"])
def test_trees_are_walked_by_long_paths(name: str) -> None:
    walks = [command for command in commands(name) if command.startswith("Get-ChildItem")]
    assert walks
    for walk in walks:
        assert "$top" in walk or "Get-LongPath" in walk, walk


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_command_is_the_scripts_own_or_windows(name: str) -> None:
    own = {word.lower() for word in re.findall(r"^function ([\w-]+)", SCRIPTS[name], re.MULTILINE)}
    words = {command.split()[0].lower() for command in commands(name) if not command.startswith(("&", "."))}
    assert words - own <= CMDLETS
    assert own <= {word for text in SCRIPTS.values() for word in re.findall(r"[\w-]+", text.lower())}


@pytest.mark.skipif(not SHELLS, reason="no PowerShell here: the twin in Python proves the effect of the plan")
@pytest.mark.parametrize("shell", SHELLS)
def test_powershell_goes_there_and_back(shell: str, tmp_path: Path) -> None:
    root, kit = tmp_path / "disk", tmp_path / "kit"
    put_entry(root, 1, ".json.tmp", title="B\u00e4ume \u202e'; exit 1 #")
    put(root, f"{ENTRIES}/local_{uid(2)}.json", b"\0" * 90)
    put_mapping(root, 2, 2)
    put_transcript(root, 1)
    put_transcript(root, 2)
    (root / "C/Users/alice/AppData/Roaming").mkdir(parents=True)
    (root / CLAUDE).rename(root / "C/Users/alice/AppData/Roaming" / "Claude")  # short enough for Windows PowerShell
    entries = ENTRIES.replace(CLAUDE, "C/Users/alice/AppData/Roaming/Claude")
    before = snapshot(root)
    assert recover(root, kit) == 0

    def run(script: str, *more: str) -> tuple[int, str]:
        line = [shell, "-NoProfile", "-NonInteractive"]
        line += ["-ExecutionPolicy", "Bypass"] if os.name == "nt" else []
        line += ["-File", str(kit / script), "-Root", str(root), *more]
        done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    code, said = run("apply.ps1", "-WhatIf")
    assert snapshot(root) == before, said
    assert not (kit / "backup").exists()
    code, said = run("apply.ps1")
    assert code == 0, said
    changed = snapshot(root)
    assert f"{entries}/local_{uid(1)}.json" in changed
    assert f"{entries}/local_{uid(1)}.json.tmp" not in changed
    code, said = run("apply.ps1")
    assert (code, "nothing to do" in said) == (0, True), said
    code, said = run("undo.ps1")
    assert code == 0, said
    assert snapshot(root) == before
    code, said = run("undo.ps1")
    assert (code, "nothing to undo" in said) == (0, True), said
    next(root.rglob("*.json.tmp")).write_bytes(b"{}")
    code, said = run("apply.ps1")
    assert (code, "changed since the plan was made" in said) == (1, True), said
