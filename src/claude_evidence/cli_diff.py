"""The ``diff`` command: two bundles of one machine, and whether the fix worked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence.cli_analyze import LEVELS, examined
from claude_evidence.cli_common import INPUT, LANGUAGE, RAISE_LIMITS
from claude_evidence.messages import loaded, spoken

if TYPE_CHECKING:
    from claude_evidence.comparison import Comparison


@click.command("diff")
@click.argument("before", type=INPUT)
@click.argument("after", type=INPUT)
@click.option("-o", "--output", type=INPUT, metavar="FILE", help="Where to write it. [default: standard output]")
@click.option(
    *("-f", "--format", "form"),
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option("--tz", "zone", metavar="ZONE", help="The machine's time zone, where the inputs do not say it.")
@LANGUAGE
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    help="Exit with 1 when a finding at least this severe is new, happens again or is more than before.",
)
@click.option("--rules", "rule_paths", multiple=True, type=INPUT, metavar="PATH", help="More Sigma rules.")
@RAISE_LIMITS
@click.option("--force", is_flag=True, help="Replace FILE whatever it is.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def command(
    ctx: click.Context,
    before: Path,
    after: Path,
    output: Path | None,
    form: str,
    zone: str | None,
    language: Path | None,
    fail_on: str | None,
    rule_paths: tuple[Path, ...],
    raise_limits: int,
    force: bool,
    quiet: bool,
) -> None:
    """Say what is new, gone and changed between two bundles of one machine: did the fix work?

    A log keeps what happened months ago, so a failure is over when it has no record since BEFORE was taken and the log
    of AFTER goes on beyond that. Let the app run for a while before you collect AFTER.

    \b
    claude-evidence diff monday.zip friday.zip
    claude-evidence diff monday.zip friday.zip -f md -o comparison.md
    """
    from claude_evidence.analyzers.compare import Side, compare
    from claude_evidence.analyzers.rules import load_rules
    from claude_evidence.progress import Progress
    from claude_evidence.written import check_target, write

    words = loaded(language) if language else None
    target = output or Path("-")
    check_target(target, (before, after, *rule_paths, language), force=force)
    rules = load_rules(rule_paths)
    with Progress(quiet=quiet) as progress:
        sides = [
            Side(*examined([path], rules, progress, zone=zone, raise_limits=raise_limits)) for path in (before, after)
        ]
        comparison = compare(*sides)
    with spoken(words):
        write([_rendered(comparison, form)], target)
    if fail_on and comparison.worst() >= LEVELS.index(fail_on):
        ctx.exit(1)


def _rendered(comparison: Comparison, form: str) -> str:
    from claude_evidence.templates import comparison as templates

    width = min(shutil.get_terminal_size().columns, 100)
    writers: Mapping[str, Callable[[Comparison], str]] = {
        "text": lambda told: templates.to_text(told, width=width),
        "md": templates.to_markdown,
        "json": templates.to_json,
    }
    return writers[form](comparison)
