"""The start of ``claude-evidence-collect.pyz`` and ``.exe``: the command without what only a report needs.

They hold what collecting stands on and no more, so that one small file does it on a machine where nothing is installed.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from pathlib import Path

from claude_evidence import second

ALSO = frozenset({"collect", "redact", "verify"})
_ALSO = "\n\nWith `verify BUNDLE` or `redact INPUT... -o BUNDLE` as its first words it does that instead."
ELSEWHERE = frozenset({"analyze", "diff", "recover", "rules", "samples"})


def arguments(given: Sequence[str]) -> list[str]:
    """Return the command line of ``claude-evidence`` that *given* stands for: options alone mean ``collect``."""
    return list(given) if given and given[0] in ALSO | {"--version"} else ["collect", *given]


def main() -> None:
    """Collect, or do what the first argument says where that needs no more than collecting does."""
    given = sys.argv[1:]
    if given == [second.WORD]:
        second.serve()
    if given and given[0] in ELSEWHERE:
        line = " ".join(["claude-evidence", *given])
        sys.stderr.write(f"Error: this file only collects; where claude-evidence is installed, run: {line}\n")
        sys.exit(2)
    name = Path(sys.argv[0]).name
    sys.argv[1:] = arguments(given)
    from claude_evidence.cli import cli
    from claude_evidence.cli import main as run

    command = cli.get_command(cli.make_context(name, [], resilient_parsing=True), sys.argv[1])
    if command and command.help:  # its examples are lines to be typed
        text = inspect.cleandoc(command.help).replace("claude-evidence ", f"{name} ")
        command.help = text + (_ALSO if sys.argv[1] == "collect" else "")
    run(name)


if __name__ == "__main__":
    main()
