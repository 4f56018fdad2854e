"""The contract of every parser, held over whatever modules the folder has."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from io import BytesIO

import pandas as pd
import pytest

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import kinds
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import HEAD, Context, Parsed, frame

CONTEXT = Context(Clock.of(Manifest()))
HOSTILE = {
    "empty": b"",
    "garbage": random.Random(1).randbytes(20_000),
    "nulls": bytes(10_000),
    "mostly nulls": bytes(5_000) + b"x" + bytes(5_000),
    "utf-16": "Nåme : Claude\r\n{}\r\n2026-05-17 07:27:00 [info] x\r\n".encode("utf-16"),
    "utf-16 json": '{"sessionId": "local_1", "createdAt": 1}'.encode("utf-16"),
    "deep arrays": b"[" * 200_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "cut json": b'{"sessionId": "local_1", "format": "cl',
    "cut utf-8": '{"a": "é'.encode()[:-1],
    "wrong types": b'{"format": [], "kind": {}, "sessionId": 1, "worktrees": 3, "entries": null, "mcpServers": []}',
    "array": b'[1, null, [], {}, "x"]',
    "surrogates": b'{"sessionId": "\\ud800", "entries": [{"path": "\\udfff"}], "worktrees": {"\\ud800": {"name": 1}}}',
    "huge number": b'{"createdAt": ' + b"9" * 10_000 + b', "pid": 1e999}',
    "long line": b"x" * 2_000_000,
    "line separators": "\u2028\u2029\x85\x0b\x1c\r\r\n\n".encode() * 100,
}
KINDS = sorted(kinds())


def paths_of(kind: str) -> list[str]:
    return [glob.replace("*", "x") for glob in kinds()[kind].PATHS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_parser_declares_what_the_driver_needs(kind: str) -> None:
    parser = kinds()[kind]
    assert parser.PATHS
    assert all(glob == glob.lower() and "\\" not in glob for glob in parser.PATHS)
    assert parser.TABLES
    for columns in parser.TABLES.values():
        assert not set(columns) & set(HEAD)
        frame(columns, [], Member("", "", 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evil", HOSTILE)
def test_no_bytes_raise_and_every_table_has_its_declared_columns(kind: str, evil: str) -> None:
    parser, data = kinds()[kind], HOSTILE[evil]
    assert parser.sniff(data[:4096]) in (True, False)
    for path in (*paths_of(kind), "Some folder/file with no name.dat"):
        modified = datetime(2026, 5, 17, tzinfo=UTC) if len(path) % 2 else None
        parsed = parser.parse(BytesIO(data), Member(path, path, len(data), modified), CONTEXT)
        assert_keeps_contract(kind, parsed)


def assert_keeps_contract(kind: str, parsed: Parsed) -> None:
    declared = kinds()[kind].TABLES
    assert set(parsed.tables) <= set(declared)
    for name, table in parsed.frames().items():
        expected = {**HEAD, **declared[name]}
        assert {column: str(dtype) for column, dtype in table.dtypes.items()} == expected
        assert list(table.columns) == list(expected)
        assert isinstance(table.index, pd.RangeIndex)
        assert (table["Record"] >= 1).all()
    for problem in parsed.problems:
        assert problem.stage == "parse"
        assert problem.where
        assert len(problem.message) < 1_000


def test_sniffing_tells_the_kinds_apart() -> None:
    heads = {
        "session_registry": b'{"sessionId": "local_1f", "cwd": "C:\\\\x", "createdAt": 1777168830743}',
        "transcript": b'{"type": "queue-operation", "sessionId": "9f0c", "timestamp": "2026-05-17T07:27:00Z"}\n',
        "worktree": b'{"worktrees": {"brave-fox": {"name": "brave-fox", "leasedBy": "local_1f"}}}',
        "cli_session": b'{"pid": 4711, "sessionId": "9f0c", "status": "idle"}',
        "config": b'{"locale": "en-US", "lastKnownAccountUuid": "9f0c"}',
        "file_inventory": b'{"format": "claude-evidence/file-inventory/1", "entries": []}',
        "service": b'{\n "format": "claude-evidence/services/1", "entries": []}',
        "process": b'{"format": "claude-evidence/processes/1", "entries": []}',
        "volume": b'{"format": "claude-evidence/volumes/1", "entries": []}',
        "registry_value": b'{"format": "claude-evidence/registry_values/1", "entries": []}',
        "package": b"Name : Claude\r\nPackageFullName : C\r\nPackageFamilyName : C\r\n",
    }
    exact = [kind for kind, parser in kinds().items() if not getattr(parser, "ASKED_LAST", False)]
    for kind, head in heads.items():
        assert [other for other in exact if kinds()[other].sniff(head)] == [kind]


def test_sniffing_claims_nothing_that_is_no_evidence() -> None:
    others = [
        b"{}",
        b"[]",
        b'{"name": "project", "version": "1.0.0"}',
        b"# Notes\n\nName : value\n",
        b"PK\x03\x04",
        b'{"type": "module", "sessionId": 3}',
        bytes(4096),
        b'{"type":"user","session_id":"1","uuid":"2"}\n',
    ]
    for head in others:
        assert [kind for kind in kinds() if kinds()[kind].sniff(head)] == []
