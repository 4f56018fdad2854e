"""The command line: the one module here that imports click and, inside each command, the folders."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from claude_evidence import __version__
from claude_evidence.cli_common import INPUT, RAISE_LIMITS, LazyGroup
from claude_evidence.cli_common import echo as _print
from claude_evidence.usage import UsageError, leave, printable

MORE_RULES = click.option(
    "--rules", "rule_paths", multiple=True, type=INPUT, metavar="PATH", help="More rules: a file or a folder."
)


class _Commands(LazyGroup):
    """Wrong use and unreadable input end in one line and exit code 2; Ctrl-C ends with 130."""

    lazy: Mapping[str, str] = {
        "analyze": "claude_evidence.cli_analyze",
        "collect": "claude_evidence.cli_collect",
        "diff": "claude_evidence.cli_diff",
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
        except click.exceptions.NoArgsIsHelpError as error:
            _print(error.format_message(), err=True)
            return 2
        except click.ClickException as error:
            line = _one_line(error)
        except UsageError as error:
            line = str(error)
        except MemoryError:
            line = "the input needs more memory than there is"
        except OSError as error:
            line = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _print(f"Error: {printable(line)}", err=True)
        return 2


def _one_line(error: click.ClickException) -> str:
    """Return what is wrong, and where the right use is told: not the three lines that click would print."""
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return " ".join(error.format_message().split()) + hint


def main(name: str | None = None) -> None:
    """Run the program and exit with its code; *name* is what it is called, by default what was run."""
    gc.set_threshold(300_000, 20, 20)  # one short run: imports and templates make much, and little of it is garbage
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # what another one keeps in store, no short run uses
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing here multiplies matrices, and threads wait by spinning
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
    claude-evidence diff before.zip after.zip   did the fix work?
    claude-evidence recover -o kit              the way back to lost conversations; changes nothing by itself
    claude-evidence verify bundle.zip           is every byte of the bundle what was collected?
    claude-evidence rules list                  the failures it knows

    Everything runs on this computer; nothing is sent anywhere.
    """


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
        # what was wrong with the zip itself explains what is missing in it
        said = dict.fromkeys(f"{p.where}: {p.message}" for p in (*(opened.problems if problems else ()), *problems))
    for line in said:
        _print(printable(line))
    _print(f"problems: {len(said)}, in {count} members" if problems else f"{count} members, every hash matches")
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


if __name__ == "__main__":
    main()
