"""The ``redact`` command: a private bundle out of a zip or folder that somebody made by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence.cli_common import INPUT, RAISE_LIMITS, echo
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from claude_evidence.model import Acquisition, Member

_SHOWN = 20


@click.command("redact")
@click.argument("inputs", nargs=-1, required=True, type=INPUT, metavar="INPUT...")
@click.option(
    *("-o", "--output"),
    type=INPUT,
    required=True,
    metavar="BUNDLE",
    help="The bundle to write, a .zip that is not there.",
)
@click.option("--redact-ips", is_flag=True, help="Replace IP addresses too.")
@RAISE_LIMITS
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but the bundle's name, and errors.")
@click.pass_context
def command(
    ctx: click.Context, inputs: tuple[Path, ...], output: Path, redact_ips: bool, raise_limits: int, quiet: bool
) -> None:
    """Make a private bundle from a zip, folder or log that was gathered by hand.

    Names, accounts, e-mail addresses, tokens and paths that identify are replaced; of transcripts only counts and times
    are stored; what is not Claude's is left out, and named. Exits with 1, writing nothing, where something that
    identifies is left.

    \b
    claude-evidence redact claude-folder.zip -o private.zip
    """
    from claude_evidence.bundle import Limits, open_bundle
    from claude_evidence.collector import definitions
    from claude_evidence.collector.collect import AuditRefusedError
    from claude_evidence.collector.given import lines, sort_out
    from claude_evidence.collector.redact import redact

    if output.suffix.lower() != ".zip":
        raise UsageError(f"{output}: a bundle is a zip, end its name in .zip")
    _check(output, inputs)
    with open_bundle(inputs, Limits().raised(raise_limits)) as bundle:
        given, left_out = sort_out(bundle, definitions.load(), _vouched(inputs))
        if not given:
            raise UsageError(_nothing(left_out))
        try:
            made = redact(given, bundle.manifest, output, left_out=left_out, redact_ips=redact_ips)
        except AuditRefusedError as error:
            for leak in error.leaks[:20]:
                echo(printable(str(leak)), err=True)
            echo("Refused: something that identifies would be left; nothing was written.", err=True)
            ctx.exit(1)
        problems = bundle.problems
    if quiet:
        echo(printable(str(made.path)))
        return
    for problem in problems:
        echo(printable(f"{problem.where}: {problem.message}"), err=True)
    for line in lines(left_out, _SHOWN):
        echo(printable(line))
    echo(printable(f"Bundle: {made.path} ({made.size_bytes:,} bytes, SHA-256 {made.sha256})"))
    if made.mapping:
        echo(printable(f"Who is who: {made.mapping}; keep it to yourself"))


def _check(output: Path, inputs: tuple[Path, ...]) -> None:
    """Raise UsageError where the bundle would lie in what is read."""
    folder = Path(os.path.realpath(output.parent))
    for path in inputs:
        real = Path(os.path.realpath(path))
        if real.is_dir() and (real == folder or real in folder.parents):
            raise UsageError(f"{output} lies in {path}, which is read: give another place with -o")


def _vouched(inputs: tuple[Path, ...]) -> Callable[[Member], bool]:
    """Return what tells whether a file was itself given on the command line."""
    names = {path.name for path in inputs if not path.is_dir()}
    return lambda member: member.path in names


def _nothing(left_out: list[Acquisition]) -> str:
    """Return one line of why there is nothing to do."""
    if len(left_out) == 1:
        return f"{left_out[0].source}: {left_out[0].detail}"
    whys = sorted({entry.detail for entry in left_out})
    return "there is nothing to redact: no file is one of Claude's" + (f" ({whys[0]})" if len(whys) == 1 else "")
