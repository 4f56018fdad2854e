"""Programs of the host, run so that nothing can go wrong: no window, no input, an end in time, a bounded output."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from claude_evidence.collector import _console_text, _process_tree
from claude_evidence.model import Outcome

LIMIT_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 16
_COMPLAINT_BYTES = 1 << 16
_GRACE_S = 1.0
_NO_WINDOW = 0x08000000  # CREATE_NO_WINDOW: a console of its own, which nobody sees
_DENIED = frozenset({5, 225, 740, 786, 1260, 4551})
"""winerror.h: access denied, taken for malware, needs elevation, and forbidden by policy in its three forms."""
POWERSHELL = ("-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command")
_UTF8 = (
    "$ProgressPreference='SilentlyContinue';try{[Console]::OutputEncoding=New-Object Text.UTF8Encoding $false}catch{};"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one command.

    ``output`` is its standard output as it was, ``text`` decoded; ``returncode`` is None where it did not end by
    itself. ``outcome`` is collected, missing (no such program), denied, or failed; ``detail`` says why in a line.
    """

    command: str
    output: bytes = b""
    text: str = ""
    returncode: int | None = None
    detail: str = ""
    outcome: Outcome = Outcome.COLLECTED


def run(
    words: Sequence[str],
    timeout_s: float,
    *,
    silent: bool = False,
    codes: Mapping[int, Outcome] | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Ran:
    """Run the program *words* and everything it starts for at most *timeout_s*; never raises for what they do.

    A command that ends well and prints nothing failed, unless it is *silent* by nature. *codes* says what its exit
    codes mean beside 0; 5 is denied, as Windows' own tools have it. More output than *limit_bytes* ends it.
    """
    command = subprocess.list2cmdline(words)
    try:
        process = _start(words)
    except (OSError, ValueError) as error:
        outcome, why = _not_started(error)
        return Ran(command, detail=why, outcome=outcome)
    reader, complaints = _Reader(process.stdout, limit_bytes), _Reader(process.stderr, _COMPLAINT_BYTES)
    with _process_tree.Tree(process) as tree:
        late = _wait(process, reader, timeout_s)
        if not late:
            reader.finish(_GRACE_S)
        tree.end()
        process.wait()
        reader.finish(_GRACE_S)
        complaints.finish(_GRACE_S)
    output = reader.data()
    ran = Ran(command, output, _console_text.decode(output), None if late else process.returncode)
    if late:
        return _failed(ran, late)
    return _judged(ran, _console_text.decode(complaints.data()), silent, codes or {})


def system_tool(name: str) -> str:
    """Return where Windows' own program *name* (below System32) lies, for a 64-bit shell also from a 32-bit Python.

    Where there is no Windows, the name alone.
    """
    root = os.environ.get("SYSTEMROOT")
    if not root:
        return name
    real = Path(root, "Sysnative", *name.split("/"))  # what a 32-bit process calls the true System32
    return str(real if real.is_file() else Path(root, "System32", *name.split("/")))


def powershell(script: str) -> list[str]:
    """Return the command line that runs *script* (without double quotes) in Windows PowerShell, without any profile.

    In clear text: what is encoded looks like an attack to the programs that watch for one.
    """
    return [system_tool("WindowsPowerShell/v1.0/powershell.exe"), *POWERSHELL, _UTF8 + script]


def _start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    program = shutil.which(words[0])
    if program is None and not Path(words[0]).exists():
        raise FileNotFoundError(2, "no such program")
    flags = _NO_WINDOW if sys.platform == "win32" else 0
    return subprocess.Popen(  # noqa: S603 - the words are ours, and no shell reads them
        [program or words[0], *words[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=flags,
        start_new_session=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"} if os.name == "posix" else None,
        cwd=_elsewhere(),
    )


def _elsewhere() -> str | None:
    """Return a folder that holds no programs to be taken for Windows' own."""
    return os.environ.get("SYSTEMROOT") if os.name == "nt" else "/"


def _not_started(error: Exception) -> tuple[Outcome, str]:
    code = getattr(error, "winerror", None)
    if isinstance(error, FileNotFoundError):
        return Outcome.MISSING, "no such program"
    if isinstance(error, PermissionError) or code in _DENIED:
        return Outcome.DENIED, f"may not be run: {getattr(error, 'strerror', '') or error}"
    return Outcome.FAILED, f"could not be started: {getattr(error, 'strerror', '') or error}"


def _wait(process: subprocess.Popen[bytes], reader: _Reader, timeout_s: float) -> str:
    """Wait for the end of *process*; return why nobody waits any longer, nothing where it came."""
    end = time.monotonic() + timeout_s
    pause = 0.005
    while process.poll() is None:
        if reader.full:
            return f"ended: it printed more than {reader.limit:,} bytes"
        if time.monotonic() >= end:
            return f"ended: it took longer than {timeout_s:g} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return f"ended: it printed more than {reader.limit:,} bytes" if reader.full else ""


def _judged(ran: Ran, complaint: str, silent: bool, codes: Mapping[int, Outcome]) -> Ran:
    code = ran.returncode or 0
    said = _line(complaint) or _line(ran.text)
    if code == 0:
        if not silent and not ran.output.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
            return _failed(ran, f"gave nothing: {_line(complaint)}".rstrip(": "))
        return ran
    outcome = codes.get(code, Outcome.DENIED if code == 5 else Outcome.FAILED)
    return Ran(ran.command, ran.output, ran.text, code, f"exit code {code}: {said}".rstrip(": "), outcome)


def _failed(ran: Ran, why: str) -> Ran:
    return Ran(ran.command, ran.output, ran.text, ran.returncode, why, Outcome.FAILED)


def _line(text: str) -> str:
    """Return what *text* says first, in one line."""
    return " ".join(text[:2000].split())[:300]


class _Reader:
    """Reads a pipe to its end in a thread of its own, and holds at most *limit* bytes of it."""

    def __init__(self, pipe: IO[bytes] | None, limit: int) -> None:
        self.limit, self.full = limit, False
        self._pipe, self._blocks, self._size = pipe, list[bytes](), 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Wait for the end of the pipe, which may outlast the program: what it started may hold it open."""
        self._thread.join(seconds)
        if not self._thread.is_alive() and self._pipe is not None:
            self._pipe.close()

    def data(self) -> bytes:
        """Return what was read so far, at most ``limit`` bytes."""
        return b"".join(list(self._blocks))[: self.limit]

    def _read(self) -> None:
        if self._pipe is None:
            return
        try:
            while block := os.read(self._pipe.fileno(), _BLOCK_BYTES):
                if self._size < self.limit:
                    self._blocks.append(block)
                self._size += len(block)
                self.full = self._size > self.limit
        except (OSError, ValueError):
            return
