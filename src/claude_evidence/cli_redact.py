"""The ``redact`` command: a private bundle out of a zip or folder that somebody made by hand."""

from __future__ import annotations

import os
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_evidence.cli_common import INPUT, echo
from claude_evidence.usage import UsageError, printable

if TYPE_CHECKING:
    from claude_evidence.bundle import Bundle
    from claude_evidence.collector.redact import Given
    from claude_evidence.model import Acquisition, Member

# What each kind of evidence is to the redaction; a kind that is not here is left out, and said.
_SCRUBS = {
    "app_log": "text", "events": "evtx", "session_registry": "json", "config": "json", "worktree": "json",
    "cli_session": "json", "sessions_index": "json",
    "package": "text", "file_inventory": "own", "transcript": "transcript",
    "process": "json", "registry_value": "json", "service": "json", "volume": "json",
}  # fmt: skip
_SNIFFED_BYTES = 4096


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
@click.option(
    "--raise-limits",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="Allow inputs N times as large as usual.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but the bundle's name, and errors.")
@click.pass_context
def command(
    ctx: click.Context, inputs: tuple[Path, ...], output: Path, redact_ips: bool, raise_limits: int, quiet: bool
) -> None:
    """Make a private bundle from a zip, folder or log that was gathered by hand.

    Names, accounts, e-mail addresses, tokens and paths that identify are replaced; of transcripts only counts and times
    are stored; what this program cannot read is left out. Exits with 1, writing nothing, where something that
    identifies is left.

    \b
    claude-evidence redact claude-folder.zip -o private.zip
    """
    from claude_evidence.bundle import Limits, open_bundle
    from claude_evidence.collector.collect import AuditRefusedError
    from claude_evidence.collector.redact import redact

    if output.suffix.lower() != ".zip":
        raise UsageError(f"{output}: a bundle is a zip, end its name in .zip")
    _check(output, inputs)
    with open_bundle(inputs, Limits().raised(raise_limits)) as bundle:
        given, left_out = sorted_out(bundle)
        if not given:
            raise UsageError("the input holds nothing that this program can read: there is nothing to redact")
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
    for entry in left_out:
        echo(printable(f"left out: {entry.source} ({entry.detail})"))
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


def sorted_out(bundle: Bundle) -> tuple[list[Given], list[Acquisition]]:
    """Return what is stored and, as acquisitions, what is not and why."""
    from claude_evidence.bundle_limits import MemberError
    from claude_evidence.model import Acquisition, Outcome

    before = {entry.member: entry for entry in bundle.manifest.acquisitions if entry.member}
    given: list[Given] = []
    left_out: list[Acquisition] = []
    for member in bundle.members:
        entry = before.get(member.name) or Acquisition("GivenFiles", member.path, Outcome.SKIPPED)
        try:
            kind = _kind(bundle, member)
        except MemberError as error:
            left_out.append(replace(entry, outcome=Outcome.FAILED, member=None, sha256=None, detail=str(error)))
            continue
        scrub = _SCRUBS.get(kind or "")
        if scrub == "json" and member.path.lower().endswith(".txt"):
            scrub = "text"  # what a command printed
        if scrub is None:
            why = "nothing here reads it" if kind is None else f"{kind} cannot be made private"
            left_out.append(replace(entry, outcome=Outcome.SKIPPED, member=None, sha256=None, detail=why))
        else:
            given.append(_given(bundle, member, scrub, before.get(member.name)))
    return given, left_out


def _given(bundle: Bundle, member: Member, scrub: str, before: Acquisition | None) -> Given:
    from claude_evidence.collector._types import Scrub
    from claude_evidence.collector.redact import Given

    path = member.path.replace("\\", "/")
    meta = path.lower().endswith(".meta.json")
    transcript = scrub == "transcript" and not meta
    return Given(
        path,
        member.size_bytes,
        member.modified_at,
        lambda: bundle.open(member),
        Scrub.OWN if scrub == "transcript" else Scrub(scrub),
        transcript,
        before,
    )


def _kind(bundle: Bundle, member: Member) -> str | None:
    """Return the parser that reads *member*, as the analysis chooses it: by path, else by its first bytes."""
    from claude_evidence.parsers import kinds

    path = member.path.lower()
    matches = [(len(g), kind) for kind, parser in kinds().items() for g in parser.PATHS if fnmatchcase(path, g)]
    with bundle.open(member) as stream:
        head = stream.read(_SNIFFED_BYTES)
    if matches:
        return max(matches)[1]
    return next((kind for kind, parser in kinds().items() if head and parser.sniff(head)), None)
