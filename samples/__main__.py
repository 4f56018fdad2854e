"""``python -m claude_evidence.samples [NAME…]`` builds samples; ``--check`` only compares, ``--tree`` makes a disk."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from claude_evidence.samples._tree import write_tree
from claude_evidence.samples.builder import build
from claude_evidence.samples.scenario import FOLDER, SCENARIOS, load, names


def main() -> int:
    """Build or compare the samples named, all of them without a name; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m claude_evidence.samples", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to build (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="build elsewhere and compare with the bundles that are here"
    )
    parser.add_argument(
        "--to", type=Path, default=FOLDER, metavar="FOLDER", help="where the bundles are (default: here)"
    )
    parser.add_argument(
        "--tree", type=Path, metavar="FOLDER", help="write the host of the one scenario named as a disk below FOLDER"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(names()):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    if options.tree is not None:
        return _tree(parser, options.names, options.tree)
    differing = [name for name in options.names or names() if not _one(name, options.to, options.check)]
    return 1 if differing else 0


def _tree(parser: argparse.ArgumentParser, chosen: list[str], folder: Path) -> int:
    if len(chosen) != 1:
        parser.error("--tree takes one scenario")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"{folder} is no empty folder")
    write_tree(load(SCENARIOS / f"{chosen[0]}.yaml"), folder)
    return 0


def _one(name: str, folder: Path, check: bool) -> bool:
    scenario, target = load(SCENARIOS / f"{name}.yaml"), folder / f"{name}.zip"
    if not check:
        digest = build(scenario, target)
        sys.stdout.write(f"{target}  {target.stat().st_size:,} bytes  sha256 {digest}\n")
        return True
    if not target.exists():
        sys.stdout.write(f"{target}  is not there: build it\n")
        return False
    with tempfile.TemporaryDirectory() as elsewhere:
        copy = Path(elsewhere) / target.name
        build(scenario, copy)
        same = target.read_bytes() == copy.read_bytes()
    sys.stdout.write(f"{target}  {'the same' if same else 'DIFFERS: build it again'}\n")
    return same


if __name__ == "__main__":
    sys.exit(main())
