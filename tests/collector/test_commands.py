"""Programs of the host, run as real child processes; what consoles print, in the code pages that they have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector import commands
from claude_evidence.collector._console_text import decode
from claude_evidence.model import Outcome

GERMAN = "Der Dienst für das Gerät «Größe» wurde geprüft: Zugriff verweigert\r\n"
FRENCH = "L'accès à l'élément spécifié a été refusé. Opération terminée\r\n"
RUSSIAN = "Отказано в доступе. Служба CoworkVMService не запущена: ОШИБКА 1060\r\n"
JAPANESE = "指定されたサービスはインストールされていません。\r\n"
CONSOLES = [
    *((text, pages) for text in (GERMAN, FRENCH) for pages in (("cp850", "cp1252"), ("cp437", "cp1252"))),
    (RUSSIAN, ("cp866", "cp1251")),
    (JAPANESE, ("cp932", "cp932")),
]


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *words]


@pytest.mark.parametrize(("text", "pages"), CONSOLES)
def test_text_is_read_in_every_encoding_of_its_host(text: str, pages: tuple[str, str]) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *pages):
        assert decode(text.encode(encoding), pages) == text, encoding


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    for pages in (("cp850", "cp1252"), ("cp932", "cp932"), ("cp866", "cp1251"), ("no such page",)):
        assert isinstance(decode(data, pages), str)


def test_what_is_printed_comes_back() -> None:
    ran = commands.run(python("print('Claude', end='')"), 30)
    assert (ran.outcome, ran.output, ran.text, ran.returncode, ran.detail) == (
        Outcome.COLLECTED, b"Claude", "Claude", 0, "",
    )  # fmt: skip
    assert sys.executable in ran.command


def test_the_end_without_a_word_is_a_failure_unless_it_is_its_way() -> None:
    ran = commands.run(python("import sys; sys.stderr.write('blocked here')"), 30)
    assert (ran.outcome, ran.returncode, ran.detail) == (Outcome.FAILED, 0, "gave nothing: blocked here")
    assert commands.run(python("print('\\r\\n \\0')"), 30).outcome is Outcome.FAILED
    assert commands.run(python(""), 30, silent=True).outcome is Outcome.COLLECTED


@pytest.mark.parametrize(("code", "outcome"), [(5, Outcome.DENIED), (1, Outcome.FAILED), (36, Outcome.MISSING)])
def test_exit_codes_say_what_came_of_it(code: int, outcome: Outcome) -> None:
    script = f"import sys; print('FAILED {code}'); sys.exit({code})"
    ran = commands.run(python(script), 30, codes={36: Outcome.MISSING})
    assert (ran.outcome, ran.returncode, ran.detail) == (outcome, code, f"exit code {code}: FAILED {code}")


def test_a_program_that_is_not_there_or_may_not_be_run(tmp_path: Path) -> None:
    assert commands.run([str(tmp_path / "none.exe")], 30).outcome is Outcome.MISSING
    assert commands.run(["no-such-program-anywhere"], 30).outcome is Outcome.MISSING
    if os.name == "posix":
        plain = tmp_path / "plain"
        plain.write_text("#!/bin/sh\n")
        plain.chmod(0o644)
        ran = commands.run([str(plain)], 30)
        assert (ran.outcome, ran.returncode) == (Outcome.DENIED, None)
        assert ran.detail.startswith("may not be run")


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    script = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-I', '-S', '-c', {child!r}, sys.argv[1]])\n"
        "print('waiting', flush=True)\ntime.sleep(600)"
    )
    ran = commands.run(python(script, str(tmp_path / "pid")), 3)
    assert (ran.outcome, ran.returncode, ran.text.strip()) == (Outcome.FAILED, None, "waiting")
    assert ran.detail == "ended: it took longer than 3 s"
    assert ended(int((tmp_path / "pid").read_text()))


def test_what_a_command_leaves_running_is_ended_too(tmp_path: Path) -> None:
    child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    script = (
        "import pathlib, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-I', '-S', '-c', {child!r}, sys.argv[1]])\n"
        "while not (p := pathlib.Path(sys.argv[1])).is_file() or not p.read_text(): time.sleep(0.01)\n"
        "print('done')"
    )
    ran = commands.run(python(script, str(tmp_path / "pid")), 60)
    assert (ran.outcome, ran.text.strip()) == (Outcome.COLLECTED, "done")
    assert ended(int((tmp_path / "pid").read_text()))


def ended(pid: int) -> bool:
    """Return whether the process *pid* is gone, or soon is."""
    for _ in range(200):
        if not running(pid):
            return True
        time.sleep(0.02)
    return False


def running(pid: int) -> bool:
    if os.name == "nt":
        listed = subprocess.run(["tasklist", "/FI", f"PID eq {pid}"], capture_output=True, text=True, check=False)
        return str(pid) in listed.stdout
    state = Path(f"/proc/{pid}/stat")
    try:
        if state.parent.parent.joinpath("self").exists():
            return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def test_output_without_end_is_cut_and_the_command_ended() -> None:
    ran = commands.run(python("while True: print('x' * 1000)"), 60, limit_bytes=100_000)
    assert (ran.outcome, len(ran.output)) == (Outcome.FAILED, 100_000)
    assert "more than 100,000 bytes" in ran.detail


def test_much_output_on_both_pipes_does_not_block() -> None:
    script = "import sys\nfor _ in range(2000): sys.stdout.write('a' * 1000); sys.stderr.write('b' * 1000)"
    ran = commands.run(python(script), 60)
    assert (ran.outcome, len(ran.output)) == (Outcome.COLLECTED, 2_000_000)


def test_no_input_and_no_folder_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = commands.run(python("import os, sys; print(repr(sys.stdin.read()), os.getcwd())"), 30)
    assert ran.text.startswith("''")
    assert str(tmp_path) not in ran.text


def test_words_reach_the_program_as_they_are() -> None:
    words = ["a b", 'qu"ote', "Zoë", "*[System[(EventID=41)]]", ""]
    ran = commands.run(python("import sys; sys.stdout.buffer.write(ascii(sys.argv[1:]).encode())", *words), 30)
    assert ran.text == ascii(words)


def test_tools_of_windows_are_named_by_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    assert commands.system_tool("sc.exe") == str(tmp_path / "System32" / "sc.exe")
    (tmp_path / "Sysnative").mkdir()
    (tmp_path / "Sysnative" / "sc.exe").write_bytes(b"")
    assert commands.system_tool("sc.exe") == str(tmp_path / "Sysnative" / "sc.exe")
    words = commands.powershell("Get-Date")
    assert words[0].endswith("powershell.exe")
    assert words[-2] == "-Command"
    assert words[-1].endswith("Get-Date")
    assert '"' not in words[-1]
    assert {"-NoProfile", "-NonInteractive"} <= set(words)
