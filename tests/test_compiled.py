"""What one run keeps for the next: read back only where nothing changed, and never where Python keeps nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from claude_evidence import compiled

CODE = "import sys; from claude_evidence.analyzers.rules import load_rules; print(len(load_rules(()).documents))"


def run(prefix: Path, *flags: str, code: str = CODE) -> str:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(prefix)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, *flags, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def kept(prefix: Path) -> list[Path]:
    return sorted(prefix.rglob("*.kept"))


def test_the_second_run_reads_what_the_first_kept(tmp_path: Path) -> None:
    first = run(tmp_path)
    (place,) = kept(tmp_path)
    before = place.stat().st_mtime_ns
    assert run(tmp_path) == first
    assert [p.stat().st_mtime_ns for p in kept(tmp_path)] == [before]


def test_what_is_kept_lies_outside_of_the_package(tmp_path: Path) -> None:
    """An installer leaves it behind: a folder of the package's name would hide an editable installation made next."""
    run(tmp_path)
    (place,) = kept(tmp_path)
    assert place.parent.parts[-2:] == Path(compiled.__file__).parents[1].parts[-2:]


def test_a_kept_rule_set_needs_no_reader_and_is_the_same(tmp_path: Path) -> None:
    code = (
        "import pickle, sys; from claude_evidence.analyzers.rules import load_rules; rules = load_rules(())\n"
        "heavy = {'sigma.rule', 'pyparsing', 'yaml'} & set(sys.modules)\n"
        "from claude_evidence.analyzers._rule_loading import parsed; assert parsed((), defaults=True) == rules\n"
        "print(sorted(heavy))"
    )
    run(tmp_path)
    assert run(tmp_path, code=code).strip() == "[]"


@pytest.mark.parametrize("damage", [b"", b"\x80\x05", b"no pickle at all", b"cos\nnothing_of_that_name\n."])
def test_a_damaged_one_is_made_again(tmp_path: Path, damage: bytes) -> None:
    first = run(tmp_path)
    (place,) = kept(tmp_path)
    whole = place.stat().st_size
    place.write_bytes(damage)
    assert run(tmp_path) == first
    assert place.stat().st_size > whole / 2


def test_one_bit_that_turned_is_noticed(tmp_path: Path) -> None:
    place = tmp_path / "x.kept"
    compiled.write(place, b"rules")
    whole = place.read_bytes()
    assert compiled.read(place) == b"rules"
    for at in range(len(whole)):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert compiled.read(place) is None
        place.write_bytes(whole[:at])
        assert compiled.read(place) is None


def test_nothing_is_kept_where_python_keeps_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "-B")
    assert kept(tmp_path) == []


def test_the_key_changes_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_text("a")
    first = compiled.key([file])
    assert compiled.key([file]) == first
    file.write_text("ab")
    assert compiled.key([file]) != first


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    place = folder / "x.kept"
    compiled.write(place, b"one", "*.kept")
    compiled.write(folder / "y.kept", b"two", "*.kept")
    assert [p.name for p in folder.iterdir()] == ["y.kept"]
    shutil.rmtree(folder)
    compiled.write(place, b"three", "*.kept")
    assert not folder.exists()
