"""Reading rule files: the package's own and those a user names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claude_evidence.analyzers._rule_places import below, default_folder, shown
from claude_evidence.analyzers._yaml_lines import MAX_BYTES, Reading, YamlError, read
from claude_evidence.model import UsageError


@dataclass(slots=True, eq=False)
class RuleFile:
    """One file: ``where`` is how messages name it, ``own`` whether it is one of the package's, ``named`` by the
    user."""

    path: Path
    where: str
    own: bool = False
    named: bool = False
    reading: Reading = field(default_factory=Reading)


def rule_files(folders: Sequence[Path], *, defaults: bool, seen: set[Path] | None = None) -> Iterator[list[RuleFile]]:
    """Yield the files of the package, then of each of *folders*, read; a file met twice is read once.

    Raises `UsageError` for a path that does not exist or holds no rule file.
    """
    seen = set() if seen is None else seen
    root = default_folder()
    if defaults:
        yield [_read(path, shown(path, root), own=True) for path in below(root) if _new(path, seen)]
    for folder in folders:
        yield [
            _read(path, shown(path), own=root in Path(os.path.realpath(path)).parents, named=path == folder)
            for path in _given(folder)
            if _new(path, seen)
        ]


def _given(folder: Path) -> list[Path]:
    if folder.is_dir():
        found = below(folder)
        if not found:
            raise UsageError(f"{shown(folder)}: no *.yml or *.yaml file in this folder")
        return found
    if not folder.exists():
        raise UsageError(f"{shown(folder)}: no such file or folder of rules")
    return [folder]


def _new(path: Path, seen: set[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return not (real in seen or seen.add(real))  # type: ignore[func-returns-value]


def _read(path: Path, where: str, *, own: bool = False, named: bool = False) -> RuleFile:
    file = RuleFile(path, where, own, named)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            file.reading.error = YamlError("not a regular file", 1)
            return file
        with path.open("rb") as stream:
            file.reading = read(stream.read(MAX_BYTES + 1))
    except OSError as error:
        file.reading.error = YamlError(f"cannot be read: {error.strerror or error}", 1)
    return file
