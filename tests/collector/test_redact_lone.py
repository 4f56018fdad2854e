"""Values that stand in one place of one log and are known from nowhere else."""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from claude_evidence.collector import secret_shapes
from claude_evidence.collector._types import Kind, Scrub
from tests.collector.redact_helpers import both, discovering, scrubbed

ID = "7d0f1c2e-94ab-4c1d-8e21-5b7f09aa31c4"
ADDRESS = base64.b64encode(b"nobody.else@hidden.example").decode()
IDS = (
    f"GET https://claude.ai/api/organizations/{ID}/chat_conversations",
    f"GET /api/organizations%2F{ID}%2Fx",
    f"lastActiveOrg={ID}",
    f"{{ organization: '{ID}' }}",
    f"switched to org {ID}",
    f"account: {ID}",
    f"for account {ID}",
    f"{{ userId: '{ID}' }}",
    rf"in claude-code-sessions\{ID}\x",
    f"local-agent-mode-sessions/3d42b622-a090-41ec-aafa-ec63d7728336/{ID}/x",
)
NAMES = (
    "{ fullName: 'Marrow Quill', x: 1 }",
    '{ full_name: "Marrow Quill" }',
    "{ displayName: `Marrow Quill` }",
    "{ accountName: 'Marrow Quill' }",
    "organizationName='Marrow Quill'",
    "{ name: 'Marrow Quill', email: 'x@y.example' }",
    r"whoami: Marrow\bob",
    r"net use x /user:CORP\Marrow",
    r"Owner: CORP\Marrow",
    r"token of AzureAD\Marrow",
    "USERDNSDOMAIN=Marrow",
    "file://marrow/share/x",
    "smb://marrow/share",
    "https://github.com/marrow/repo",
    "git@github.com:alice/marrow.git",
    "git@git.corp.example:marrow/x",
    "{ sourceBranch: 'feature/marrow' }",
)
SECRETS = (
    "PGPASSWORD=marrow77",
    "Server=x;Uid=sa;Pwd=marrow77;",
    "AccountName=x;AccountKey=marrow77==",
    "apiToken: 'marrow77'",
    "privateKey: 'marrow77'",
    "SIGNING_KEY=marrow77",
    "run --password marrow77",
    f"https://claude.ai/magic-link#marrow77:{ADDRESS}",
    f"claude://claude.ai/magic-link#marrow77:{ADDRESS}",
)


@pytest.mark.parametrize("text", IDS)
def test_an_id_of_an_account_or_organisation_is_known_by_its_place(text: str) -> None:
    result, redactor = both(f"2026-05-17 08:10:03 [info] {text}\n2026-05-17 08:10:04 [info] again {ID}\n".encode())
    assert ID.encode() not in result
    assert {i.kind for i in redactor.identities if i.value == ID} <= {Kind.ACCOUNT, Kind.ORGANISATION}


@pytest.mark.parametrize("text", [*NAMES, *SECRETS])
def test_a_name_or_a_secret_is_known_by_its_place(text: str) -> None:
    result, _ = both(f"2026-05-17 08:10:03 [info] {text}\n".encode())
    assert b"marrow" not in result.lower()
    assert ADDRESS.encode() not in result


KEPT = (
    "PWD=/usr/bin",
    "{ branch: 'claude/lone-ash', sourceBranch: 'main' }",
    "see https://github.com/anthropics/claude-code/issues/59934",
    r"Owner: NT AUTHORITY\SYSTEM",
    "session 3d42b622-a090-41ec-aafa-ec63d7728336 ended",
    "uses local_3d42b622-a090-41ec-aafa-ec63d7728336",
)


@pytest.mark.parametrize("text", KEPT)
def test_what_looks_alike_and_tells_nothing_stays(text: str) -> None:
    result, _ = both(f"2026-05-17 08:10:03 [info] {text}\n".encode())
    assert result.decode() == f"2026-05-17 08:10:03 [info] {text}\n"


@pytest.mark.parametrize("key", ["did", "deviceId", "tenantId", "phoneNumber"])
def test_an_id_or_a_number_that_is_somebodys_own_is_hidden(key: str) -> None:
    redactor = discovering("alice").redactor()
    for value in (ID, "491511234567"):
        assert value.encode() not in scrubbed(redactor, f'{{"{key}": "{value}"}}'.encode(), Scrub.JSON)


def test_no_possessive_repetition_holds_an_assertion() -> None:
    """Python 3.11.0 to 3.11.3 read what ``(?:a|b(?!c))++`` asserts wrongly, and the one-file tool runs there."""
    modules = Path(secret_shapes.__file__).parent.glob("*.py")
    patterns = [
        (path.name, value)
        for path in modules
        for value in vars(importlib.import_module(f"claude_evidence.collector.{path.stem}")).values()
        if isinstance(value, re.Pattern)
    ]
    assert len(patterns) > 50
    assert not [name for name, pattern in patterns if _asserts_possessively(pattern.pattern)]


def _asserts_possessively(pattern: str | bytes) -> bool:
    def within(parsed: Any, possessive: bool) -> bool:
        for operation, argument in parsed:
            if possessive and str(operation) in ("ASSERT", "ASSERT_NOT", "AT"):
                return True
            inner = possessive or str(operation) in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP")
            if any(within(part, inner) for part in _parsed(argument)):
                return True
        return False

    return within(_parser.parse(pattern), False)


def _parsed(argument: Any) -> Iterator[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _parsed(part)
