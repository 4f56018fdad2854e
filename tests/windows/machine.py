"""The Windows that the tests run on: this system, or the one whose Python an environment variable names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from tests.source import ROOT, copied

VARIABLE = "CLAUDE_EVIDENCE_WINDOWS_PYTHON"
NO_WHEEL = ("artifacts",)
"""Libraries that come as source alone: built here, for they are pure Python."""
_SET = (
    "import os, subprocess, sys\n"
    "count = int(sys.argv[1]) * 2 + 2\n"
    "os.environ.update(zip(sys.argv[2:count:2], sys.argv[3:count:2]))\n"
    "os.environ.pop('TZ', None)\n"  # the zone of an imitated Windows is that of its host, and this is for that alone
    "sys.exit(subprocess.call([sys.executable, *sys.argv[count:]]))"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A Windows with a Python that has this package. ``lab`` is the folder of an imitated one, None on Windows itself.

    ``scratch`` is a folder that the tests and Windows both write to; what the tests put there is made readable.
    """

    python_command: tuple[str, ...]
    lab: Path | None
    scratch: Path

    @property
    def imitated(self) -> bool:
        """Whether it is no true Windows: what others answer there is put in place by the tests."""
        return self.lab is not None

    def local(self, windows_path: str) -> Path:
        """Return where *windows_path* (``C:\\…``) lies for the tests."""
        if self.lab is None:
            return Path(windows_path)
        drive, rest = windows_path[0].lower(), PureWindowsPath(windows_path[3:]).parts
        return (self.lab / "prefix" / "dosdevices" / f"{drive}:").resolve().joinpath(*rest)

    def name(self, path: Path) -> str:
        """Return what Windows calls the tests' *path*."""
        if self.lab is None:
            return str(path)
        drive_c = self.local("C:\\")
        inside = path.is_relative_to(drive_c)
        rest = path.relative_to(drive_c if inside else "/")
        return str(PureWindowsPath("C:\\" if inside else "Z:\\", *rest.parts))

    def python(
        self,
        *words: str,
        variables: Mapping[str, str] | None = None,
        locale: str = "",
        zone: str = "",
        timeout_s: float = 240,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the Windows Python with *words*; *variables* are set in Windows.

        Where it is imitated, *locale* chooses its code pages, and *zone*, given with *variables*, its time zone.
        """
        if variables:
            words = ("-c", _SET, str(len(variables)), *[text for pair in variables.items() for text in pair], *words)
        told = {"LC_ALL": locale, **({"TZ": zone, "WINELAB_PASS": "TZ"} if zone else {})}
        return self.started([*self.python_command, *words], told, timeout_s)

    def program(self, path: str, *words: str, timeout_s: float = 240) -> subprocess.CompletedProcess[bytes]:
        """Run the Windows program at *path*."""
        wine = [str(self.lab / "bin" / "wine")] if self.lab else []
        return self.started([*wine, path, *words], {}, timeout_s)

    def started(
        self, line: Sequence[str], more: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run *line*, without input, in the scratch folder; *more* are added to our own variables."""
        environment = {**os.environ, **{name: value for name, value in more.items() if value}}
        return subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=self.scratch,
            env=environment,
            timeout=timeout_s,
        )

    def done(self, *words: str, variables: Mapping[str, str] | None = None, timeout_s: float = 240) -> str:
        """Run the Windows Python with *words*, which must succeed; return what it printed."""
        ran = self.python(*words, variables=variables, timeout_s=timeout_s)
        assert ran.returncode == 0, told(ran)
        return ran.stdout.decode(errors="replace").replace("\r\n", "\n")

    def share(self, path: Path) -> Path:
        """Let Windows read and write what is at *path* and below; return it."""
        if self.lab is not None:
            for one in [path, *path.rglob("*")]:
                one.chmod(0o777 if one.is_dir() else 0o666)
        return path

    def fake(self, script: Path, name: str) -> None:
        """Put the Python *script* in the place of the program *name*, which an imitated Windows only pretends to have.

        *name* is a path below System32.
        """
        assert self.lab is not None
        folder, _, file = name.rpartition("/")
        there = self.local(f"C:\\windows\\system32\\{folder}")
        line = [str(self.lab / "bin" / "mkfakeexe"), str(script), file, str(there)]
        subprocess.run(line, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def silence(self, name: str) -> None:
        """Put something that exits with 0 and prints nothing in the place of the program *name* below System32."""
        quiet = self.scratch / "quiet.py"
        quiet.write_text("raise SystemExit(0)\n", encoding="utf-8")
        self.fake(self.share(quiet), name)


def told(ran: subprocess.CompletedProcess[bytes]) -> str:
    """Return what a finished program said, for a failed test."""
    return f"exit code {ran.returncode}\n" + (ran.stdout + ran.stderr).decode(errors="replace")


@contextmanager
def machine() -> Iterator[Machine | None]:
    """Yield this Windows or the one that `VARIABLE` names, with this package in it; None where there is neither."""
    named = os.environ.get(VARIABLE, "")
    if os.name == "nt":
        with tempfile.TemporaryDirectory() as folder:
            yield Machine((sys.executable,), None, Path(folder).resolve())
        return
    if not named:
        yield None
        return
    python = Path(named).resolve()
    lab = python.parents[1]
    scratch = Path(tempfile.mkdtemp(prefix="suite-", dir=lab / "prefix" / "drive_c"))
    made = Machine((str(python),), lab, scratch)
    try:
        _install(made, made.share(scratch))
        yield made
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _install(made: Machine, scratch: Path) -> None:
    wheels = scratch / "wheels"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["dependency-groups"]["collector"], "isal"]
    ready = [name for name in needed if name not in NO_WHEEL]
    version = made.done("-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
    target = f"--platform=win_amd64 --python-version={version} --implementation=cp --only-binary=:all:".split()
    _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(copied(scratch / "source")), *NO_WHEEL)
    _pip("download", "--no-deps", "--dest", str(wheels), *target, *ready)
    made.share(wheels)
    options = ["--no-index", "--no-deps", "--no-warn-script-location", "--force-reinstall", "--find-links"]
    made.done("-m", "pip", "install", "--quiet", *options, made.name(wheels), "claude-evidence", *needed)


def _pip(*words: str) -> None:
    line = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=280)
    assert done.returncode == 0, told(done)


def plain(text: bytes) -> str:
    """Return console output without the escapes of a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode(errors="replace"))
