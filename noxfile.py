"""Chores: ``nox -l`` lists them."""

import shutil
import tomllib
import zipapp
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "venv"

DIST = Path("dist").resolve()
START = "from claude_evidence.collect_only import main\n\nmain()\n"
# what collecting never imports: compiled speed-ups, which fit one Python, and what the libraries bring for others
NEEDLESS = (
    "bin",
    "*.dist-info/RECORD",
    "_yaml",
    "**/*.so",
    "**/*.pyd",
    "**/__pycache__",
    "regipy/plugins",
    "artifacts/data",
)
OWN_NEEDLESS = ("parsers", "analyzers", "templates", "rules", "samples")


@nox.session
def lint(session: nox.Session) -> None:
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the built wheel."""
    session.install("build")
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder))
    (wheel,) = folder.glob("*.whl")
    session.install(f"{wheel}[dev]")
    session.run("pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed of whole runs; figures only, no judgement."""
    session.install("-e", ".[dev]")
    session.run("python", "tests/benchmarks/run.py", *session.posargs)


@nox.session
def pyz(session: nox.Session) -> None:
    """Build dist/claude-evidence-collect.pyz: one file that collects with any Python, nothing to install."""
    folder = _collector(session)
    (folder / "__main__.py").write_text(START, encoding="utf-8")
    DIST.mkdir(exist_ok=True)
    target = DIST / "claude-evidence-collect.pyz"
    zipapp.create_archive(folder, target, interpreter="/usr/bin/env python3", compressed=True)
    session.log(f"{target}: {target.stat().st_size:,} bytes")


@nox.session
def exe(session: nox.Session) -> None:
    """Build dist/claude-evidence-collect.exe on Windows (elsewhere a program for that system): Python included."""
    folder = _collector(session)
    start = Path(session.create_tmp()) / "claude-evidence-collect.py"
    start.write_text(START, encoding="utf-8")
    session.install("pyinstaller")
    session.run("pyinstaller", *exe_options(str(folder), str(DIST), session.create_tmp()), str(start))


def exe_options(code: str, target: str, work: str) -> list[str]:
    """Return what PyInstaller is told to make one console program in *target* of the code in folder *code*."""
    places = [f"--paths={code}", f"--distpath={target}", f"--workpath={work}/build", f"--specpath={work}"]
    parts = [
        "--collect-submodules=claude_evidence",
        "--collect-data=claude_evidence",
        "--collect-data=tzdata",
    ]
    return ["--onefile", "--console", "--noconfirm", "--log-level=WARN", *places, *parts]


def _collector(session: nox.Session) -> Path:
    """Return a folder with the package and all that collecting imports, in pure Python."""
    folder = Path(session.create_tmp()) / "collector"
    shutil.rmtree(folder, ignore_errors=True)
    needed = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["collector"]
    session.install("--no-deps", "--no-compile", "--target", str(folder), ".", *needed)
    own = [f"claude_evidence/{name}" for name in OWN_NEEDLESS]
    for path in [found for pattern in (*NEEDLESS, *own) for found in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return folder
