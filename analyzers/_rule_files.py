"""Finding and reading rule files: the package's own and those a user names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from claude_evidence.analyzers._yaml_lines import MAX_BYTES, Reading, YamlError, read
from claude_evidence.model import UsageError

MAX_FILES = 20_000
_SUFFIXES = (".yml", ".yaml")


@dataclass(slots=True, eq=False)
class RuleFile:
    """One file: ``where`` is how messages name it, ``own`` whether it is one of the package's, ``named`` by the
    user."""

    path: Path
    where: str
    own: bool = False
    named: bool = False
    reading: Reading = field(default_factory=Reading)


def default_folder() -> Path:
    """Return the folder of the package's own rules."""
    return Path(os.path.realpath(str(files("claude_evidence.rules"))))


def default_files() -> list[Path]:
    """Return the package's own rule files, sorted."""
    return _below(default_folder())


def rule_files(folders: Sequence[Path], *, defaults: bool, seen: set[Path] | None = None) -> Iterator[list[RuleFile]]:
    """Yield the files of the package, then of each of *folders*, read; a file met twice is read once.

    Raises `UsageError` for a path that does not exist or holds no rule file.
    """
    seen = set() if seen is None else seen
    root = default_folder()
    if defaults:
        yield [_read(path, _shown(path, root), own=True) for path in _below(root) if _new(path, seen)]
    for folder in folders:
        yield [
            _read(path, _shown(path), own=root in Path(os.path.realpath(path)).parents, named=path == folder)
            for path in _given(folder)
            if _new(path, seen)
        ]


def _given(folder: Path) -> list[Path]:
    if folder.is_dir():
        found = _below(folder)
        if not found:
            raise UsageError(f"{_shown(folder)}: no *.yml or *.yaml file in this folder")
        return found
    if not folder.exists():
        raise UsageError(f"{_shown(folder)}: no such file or folder of rules")
    return [folder]


def _below(root: Path) -> list[Path]:
    """Return the rule files below *root*, sorted; links to folders are not followed, so loops end."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found += [Path(folder, name) for name in sorted(names) if name.lower().endswith(_SUFFIXES)]
        if len(found) > MAX_FILES:
            raise UsageError(f"{_shown(root)}: more than {MAX_FILES} rule files")
    return found


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


def _shown(path: Path, root: Path | None = None) -> str:
    """Return *path* as messages name it: below ``rules/`` for the package's own, else as the user gave it."""
    text = f"rules/{path.relative_to(root).as_posix()}" if root else str(path)
    text = text.encode(errors="backslashreplace").decode()
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
