"""Stands in for ``powershell.exe`` where Windows is imitated: a sample's packages as ``ConvertTo-Json`` writes them.

Everything else fails as where a policy forbids it: such answers come from other places or are said to be missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ANSWERS = Path("C:\\ProgramData\\answers")
FORBIDDEN = "This script is blocked by the policy of your system administrator."


def main(words: list[str]) -> int:
    """Answer the script that ``-Command`` is followed by; return the exit code."""
    script = words[words.index("-Command") + 1]
    packages = json.loads((ANSWERS / "told.json").read_text(encoding="utf-8"))["packages"]
    if "Get-AppxPackage" not in script or "ConvertTo-Json" not in script or not packages:
        sys.stderr.write(FORBIDDEN + "\n")
        return 1
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(json.dumps(packages, separators=(",", ":"), ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
