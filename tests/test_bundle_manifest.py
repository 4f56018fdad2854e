"""The manifest as JSON: there and back, and nothing in it can crash the reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.bundle import manifest_from_json, manifest_to_json
from claude_evidence.model import Acquisition, Manifest, Outcome

NOON = datetime(2026, 5, 17, 12, 0, 0, 123456, UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.just("2026-05-17T12:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
KEYS = ["format", "bundle_id", "tool", "started_at", "host", "timezone", "utc_offset_s", "redacted", "acquisitions",
        "artifact", "source", "outcome", "modified_at", "member", "sha256", "size_bytes"]  # fmt: skip


def full_manifest() -> Manifest:
    entries = (
        Acquisition("log", "C:\\Users\\a\\b.log", Outcome.COLLECTED, NOON, NOON, "data/files/C/b.log", "ab" * 32, 5),
        Acquisition("dump", "C:\\é", Outcome.DENIED, detail="access denied"),
    )
    return Manifest("claude-evidence/bundle/1", "id", "tool 1", NOON, NOON, {"name": "DESKTOP-SAMPLE"}, "Europe/Berlin",
                    7200, redacted=True, acquisitions=entries)  # fmt: skip


def read(data: bytes) -> tuple[Manifest | None, list[str]]:
    said: list[str] = []
    return manifest_from_json(data, said.append), said


def test_a_manifest_comes_back_as_it_was() -> None:
    assert read(manifest_to_json(full_manifest())) == (full_manifest(), [])


def test_times_are_written_in_utc() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    written = json.loads(manifest_to_json(Manifest(started_at=berlin)))
    assert written["started_at"] == "2026-05-17T12:00:00.123456Z"


def test_unknown_keys_are_passed_over_and_missing_ones_take_their_default() -> None:
    assert read(b'{"format": "claude-evidence/bundle/1", "colour": "red"}') == (Manifest(), [])


def test_a_later_format_is_read_and_said() -> None:
    manifest, said = read(b'{"format": "claude-evidence/bundle/2", "tool": "t"}')
    assert manifest is not None
    assert manifest.tool == "t"
    assert len(said) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("started_at", 5),
        ("started_at", "yesterday"),
        ("started_at", "2026-05-17T12:00:00"),
        ("started_at", "0001-01-01T00:00:00+14:00"),
        ("utc_offset_s", True),
        ("utc_offset_s", "7200"),
        ("host", ["name"]),
        ("host", {"name": None}),
        ("redacted", "yes"),
        ("tool", {}),
        ("acquisitions", {}),
        ("acquisitions", [3]),
        ("acquisitions", [{"outcome": "stolen"}]),
    ],
)
def test_a_wrong_type_is_a_problem_and_the_rest_is_read(key: str, value: object) -> None:
    manifest, said = read(json.dumps({"format": "claude-evidence/bundle/1", "bundle_id": "id", key: value}).encode())
    assert manifest is not None
    assert manifest.bundle_id == "id"
    assert len(said) == 1
    assert key.rstrip("s") in said[0] or "outcome" in said[0]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 200_000])
def test_what_is_no_object_gives_no_manifest_and_a_problem(data: bytes) -> None:
    manifest, said = read(data)
    assert manifest is None
    assert len(said) == 1


def test_an_escaped_lone_surrogate_can_be_written_again() -> None:
    manifest, _ = read(b'{"tool": "a\\ud800b", "host": {"\\udfff": "\\ud800"}}')
    assert manifest is not None
    assert manifest.tool == "a\ufffdb"
    assert read(manifest_to_json(manifest))[0] == manifest


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.lists(st.dictionaries(st.sampled_from(KEYS), JSON), max_size=3))
def test_any_json_object_gives_a_manifest_that_can_be_written(top: dict[str, object], entries: list[object]) -> None:
    manifest, _ = read(json.dumps({**top, "acquisitions": entries}).encode())
    assert manifest is not None
    assert len(manifest.acquisitions) == len(entries)
    again, _ = read(manifest_to_json(manifest))
    assert again == manifest
