"""Stands in for ``sc.exe queryex NAME`` where Windows is imitated: every service runs that the sample does not deny."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ANSWERS = Path("C:\\ProgramData\\answers")
NO_SUCH_SERVICE = 1060
TEXT = """
DIENSTNAME: {name}
        TYP                : 20  WIN32_SHARE_PROCESS
        STATUS             : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_BEENDCODE    : 0  (0x0)
        DIENST-BEENDCODE   : 0  (0x0)
        PRÜFPUNKT          : 0x0
        WARTEHINWEIS       : 0x0
        PID                : 4312
        FLAGS              :
"""


def main(words: list[str]) -> int:
    """Answer ``queryex``; return the exit code."""
    command, name = words
    assert command == "queryex", words
    if name in json.loads((ANSWERS / "told.json").read_text(encoding="utf-8"))["absent"]:
        sys.stdout.write(f"[SC] EnumQueryServicesStatus:OpenService FEHLER {NO_SUCH_SERVICE}:\n")
        return NO_SUCH_SERVICE
    sys.stdout.buffer.write(TEXT.format(name=name).replace("\n", "\r\n").encode("cp850"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
