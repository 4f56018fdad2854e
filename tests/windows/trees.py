"""Trees of samples below the folder that the tests and Windows share, and what ``collect --root`` makes of them."""

from __future__ import annotations

from pathlib import Path

from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.scenario import SCENARIOS, load
from tests.windows.live import ALICE
from tests.windows.machine import Machine, told

LOGS = "C/Users/alice/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/logs"
COLLECT = ("-m", "claude_evidence", "collect")


def tree(windows: Machine, sample: str, folder: str) -> Path:
    """Write the host of *sample* into the new *folder* of the scratch folder and return where."""
    root = windows.scratch / folder
    write_tree(load(SCENARIOS / f"{sample}.yaml"), root)
    return windows.share(root)


def collect(
    windows: Machine, root: Path, *more: str, program: tuple[str, ...] = COLLECT, locale: str = ""
) -> tuple[Path, str]:
    """Collect from the tree at *root* with the Windows Python; return the bundle and what was printed."""
    bundle = windows.scratch / f"{root.name}.zip"
    words = ["--root", windows.name(root), "-o", windows.name(bundle), "-y", *more]
    variables = ALICE if windows.imitated else None
    ran = windows.python(*program, *words, variables=variables, locale=locale)
    assert ran.returncode == 0, told(ran)
    assert b"Traceback" not in ran.stderr, told(ran)
    return bundle, ran.stdout.decode(errors="replace")
