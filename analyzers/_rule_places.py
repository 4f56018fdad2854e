"""Where rule files are, and how messages name them."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from claude_evidence.model import UsageError

MAX_FILES = 20_000
_SUFFIXES = (".yml", ".yaml")


def default_folder() -> Path:
    """Return the folder of the package's own rules."""
    return Path(os.path.realpath(str(files("claude_evidence.rules"))))


def default_files() -> list[Path]:
    """Return the package's own rule files, sorted."""
    return below(default_folder())


def below(root: Path) -> list[Path]:
    """Return the rule files below *root*, sorted; links to folders are not followed, so loops end."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found += [Path(folder, name) for name in sorted(names) if name.lower().endswith(_SUFFIXES)]
        if len(found) > MAX_FILES:
            raise UsageError(f"{shown(root)}: more than {MAX_FILES} rule files")
    return found


def shown(path: Path, root: Path | None = None) -> str:
    """Return *path* as messages name it: below ``rules/`` for the package's own, else as the user gave it."""
    text = f"rules/{path.relative_to(root).as_posix()}" if root else str(path)
    text = text.encode(errors="backslashreplace").decode()
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
