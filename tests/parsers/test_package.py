from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from claude_evidence.model import Acquisition, Manifest, Outcome
from claude_evidence.parsers import kinds

LISTING = r"""
PS C:\> Get-AppxPackage *Claude* | Format-List

Name              : Claude
Publisher         : CN="Sample, PBC", O="Sample, PBC", L=San Francisco, S=California,
                    C=US, SERIALNUMBER=1234567, OID.2.5.4.15=Private Organization,
                    OID.1.3.6.1.4.1.311.60.2.1.3=US
Architecture      : X64
Version           : 1.28929.0.0
PackageFullName   : Claude_1.28929.0.0_x64__pzs8sxrjxfjjc
InstallLocation   : C:\Program
                    Files\WindowsApps\Claude_1.28929.0.0_x64__pzs8sxrjxfjjc__and_very_l
                    ong
IsFramework       : False
PackageFamilyName : Claude_pzs8sxrjxfjjc
Dependencies      : {Runtime_1,
                    Runtime_2}
NonRemovable      : False
SignatureKind     : Developer
Status            : Modified, NeedsRemediation

Name              : Sample.Other
PackageFullName   : Sample.Other_1.0.0.0_neutral__abc
PackageFamilyName : Sample.Other_abc
"""
STATE = "state/packages.txt"


def packages(read: Any, data: bytes, path: str = STATE, **more: Any) -> Any:
    parsed = read("package", data, path, **more)
    assert parsed.problems == []
    return parsed.tables["package"]


@pytest.mark.parametrize(
    "data",
    [
        LISTING.encode(),
        LISTING.replace("\n", "\r\n").encode("utf-16"),
        b"\xef\xbb\xbf" + LISTING.encode(),
        LISTING.encode("utf-16-le"),
        b"\xfe\xff" + LISTING.encode("utf-16-be"),
    ],
)
def test_lists_in_the_encodings_of_windows(read: Any, data: bytes) -> None:
    assert kinds()["package"].sniff(data[:4096])
    table = packages(read, data)
    assert list(table["Name"]) == ["Claude", "Sample.Other"]
    assert list(table["Record"]) == [1, 2]
    got = table.iloc[0]
    assert got.Publisher == (
        'CN="Sample, PBC", O="Sample, PBC", L=San Francisco, S=California, C=US, SERIALNUMBER=1234567, '
        "OID.2.5.4.15=Private Organization, OID.1.3.6.1.4.1.311.60.2.1.3=US"
    )
    assert got.InstallLocation == r"C:\Program Files\WindowsApps\Claude_1.28929.0.0_x64__pzs8sxrjxfjjc__and_very_long"
    assert (got.Version, got.Architecture, got.SignatureKind) == ("1.28929.0.0", "X64", "Developer")
    assert (got.Status, got.NonRemovable) == ("Modified, NeedsRemediation", False)
    assert (got.PackageFullName, got.PackageFamilyName) == (
        "Claude_1.28929.0.0_x64__pzs8sxrjxfjjc",
        "Claude_pzs8sxrjxfjjc",
    )
    assert pd.isna(table.iloc[1].Status)


def test_blocks_that_are_no_packages_do_not_count(read: Any) -> None:
    services = "Name   : CoworkVMService\nStatus : Running\n\n"
    assert list(packages(read, (services + LISTING + services).encode())["Name"]) == ["Claude", "Sample.Other"]


ENTRY = {
    "Name": "Claude",
    "PackageFullName": "Claude_1.2.3.4_x64__pzs8sxrjxfjjc",
    "PackageFamilyName": "Claude_pzs8sxrjxfjjc",
    "Version": "1.2.3.4",
    "Architecture": 9,
    "SignatureKind": 1,
    "Status": 0,
    "NonRemovable": False,
}


@pytest.mark.parametrize("value", [ENTRY, [ENTRY], {"value": [ENTRY], "Count": 1}])
def test_json_of_one_or_several(read: Any, value: Any) -> None:
    got = packages(read, json.dumps(value).encode("utf-16"), "state/packages.json").iloc[0]
    assert (got.Architecture, got.SignatureKind, got.Status, got.NonRemovable) == ("X64", "Developer", "Ok", False)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("Version", {"Major": 1, "Minor": 2, "Build": 3, "Revision": 4}, "1.2.3.4"),
        ("Version", {"Major": 1}, None),
        ("Architecture", 12, "Arm64"),
        ("Architecture", 77, "77"),
        ("Architecture", "Arm64", "Arm64"),
        ("SignatureKind", 3, "Store"),
        ("Status", 6, "6"),
        ("Status", "Servicing", "Servicing"),
        ("Status", [0], None),
        ("Name", 7, "7"),
        ("Publisher", "\ud800", "\ufffd"),
    ],
)
def test_json_values(read: Any, key: str, value: Any, told: str | None) -> None:
    got = packages(read, json.dumps([ENTRY | {key: value}]).encode(), "x/claude_appxpackage.json").iloc[0][key]
    assert got == told if told is not None else pd.isna(got)


@pytest.mark.parametrize("data", [b"", b"[]", b"\r\n"])
def test_no_package_is_an_answer(read: Any, data: bytes) -> None:
    assert len(packages(read, data)) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"Name   Version PackageFullName\r\n----   ------- ---------------\r\nClaude 1.2.3.4 Claude_1.2...\r\n",
        b"The term 'Get-AppxPackage' is not recognized",
        bytes(100),
        b'{"a": 1}',
        b"[1, 2]",
        b"[" * 200_000,
        json.dumps([ENTRY])[:50].encode(),
    ],
)
def test_what_tells_of_no_package_is_a_problem(read: Any, data: bytes) -> None:
    parsed = read("package", data, STATE)
    assert (parsed.tables, len(parsed.problems)) == ({}, 1)


def test_entries_that_are_no_packages_are_counted(read: Any) -> None:
    parsed = read("package", json.dumps([3, ENTRY, {}]).encode(), STATE)
    assert list(parsed.tables["package"]["Record"]) == [2]
    assert "2 entries" in parsed.problems[0].message


def test_the_manifest_says_when(read: Any) -> None:
    asked, finished = datetime(2026, 5, 17, 7, tzinfo=UTC), datetime(2026, 5, 17, 9, tzinfo=UTC)
    own = Acquisition("Packages", "Get-AppxPackage", Outcome.COLLECTED, acquired_at=asked, member=STATE)
    data = json.dumps(ENTRY).encode()
    assert packages(read, data, manifest=Manifest(finished_at=finished, acquisitions=(own,)))["TimeCreated"][
        0
    ] == pd.Timestamp(asked)
    assert packages(read, data, manifest=Manifest(finished_at=finished))["TimeCreated"][0] == pd.Timestamp(finished)
    assert packages(read, data)["TimeCreated"][0] is pd.NaT
