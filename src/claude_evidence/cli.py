"""The command line: the one module here that imports click and, inside each command, the folders."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claude_evidence import __version__
from claude_evidence.cli_common import INPUT, LazyGroup
from claude_evidence.cli_common import echo as _print
from claude_evidence.usage import UsageError, leave, printable

if TYPE_CHECKING:
    from claude_evidence.analyzers._types import RuleSet
    from claude_evidence.model import Report

LEVELS = ("informational", "low", "medium", "high", "critical")
FORMATS = ("html", "md", "json")


MORE_RULES = click.option(
    "--rules", "rule_paths", multiple=True, type=INPUT, metavar="PATH", help="More rules: a file or a folder."
)
RAISE_LIMITS = click.option(
    "--raise-limits",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="Allow inputs N times as large as usual.",
)


class _Commands(LazyGroup):
    """Wrong use and unreadable input end in one line and exit code 2; Ctrl-C ends with 130."""

    lazy: Mapping[str, str] = {
        "collect": "claude_evidence.cli_collect",
        "recover": "claude_evidence.cli_recover",
        "redact": "claude_evidence.cli_redact",
        "samples": "claude_evidence.cli_samples",
    }

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False}) or 0
        except click.exceptions.Exit as end:
            return end.exit_code
        except SystemExit:  # how click answers a reader of its help that went away
            return 0
        except (click.Abort, KeyboardInterrupt):
            _print("Stopped; nothing was left half written.", err=True)
            return 130
        except click.ClickException as error:
            with suppress(BrokenPipeError):
                error.show()
            return 2
        except UsageError as error:
            line = str(error)
        except MemoryError:
            line = "the input needs more memory than there is"
        except OSError as error:
            line = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _print(f"Error: {printable(line)}", err=True)
        return 2


def main(name: str | None = None) -> None:
    """Run the program and exit with its code; *name* is what it is called, by default what was run."""
    gc.set_threshold(300_000, 20, 20)  # one short run: imports and templates make much, and little of it is garbage
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing here multiplies matrices, and threads wait by spinning
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")  # a short run pays for huge pages and never earns it back
    sys.stdout, sys.stderr = (stream or Path(os.devnull).open("w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    # the one-file collector is no program called claude-evidence: what was run is what its help and its errors name
    leave(cli(prog_name=name))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="claude-evidence")
def cli() -> None:
    """Find out why Claude Desktop on Windows does not start, or where its conversations went.

    \b
    claude-evidence collect                     one small, private bundle of this machine's traces
    claude-evidence analyze bundle.zip          a report from a bundle, folder, log or event log
    claude-evidence verify bundle.zip           is every byte of the bundle what was collected?
    claude-evidence rules list                  the failures it knows

    Everything runs on this computer; nothing is sent anywhere.
    """


@cli.command()
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
@click.option("-q", "--quiet", is_flag=True, help="Print no verdict and no progress, only errors.")
@click.pass_context
def analyze(
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
    quiet: bool,
) -> None:
    """Say what happened, how sure that is and what to do, and write a report.

    INPUT is a bundle, or whatever is at hand: a folder, an .evtx, .log, .json or .jsonl file, or a zip of those, such
    as %APPDATA%\\Claude
    zipped by hand or a KAPE or Velociraptor collection. Several inputs are one machine's evidence and give one report.
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
        check_target(target, kept, chosen=output is not None)
        mapping = load_mapping(mapping_path) if mapping_path else {}
        rules = load_rules(rule_paths, defaults=not no_default_rules)
        report = reveal(_report(given, rules, zone, engine, raise_limits, quiet), mapping)
    write_text(_rendered(report, form), target)
    if not quiet:
        _say(report, target)
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
        progress.say("judging")
        return to_report(evidence, rules, tool=f"claude-evidence {__version__}", created_at=now(), inputs=bundle.inputs)


def _rendered(report: Report, form: str) -> str:
    from claude_evidence.templates.render import render

    return render(report, {"html": "report.html.j2", "md": "report.md.j2", "json": "report.json"}[form])


def _say(report: Report, output: Path) -> None:
    """Print the verdict; standard output stays clean where the report itself goes there."""
    import shutil

    from claude_evidence.templates.terminal import summary

    to_error = str(output) == "-"
    stream = sys.stderr if to_error else sys.stdout
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    width = min(shutil.get_terminal_size().columns, 100)
    _print(summary(report, colour=colour, width=width), err=to_error, color=colour)
    if not to_error:
        _print(f"Report: {printable(str(output))}")


@cli.command()
@click.argument("bundle", type=INPUT)
@RAISE_LIMITS
@click.pass_context
def verify(ctx: click.Context, bundle: Path, raise_limits: int) -> None:
    """Check every byte of a bundle against the hashes it carries.

    Exits with 0 when all match, with 1 when something is missing, added or altered.
    """
    from claude_evidence.bundle import Limits, open_bundle

    with open_bundle([bundle], Limits().raised(raise_limits)) as opened:
        problems = opened.verify()
        count = len(opened.members)
        if not opened.promised:
            raise UsageError(f"{bundle} carries no hashes to check against: it is no bundle of claude-evidence")
    for problem in problems:
        _print(printable(f"{problem.where}: {problem.message}"))
    _print(f"problems: {len(problems)}, in {count} members" if problems else f"{count} members, every hash matches")
    ctx.exit(1 if problems else 0)


@cli.group()
def rules() -> None:
    """List, show and check the rules: Sigma documents, one file per failure."""


@rules.command("list")
@MORE_RULES
def list_rules(rule_paths: tuple[Path, ...]) -> None:
    """List the failures that the rules know, the most severe first."""
    from claude_evidence.analyzers.rules import load_rules

    loaded = load_rules(rule_paths).documents
    titles = {document.stem: document.title for document in reversed(loaded)}
    levels = {stem: max((d.level for d in loaded if d.stem == stem), key=lambda level: level.rank) for stem in titles}
    width = max(len(stem) for stem in titles)
    for stem in sorted(titles, key=lambda stem: (-levels[stem].rank, stem)):
        _print(f"{levels[stem]:<13} {stem:<{width}}  {printable(titles[stem])}")


@rules.command("show")
@click.argument("name")
@MORE_RULES
def show_rule(name: str, rule_paths: tuple[Path, ...]) -> None:
    """Show one rule: what it means, what helps, and its text."""
    from claude_evidence.analyzers.rules import describe, load_rules

    _print(describe(load_rules(rule_paths), name))


@rules.command("check")
@click.argument("paths", nargs=-1, type=INPUT, metavar="[PATH]...")
@click.pass_context
def check_rules(ctx: click.Context, paths: tuple[Path, ...]) -> None:
    """Check rules strictly: each error is named with its file and line. Without PATH: the rules of this program."""
    from claude_evidence.analyzers.joins import known_fields
    from claude_evidence.analyzers.rule_lint import check
    from claude_evidence.parsers import columns

    errors = check(paths, known_fields=known_fields(columns()))
    for error in errors:
        _print(printable(f"{error.where}: {error.message}"))
    _print(f"errors: {len(errors)}" if errors else "no errors", err=True)
    ctx.exit(1 if errors else 0)


def _stem(path: Path) -> str:
    return path.resolve().stem or "evidence"


if __name__ == "__main__":
    main()
