"""Real bundles of a scenario with a text planted wherever their files carry one, and a rule that says it too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from claude_evidence.analyzers.report import examine
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.bundle_names import MemberNames
from claude_evidence.bundle_write import write_bundle
from claude_evidence.model import Acquisition, Manifest, Outcome, Report
from claude_evidence.parsers import parse
from claude_evidence.samples._session_files import ROOT, HostFile
from claude_evidence.samples.builder import host_files
from claude_evidence.samples.event_catalogue import known_events
from claude_evidence.samples.scenario import SCENARIOS, Scenario, load

MOST_LINES = 60
RULE: dict[str, Any] = {
    "name": "planted",
    "id": "5c8c1b1e-9d0b-4a53-8d6f-3a3b7e2f7a11",
    "status": "test",
    "date": "2026-05-17",
    "logsource": {"product": "claude_desktop", "category": "app_log", "service": "main"},
    "detection": {"selection": {"Message|contains": "Starting app"}, "condition": "selection"},
    "level": "critical",
}


def hostile_report(folder: Path, scenario: str, text: str, turn: int) -> Report:
    """Return the report on the bundle of *scenario* with *text* in each third text of it; *turn* says which third."""
    plant = _Planter(text, turn)
    source = load(SCENARIOS / f"{scenario}.yaml")
    raw = {**source.raw, "events": [plant.event(one) for one in source.raw.get("events", [])]}
    planted = replace(source, raw=raw)
    files = [plant.file(one) for one in host_files(planted)]
    files += [replace(files[0], path=path, data=plant.json_bytes({"sessionId": text})) for path in plant.paths()]
    names = MemberNames()
    stored = [(names.of(one.path + ".meta.json" if one.meta else one.path), one) for one in files]
    members = [(name, one.data) for name, one in stored]
    members.append(("data/state/packages.txt", plant.packages(source.raw.get("packages", ""))))
    path = folder / "bundle.zip"
    write_bundle(path, _manifest(planted, plant, [*map(_acquired, stored)]), members, timestamp=source.collected_at)
    (folder / "planted.yml").write_text(plant.rule(), encoding="utf-8")
    rules = load_rules([folder / "planted.yml"])
    with open_bundle([path]) as bundle:
        return examine(parse(bundle, rules.fields), rules, inputs=bundle.inputs)[0]


def _acquired(stored: tuple[str, HostFile]) -> Acquisition:
    name, file = stored
    return Acquisition("x", file.path, Outcome.COLLECTED, None, file.modified_at, name)


def _manifest(scenario: Scenario, plant: _Planter, acquisitions: list[Acquisition]) -> Manifest:
    text = plant.encodable
    host = {key: f"{value}{text}" for key, value in scenario.raw["host"].items()} | {text: text}
    asked = [replace(one, artifact=one.artifact + text, source=one.source + text, detail=text) for one in acquisitions]
    gone = Acquisition(text, text, Outcome.MISSING, detail=text)
    return Manifest(
        bundle_id=text,
        tool=text,
        started_at=scenario.collected_at,
        finished_at=scenario.collected_at,
        host=host,
        timezone=scenario.raw.get("timezone"),
        acquisitions=(*asked, gone),
    )


class _Planter:
    """Puts one text into each third text that it is shown."""

    def __init__(self, text: str, turn: int) -> None:
        self.text, self.seen = text, turn
        self.encodable = text.encode("utf-8", "replace").decode()
        """The text without lone surrogates, for formats that cannot hold any."""

    def __call__(self, own: str) -> str:
        self.seen += 1
        return own + self.text if self.seen % 3 == 0 else own

    def event(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        kind = known_events().get((str(spec["provider"]), int(spec["id"])))
        data = spec.get("data", {})
        if kind is None or not isinstance(data, Mapping):
            return dict(spec)
        texts = [name for name, code in kind.fields.items() if code == "UnicodeString"]
        planted = {name: self(str(data.get(name, ""))) for name in texts}
        storable = {name: text.encode("utf-8", "replace").decode().replace("\0", "") for name, text in planted.items()}
        return {**spec, "data": {**data, **storable}}

    def file(self, file: HostFile) -> HostFile:
        if file.path.endswith((".json", ".json.tmp")) or file.meta:
            try:
                return replace(file, data=self.json_bytes(json.loads(file.data)))
            except ValueError:
                return file
        if file.path.endswith(".log"):
            lines = file.data.decode().splitlines(keepends=True)
            text = "".join(self.lines(lines[:MOST_LINES]))
            return replace(file, data=text.encode("utf-8", "surrogatepass"))
        return file

    def lines(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            yield f"{self(line.rstrip())}\r\n"

    def packages(self, text: str) -> bytes:
        """Plant the values that name nothing: with another name or version it would not be Claude's package."""
        free = ("Publisher ", "InstallLocation ", "Status ")
        lines = (line + self.text if line.strip().startswith(free) else line for line in text.splitlines())
        return "\r\n".join(lines).encode("utf-8", "surrogatepass")

    def json_bytes(self, value: Any) -> bytes:
        planted = self._planted(value)
        return json.dumps({**planted, self.text: self.text} if isinstance(planted, dict) else planted).encode()

    def _planted(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._planted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._planted(item) for item in value]
        return self(value) if isinstance(value, str) else value

    def paths(self) -> list[str]:
        name = self.encodable
        return [f"{ROOT}/claude-code-sessions/account/org/local_{name}.json", f"{ROOT}/logs/{name}/{name}.bin"]

    def rule(self) -> str:
        text = self.encodable
        step = {"text": text, "command": text, "risk": "safe", "worked": text}
        custom = {
            "explanation": text,
            "remedy": [step],
            "does_not_work": [text],
            "for_developers": text,
            "facts": [{"label": text, "field": "Message", "show": "max"}],
        }
        rule = {"title": f"Planted {text}", **RULE, "references": [text], "falsepositives": [text], "custom": custom}
        return yaml.safe_dump(rule, allow_unicode=False, sort_keys=False)
