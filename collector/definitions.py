"""What is collected: ForensicArtifacts definitions, read by that format's library, and a ``collect:`` mapping of ours.

The library refuses keys it does not know, so the mapping is taken off each entry before the rest is handed on.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

from claude_evidence.collector._expansion import NAMES, VARIABLE
from claude_evidence.collector._types import Artifact, Scrub, Source, Store
from claude_evidence.usage import UsageError

FILE = "artifacts.yaml"
_SYSTEMS = {"Windows": "windows", "Darwin": "macos", "Linux": "linux"}
_TYPES = frozenset({"FILE", "PATH", "COMMAND", "REGISTRY_KEY", "REGISTRY_VALUE"})
_PROBE = re.compile(r"probe_[a-z_]+|inventory")
_STATE = re.compile(r"[a-z0-9_-]+\.(?:json|txt)")
_KEY = re.compile(r"(?:\*|[\w:$-]+)(?:\.(?:\*|[\w:$-]+))*")
_MOST_BYTES = 1 << 34
_ROOTED = re.compile(r"%%[a-z_.]+%%|[A-Za-z]:/|/")


class _EntryError(Exception):
    """What is wrong with one entry."""


def load(path: Path | None = None) -> tuple[Artifact, ...]:
    """Return the artifacts of the YAML file *path*, by default our own; in the order of the file.

    UsageError, naming file and entry, for what is no such file: unknown keys and values, a name given twice, a probe
    that is no module, a variable that nobody knows.
    """
    where = str(path) if path else FILE
    found: dict[str, Artifact] = {}
    for number, entry in enumerate(_documents(_text(path), where), 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        label = str(name) if name else f"entry {number}"
        try:
            artifact = _artifact(entry)
            if artifact.name.casefold() in found:
                raise _EntryError("its name is given twice")
        except _EntryError as error:
            raise UsageError(f"{where}: {label}: {error}") from None
        found[artifact.name.casefold()] = artifact
    if not found:
        raise UsageError(f"{where}: holds no artifact")
    return tuple(found.values())


def _text(path: Path | None) -> str:
    try:
        if path is None:
            return resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path or FILE}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path or FILE}: is not UTF-8: {error.reason} at byte {error.start}") from error


def _documents(text: str, where: str) -> Iterator[Any]:
    import yaml

    try:
        yield from (entry for entry in yaml.safe_load_all(text) if entry is not None)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{where}: is no YAML: {' '.join(str(error).split())[:200]}") from None


def _artifact(entry: Any) -> Artifact:
    if not isinstance(entry, dict) or not all(isinstance(key, str) for key in entry):
        raise _EntryError("is no mapping of names to values")
    rest = {key: value for key, value in entry.items() if key != "collect"}
    definition = _definition(rest)
    systems = _systems(definition.supported_os)
    if not systems:
        raise _EntryError("supported_os names no system: Windows, Darwin or Linux")
    sources = tuple(_source(source) for source in definition.sources)
    return _checked(
        Artifact(
            definition.name,
            " ".join(str(definition.description).split()),
            systems,
            sources,
            **_collect(entry.get("collect", {})),
        )
    )


def _definition(rest: Mapping[str, Any]) -> Any:
    from artifacts import errors, reader

    try:
        return reader.YamlArtifactsReader().ReadArtifactDefinitionValues(rest)
    except errors.FormatError as error:
        raise _EntryError(str(error)) from None
    except (AttributeError, TypeError, ValueError, KeyError) as error:  # what that reader does not look at first
        raise _EntryError(f"is no artifact definition: {error}") from None


def _systems(names: Any) -> frozenset[str]:
    return frozenset(_SYSTEMS[name] for name in names if name in _SYSTEMS)


def _source(source: Any) -> Source:
    kind, told = str(source.type_indicator), source.AsDict()
    if kind not in _TYPES:
        raise _EntryError(f"{kind} is no type of source that is collected: {', '.join(sorted(_TYPES))}")
    return Source(kind, tuple(_names(kind, told)), _systems(source.supported_os))


def _names(kind: str, told: Mapping[str, Any]) -> Iterator[str]:
    if kind == "COMMAND":
        yield from map(str, (told["cmd"], *told["args"]))
    elif kind == "REGISTRY_KEY":
        yield from map(str, told["keys"])
    elif kind == "REGISTRY_VALUE":
        yield from (f"{pair['key']}\\{pair['value']}" for pair in told["key_value_pairs"])
    else:
        for path in told["paths"]:
            yield _path(str(path), str(told.get("separator", "/")))


def _path(path: str, separator: str) -> str:
    plain = path.replace(separator, "/")
    unknown = [name for name in VARIABLE.findall(plain.lower()) if name not in NAMES]
    if unknown:
        raise _EntryError(f"%%{unknown[0]}%% is no variable that is known: {', '.join(sorted(NAMES))}")
    if not _ROOTED.match(plain):
        raise _EntryError(f"{path!r} does not begin at a root or with a variable")
    if any(part in (".", "..") for part in plain.split("/")):
        raise _EntryError(f"{path!r} leads upwards")
    return plain


def _collect(given: Any) -> dict[str, Any]:
    """Return the fields of `Artifact` that a ``collect:`` mapping gives."""
    if not isinstance(given, dict):
        raise _EntryError("collect is no mapping")
    readers = {
        "store": lambda value: _word(Store, value),
        "scrub": lambda value: _word(Scrub, value),
        "max_bytes": lambda value: _number(value, 1, _MOST_BYTES),
        "max_age_days": lambda value: _number(value, 1, 36_500),
        "rank": lambda value: _number(value, 0, 9),
        "keys": _keys,
        "probe": _probe,
        "state": _state,
    }
    if unknown := [str(key) for key in given if key not in readers]:
        raise _EntryError(f"collect has no key {unknown[0]!r}: {', '.join(readers)}")
    fields = {}
    for key, value in given.items():
        try:
            fields[key] = readers[key](value)
        except ValueError as error:
            raise _EntryError(f"collect: {key}: {error}") from None
    return fields


def _word(words: type[StrEnum], value: Any) -> StrEnum:
    try:
        return words(value)
    except ValueError:
        raise ValueError(f"{value!r} is none of {', '.join(words)}") from None


def _number(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{value!r} is no number from {least} to {most}")
    return value


def _keys(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("is no list of JSON paths")
    if bad := [key for key in value if not isinstance(key, str) or not _KEY.fullmatch(key)]:
        raise ValueError(f"{bad[0]!r} is no JSON path (words between dots)")
    return frozenset(value)


def _probe(value: Any) -> str:
    if not isinstance(value, str) or not _PROBE.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a probe (probe_…)")
    if importlib.util.find_spec(f"claude_evidence.collector.{value}") is None:
        raise ValueError(f"there is no module {value} in the collector")
    return value


def _state(value: Any) -> str:
    if not isinstance(value, str) or not _STATE.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a state file (word.json, word.txt)")
    return value


def _checked(artifact: Artifact) -> Artifact:
    """Return *artifact* where its parts agree with each other."""
    asked = [source.type for source in artifact.sources if source.type not in ("FILE", "PATH")]
    if asked and not artifact.probe:
        raise _EntryError(f"a {asked[0]} needs a probe that answers it")
    if artifact.keys and artifact.scrub is not Scrub.JSON:
        raise _EntryError("keys are for scrub: json")
    if artifact.store is Store.METADATA and artifact.probe:
        raise _EntryError("what a probe makes has no metadata")
    return artifact
