"""The failure catalogue as a page, made from the rules: ``python -m claude_evidence.analyzers.catalogue``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._forms import Correlation
from claude_evidence.analyzers._types import RuleDocument, RuleSet

AREAS = {
    "launch": "Package, update and launch",
    "sessions": "Session list and transcripts",
    "cowork": "Cowork's virtual machine and service",
    "crash": "Crashes and programs that do not start",
    "config": "Settings and MCP servers",
}
ISSUE = "https://github.com/anthropics/claude-code/issues"
_NO_MESSAGES = """After an upgrade a conversation opens blank although its transcript is full. Only the window shows
it; no log line, event or file tells it apart from a healthy conversation. The transcript has user and assistant
records, and the `version` in them jumps. Update the app, or continue the conversation in a terminal with
`claude --resume <transcript id>`."""
_LOCKED = """A virus scanner or OneDrive holds files of `claude-code-sessions` or `.claude\\projects`. No public report
quotes such a line for a session's save, so a rule would rest on nothing; EPERM and EBUSY alone are common and mean
little. Leave both folders out of live protection and of synchronisation."""
DOCUMENTED = (
    ("no-messages-yet-after-upgrade", _NO_MESSAGES, (68489, 89873, 60172)),
    ("av-onedrive-lock", _LOCKED, (26503,)),
)
"""Patterns that no evidence tells: name, what is known, public issues."""
_HEAD = """# The failure catalogue

Made from the rules by `python -m claude_evidence.analyzers.catalogue`; a test holds it current. Each pattern is one
file in `rules/`: what it means, the remedy step by step with its risk, what was tried in vain and what would end it in
the app stand there and in every report. Level and confidence are those of the strongest document of the file.
"""


def catalogue(rules: RuleSet) -> str:
    """Return the page in Markdown: one table per area, then the patterns that no rule can tell."""
    mains = rules.mains()
    documents: dict[str, list[RuleDocument]] = {}
    for document in rules.documents:
        documents.setdefault(document.stem, []).append(document)
    by_area = sorted(mains.values(), key=lambda d: ([*AREAS].index(d.file.parent.name), d.stem.lower()))
    parts = [_HEAD, f"{len(mains)} patterns have a rule; {len(DOCUMENTED)} are described only.\n"]
    for area, members in groupby(by_area, key=lambda d: d.file.parent.name):
        parts += [f"## {AREAS[area]}\n", _table(list(members), documents)]
    return "\n".join([*parts, *_documented()])


def _table(mains: Sequence[RuleDocument], documents: dict[str, list[RuleDocument]]) -> str:
    lines = [
        "| pattern | what it is | level | confidence | looked for in | public reports |",
        "|---|---|---|---|---|---|",
    ]
    for main in mains:
        own = documents[main.stem]
        strongest = max((d for d in own if d.generate), key=lambda d: d.level.rank)
        confidence = strongest.custom.get("confidence") or main.custom.get("confidence", "")
        cells = (
            f"[{main.stem.replace('_', '-')}](../rules/{main.file.parent.name}/{main.file.name})",
            strongest.title,
            strongest.level,
            confidence,
            ", ".join(sorted({source for d in own if (source := _source(d))})),
            _issues(main.custom.get("issues", [])),
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _source(document: RuleDocument) -> str:
    """Return the log, event log or table that a plain document asks; nothing for a correlation."""
    if isinstance(document.asks, Correlation):
        return ""
    logsource = document.asks.logsource
    if logsource.product == taxonomy.PRODUCT:
        named = {"main": "main.log", "app_log": "any log of the app"}
        return named.get(logsource.service or logsource.category or "", str(logsource.service or logsource.category))
    return f"events: {logsource.service or logsource.category}"


def _issues(numbers: Iterable[int]) -> str:
    return " ".join(f"[#{number}]({ISSUE}/{number})" for number in numbers) or "others'"


def _documented() -> list[str]:
    lines = ["## Described only\n"]
    for name, what, numbers in DOCUMENTED:
        lines.append(f"- **{name}**: {' '.join(what.split())} {_issues(numbers)}")
    return [*lines, ""]


def main() -> None:
    """Write the page of the package's own rules to standard output."""
    from claude_evidence.analyzers.rules import load_rules

    sys.stdout.buffer.write(catalogue(load_rules(())).encode())


if __name__ == "__main__":
    main()
