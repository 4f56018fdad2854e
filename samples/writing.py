"""A scenario as the YAML that a person reads: events one a line, files as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


class _Flow(dict[str, Any]):
    """A mapping written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes every value where it belongs, never as an alias of another."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _flow(dumper: _Dumper, value: _Flow) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Flow, _flow)


def scenario_text(raw: Mapping[str, Any]) -> str:
    """Return the YAML of the scenario with the keys *raw*: what `scenario.load` reads back as the same."""
    told = dict(raw)
    if "host" in told:
        told["host"] = _Flow(told["host"])
    for key in ("events", "missing"):
        if key in told:
            told[key] = [_Flow(entry) for entry in told[key]]
    if expect := told.get("expect"):
        findings = {rule: _Flow(entry) for rule, entry in expect.get("findings", {}).items()}
        told["expect"] = {**expect, "findings": findings}
    parts = [_dumped({key: value}) for key, value in told.items()]
    return "".join(part if _is_short(part) else f"\n{part}" for part in parts)


def plain_text(value: Mapping[str, Any]) -> str:
    """Return *value* as YAML."""
    return _dumped(dict(value))


def _dumped(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, indent=2)
    return text


def _is_short(part: str) -> bool:
    return part.count("\n") == 1
