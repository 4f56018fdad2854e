"""What the modules of the command line share: paths as arguments, printing, commands loaded when they are asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


class PathArgument(click.Path):
    """A path; an empty text, such as a variable that is not set, is no path and never the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return *value* as a path."""
        if not str(value):
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


INPUT = PathArgument(path_type=Path, allow_dash=True)
RAISE_LIMITS = click.option(
    "--raise-limits",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="Allow inputs N times as large as usual.",
)
LANGUAGE = click.option(
    "--language",
    type=INPUT,
    metavar="FILE",
    help="Say it in another language: a compiled catalogue (.mo) made from templates/messages.pot. [default: English]",
)


class LazyGroup(click.Group):
    """A group some of whose commands lie in modules that are imported only when they are needed.

    ``lazy`` maps a command's name to its module, which calls it ``command``.
    """

    lazy: Mapping[str, str] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*, None where there is none."""
        if cmd_name in self.lazy:
            command: click.Command = importlib.import_module(self.lazy[cmd_name]).command
            return command
        return super().get_command(ctx, cmd_name)


def echo(text: str, *, err: bool = False, color: bool | None = None) -> None:
    """Print *text*; a reader that went away does not change what the answer is."""
    from claude_evidence.written import let_go

    try:
        click.echo(text, err=err, color=color)
    except BrokenPipeError:
        let_go(sys.stderr if err else sys.stdout)
