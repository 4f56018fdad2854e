"""The ``recover`` command: reads a machine, a disk or a folder, and writes a recovery kit; it changes nothing else."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claude_evidence import __version__
from claude_evidence.cli_common import INPUT, LANGUAGE, echo
from claude_evidence.messages import loaded, spoken
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from gettext import GNUTranslations

    from claude_evidence.cli_recover_source import Source
    from claude_evidence.recovery_types import Plan, Repair

FIXES = ("launch", "migrate")


@click.command("recover")
@click.argument("given", required=False, type=INPUT, metavar="[INPUT]")
@click.option(
    *("-o", "--output"),
    type=INPUT,
    required=True,
    metavar="FOLDER",
    help="The kit: a new folder, outside of Claude's own.",
)
@click.option(
    "--root", type=INPUT, metavar="DIR", help="Recover from a mounted disk or an extracted image, not this machine."
)
@click.option(
    "--fix",
    "fixes",
    multiple=True,
    type=click.Choice(FIXES),
    help="Add a script: launch, for an app that does not start; migrate, from the MSIX to the Win32 install.",
)
@LANGUAGE
@click.option(
    "--raise-limits", type=click.IntRange(1, 1000), default=1, metavar="N", help="Allow N times larger inputs."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(
    given: Path | None,
    output: Path,
    root: Path | None,
    fixes: tuple[str, ...],
    language: Path | None,
    raise_limits: int,
    quiet: bool,
) -> None:
    """Write a kit that brings lost conversations back: rebuilt entries, a plan in plain words, two scripts.

    Without INPUT and --root this machine is read. INPUT is a folder or zip of Claude's own files, copied by hand.
    Nothing outside FOLDER is changed: reading plan.md and running apply.ps1 is up to you, and undo.ps1 takes it back.

    \b
    claude-evidence recover -o kit
    claude-evidence recover --root E:\\ -o kit
    claude-evidence recover --fix launch -o kit
    """
    from claude_evidence.cli_recover_source import opened
    from claude_evidence.recovery_kit import check_folder

    if given and root:
        raise UsageError("give an INPUT or --root, not both")
    if given and str(given) == "-":
        raise UsageError("a recovery needs files: name a folder or a zip of them")
    words = loaded(language) if language else None
    check_folder(output, [path for path in (given, root) if path])
    with opened(given, root, raise_limits) as source:
        check_folder(output, source.kept)
        plan = _written(source, output, fixes, words, quiet)
    if not quiet:
        _say(plan, output)


def _written(source: Source, output: Path, fixes: tuple[str, ...], words: GNUTranslations | None, quiet: bool) -> Plan:
    from claude_evidence.recovery_build import Build
    from claude_evidence.recovery_kit import partial, write
    from claude_evidence.recovery_types import Plan
    from claude_evidence.templates.recovery import plan_text, scripts

    found, hashes, calm = _repairs(source, quiet)
    with partial(output) as folder:
        build = Build(source.bundle, folder, source.host, hashes)
        saved = build.all(found)
        made: dict[str, Any] = scripts(fixes, apply=bool(build.changes))
        plan = Plan(
            secrets.token_hex(4), f"claude-evidence {__version__}", source.shown, source.system, source.live, saved,
            calm, source.notes, tuple(made),
        )  # fmt: skip
        with spoken(words):
            told = plan_text(plan)
        write(folder, plan, {**made, "plan.md": told})
    return plan


def _repairs(source: Source, quiet: bool) -> tuple[tuple[Repair, ...], dict[str, str], int]:
    from claude_evidence.analyzers.joins import at_rest, join
    from claude_evidence.analyzers.recovery import repairs
    from claude_evidence.parsers import parse
    from claude_evidence.progress import Progress

    with Progress(quiet=quiet) as progress:
        evidence = parse(source.bundle, progress=progress.member)
    tables, history = join(evidence)
    found, calm = repairs(tables if source.live else at_rest(tables), history)
    return found, {member.name: member.sha256 for member in evidence.members if member.sha256}, calm


def _say(plan: Plan, output: Path) -> None:
    """Print what the kit holds and what to do next."""
    from claude_evidence.recovery_types import Way

    saved = sum(one.repair.way is not Way.NOTHING for one in plan.saved)
    if not plan.saved:
        echo("No lost conversation was found: there is nothing to do.")
    else:
        unsure = sum(one.repair.recoverable == "unknown" for one in plan.saved)
        more = f" of {unsure} too little is known," if unsure else ""
        cannot = len(plan.saved) - saved - unsure
        echo(f"Conversations: {saved} can be brought back, {cannot} cannot,{more} {plan.calm} need nothing.")
    for note in plan.notes:
        echo(printable(note))
    echo(f"Nothing was changed. Read {printable(str(output / 'plan.md'))} first.")
