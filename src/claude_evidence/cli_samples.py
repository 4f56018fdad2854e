"""The ``samples`` commands: a real bundle made into a small, anonymous one for tests."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence.cli_common import INPUT, RAISE_LIMITS, echo
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from claude_evidence.samples_new import Sample

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_SUFFIXES = (".yaml", ".yml")


@click.group("samples")
def command() -> None:
    """Make test data out of real bundles: small, anonymous, with the same findings.

    \b
    claude-evidence samples new --from-bundle bundle.zip -o tests/bundles

    writes three files, ready to commit: NAME.yaml (the scenario, for people to read and change), NAME.zip (the bundle
    that is built of it) and NAME.evidence.yaml (a test that pytest collects; see docs/regression.md).
    """


@command.command("new")
@click.option(
    "--from-bundle",
    "inputs",
    type=INPUT,
    multiple=True,
    required=True,
    metavar="BUNDLE",
    help="A bundle, or any input that analyze takes. Given several times: one machine's evidence.",
)
@click.option(
    *("-o", "--output"),
    type=INPUT,
    default=Path(),
    metavar="PLACE",
    help="A folder for the three files, or a .yaml for the scenario alone. [default: this folder]",
)
@click.option("--name", default="", metavar="NAME", help="What it is called. [default: like the worst finding]")
@click.option(
    "--tries",
    type=click.IntRange(1, 1_000_000),
    default=600,
    show_default=True,
    help="How many smaller versions are tried at most.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 1_000_000),
    default=300,
    show_default=True,
    help="After how many seconds no more are tried.",
)
@RAISE_LIMITS
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but the names of the files, and errors.")
@click.pass_context
def new(
    ctx: click.Context,
    inputs: tuple[Path, ...],
    output: Path,
    name: str,
    tries: int,
    seconds: int,
    raise_limits: int,
    quiet: bool,
) -> None:
    """Make a minimal, anonymous scenario of a bundle that gives exactly the same findings.

    The bundle is redacted, whatever needs not be there is left out (files, records, fields) as long as every finding
    stays and none comes, and people, machines, identifiers and times are replaced by invented ones that stand in the
    same relations. Of a bundle without findings a few records of each sort stay. Exits with 1, writing nothing, where
    that cannot be done.

    \b
    claude-evidence samples new --from-bundle bundle.zip -o tests/bundles --name sidebar-empty
    claude-evidence samples new --from-bundle bundle.zip -o samples/scenarios/sidebar-empty.yaml
    """
    from claude_evidence.bundle import Limits
    from claude_evidence.delta import Tries
    from claude_evidence.progress import Progress
    from claude_evidence.samples_given import NoSampleError
    from claude_evidence.samples_new import Wish, new_sample

    alone = output.suffix.lower() in _SUFFIXES
    name = name or (output.stem if alone else "")
    _check(output, name, alone)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work, Progress(quiet=quiet) as progress:
        wish = Wish(inputs, name, Limits().raised(raise_limits), Tries(tries, seconds), progress.say)
        try:
            made = new_sample(wish, Path(work))
        except NoSampleError as error:
            made = None
            problem = str(error)
    if made is None:
        for line in ("No sample was made, nothing was written:", *problem.splitlines()):
            echo(printable(line), err=True)
        ctx.exit(1)
    files = _write(made, output, alone)
    if not quiet:
        _say(made)
    for path in files:
        echo(printable(str(path)))


def _check(output: Path, name: str, alone: bool) -> None:
    """Raise UsageError for a place or a name that cannot be; what is there already is never replaced."""
    if name and not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a sample: small letters, digits and hyphens, such as sidebar-empty")
    if alone and output.exists():
        raise UsageError(f"{output} is there already: give another name")
    if not alone and output.exists() and not output.is_dir():
        raise UsageError(f"{output} is no folder: name one, or a file that ends in .yaml")
    if not (output.parent if alone else output).is_dir() and not output.parent.is_dir():
        raise UsageError(f"{output}: there is no folder {output.parent} to write to")
    for path in _files(output, name) if name and not alone else ():
        if path.exists():
            raise UsageError(f"{path} is there already: give another --name")


def _files(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / f"{name}.yaml", folder / f"{name}.zip", folder / f"{name}.evidence.yaml"


def _write(made: Sample, output: Path, alone: bool) -> list[Path]:
    """Write all files or none."""
    if alone:
        wanted = {output: made.scenario.encode()}
    else:
        _check(output, made.name, alone)
        output.mkdir(exist_ok=True)
        contents = made.scenario.encode(), made.bundle, made.evidence.encode()
        wanted = dict(zip(_files(output, made.name), contents, strict=True))
    written: list[Path] = []
    try:
        for path, data in wanted.items():
            with path.open("xb") as file:
                written.append(path)
                file.write(data)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def _say(made: Sample) -> None:
    sorts = ("files", "text records", "events")
    told = (f"{before} to {after} {sort}" for sort, before, after in zip(sorts, made.before, made.after, strict=True))
    echo(f"Reduced from {', '.join(told)}.")
    if made.stopped:
        echo("The tries or the time ended: with more of --tries or --seconds it may become smaller.")
    same = len(made.report.findings)
    findings = f"{same} {'finding' if same == 1 else 'findings'}" if same else "nothing found"
    echo(f"Built, read and judged again, it gives the same: {findings}. Nothing is left of what identified.")
    counts = {(finding.rule, finding.group): finding.count for finding in made.original.findings}
    for finding in made.report.findings:
        before = counts.get((finding.rule, finding.group), finding.count)
        fewer = f"  (on {finding.count:,} records, before {before:,})" if finding.count != before else ""
        echo(printable(f"  {finding.level:<13} {finding.rule}{fewer}"))
    if lost := len(made.original.problems) - len(made.report.problems):
        echo(f"Not kept: {lost} of {len(made.original.problems)} problems that reading the original gave.")
