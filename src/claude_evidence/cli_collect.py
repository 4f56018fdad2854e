"""The ``collect`` command: asks, collects, and says where the bundle is, what is not in it and what it shows."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claude_evidence.cli_common import INPUT, echo
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from claude_evidence.collector._types import Artifact, Host, Options
    from claude_evidence.collector.collect import Collected
    from claude_evidence.collector.survey import Survey

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*(|[KMGT]I?)B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
SMALLEST_BYTES = 100_000


def _size(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return ``25MB``, ``1GB``, ``512KiB`` or a number of bytes as that many; at least what an empty bundle needs."""
    match = _SIZE.fullmatch(value.strip())
    if not match:
        raise click.BadParameter(f"{value!r} is no size: write it like 25MB or 1GB")
    base = 1024 if match[2][1:] else 1000
    size = int(float(match[1]) * base ** _POWERS[match[2][:1].upper()])
    if size < SMALLEST_BYTES:
        raise click.BadParameter(f"{value!r} is too small for a bundle: give at least {SMALLEST_BYTES // 1000}KB")
    return size


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What was asked for on the command line, beyond `Options`."""

    output: Path | None
    root: Path | None
    dry_run: bool
    yes: bool
    analyze: bool
    quiet: bool


@click.command("collect")
@click.option(
    *("-o", "--output"),
    type=INPUT,
    metavar="FILE",
    help="The bundle to write, or a folder for it. [default: claude-evidence-HOST-TIME.zip in this folder]",
)
@click.option(
    "--root", type=INPUT, metavar="DIR", help="Collect from a mounted disk or an extracted image, not this machine."
)
@click.option("--dry-run", is_flag=True, help="List what would be taken and how large it is; write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing. Needed where nobody sits at a terminal.")
@click.option(
    *("--max-size", "max_size_bytes"),
    callback=_size,
    metavar="SIZE",
    default="25MB",
    show_default=True,
    help="How large the bundle may become; the newest and most relevant is taken first.",
)
@click.option(
    *("--since", "since_days"),
    type=click.IntRange(1, 36_500),
    metavar="DAYS",
    default=90,
    show_default=True,
    help="How far back from the newest record event logs are taken; boots and updates of Claude always are.",
)
@click.option("--no-redact", is_flag=True, help="Leave names, accounts and secrets as they are. Never for the public.")
@click.option("--redact-ips", is_flag=True, help="Replace IP addresses too.")
@click.option("--no-analyze", is_flag=True, help="Only collect; do not look at what the bundle shows.")
@click.option(
    *("-q", "--quiet"),
    is_flag=True,
    help="Print only the names of the bundle and the report (with --dry-run the sum in one line), and errors.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Put what Claude Desktop left on this machine into one small, private zip.

    Names, accounts, e-mail addresses, tokens and paths that identify are replaced before anything is stored; what was
    written in conversations is never taken. Reads only, needs no administrator rights, sends nothing.

    \b
    claude-evidence collect
    claude-evidence collect --dry-run
    claude-evidence collect --root /mnt/disk -o case.zip --max-size 1GB -y
    """
    from claude_evidence.collector._types import Options
    from claude_evidence.collector.collect import AuditRefusedError
    from claude_evidence.collector.summary import refusal

    wishes = _Wishes(
        given["output"], given["root"], given["dry_run"], given["yes"], not given["no_analyze"], given["quiet"]
    )
    options = Options(
        since_days=given["since_days"],
        max_size_bytes=given["max_size_bytes"],
        redact=not given["no_redact"],
        redact_ips=given["redact_ips"],
    )
    try:
        agreed = _collect(wishes, options)
    except AuditRefusedError as error:
        for line in refusal(error.leaks):
            echo(printable(line), err=True)
        ctx.exit(1)
    if not agreed:
        echo("Nothing was collected, nothing was written.", err=True)
        ctx.exit(1)


def _collect(wishes: _Wishes, options: Options) -> bool:
    """Do what is wished for; return False where the person said no."""
    from claude_evidence.collector import hosts
    from claude_evidence.collector.definitions import load
    from claude_evidence.collector.summary import in_all, planned
    from claude_evidence.collector.survey import find_files

    host = hosts.image(_folder(wishes.root)) if wishes.root else hosts.live()
    artifacts = load()
    files = find_files(artifacts, host, options)
    if wishes.dry_run:
        for line in [in_all(files)] if wishes.quiet else planned(files, whole=True):
            echo(printable(line))
        return True
    if not _agreed(wishes, options, files):
        return False
    made = _run(wishes, options, artifacts, host, files)
    _say(wishes, made)
    if wishes.analyze:
        _verdict(made.path, wishes.quiet)
    return True


def _folder(root: Path) -> Path:
    if not root.is_dir():
        raise UsageError(f"{root} is no folder: --root wants a mounted disk or an extracted image")
    return root


def _agreed(wishes: _Wishes, options: Options, files: Survey) -> bool:
    """Say what will be taken and ask once; UsageError where nobody is there to answer."""
    from claude_evidence.collector.summary import UNREDACTED, planned

    if not options.redact:
        echo(UNREDACTED, err=True)
    if wishes.yes:
        return True
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("collect asks before it begins, and nobody is here to answer: give -y")
    for line in planned(files, whole=False):
        echo(printable(line), err=True)
    return click.confirm("Go on?", default=options.redact, err=True)


def _run(wishes: _Wishes, options: Options, artifacts: tuple[Artifact, ...], host: Host, files: Survey) -> Collected:
    from dataclasses import replace

    from claude_evidence.collector.collect import check_destination, run
    from claude_evidence.progress import Progress

    destination = _destination(wishes, options, host)
    if wishes.root:
        check_destination(destination, [wishes.root])
    with Progress(quiet=wishes.quiet) as progress:
        return run(artifacts, host, destination, replace(options, progress=progress.bar), files)


def _destination(wishes: _Wishes, options: Options, host: Host) -> Path:
    """Return the bundle's path; our own name for it tells the machine's token and no name."""
    output = wishes.output or Path()
    if wishes.output and not output.is_dir():
        if output.suffix.lower() != ".zip":
            raise UsageError(f"{output}: a bundle is a zip, end its name in .zip")
        return output
    from claude_evidence.collector._types import Kind
    from claude_evidence.collector.tokens import Tokens, load_key

    token = Tokens(load_key(options.key_path)).token(Kind.HOST, host.facts().get("name", "") or "unknown")
    return output / f"claude-evidence-{token}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"


def _say(wishes: _Wishes, made: Collected) -> None:
    from claude_evidence.collector.summary import told

    if wishes.quiet:
        echo(printable(str(made.path)))
        return
    for line in told(made):
        echo(printable(line))


def _verdict(bundle: Path, quiet: bool) -> None:
    """Let a process of its own say what the bundle shows: pandas is never loaded into this one."""
    from importlib.util import find_spec

    report = bundle.with_name(f"{bundle.stem}-report.html")
    here = Path(__file__).is_file() and find_spec("claude_evidence.analyzers") and find_spec("pandas")
    if not here or report.exists():
        if not quiet:
            echo(f"What it shows: claude-evidence analyze {printable(str(bundle))}")
        return
    import subprocess

    words = [sys.executable, "-m", "claude_evidence", "analyze", str(bundle), "-o", str(report)]
    sys.stdout.flush()
    done = subprocess.run([*words, *(["-q"] if quiet else [])], check=False)  # noqa: S603 - our own program
    if done.returncode:
        echo(f"The bundle is complete; what it shows could not be told (exit code {done.returncode}).", err=True)
    elif quiet:
        echo(printable(str(report)))
