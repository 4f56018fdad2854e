"""What is printed and read on a Windows of another language: names that its code page has not are no reason to stop."""

from __future__ import annotations

import subprocess

import pytest

from claude_evidence.model import Outcome
from tests.collector.run_helpers import entries, manifest
from tests.windows import live, trees
from tests.windows.machine import Machine, plain, told

LOCALES = ["C.UTF-8", "de_DE.UTF-8", "ru_RU.UTF-8", "ja_JP.UTF-8"]
USERS = ("Zoë", "Алиса", "日本 太郎")
PLAIN = ("beate", "Claude Monet", "o'neill")
"""Names for where an imitated Windows has no file names beyond ASCII: in every locale that its host has not."""


def users(windows: Machine, locale: str) -> tuple[str, ...]:
    return PLAIN if windows.imitated and locale != LOCALES[0] else USERS


def foreign(windows: Machine, folder: str, names: tuple[str, ...]) -> list[str]:
    """Return the words that collect from a disk with the profiles *names*; their logs speak of all scripts."""
    root = trees.tree(windows, "wiped-config", folder)
    for name in names:
        log = root / "C" / "Users" / name / "AppData" / "Local" / "Claude" / "Logs" / "main.log"
        log.parent.mkdir(parents=True)
        text = f"2026-08-01 08:00:00 [info] Starting local session local_1 in C:\\Users\\{name}\\Größe\\Алиса\\日本\r\n"
        log.write_bytes(text.encode())
    windows.share(root)
    return ["--root", windows.name(root)]


@pytest.mark.parametrize("locale", LOCALES)
def test_any_name_is_collected_and_none_is_left(windows: Machine, locale: str) -> None:
    folder = f"disk-{LOCALES.index(locale)}"
    names = users(windows, locale)
    foreign(windows, folder, names)
    bundle, printed = trees.collect(windows, windows.scratch / folder, "--no-analyze", locale=locale)
    assert bundle.name in printed
    logs = [
        e for e in entries(bundle, "main.log") if e.outcome is Outcome.COLLECTED and "Local\\Claude\\Logs" in e.source
    ]
    assert len(logs) == len(names), manifest(bundle).acquisitions
    data = live.content(bundle)
    for name in names:
        assert name.encode() not in data


@pytest.mark.parametrize("locale", LOCALES)
def test_what_would_be_taken_is_printed_whatever_the_code_page(windows: Machine, locale: str) -> None:
    words = foreign(windows, f"disk-dry-{LOCALES.index(locale)}", users(windows, locale))
    ran = windows.python(*trees.COLLECT, *words, "--dry-run", locale=locale)
    assert ran.returncode == 0, told(ran)
    assert b"main.log" in ran.stdout
    assert b"Traceback" not in ran.stderr


def test_a_console_of_code_page_437_shows_it_too(windows: Machine) -> None:
    if windows.lab is None:
        pytest.skip("a test has no console here")
    words = foreign(windows, "disk-console", USERS)
    line = [str(windows.lab / "bin" / "winpy-tty"), *trees.COLLECT, *words, "--dry-run"]
    ran = subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, cwd=windows.scratch, timeout=240, check=False
    )
    assert ran.returncode == 0, told(ran)
    assert "main.log" in plain(ran.stdout)
    assert "Traceback" not in plain(ran.stdout)
