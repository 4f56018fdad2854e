"""The verdict on the terminal: what happened, when, how sure, what to do; then what else there is to read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from claude_evidence.messages import gettext, ngettext, told, translated
from claude_evidence.model import Level, Problem, Report, Step
from claude_evidence.templates._clock import Clock
from claude_evidence.templates._ledger import sums
from claude_evidence.templates._view import looked_at, mismatched, open_rules, questions, unread
from claude_evidence.templates._visible import clip, visible
from claude_evidence.templates._words import RISKS, SHAPES, reported

FINDINGS, NOT_JUDGED, STEPS, SENTENCES, RULES, PROBLEMS = 10, 4, 8, 12, 5, 3
_TEXT = 1200
_NUMBER = re.compile(r"[0-9]{1,3}\. ")
_COLOURS = {Level.CRITICAL: "1;31", Level.HIGH: "31", Level.MEDIUM: "33", Level.LOW: "36", Level.INFORMATIONAL: "2"}


def summary(report: Report, *, colour: bool, width: int, zone: str | None = None) -> str:
    """Return the verdict as lines of at most *width* columns (40 at least), commands excepted: those are never broken.

    *colour* adds SGR sequences; beside these and line breaks, no control character is in the text.
    """
    page, report = _Page(Clock.of(report.manifest, zone), colour, max(width, 40)), told(report)
    lines = [
        *page.verdict(report),
        *page.steps(report.verdict.what_to_do),
        *page.findings(report),
        *page.broken_rules(report.problems),
        *page.open_questions(report),
        *page.basis(report),
    ]
    return "\n".join(lines).strip("\n") + "\n"


class _Page:
    """Lines for one terminal."""

    def __init__(self, clock: Clock, colour: bool, width: int) -> None:
        self.clock, self.colour, self.width = clock, colour, width

    def paint(self, text: str, sgr: str) -> str:
        return f"\x1b[{sgr}m{text}\x1b[0m" if self.colour else text

    def text(self, text: str, first: str = "", rest: str | None = None) -> Iterator[str]:
        """Yield *text* wrapped; its first line after *first*, the others after *rest* (spaces as wide as *first*)."""
        return wrap(visible(clip(text, _TEXT)), self.width, first, rest)

    def verdict(self, report: Report) -> Iterator[str]:
        verdict = report.verdict
        level = verdict.level
        sign, sgr = (SHAPES[level], _COLOURS[level]) if level else ("✓", "32")
        headline = verdict.headline
        if level is Level.INFORMATIONAL:  # nothing was found, and not because all is well
            sign, sgr = "!", "33"
        elif level:
            headline = gettext("%(level)s: %(title)s", level=translated(level.value), title=headline)
        for number, line in enumerate(self.text(headline, f"{sign} ", "  ")):
            yield self.paint(line, sgr if level is Level.CRITICAL else f"1;{sgr}") if number < 4 else line
        yield ""
        for sentence in verdict.what_happened[:SENTENCES]:
            numbered = _NUMBER.match(sentence)
            yield from self.text(sentence, "  ", "  " + " " * len(numbered[0]) if numbered else "  ")
        when = (gettext("When:"), verdict.when)
        yield from self.labelled(when, (gettext("How sure:"), translated(verdict.confidence)))

    def labelled(self, *pairs: tuple[str, str]) -> Iterator[str]:
        """Yield each value after its label, all beginning in one column."""
        wide = max(columns(label) for label, _ in pairs)
        for label, value in pairs:
            if value:
                yield from self.text(value, f"  {padded(label, wide)} ")

    def heading(self, text: str) -> list[str]:
        return ["", self.paint(text, "1")]

    def steps(self, steps: tuple[Step, ...]) -> Iterator[str]:
        if steps:
            yield from self.heading(gettext("What to do"))
        for number, step in enumerate(steps[:STEPS], 1):
            yield from self.text(step.text, f"  {number}. ")
            for line in visible(step.command, block=True).expandtabs(4).split("\n") if step.command else ():
                yield "       " + self.paint(line, "36")
            risk = translated(RISKS[step.risk])
            if step.worked:
                risk = gettext("%(risk)s. %(reports)s", risk=risk, reports=reported(step.worked))
            yield from self.text(f"({risk})", "     ")
        if len(steps) > STEPS:
            yield "  " + ngettext(
                "… and %(num)s more step in the report", "… and %(num)s more steps in the report", len(steps) - STEPS
            )

    def findings(self, report: Report) -> Iterator[str]:
        """Say each finding in one line: those that the verdict tells first, then the most severe."""
        places = {identity: place for place, identity in enumerate(report.verdict.findings)}
        ordered = sorted(report.findings, key=lambda finding: places.get(finding.id, len(places)))
        if ordered:
            yield from self.heading(gettext("Findings (%(num)s)", num=len(ordered)))
        words = {finding.level: translated(finding.level.value) for finding in ordered[:FINDINGS]}
        wide = max(map(columns, words.values()), default=0)
        for finding in ordered[:FINDINGS]:
            mark = f"  {SHAPES[finding.level]} {padded(words[finding.level], wide)} "
            records = ngettext("(%(num)s record)", "(%(num)s records)", finding.count)
            count = f" {records}" if finding.count > 1 else ""
            room = self.width - columns(mark) - columns(count)
            line = cut(visible(clip(finding.title, _TEXT)), room)
            yield self.paint(mark, _COLOURS[finding.level]) + line + count
        if len(ordered) > FINDINGS:
            yield _more(len(ordered) - FINDINGS)

    def open_questions(self, report: Report) -> Iterator[str]:
        """Say how many rules have no answer, and for want of what: one line for all that want the same."""
        if not report.not_judged:
            return
        yield from self.heading(gettext("Could not be judged: %(rules)s", rules=open_rules(report.not_judged)))
        wanted = Counter(detail for one in questions(report.not_judged) for detail in one.details)
        for detail, count in wanted.most_common(NOT_JUDGED):
            rules = ngettext("(%(num)s rule)", "(%(num)s rules)", count)
            yield from self.text(f"{clip(detail, 200)} {rules}", "  – ")
        if len(wanted) > NOT_JUDGED:
            yield "  " + ngettext(
                "… and %(num)s more reason in the report",
                "… and %(num)s more reasons in the report",
                len(wanted) - NOT_JUDGED,
            )

    def broken_rules(self, problems: tuple[Problem, ...]) -> Iterator[str]:
        """Name each rule that could not be used: whoever gave it has to know."""
        mine = [problem for problem in problems if problem.stage == "rules"]
        if mine:
            yield from self.heading(gettext("Rules that could not be used (%(num)s)", num=len(mine)))
        for problem in mine[:RULES]:
            yield from self.text(f"{problem.where}: {clip(problem.message, 300)}", "  – ")
        if len(mine) > RULES:
            yield _more(len(mine) - RULES)

    def losses(self, problems: list[Problem]) -> Iterator[str]:
        for problem in problems[:PROBLEMS]:
            yield from self.text(f"{problem.where}: {clip(problem.message, 200)}", "  – ")
        if len(problems) > PROBLEMS:
            yield _more(len(problems) - PROBLEMS)

    def basis(self, report: Report) -> Iterator[str]:
        yield ""
        if report.conversations:
            yield from self.text(sums(report.conversations))
        if any(one.recoverable in ("yes", "partly") for one in report.conversations):
            yield from self.text(gettext("The way back to them, on that machine (it changes nothing by itself):"))
            yield "  " + self.paint("claude-evidence recover -o kit", "36")
        yield from self.text("; ".join(_read(report)) + ".")
        yield from self.losses([problem for problem in report.problems if problem.is_loss])
        for note in report.notes[:SENTENCES]:
            yield from self.text(note)


def _more(num: int) -> str:
    return "  " + ngettext("… and %(num)s more in the report", "… and %(num)s more in the report", num)


def _read(report: Report) -> Iterator[str]:
    """Yield in a few words each what was read and what was not."""
    read, members = looked_at(report), report.custody.members
    files = ngettext("%(num)s file", "%(num)s files", sum(count for _, count in read))
    kinds = ", ".join(f"{translated(kind.replace('_', ' '))} {count:,}" for kind, count in read)
    if kinds:
        yield gettext("Looked at %(files)s (%(kinds)s)", files=files, kinds=kinds)
    else:
        yield gettext("Looked at %(files)s", files=files)
    if silent := len(unread(members)):
        yield ngettext("no parser reads %(num)s file", "no parser reads %(num)s files", silent)
    if broken := len(mismatched(members)):
        yield ngettext("%(num)s file not as the bundle promises", "%(num)s files not as the bundle promises", broken)
    problems = len(report.problems)
    yield ngettext("%(num)s problem while reading", "%(num)s problems while reading", problems)


def columns(text: str) -> int:
    """Return how many terminal columns *text* takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(c) in {"Mn", "Me"} else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def padded(text: str, width: int) -> str:
    """Return *text* with spaces after it up to *width* columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """Return *text* in one line of at most *width* columns, its end cut off where it is longer."""
    text = " ".join(text.split())
    if columns(text) <= width:
        return text
    line, used = "", 0
    for char in text:
        used += columns(char)
        if used >= width:
            break
        line += char
    return f"{line.rstrip()}…"


def wrap(text: str, width: int, first: str = "", rest: str | None = None) -> Iterator[str]:
    """Yield lines of at most *width* columns; a word that is longer than a line is cut into pieces."""
    rest = " " * columns(first) if rest is None else rest
    line, empty = first, True
    for word in _pieces(text, width - max(columns(first), columns(rest))):
        if not empty and columns(line) + 1 + columns(word) > width:
            yield line.rstrip()
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
    yield line.rstrip()


def _pieces(text: str, width: int) -> Iterator[str]:
    for word in text.split():
        piece, used = "", 0
        for char in word if columns(word) > width else ():
            wide = columns(char)
            if used + wide > width:
                yield piece
                piece, used = "", 0
            piece, used = piece + char, used + wide
        yield piece or word
