"""Hives that are written are read as they were meant, by a library that others wrote and by the collector."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from regipy import registry

from claude_evidence.samples._hive import Keys, write_hive
from claude_evidence.samples._registry import SOFTWARE, SYSTEM, hives
from claude_evidence.samples.scenario import SCENARIOS, load, names

HIVE: Any = registry.RegistryHive  # it carries no types
TIME = datetime(2026, 5, 17, 8, 30, 0, 123456, tzinfo=UTC)
KEYS: Keys = {
    r"Software\Grad": {
        "": "default",
        "Zahl": 7,
        "Gross": (1 << 40) + 5,
        "Liste": ["eins", "zwei"],
        "roh": b"\0\1\2\3\4",
    },
    r"Software\Grad\日本": {"klein": b"\x01", "Pfad": r"%USERPROFILE%\Claude", "lang": "x" * 4000, "nichts": ""},
    "Leer": {},
}


def read(data: bytes, folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "hive"
    path.write_bytes(data)
    found = {}
    for key in HIVE(str(path)).recurse_subkeys(fetch_values=False):
        node = HIVE(str(path)).get_key(key.path)
        found[key.path.strip("\\")] = {one.name: one.value for one in node.iter_values(trim_values=False)}
    return found


def test_a_library_reads_what_was_written(tmp_path: Path) -> None:
    found = read(write_hive("SOFTWARE", KEYS, TIME), tmp_path)
    assert set(found) - {""} == {"Software", *KEYS}
    assert found[r"Software\Grad"] == {
        "(default)": "default",
        "Zahl": 7,
        "Gross": (1 << 40) + 5,
        "Liste": ["eins", "zwei"],
        "roh": b"\0\1\2\3\4",
    }
    deep = found[r"Software\Grad\日本"]
    assert (deep["Pfad"], deep["lang"], deep["nichts"]) == (r"%USERPROFILE%\Claude", "x" * 4000, "")
    assert found["Leer"] == {}


def test_the_frame_is_sound() -> None:
    data = write_hive("SYSTEM", KEYS, TIME)
    assert data == write_hive("SYSTEM", KEYS, TIME)
    assert len(data) % 4096 == 0
    words = struct.unpack("<127I", data[:508])
    total = 0
    for word in words:
        total ^= word
    assert total == int.from_bytes(data[508:512], "little")
    at, cells = 4096 + 32, 0
    while at < len(data):
        size = abs(int.from_bytes(data[at : at + 4], "little", signed=True))
        assert size >= 8
        assert size % 8 == 0
        at, cells = at + size, cells + 1
    assert at == len(data)
    assert cells > len(KEYS)


@given(
    st.dictionaries(st.text("aBc日", min_size=1, max_size=8).map(str.lower), st.integers(0, (1 << 64) - 1), max_size=60)
)
def test_any_number_of_keys_is_found_again(tmp_path_factory: pytest.TempPathFactory, values: dict[str, int]) -> None:
    keys = {name: {"number": number} for name, number in values.items()}
    found = read(write_hive("NTUSER.DAT", keys, TIME), tmp_path_factory.mktemp("hive"))
    assert {name: found[name]["number"] for name in values} == values


@pytest.mark.parametrize("value", [-1, 1 << 64, "x" * 9000])
def test_what_no_hive_of_this_form_holds_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        write_hive("SYSTEM", {"Key": {"name": value}}, TIME)


@pytest.mark.skipif(not shutil.which("regfexport"), reason="regfexport (libregf-utils) is not installed")
def test_libregf_reads_it_too(tmp_path: Path) -> None:
    path = tmp_path / "hive"
    keys: Keys = {**KEYS, "Größe": {"Maß": "Zoë"}}  # the other library takes such names for ASCII
    path.write_bytes(write_hive("SOFTWARE", keys, TIME))
    done = subprocess.run(["regfexport", str(path)], capture_output=True, text=True, check=True, encoding="utf-8")
    assert {"日本", "Größe", "Maß", "Zoë"} <= set(re.findall(r"\w+", done.stdout))
    assert "corrupt" not in done.stdout.lower()


@pytest.mark.parametrize("name", names())
def test_registry_of_a_scenario_names_its_host(name: str) -> None:
    scenario = load(SCENARIOS / f"{name}.yaml")
    told = hives(scenario)
    control = told[SYSTEM][r"ControlSet001\Control\ComputerName\ComputerName"]
    assert control["ComputerName"] == scenario.raw["host"]["name"]
    packages = [key for key in told[SOFTWARE] if "Claude_" in key]
    assert bool(packages) == ("packages" in scenario.raw)
