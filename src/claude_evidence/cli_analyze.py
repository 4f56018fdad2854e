"""The ``analyze`` command: from whatever a person has in hand to a verdict and a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence import __version__
from claude_evidence.cli_common import INPUT, LANGUAGE, RAISE_LIMITS, echo
from claude_evidence.messages import gettext, loaded, spoken
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from claude_evidence.analyzers._types import Hit, RuleSet
    from claude_evidence.model import Evidence, Report
    from claude_evidence.moment import Moment
    from claude_evidence.progress import Progress

LEVELS = ("informational", "low", "medium", "high", "critical")
FORMATS = ("html", "md", "json", "timesketch", "csv", "parquet")
LARGE_BYTES = 64 << 20
"""Evidence of this size earns back what huge pages of memory cost."""
TIMELINES = {"timesketch": "timeline.jsonl", "csv": "timeline.csv", "parquet": "timeline.parquet"}
"""Formats that hold every dated row rather than the report, and how the name of such a file ends."""


@click.command("analyze")
@click.argument("inputs", nargs=-1, required=True, type=INPUT, metavar="INPUT...")
@click.option(
    *("-o", "--output"),
    type=INPUT,
    metavar="FILE",
    help="Where to write the report; - is standard output. [default: INPUT-report.html in this folder]",
)
@click.option(
    *("-f", "--format", "form"),
    type=click.Choice(FORMATS),
    help="What to write; timesketch (JSON Lines), csv and parquet are every dated row of the evidence, for other tools."
    " [default: by FILE's ending, else html]",
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
@LANGUAGE
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
@click.option("--open", "show", is_flag=True, help="Open the report in the browser.")
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
    language: Path | None,
    fail_on: str | None,
    engine: str,
    mapping_path: Path | None,
    show: bool,
    raise_limits: int,
    force: bool,
    quiet: bool,
) -> None:
    """Say what happened, how sure that is and what to do, and write a report.

    INPUT is a bundle, or whatever is at hand: a folder, an .evtx, .log, .json or .jsonl file, or a zip of those, such
    as %APPDATA%\\Claude zipped by hand or a KAPE or Velociraptor collection. Several inputs are one machine's evidence
    and give one report; bundles of two machines are refused, and of two time zones without --tz. The text of a bug
    report (issue.md, or - for standard input) is read for the log lines and events it quotes.

    \b
    claude-evidence analyze bundle.zip --open
    claude-evidence analyze Logs\\ System.evtx --tz Europe/Berlin -f md -o issue.md
    claude-evidence analyze bundle.zip -f json -o - | jq .findings
    """
    from claude_evidence.analyzers.rules import load_rules
    from claude_evidence.pasted_input import with_standard_input
    from claude_evidence.progress import Progress
    from claude_evidence.reveal import load_mapping
    from claude_evidence.written import check_target, form_of, write

    words = loaded(language) if language else None
    form = _checked(form or form_of(output), output, show=show, ruled=bool(rule_paths) or not no_default_rules)
    with with_standard_input(inputs) as given:
        target = output or Path(f"{_stem(given[0])}-{TIMELINES.get(form, f'report.{form}')}")
        replaced = check_target(target, (*given, *rule_paths, mapping_path, language), chosen=bool(output), force=force)
        mapping = load_mapping(mapping_path) if mapping_path else {}
        rules = load_rules(rule_paths, defaults=not no_default_rules)
        with Progress(quiet=quiet) as progress:
            evidence, made, hits = examined(given, rules, progress, zone=zone, engine=engine, raise_limits=raise_limits)
    report = _revealed(made, mapping, mapping_path)
    with spoken(words):
        write(_pieces(evidence, hits, made, report, form, mapping), target, private=bool(mapping))
        _say(report, target, form, replaced=replaced, quiet=quiet)
    if show:
        _open(target)
    ctx.exit(int(_reaches(report, fail_on)))


def _revealed(made: Report, mapping: Mapping[str, str], path: Path | None) -> Report:
    """Return *made* with true names; say so where there are none but the word that the bundle is not redacted."""
    from claude_evidence.reveal import reveal

    told: Report = reveal(made, mapping)
    if mapping and replace(told, manifest=replace(told.manifest, redacted=made.manifest.redacted)) == made:
        echo(f"Warning: {printable(str(path))} knows no name of this evidence: is it of another bundle?", err=True)
    return told


def _open(target: Path) -> None:
    import webbrowser

    if not webbrowser.open(target.resolve().as_uri()):
        echo("No browser could be started: open the report yourself.", err=True)


def _reaches(report: Report, level: str | None) -> bool:
    return level is not None and any(one.level.rank >= LEVELS.index(level) for one in report.findings)


def _checked(form: str, output: Path | None, *, show: bool, ruled: bool) -> str:
    """Return *form*; raise UsageError where options contradict each other."""
    if show and (form != "html" or str(output) == "-"):
        raise UsageError("--open shows the HTML report in a file: leave out -f and -o -")
    if not ruled:
        raise UsageError("--no-default-rules leaves no rule at all: give some with --rules PATH")
    return form


def examined(
    inputs: Sequence[Path],
    rules: RuleSet,
    progress: Progress,
    *,
    zone: str | None,
    engine: str = "auto",
    raise_limits: int = 1,
) -> tuple[Evidence, Report, tuple[Hit, ...]]:
    """Return the evidence at *inputs*, the report on it, and the rows that its findings rest on.

    UsageError where there is nothing to look at.
    """
    from claude_evidence.bundle import Limits, open_bundle

    with open_bundle(inputs, Limits().raised(raise_limits), zone=zone) as bundle:
        if sum(member.size_bytes for member in bundle.members) < LARGE_BYTES:
            os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")  # a short run pays for huge pages in vain
        # only now: NumPy looks at its environment once
        from claude_evidence.analyzers.report import examine
        from claude_evidence.parsers import parse
        from claude_evidence.written import now

        evidence = parse(bundle, rules.fields, zone=zone, engine=engine, progress=progress.member)
        if not evidence.coverage and not evidence.manifest.format:
            raise UsageError(_nothing(inputs, evidence))
        progress.say("judging")
        tool = f"claude-evidence {__version__}"
        return evidence, *examine(evidence, rules, tool=tool, created_at=now(), inputs=bundle.inputs)


def _timeline(
    evidence: Evidence, hits: Sequence[Hit], report: Report, form: str, mapping: Mapping[str, str]
) -> Iterable[str | bytes]:
    """Return every dated row of *evidence*, and the findings, in the format *form*."""
    from claude_evidence.analyzers.moments import moments
    from claude_evidence.reveal import reveal
    from claude_evidence.templates import timeline_lines, timeline_parquet

    told = (reveal(one, mapping) for one in moments(evidence, hits, report.findings))
    writers: Mapping[str, Callable[[Iterable[Moment]], Iterable[str | bytes]]] = {
        "timesketch": timeline_lines.to_timesketch,
        "csv": timeline_lines.to_csv,
        "parquet": timeline_parquet.to_parquet,
    }
    return writers[form](told)


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


def _pieces(
    evidence: Evidence, hits: Sequence[Hit], made: Report, report: Report, form: str, mapping: Mapping[str, str]
) -> Iterable[str | bytes]:
    """Return what is to be written in the format *form*: *report*, which is *made* with true names, or a timeline."""
    from claude_evidence.templates.render import render

    if form in TIMELINES:
        return _timeline(evidence, hits, made, form, mapping)
    return [render(report, {"html": "report.html.j2", "md": "report.md.j2", "json": "report.json"}[form])]


def _say(report: Report, output: Path, form: str, *, replaced: bool, quiet: bool) -> None:
    """Print the verdict unless *quiet*; standard output stays clean where the report itself goes there."""
    if quiet:
        if any(member.verified is False for member in report.custody.members):
            echo("Warning: files are not as they were collected; the report names them.", err=True)
        return
    import shutil

    from claude_evidence.templates.terminal import summary

    to_error = str(output) == "-"
    stream = sys.stderr if to_error else sys.stdout
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    width = min(shutil.get_terminal_size().columns, 100)
    echo(summary(report, colour=colour, width=width), err=to_error, color=colour)
    if not to_error:
        file = printable(str(output))
        what = gettext("Timeline: %(file)s", file=file) if form in TIMELINES else gettext("Report: %(file)s", file=file)
        echo(gettext("%(report)s (replaced the one that was there)", report=what) if replaced else what)
    if form == "timesketch" and report.notes:
        echo("Rows that only the wall clock dates are left out: give the machine's zone with --tz.", err=True)


def _stem(path: Path) -> str:
    return path.resolve().stem or "evidence"
