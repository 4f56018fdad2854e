"""JSON: described by its schema, faithful, safe to print."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from claude_evidence import model
from claude_evidence.evidence_rows import EvidenceRow
from claude_evidence.model import Manifest, Report, Verdict
from claude_evidence.templates._visible import visible
from claude_evidence.templates.render import render
from claude_evidence.templates.report_json import SCHEMA, to_json

Plant = Callable[[str, Callable[[str], str]], Report]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    text = files("claude_evidence.templates").joinpath("report.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_reports_are_valid(schema: dict[str, Any], rich: Report, healthy: Report) -> None:
    Draft202012Validator.check_schema(schema)
    for report in (rich, healthy, Report(Manifest(), Verdict("No known failure found"))):
        Draft202012Validator(schema).validate(json.loads(to_json(report)))


def test_schema_and_types_agree(schema: dict[str, Any]) -> None:
    """Every field of every type is described, in order, and nothing else is allowed."""
    described = {**schema["$defs"], "Report": schema}
    types = [t for t in vars(model).values() if dataclasses.is_dataclass(t) and isinstance(t, type)] + [EvidenceRow]
    for kind in types:
        if kind.__name__ not in {"Evidence", "Coverage"}:
            names = [field.name for field in dataclasses.fields(kind) if field.name != "densities"]
            found = described[kind.__name__]
            assert [name for name in found["properties"] if name != "schema"] == names
            assert [name for name in found["required"] if name != "schema"] == names
            assert found["additionalProperties"] is False


@pytest.mark.parametrize(
    "change", [{"unknown": 1}, {"created_at": "2026-05-17T05:27:31"}, {"findings": {}}, {"schema": "x"}]
)
def test_schema_refuses(schema: dict[str, Any], rich: Report, change: dict[str, Any]) -> None:
    document = json.loads(to_json(rich)) | change
    assert not Draft202012Validator(schema).is_valid(document)


def test_form(rich: Report) -> None:
    text = to_json(rich)
    document = json.loads(text)
    assert list(document)[:3] == ["schema", "manifest", "verdict"]
    assert document["schema"] == SCHEMA
    assert document["findings"][1]["first_seen"] == "2026-05-17T05:27:31.250000Z"
    assert document["findings"][3]["first_local"] == "2026-05-16T05:27:31.250000"
    assert list(document["extra"]) == ["engine", "rules", "seen", "share"]
    assert document["extra"]["seen"] == ["2026-05-17T05:27:31.250000Z", None]
    assert text.endswith("}\n")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec=None), min_size=1, max_size=40))
def test_text_is_faithful_and_safe(schema: dict[str, Any], plant: Plant, text: str) -> None:
    written = to_json(plant("healthy", lambda _: text))
    assert visible(written, block=True) == written
    document = json.loads(written)
    Draft202012Validator(schema).validate(document)
    expected = "".join(visible(char) if 0xD800 <= ord(char) < 0xE000 else char for char in text)
    assert document["verdict"]["headline"] == expected
    assert list(document["manifest"]["host"]) == [expected]


def test_render_writes_it_too(rich: Report) -> None:
    assert render(rich, "report.json") == to_json(rich)
