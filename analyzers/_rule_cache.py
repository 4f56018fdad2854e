"""The package's own rules, parsed once: the next run reads them as they were understood.

Parsing seventy rule files takes a third of a second, which a short run would pay each time. See `compiled` for where
they are kept and why that is as safe as a compiled module.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from claude_evidence import compiled
from claude_evidence.analyzers._types import RuleSet

_NAME = "claude_evidence.rules.{}.kept"
_CODE = ("_*rule*.py", "_forms.py", "_questions.py", "_text.py", "_types.py", "rules.py")
_LIBRARY = ("sigma.rule", "sigma.types", "sigma.conditions", "sigma.correlations")


def kept(files: Sequence[Path], parse: Callable[[], RuleSet]) -> RuleSet:
    """Return the rules that *files* hold: from the last run where nothing changed since, else by *parse*."""
    folder = compiled.folder()
    if folder is None:
        return parse()
    place = folder / _NAME.format(compiled.key([*files, *_code(), *_library()]))
    data = compiled.read(place)
    if data is not None and (rules := _loaded(data)) is not None:
        return rules
    rules = parse()
    if not rules.problems:
        compiled.write(place, pickle.dumps(rules, pickle.HIGHEST_PROTOCOL), _NAME.format("*"))
    return rules


def _code() -> list[Path]:
    """Return the files that say how rules are understood, and in which form they are kept."""
    own = Path(__file__).parent
    return sorted(path for pattern in _CODE for path in own.glob(pattern))


def _library() -> list[Path]:
    """Return files of pySigma, found and not imported: what was kept does without it."""
    found = (find_spec(name) for name in _LIBRARY)
    return [Path(spec.origin) for spec in found if spec and spec.origin]


def _loaded(data: bytes) -> RuleSet | None:
    try:
        rules = pickle.loads(data)  # noqa: S301 - our own file among the program's own, as a .pyc is
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
        return None
    return rules if isinstance(rules, RuleSet) else None
