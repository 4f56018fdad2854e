"""The ``analyze`` command: from whatever a person has in hand to a verdict and a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence import __version__
from claude_evidence.cli_common import INPUT, RAISE_LIMITS, echo
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from claude_evidence.analyzers._types import RuleSet
    from claude_evidence.model import Evidence, Report

LEVELS = ("informational", "low", "medium", "high", "critical")
FORMATS = ("html", "md", "json")


@click.command("analyze")
@click.argument("inputs", nargs=-1, required=True, type=INPUT, metavar="INPUT...")
@click.option(
    *("-o", "--output"),
    type=INPUT,
    metavar="FILE",
    help="Where to write the report; - is standard output. [default: INPUT-report.html in this folder]",
)
@click.option(
    "-f", "--format", "form", type=click.Choice(FORMATS), help="What to write. [default: by FILE's ending, else html]"
)
@click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    type=INPUT,
    metavar="PATH",
    help="More Sigma rules: a file or a folder. May be repeated.",
)
@click.option("--no-default-rules", is_flag=True, help="Use only the rules given with --rules.")
@click.option(
    "--tz",
    "zone",
    metavar="ZONE",
    help="The machine's time zone, for example Europe/Berlin, where the input does not say it.",
)
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 when a finding is at least this severe.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "evtx", "python-evtx"]),
    default="auto",
    show_default=True,
    help="Which reader to use for .evtx.",
)
@click.option(
    "--reveal",
    "mapping_path",
    type=INPUT,
    metavar="MAPPING",
    help="Show true names, from the .mapping.json that lies beside a bundle. Never give such a report away.",
)
@RAISE_LIMITS
@click.option("--force", is_flag=True, help="Replace FILE whatever it is. [default: only a report of this program]")
@click.option("-q", "--quiet", is_flag=True, help="Print no verdict and no progress, only errors.")
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[Path, ...],
    output: Path | None,
    form: str | None,
    rule_paths: tuple[Path, ...],
    no_default_rules: bool,
    zone: str | None,
    fail_on: str | None,
    engine: str,
    mapping_path: Path | None,
    raise_limits: int,
    force: bool,
    quiet: bool,
) -> None:
    """Say what happened, how sure that is and what to do, and write a report.

    INPUT is a bundle, or whatever is at hand: a folder, an .evtx, .log, .json or .jsonl file, or a zip of those, such
    as %APPDATA%\\Claude
    zipped by hand or a KAPE or Velociraptor collection. Several inputs are one machine's evidence and give one report;
    bundles of two machines are refused, and of two time zones without --tz.
    The text of a bug report (issue.md, or - for standard input) is read for the log lines and events it quotes.

    \b
    claude-evidence analyze bundle.zip
    claude-evidence analyze Logs\\ System.evtx --tz Europe/Berlin -f md -o issue.md
    claude-evidence analyze bundle.zip -f json -o - | jq .findings
    """
    from claude_evidence.analyzers.rules import load_rules
    from claude_evidence.pasted_input import with_standard_input
    from claude_evidence.reveal import load_mapping, reveal
    from claude_evidence.written import check_target, form_of, write_text

    form = form or form_of(output)
    if no_default_rules and not rule_paths:
        raise UsageError("--no-default-rules leaves no rule at all: give some with --rules PATH")
    with with_standard_input(inputs) as given:
        target = output or Path(f"{_stem(given[0])}-report.{form}")
        kept = (*given, *rule_paths, *((mapping_path,) if mapping_path else ()))
        replaced = check_target(target, kept, chosen=output is not None, force=force)
        mapping = load_mapping(mapping_path) if mapping_path else {}
        rules = load_rules(rule_paths, defaults=not no_default_rules)
        report = reveal(_report(given, rules, zone, engine, raise_limits, quiet), mapping)
    write_text(_rendered(report, form), target)
    if not quiet:
        _say(report, target, replaced=replaced)
    if fail_on and any(f.level.rank >= LEVELS.index(fail_on) for f in report.findings):
        ctx.exit(1)


def _report(
    inputs: Sequence[Path], rules: RuleSet, zone: str | None, engine: str, raise_limits: int, quiet: bool
) -> Report:
    from claude_evidence.analyzers.report import analyze as to_report
    from claude_evidence.bundle import Limits, open_bundle
    from claude_evidence.parsers import parse
    from claude_evidence.progress import Progress
    from claude_evidence.written import now

    with open_bundle(inputs, Limits().raised(raise_limits), zone=zone) as bundle, Progress(quiet=quiet) as progress:
        evidence = parse(bundle, rules.fields, zone=zone, engine=engine, progress=progress.member)
        if not evidence.coverage and not evidence.manifest.format:
            raise UsageError(_nothing(inputs, evidence))
        progress.say("judging")
        return to_report(evidence, rules, tool=f"claude-evidence {__version__}", created_at=now(), inputs=bundle.inputs)


def _nothing(inputs: Sequence[Path], evidence: Evidence) -> str:
    """Return why *inputs* hold nothing to look at; a bundle of ours does even then: it says what was asked for."""
    names = ", ".join(map(str, inputs[:3])) + (f" and {len(inputs) - 3} more" if len(inputs) > 3 else "")
    losses = [problem for problem in evidence.problems if problem.is_loss]
    if not evidence.members:
        return f"{names}: holds no file, so there is nothing to look at"
    there = "this file" if len(evidence.members) == 1 else f"any of the {len(evidence.members):,} files"
    why = f"{losses[0].where}: {losses[0].message}" if losses else f"no parser reads {there}"
    more = f" (and {len(losses) - 1} more)" if len(losses) > 1 else ""
    return f"{names}: nothing in it is evidence; {why}{more}"


def _rendered(report: Report, form: str) -> str:
    from claude_evidence.templates.render import render

    return render(report, {"html": "report.html.j2", "md": "report.md.j2", "json": "report.json"}[form])


def _say(report: Report, output: Path, *, replaced: bool) -> None:
    """Print the verdict; standard output stays clean where the report itself goes there."""
    import shutil

    from claude_evidence.templates.terminal import summary

    to_error = str(output) == "-"
    stream = sys.stderr if to_error else sys.stdout
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    width = min(shutil.get_terminal_size().columns, 100)
    echo(summary(report, colour=colour, width=width), err=to_error, color=colour)
    if not to_error:
        echo(f"Report: {printable(str(output))}" + (" (replaced the one that was there)" if replaced else ""))


def _stem(path: Path) -> str:
    return path.resolve().stem or "evidence"
